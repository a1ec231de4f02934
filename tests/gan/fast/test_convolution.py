"""A quick convolution is the convolution, in every shape a network here can have."""

import copy

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from torch import nn

from bench.gan.fast.convolution import (
    Form,
    QuickConv2d,
    QuickConvolution,
    QuickConvTranspose2d,
    quicken,
    unquicken,
)
from bench.gan.fast.folding import FEW_CHANNELS, fold, folds, unfold

QUICK = {nn.Conv2d: QuickConv2d, nn.ConvTranspose2d: QuickConvTranspose2d}


def tensor(*shape, seed=0):
    made = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else made


def pair(kind, inputs, outputs, kernel, **settings):
    """A layer and its quick twin."""
    torch.manual_seed(0)
    plain = kind(inputs, outputs, kernel, **settings).to(memory_format=torch.channels_last)
    quick = copy.deepcopy(plain)
    quick.__class__ = QUICK[kind]
    return plain, quick


def gradients(layer, images, autocast=False):
    """What a layer makes of the images, and the gradients of the images, the weight and the bias."""
    leaf = images.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        made = layer(leaf)
    weights = torch.randn(made.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    (made.double() * weights).sum().backward()
    return [made, leaf.grad, *(parameter.grad for parameter in layer.parameters())]


def arguments(transposed, kernel, stride, padding, size, bias=True, extra=0, product=True):
    shape = (3, 2, kernel, kernel) if transposed else (2, 3, kernel, kernel)
    leaves = [tensor(2, 3, *size, seed=1), tensor(*shape, seed=2), tensor(2, seed=3) if bias else None]
    leaves = [leaf if leaf is None else leaf.requires_grad_() for leaf in leaves]
    form = Form(False, product, (stride, stride), (padding, padding), transposed, (extra, extra))
    return (*leaves, form)


@settings(max_examples=60, deadline=None)
@given(
    transposed=st.booleans(),
    product=st.booleans(),
    kernel=st.integers(2, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    bias=st.booleans(),
)
def test_its_gradients_are_those_of_a_convolution(transposed, product, kernel, stride, padding, size, bias):
    padding = min(padding, kernel - 1)
    if not transposed and min(size) + 2 * padding < kernel:
        return
    extra = 1 if transposed and stride > 1 else 0
    given = arguments(transposed, kernel, stride, padding, size, bias, extra, product)
    leaves = [leaf for leaf in given[:3] if leaf is not None]
    ours = QuickConvolution.apply(*given)
    theirs = torch.convolution(*given[:3], [stride, stride], [padding, padding], [1, 1], transposed, [extra, extra], 1)
    assert torch.equal(ours, theirs)
    weights = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad((ours * weights).sum(), leaves),
        torch.autograd.grad((theirs * weights).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("product", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_penalty_on_gradients_passes_through_it(transposed, product):
    given = arguments(transposed, 4, 2, 1, (4, 4), product=product)
    assert torch.autograd.gradgradcheck(QuickConvolution.apply, given)


@settings(max_examples=120, deadline=None)
@given(
    kind=st.sampled_from(list(QUICK)),
    channels=st.integers(1, FEW_CHANNELS),
    kernel=st.integers(1, 7),
    padding=st.integers(0, 3),
    extra=st.integers(0, 1),
    size=st.tuples(st.sampled_from([2, 4, 6]), st.sampled_from([2, 4, 6])),
    bias=st.booleans(),
)
@example(kind=nn.Conv2d, channels=1, kernel=5, padding=1, extra=0, size=(6, 4), bias=True)  # 2 × 1, no 3 × 2
def test_next_to_an_image_it_is_the_plain_layer(kind, channels, kernel, padding, extra, size, bias):
    """Whatever the shape: what folding would get wrong, it leaves to PyTorch."""
    transposed = kind is nn.ConvTranspose2d
    options = {"stride": 2, "padding": padding, "bias": bias, "dtype": torch.float64}
    if transposed:
        options["output_padding"] = extra
    channels_of = (5, channels) if transposed else (channels, 5)
    plain, quick = pair(kind, *channels_of, kernel, **options)
    images = tensor(2, channels_of[0], *size)
    smallest = min(size) * 2 - 2 - 2 * padding + kernel + extra if transposed else min(size) + 2 * padding - kernel
    assume(smallest >= (1 if transposed else 0))
    for one, other in zip(gradients(plain, images), gradients(quick, images), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.parametrize(("kernel", "padding"), [(k, p) for k in range(1, 9) for p in range(4)])
def test_what_folds_is_what_halves_or_doubles_an_even_size(kind, kernel, padding):
    """As the strided trick builds it, (k − 1) // 2 of padding, for kernels whose folded form is centred: not 3 or 7."""
    options = {"output_padding": kernel % 2} if kind is nn.ConvTranspose2d else {}
    layer = kind(2, 2, kernel, stride=2, padding=padding, **options)
    assert folds(layer) == (padding == (kernel - 1) // 2 and kernel % 4 != 3)


@pytest.mark.parametrize("kind", QUICK)
def test_a_penalty_on_gradients_passes_through_a_folded_layer(kind):
    channels = (3, 2) if kind is nn.ConvTranspose2d else (2, 3)
    _, quick = pair(kind, *channels, 4, stride=2, padding=1, dtype=torch.float64)
    assert folds(quick)
    assert torch.autograd.gradgradcheck(quick, (tensor(1, channels[0], 4, 4).requires_grad_(),))


@pytest.mark.parametrize("kind", QUICK)
def test_an_activation_may_be_computed_in_place_on_what_it_makes(kind):
    channels = (5, 3) if kind is nn.ConvTranspose2d else (3, 5)
    plain, quick = pair(kind, *channels, 4, stride=2, padding=1, dtype=torch.float64)
    assert folds(quick)
    images = tensor(2, channels[0], 4, 4)
    layers = (nn.Sequential(layer, nn.LeakyReLU(inplace=True)) for layer in (plain, quick))
    for one, other in zip(*(gradients(layer, images) for layer in layers), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_folding_moves_each_pixel_to_its_place(dtype, channels):
    images = tensor(2, channels, 4, 6).to(dtype)
    folded = fold(images)
    assert folded.shape == (2, 4 * channels, 2, 3)
    assert folded.is_contiguous(memory_format=torch.channels_last)
    for row in range(2):
        for column in range(2):
            first = (2 * row + column) * channels
            assert torch.equal(folded[:, first : first + channels], images[:, :, row::2, column::2])
    assert torch.equal(unfold(folded), images)


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("inputs", [1, 3, 32, 64])
def test_under_bf16_it_differs_from_the_plain_layer_by_rounding(kind, kernel, inputs):
    channels = (48, inputs) if kind is nn.ConvTranspose2d and inputs < 32 else (inputs, 48)
    options = {"output_padding": kernel - 4} if kind is nn.ConvTranspose2d else {}
    plain, quick = pair(kind, *channels, kernel, stride=2, padding=(kernel - 1) // 2, **options)
    images = torch.randn(8, channels[0], 8, 8).contiguous(memory_format=torch.channels_last)
    for one, other in zip(gradients(plain, images, True), gradients(quick, images, True), strict=True):
        assert one.dtype == other.dtype
        assert one.is_contiguous(memory_format=torch.channels_last) or one.dim() != 4
        # bfloat16 keeps eight bits: a number, or a sum of rounded ones, may be rounded the other way.
        assert (one - other).float().norm() <= 2**-7 * one.float().norm()


def test_a_layer_that_gains_nothing_is_computed_by_pytorch():
    plain, quick = pair(nn.Conv2d, 3, 32, 4, stride=2, padding=1)
    images = torch.randn(2, 3, 8, 8)  # of which no gradient is wanted
    for autocast in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            assert type(quick(images).grad_fn) is type(plain(images).grad_fn)
    plain, quick = pair(nn.Conv2d, 32, 32, 4, stride=2, padding=1)
    images = torch.randn(2, 32, 8, 8).requires_grad_()
    assert type(quick(images).grad_fn) is type(plain(images).grad_fn)  # in float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert type(quick(images).grad_fn) is not type(plain(images).grad_fn)


def test_an_odd_image_is_not_folded():
    plain, quick = pair(nn.Conv2d, 3, 4, 4, stride=2, padding=1)
    images = torch.randn(2, 3, 7, 8).requires_grad_()
    assert torch.equal(plain(images), quick(images))


def test_only_plain_convolutions_are_changed(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    network = nn.Sequential(
        nn.Conv2d(8, 8, 4, stride=2),
        nn.ConvTranspose2d(8, 8, 4, stride=2),
        nn.Conv2d(8, 8, 4, stride=2, dilation=2),
        nn.Conv2d(8, 8, 4, padding="same"),
        nn.Conv2d(8, 8, 4, groups=2),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 4, stride=2)),
    )
    before = [type(layer) for layer in network]
    names = list(network.state_dict())
    quicken(network)
    assert [type(layer) for layer in network] == [QuickConv2d, QuickConvTranspose2d, *before[2:]]
    assert list(network.state_dict()) == names
    assert [type(layer) for layer in unquicken(network)] == before


def test_other_processors_keep_their_layers(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    network = nn.Sequential(nn.Conv2d(64, 64, 4, stride=2))
    assert type(quicken(network)[0]) is nn.Conv2d
