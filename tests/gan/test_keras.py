"""Keras's conventions, each against its definition."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import hacks
from bench.gan import recipes
from bench.gan.keras import Adam, GlorotUniform, NesterovSGD
from bench.gan.streams import Streams
from hacks import Recipe
from hacks.recipe import Targets

STRIDED = hacks.apply(Recipe(), {"strided_conv": True})


@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_same_padding_of_a_stride_goes_right_and_below(kernel):
    """Keras pads kernel − 2 pixels in all around an even size, the smaller half first: written out by indices."""
    before, conv, after = STRIDED.downsampling(1, 1, kernel, False, padding="same")
    image = torch.arange(64.0).view(1, 1, 8, 8)
    made = conv(before(image))
    assert after is None
    first = (kernel - 2) // 2
    for row in range(4):
        for column in range(4):
            total = 0.0
            for i in range(kernel):
                for j in range(kernel):
                    y, x = 2 * row + i - first, 2 * column + j - first
                    if 0 <= y < 8 and 0 <= x < 8:
                        total += conv.weight[0, 0, i, j].item() * image[0, 0, y, x].item()
            assert made[0, 0, row, column].item() == pytest.approx(total, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("kernel", [3, 4, 5])
def test_the_transposed_convolution_is_the_gradient_of_the_strided_one(kernel):
    before, conv, _ = STRIDED.downsampling(2, 3, kernel, False, padding="same")
    up = STRIDED.upsampling(3, 2, kernel, False, padding="same").conv
    up.weight.data = conv.weight.data
    image = torch.zeros(1, 2, 8, 8, requires_grad=True)
    small = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(conv(before(image)), image, small)
    torch.testing.assert_close(up(small), gradient)


@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize("kernel", [3, 4, 5])
@pytest.mark.parametrize("factor", [2, 4])
def test_upsampling_multiplies_the_size(factor, kernel, padding):
    for recipe in (Recipe(), STRIDED):
        parts = recipe.upsampling(3, 2, kernel, True, factor=factor, padding=padding)
        made = nn.Sequential(*(part for part in parts if part is not None))(torch.zeros(1, 3, 5, 5))
        assert made.shape == (1, 2, 5 * factor, 5 * factor)


def test_valid_padding_takes_the_margin_off():
    sizes = {}
    for name, recipe in (("pooled", Recipe()), ("strided", STRIDED)):
        parts = recipe.downsampling(1, 1, 5, True, padding="valid")
        sizes[name] = nn.Sequential(*(p for p in parts if p is not None))(torch.zeros(1, 1, 32, 32)).shape[-1]
    assert sizes == {"pooled": 14, "strided": 14}


def test_glorot_uniform():
    layer = nn.Linear(300, 100)
    GlorotUniform()(layer, seed=1)
    limit = (6 / 400) ** 0.5
    assert limit * 0.999 < layer.weight.abs().max().item() <= limit
    assert layer.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.02)
    assert layer.bias.eq(0).all()
    conv, again = nn.Conv2d(4, 8, 5), nn.Conv2d(4, 8, 5)
    GlorotUniform()(conv, seed=1), GlorotUniform()(again, seed=1)
    assert conv.weight.abs().max().item() <= (6 / (25 * 12)) ** 0.5
    assert torch.equal(conv.weight, again.weight)


def test_rmsprop_cuts_the_gradient_and_follows_its_formula():
    recipe = recipes.get("chollet-frogs").base
    weight = nn.Parameter(torch.tensor([1.0, 1.0]))
    optimizer = recipe.d_optimizer([weight], lr=0.1)
    (clipping,) = recipe.d_before
    assert recipe.g_before == (clipping,)
    by_hand, square = torch.tensor([1.0, 1.0]), torch.zeros(2)
    for gradient in (torch.tensor([5.0, 0.3]), torch.tensor([-0.2, -40.0])):
        weight.grad = gradient.clone()
        clipping.d_before(optimizer)
        optimizer.step()
        cut = gradient.clamp(-1, 1)
        square = 0.9 * square + 0.1 * cut**2
        by_hand = by_hand - 0.1 * cut / (square.sqrt() + 1e-7)
    torch.testing.assert_close(weight.data, by_hand)


@pytest.mark.parametrize("fused", [False, True])
def test_adam_adds_its_epsilon_before_the_correction(fused):
    start, gradients = torch.tensor([1.0, -2.0], dtype=torch.float64), [[3e-7, 2.0], [-1e-6, 0.5], [0.0, 1.0]]
    weight = nn.Parameter(start.clone())
    optimizer = Adam()([weight], lr=0.1, beta1=0.5, beta2=0.999, fused=fused)
    by_hand, m, v = start.clone(), torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    for t, gradient in enumerate(torch.tensor(gradients, dtype=torch.float64), 1):
        if t == 3:  # stored and gone on with
            state = copy.deepcopy(optimizer.state_dict())
            optimizer = Adam()([weight], lr=0.1, beta1=0.5, beta2=0.999, fused=fused)
            optimizer.load_state_dict(state)
        weight.grad = gradient.clone()
        optimizer.step()
        m, v = 0.5 * m + 0.5 * gradient, 0.999 * v + 0.001 * gradient**2
        by_hand = by_hand - 0.1 * (1 - 0.999**t) ** 0.5 / (1 - 0.5**t) * m / (v.sqrt() + 1e-7)
    torch.testing.assert_close(weight.data, by_hand)


def test_beta1_is_the_momentum_of_gradient_descent():
    weight = nn.Parameter(torch.tensor([0.0]))
    optimizer = NesterovSGD()([weight], lr=0.1, beta1=0.5, beta2=0.999, fused=False)
    for _ in range(2):
        weight.grad = torch.tensor([1.0])
        optimizer.step()
    # velocities 1 and 1.5; each step is gradient + 0.5 · velocity
    assert weight.item() == pytest.approx(-0.1 * (1.5 + 1.75))


def test_labels_that_call_fakes_one_turn_the_sign_of_the_logits_and_nothing_else():
    (noise,) = recipes.get("chollet-frogs").base.targets
    ours = noise(Targets(torch.ones(5), torch.zeros(5)), Streams(0))
    stream = Streams(0)("label_noise")
    theirs_real, theirs_fake = 0.05 * torch.rand(5, generator=stream), 1 + 0.05 * torch.rand(5, generator=stream)
    logits = torch.linspace(-3, 3, 5)
    for target, label in zip(ours, (theirs_real, theirs_fake), strict=True):
        torch.testing.assert_close(Recipe().loss.d(logits, target), F.binary_cross_entropy_with_logits(-logits, label))
    # G in the source asks for the label of real images, 0.
    theirs = F.binary_cross_entropy_with_logits(-logits, torch.zeros(5))
    torch.testing.assert_close(Recipe().loss.g(logits), theirs)
