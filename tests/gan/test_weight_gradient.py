"""The quick weight gradient is the gradient, in every shape a network here can have."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bench.gan.weight_gradient import FEWEST_CHANNELS, QuickConv2d, QuickConvTranspose2d, _Quick, quicken

QUICK = {nn.Conv2d: QuickConv2d, nn.ConvTranspose2d: QuickConvTranspose2d}


def tensor(*shape, seed=0):
    made = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else made


def arguments(transposed, kernel, stride, padding, size, bias=True, extra=0):
    shape = (3, 2, kernel, kernel) if transposed else (2, 3, kernel, kernel)
    leaves = [tensor(2, 3, *size, seed=1), tensor(*shape, seed=2), tensor(2, seed=3) if bias else None]
    leaves = [leaf if leaf is None else leaf.requires_grad_() for leaf in leaves]
    return (*leaves, (stride, stride), (padding, padding), transposed, (extra, extra))


@settings(max_examples=60, deadline=None)
@given(
    transposed=st.booleans(),
    kernel=st.integers(2, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    size=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    bias=st.booleans(),
)
def test_it_is_the_gradient_of_a_convolution(transposed, kernel, stride, padding, size, bias):
    padding = min(padding, kernel - 1)
    if not transposed and min(size) + 2 * padding < kernel:
        return
    extra = 1 if transposed and stride > 1 else 0
    given = arguments(transposed, kernel, stride, padding, size, bias, extra)
    leaves = [leaf for leaf in given[:3] if leaf is not None]
    ours = _Quick.apply(*given)
    _, _, _, strides, paddings, _, extras = given
    theirs = torch.convolution(*given[:3], list(strides), list(paddings), [1, 1], transposed, list(extras), 1)
    assert torch.equal(ours, theirs)
    weights = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad((ours * weights).sum(), leaves),
        torch.autograd.grad((theirs * weights).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_penalty_on_gradients_passes_through_it(transposed):
    given = arguments(transposed, 4, 2, 1, (4, 4))
    assert torch.autograd.gradgradcheck(_Quick.apply, given)


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_under_bf16_it_differs_from_the_plain_layer_by_rounding(kind, kernel):
    torch.manual_seed(0)
    plain = kind(32, 48, kernel, stride=2, padding=1).to(memory_format=torch.channels_last)
    quick = copy.deepcopy(plain)
    quick.__class__ = QUICK[kind]
    images = torch.randn(8, 32, 8, 8).contiguous(memory_format=torch.channels_last)
    results = []
    for layer in (plain, quick):
        leaf = images.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = layer(leaf)
        made.float().square().sum().backward()
        results.append([made, leaf.grad, layer.weight.grad, layer.bias.grad])
    for one, other in zip(*results, strict=True):
        assert one.dtype == other.dtype
        assert (one - other).float().norm() <= 1e-3 * one.float().norm()


def test_without_autocast_it_is_the_plain_layer():
    quick = QuickConv2d(32, 32, 4, stride=2)
    images = torch.randn(2, 32, 8, 8)
    assert torch.equal(quick(images), nn.Conv2d.forward(quick, images))
    assert quick(images).dtype == torch.float32


def test_only_what_gains_is_changed(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    enough = FEWEST_CHANNELS
    network = nn.Sequential(
        nn.Conv2d(enough, enough, 4, stride=2),
        nn.ConvTranspose2d(enough, enough, 4, stride=2),
        nn.Conv2d(enough - 1, enough, 4, stride=2),
        nn.Conv2d(enough, enough, 4),
        nn.Conv2d(enough, enough, 4, stride=2, dilation=2),
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(enough, enough, 4, stride=2)),
    )
    before = [type(layer) for layer in network]
    names = list(network.state_dict())
    quicken(network)
    assert [type(layer) for layer in network] == [QuickConv2d, QuickConvTranspose2d, *before[2:]]
    assert list(network.state_dict()) == names


def test_other_processors_keep_their_layers(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    network = nn.Sequential(nn.Conv2d(64, 64, 4, stride=2))
    assert type(quicken(network)[0]) is nn.Conv2d
