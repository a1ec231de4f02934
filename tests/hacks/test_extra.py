"""Hacks outside the core set, each one file, with exact numbers."""

import pytest
import torch
from torch import nn

import hacks
from bench.gan.backbone import dcgan
from bench.gan.conformance import game
from bench.gan.loop import advance
from bench.gan.network import build_discriminator
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.recipe import Step, Targets
from hacks.registry import conflicts

LOSSES = ["hinge_loss", "least_squares_loss", "label_flips", "spectral_norm"]


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def test_losses_exclude_each_other():
    assert conflicts(LOSSES) == [("hinge_loss", "least_squares_loss")]


def test_dropout_drops_its_share_and_scales_the_rest():
    layer = on("discriminator_dropout").d_dropout()
    layer.stream = Streams(0)("dropout")
    made = layer(torch.ones(100_000))
    assert sorted(made.unique().tolist()) == pytest.approx([0, 1 / 0.6])
    assert (made == 0).float().mean().item() == pytest.approx(0.4, abs=0.005)
    assert torch.equal(layer.eval()(torch.ones(7)), torch.ones(7))
    with pytest.raises(HackError, match=r"discriminator_dropout.rate=1.0: expected a number, above 0, below 1; see"):
        on("discriminator_dropout", rate=1.0)


def test_dropout_follows_ds_hidden_blocks_only():
    played = game(on("discriminator_dropout"))
    assert ["dropout" in dict(block.named_children()) for block in played.discriminator] == [True, True, False, False]
    assert not any(type(layer).__name__ == "DropUnits" for layer in played.generator.modules())


def test_label_noise():
    (noise,) = on("label_noise").targets
    real, fake = noise(Targets(torch.ones(20_000), torch.zeros(20_000)), Streams(0))
    assert (1 <= real.min() < real.max() <= 1.05, 0 <= fake.min() < fake.max() <= 0.05) == (True, True)
    assert fake.mean().item() == pytest.approx(0.025, abs=0.0005)


def test_spectral_norm_bounds_every_layer_of_d():
    torch.manual_seed(9)
    before = torch.get_rng_state()
    d = build_discriminator(dcgan(16, 1, 4), on("spectral_norm"), 0)
    assert torch.equal(torch.get_rng_state(), before)
    for _ in range(50):
        d(torch.zeros(1, 1, 16, 16))
    layers = [layer for layer in d.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]
    assert norms == pytest.approx([1] * 3, rel=1e-3)


def test_hinge_loss():
    loss, logits = on("hinge_loss").loss, torch.tensor([2.0, 0.5, -1.0])
    assert loss.d(logits, torch.ones(3)).item() == pytest.approx((0 + 0.5 + 2) / 3)
    assert loss.d(logits, torch.zeros(3)).item() == pytest.approx((3 + 1.5 + 0) / 3)
    assert loss.g(logits).item() == pytest.approx(-0.5)


def test_least_squares_loss():
    loss, outputs = on("least_squares_loss").loss, torch.tensor([2.0, 0.5])
    assert loss.d(outputs, torch.ones(2)).item() == pytest.approx((1 + 0.25) / 4)
    assert loss.d(outputs, torch.zeros(2)).item() == pytest.approx((4 + 0.25) / 4)
    assert loss.g(outputs).item() == pytest.approx((1 + 0.25) / 4)


def followed(decay, number):
    """Zeros that follow fives once, after so many steps."""
    (follow,) = on("ema", decay=decay).averaging
    average, network = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    average.weight.data.zero_()
    network.weight.data.fill_(5.0)
    network.running_mean.fill_(8.0)
    network.num_batches_tracked.fill_(3)
    follow(average=average, G=network, step=Step(number, 10_000, Streams(0)))
    return average


def test_ema_follows_parameters_and_running_statistics():
    average = followed(0.75, 1000)
    assert average.weight.tolist() == [1.25, 1.25]
    assert average.running_mean.tolist() == [2, 2]
    assert average.num_batches_tracked == 3
    with pytest.raises(HackError, match=r"ema.decay=1.0: expected a number, at least 0, below 1; see"):
        on("ema", decay=1.0)


def test_ema_begins_with_a_half_life_of_a_twentieth_of_the_steps_so_far():
    """In step 40 it is 2 steps: √½ stays. In the first, a twentieth of a step: hardly anything stays."""
    assert followed(0.999, 39).weight[0].item() == pytest.approx(5 * (1 - 0.5**0.5), rel=1e-5)
    assert followed(0.999, 0).weight[0].item() == pytest.approx(5, rel=1e-5)
    # 0.999 has a half-life of 692.8 steps: from step 13,856 on it is the shorter one.
    assert followed(0.999, 13_800).weight[0].item() > 0.005 > followed(0.999, 13_900).weight[0].item() - 1e-6


def test_ema_changes_the_images_and_not_the_training():
    averaged, plain = game(on("ema", decay=0.5)), game(Recipe())
    assert torch.equal(advance(averaged, 4), advance(plain, 4))
    z = torch.ones(1, 100)
    assert not torch.equal(averaged.sampler()(z), plain.sampler()(z))


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_instance_noise_is_a_share_of_the_pixel_range(pixel_range):
    (noise,) = on("instance_noise", std=0.2).d_inputs
    made = noise(torch.full((10, 1, 64, 64), 0.5), Streams(0), pixel_range)
    assert made.mean().item() == pytest.approx(0.5, abs=0.01)
    assert made.std().item() == pytest.approx(0.2 * (pixel_range[1] - pixel_range[0]), rel=0.01)


@pytest.mark.parametrize(("pixel_range", "share"), [((-1.0, 1.0), 1.0), ((0.0, 1.0), 0.25)])
def test_r1_penalty_is_half_gamma_times_the_squared_slope_per_half_the_pixel_range(pixel_range, share):
    (penalty,) = on("r1_penalty").penalties
    slope = nn.Parameter(torch.tensor([3.0, 4.0]))

    def discriminator(images):
        return images.flatten(1) @ slope

    value = penalty(D=discriminator, real=torch.zeros(6, 2, 1, 1), pixel_range=pixel_range)
    assert value.item() == pytest.approx(share * 5 * 25)
    value.backward()
    assert slope.grad.tolist() == pytest.approx([share * 30, share * 40])


def test_two_learning_rates():
    played = game(on("two_learning_rates"))
    assert [each.param_groups[0]["lr"] for each in (played.d_optimizer, played.g_optimizer)] == [4e-4, 1e-4]
