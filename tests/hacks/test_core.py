"""The levels of hacks that the default sweep has, with exact numbers."""

import math

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import game
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.recipe import Targets

NAIVE = Recipe()


def on(name, **parameters):
    return hacks.apply(NAIVE, {name: True}, {name: parameters})


def hard(n):
    return Targets(torch.ones(n), torch.zeros(n))


def resampled(factory, kernel, size=8):
    parts = [part for part in factory(3, 5, kernel, True) if part is not None]
    return nn.Sequential(*parts)(torch.zeros(2, 3, size, size)).shape


@pytest.mark.parametrize("kernel", [4, 5])
def test_strided_conv(kernel):
    recipe = on("strided_conv")
    assert resampled(recipe.downsampling, kernel) == (2, 5, 4, 4)
    assert resampled(recipe.upsampling, kernel) == (2, 5, 16, 16)
    down, up = recipe.downsampling(3, 5, kernel, True).conv, recipe.upsampling(3, 5, kernel, True).conv
    assert (down.kernel_size, down.stride) == ((kernel, kernel), (2, 2))
    assert (type(up), up.kernel_size, up.stride) == (nn.ConvTranspose2d, (kernel, kernel), (2, 2))


@pytest.mark.parametrize("kernel", [4, 5])
def test_without_strides_the_kernel_stays_odd(kernel):
    assert resampled(NAIVE.downsampling, kernel) == (2, 5, 4, 4)
    assert resampled(NAIVE.upsampling, kernel) == (2, 5, 16, 16)
    for factory in (NAIVE.downsampling, NAIVE.upsampling):
        conv = factory(3, 5, kernel, True).conv
        assert (conv.kernel_size, conv.stride) == ((5, 5), (1, 1))


def test_nets_parameters_reach_one_network_only():
    assert on("strided_conv", nets="d").upsampling == NAIVE.upsampling
    assert on("strided_conv", nets="g").downsampling == NAIVE.downsampling
    assert on("leaky_relu", nets="d").g_activation == NAIVE.g_activation
    assert on("batch_norm", nets="g").d_norm == NAIVE.d_norm


def test_leaky_relu():
    x = torch.tensor([-2.0, 3.0])
    assert NAIVE.g_activation()(x).tolist() == [0.0, 3.0]
    for activation in (on("leaky_relu").g_activation, on("leaky_relu").d_activation):
        assert activation()(x).tolist() == pytest.approx([-0.4, 3.0])
    assert on("leaky_relu", slope=0.3).d_activation()(x).tolist() == pytest.approx([-0.6, 3.0])


def test_batch_norm():
    norm = on("batch_norm").g_norm(7)
    assert isinstance(norm, nn.BatchNorm2d)
    assert (norm.num_features, norm.eps, norm.momentum) == (7, 1e-5, 0.1)
    assert NAIVE.g_norm(7) is None


def test_normal_init():
    conv = nn.Conv2d(64, 64, 5)
    on("normal_init").init(conv, seed=3)
    assert conv.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert conv.weight.mean().item() == pytest.approx(0, abs=3e-4)
    assert conv.bias.eq(0).all()
    norm = nn.BatchNorm2d(4096)
    on("normal_init").init(norm, seed=3)
    assert norm.weight.mean().item() == pytest.approx(1, abs=2e-3)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_framework_init_is_that_of_a_fresh_layer_and_leaves_the_global_stream_alone():
    torch.manual_seed(99)
    before = torch.get_rng_state()
    layer = nn.Linear(6, 4)
    torch.set_rng_state(before)
    NAIVE.init(layer, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(5)
    assert torch.equal(nn.Linear(6, 4).weight, layer.weight)


def test_adam_beta1_moves_the_momentum_of_both_players_alone():
    for recipe, beta1 in ((NAIVE, 0.9), (on("adam_beta1"), 0.5), (on("adam_beta1", beta1=0), 0.0)):
        played = game(recipe)
        for optimizer in (played.g_optimizer, played.d_optimizer):
            assert isinstance(optimizer, torch.optim.Adam)
            (group,) = optimizer.param_groups
            assert (group["lr"], group["betas"]) == (2e-4, (beta1, 0.999))


def test_tanh_scaling():
    x = torch.tensor([-100.0, 0.0, 100.0])
    assert NAIVE.pixel_range == (0, 1)
    assert NAIVE.output()(x).tolist() == [0, 0.5, 1]
    assert on("tanh_scaling").pixel_range == (-1, 1)
    assert on("tanh_scaling").output()(x).tolist() == [-1, 0, 1]


def test_latents():
    flat = NAIVE.latent(4000, 100, Streams(0)("latent"))
    assert flat.shape == (4000, 100)
    assert -1 <= flat.min() < -0.9999
    assert 0.9999 < flat.max() <= 1
    assert flat.var().item() == pytest.approx(1 / 3, rel=0.01)
    normal = on("gaussian_latent").latent(4000, 100, Streams(0)("latent"))
    assert normal.var().item() == pytest.approx(1, rel=0.01)
    assert normal.abs().max() > 4


def test_ways_between_latents():
    """Straight in the cube; in the Gaussian on the great circle, where two draws at right angles keep their length."""
    start, end = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    assert NAIVE.latent.between(start, end, 0.5).tolist() == [[1.5, 1.5]]
    round_the_centre = on("gaussian_latent").latent.between
    assert round_the_centre(start, end, 1 / 3)[0].tolist() == pytest.approx([3 * 0.75**0.5, 1.5])
    assert round_the_centre(start, end, 0.0)[0].tolist() == pytest.approx([3, 0])
    assert round_the_centre(start, end, 1.0)[0].tolist() == pytest.approx([0, 3], abs=1e-6)
    # Between two of one direction the way is straight.
    assert round_the_centre(start, 2 * start, 0.25)[0].tolist() == pytest.approx([3.75, 0], rel=1e-3)


def test_batching():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(len(x))
            return x.sum(dim=1)

    real, fake = torch.ones(3, 2), torch.zeros(3, 2)
    for recipe, calls in ((NAIVE, [6]), (on("split_batches"), [3, 3])):
        seen.clear()
        ((real_logits, fake_logits),) = recipe.batching(Spy(), real, fake)
        assert real_logits.tolist() == [2, 2, 2]
        assert fake_logits.tolist() == [0, 0, 0]
        assert seen == calls


def test_a_mixed_batch_whose_images_share_a_logit():
    real, fake = torch.ones(4, 2), torch.zeros(2, 2)
    ((real_logits, fake_logits),) = NAIVE.batching(lambda images: images.view(-1, 4).sum(1), real, fake)
    assert (real_logits.tolist(), fake_logits.tolist()) == ([4, 4], [0])


def test_label_smoothing():
    (smooth,) = on("label_smoothing").targets
    real, fake = smooth(hard(20_000), Streams(0))
    assert (real.min() >= 0.7, real.max() <= 1.2, fake.min() >= 0, fake.max() <= 0.3) == (True,) * 4
    assert real.mean().item() == pytest.approx(0.95, abs=0.005)
    assert fake.mean().item() == pytest.approx(0.15, abs=0.005)
    (one_sided,) = on("label_smoothing", one_sided=True).targets
    real, fake = one_sided(hard(3), Streams(0))
    assert real.tolist() == pytest.approx([0.9] * 3)
    assert fake.tolist() == [0, 0, 0]


def test_label_flips():
    (flip,) = on("label_flips").targets
    real, fake = flip(hard(100_000), Streams(0))
    assert set(real.unique().tolist()) == {0, 1}
    assert real.mean().item() == pytest.approx(0.95, abs=0.003)
    assert fake.mean().item() == pytest.approx(0.05, abs=0.003)
    assert not torch.equal(1 - real, fake)
    (exact,) = on("label_flips", rate=0.05, exact=True).targets
    targets = exact(Targets(torch.ones(64), torch.zeros(39)), Streams(0))
    assert (targets.real.eq(0).sum(), targets.fake.eq(1).sum()) == (3, 1)  # 3.2 and 1.95, rounded down
    again = exact(Targets(torch.ones(64), torch.zeros(39)), Streams(1))
    assert not torch.equal(targets.real, again.real)
    (always,) = on("label_flips", rate=1.0).targets
    assert always(hard(4), Streams(0)).real.tolist() == [0, 0, 0, 0]
    with pytest.raises(HackError, match=r"label_flips.rate=1.5: expected a number, at least 0, at most 1; see `ganb"):
        on("label_flips", rate=1.5)


def test_flips_act_after_smoothing_whatever_the_order_of_switching_on():
    levels = [("label_flips", True), ("label_smoothing", True)]
    for order in (levels, levels[::-1]):
        assert [type(t).__name__ for t in hacks.apply(NAIVE, dict(order)).targets] == ["LabelSmoothing", "LabelFlips"]


def test_divisible_kernel():
    assert (NAIVE.g_kernel, NAIVE.d_kernel) == (5, 5)
    assert on("divisible_kernel") == NAIVE.fill(g_kernel=4, d_kernel=4)
    assert on("divisible_kernel", nets="g") == NAIVE.fill(g_kernel=4)
    with pytest.raises(HackError, match=r"divisible_kernel.kernel=5: expected a whole number, .* a multiple of 2"):
        on("divisible_kernel", kernel=5)


def test_the_loss_is_the_logistic_one():
    logits, targets = torch.tensor([0.5, -1.0]), torch.tensor([1.0, 0.3])
    sigma = [1 / (1 + math.exp(-x)) for x in (0.5, -1.0)]
    by_hand = -(math.log(sigma[0]) + 0.3 * math.log(sigma[1]) + 0.7 * math.log(1 - sigma[1])) / 2
    assert NAIVE.loss.d(logits, targets).item() == pytest.approx(by_hand, rel=1e-6)
    assert NAIVE.loss.g(logits).item() == pytest.approx(-(math.log(sigma[0]) + math.log(sigma[1])) / 2, rel=1e-6)
