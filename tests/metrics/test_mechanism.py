"""Mechanism quantities on tensors and networks whose answer is known, and on the harness's own networks."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import hacks
from bench.gan.backbone import dcgan
from bench.gan.look import looked_at
from bench.gan.loop import Game, step
from bench.gan.streams import Streams
from bench.metrics import gradient_probe, mechanism, probe
from bench.metrics.mechanism import Rules
from bench.records.quantities import QUANTITIES
from hacks.gaussian_latent import great_circle

Z = torch.randn(16, 100, generator=torch.Generator().manual_seed(0))
NOISE = torch.rand(16, 1, 16, 16, generator=torch.Generator().manual_seed(1))


class Slope(nn.Module):
    """A "generator" whose images are a latent's first entry, everywhere."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, z):
        return (self.gain * z[:, :1, None, None]).expand(-1, 1, 16, 16)


def game(**levels) -> Game:
    recipe = hacks.apply(hacks.Recipe(), levels)
    images = torch.randint(0, 256, (64, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    return Game(recipe, dcgan(16, 1, 8), images, seed=0, batch=16)


def rules_of(made: Game) -> Rules:
    with looked_at(made, 16, Streams(0)) as seen:
        return Rules(seen.batching, seen.d_loss, seen.g_loss, seen.between, made.recipe.pixel_range)


def probed(**levels) -> dict[str, float]:
    made = game(**levels)
    return probe(made.generator, made.discriminator, NOISE, Z, rules_of(made))


def test_zero_share_counts_exact_zeros_only():
    assert mechanism.zero_share([torch.tensor([0.0, 1e-30]), torch.tensor([[0.0, -0.0]])]) == 0.75


def test_a_checkerboard_has_its_energy_at_the_strides_frequency():
    rows = torch.arange(16)
    board = ((rows[:, None] + rows[None, :]) % 2).double().expand(4, 1, 16, 16)
    # One bin, (1/2, 1/2), holds all of it: variance 1/4 in each of 256 pixels. The band around (0, 1/2), (1/2, 0) and
    # (1/2, 1/2) within 1/16 is 3 rows by 3 columns, three times, as both signs of 1/2 - 1/16 count and 1/2 has one.
    assert mechanism.band_energy(board) == pytest.approx(0.25 * 256 / 27, rel=1e-9)
    smooth = torch.sin(rows * 2 * np.pi / 16).double().expand(4, 1, 16, 16)
    assert mechanism.band_energy(smooth) == pytest.approx(0.0, abs=1e-12)
    assert mechanism.stride_energy(board, smooth) > 10
    assert mechanism.stride_energy(NOISE, NOISE) == 0.0


def test_noise_of_known_variance_has_its_energy_in_every_bin():
    noise = torch.randn(400, 1, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 0.5
    assert mechanism.band_energy(noise) == pytest.approx(0.25, rel=0.03)


def test_nearest_distances():
    images = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert mechanism.nearest_distances(images, torch.tensor([[0.0, 1.0], [3.0, 0.0]])).tolist() == [1.0, 4.0]


def test_layer_gradient_norms_of_a_linear_chain():
    chain = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1).eval(), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        chain[0].weight.fill_(2.0)
        chain[2].weight.fill_(5.0)
    chain[1].eps = 1e-12
    # y = 5 · 2 · x: dy/dw_first = 5x, dy/dw_last = 2x.
    assert mechanism.layer_gradient_norms(chain(torch.tensor([[3.0]])).sum(), chain) == pytest.approx((15.0, 6.0))


def test_gap_is_zero_without_batch_statistics_and_by_hand_with_them():
    plain = nn.Sequential(nn.Flatten(), nn.Linear(4, 1), nn.Flatten(0))
    assert mechanism.mixed_batch_gap(plain, NOISE[:3, 0, 0, :4], NOISE[3:6, 0, 0, :4]) == pytest.approx(0.0, abs=1e-6)
    norm = nn.Sequential(nn.BatchNorm1d(1, affine=False, eps=1e-12), nn.Flatten(0))
    real, fake = torch.tensor([[10.0], [12.0]]), torch.tensor([[-1.0], [1.0]])
    # Alone the fakes become -1 and 1. Mixed, the mean is 5.5 and the variance (4.5² + 6.5² + 6.5² + 4.5²) / 4 = 31.25.
    expected = (abs(-6.5 / 31.25**0.5 + 1) + abs(-4.5 / 31.25**0.5 - 1)) / 2
    assert mechanism.mixed_batch_gap(norm, real, fake) == pytest.approx(expected, rel=1e-5)


def test_interpolations_of_a_linear_generator_between_real_images():
    # Real images 0 and 1, latents at 0 and 1: the ends lie on real images, so there is no ratio; between 0.2 and 0.8
    # the ends are 0.2 away and the points between 0.35, 0.5 and 0.35.
    real = torch.tensor([0.0, 1.0])[:, None, None, None].expand(2, 1, 16, 16)
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(256, 1), nn.Flatten(0))
    ends = probe(Slope(), discriminator, real, torch.tensor([[0.0], [1.0]]))
    assert "interpolation_distance" not in ends
    inside = probe(Slope(), discriminator, real, torch.tensor([[0.2], [0.8]]))
    assert inside["interpolation_distance"] == pytest.approx((0.35 + 0.5 + 0.35) / 3 / 0.2, rel=1e-5)


def test_interpolations_go_the_way_that_the_latent_says():
    """Halfway between two latents at right angles, the straight way is at 1/2, the great circle at √½."""
    real = torch.zeros(1, 1, 16, 16)
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(256, 1), nn.Flatten(0))
    ends = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = {
        between: probe(Slope(), discriminator, real, ends, Rules(between=between))["interpolation_distance"]
        for between in (torch.lerp, great_circle)
    }
    # The ends are 1 and 0 away from the real image; after a share of the quarter circle its cosine is left.
    assert found[torch.lerp] == pytest.approx((0.75 + 0.5 + 0.25) / 3 / 0.5, rel=1e-5)
    arc = sum(np.cos(share * np.pi / 2) for share in (0.25, 0.5, 0.75))
    assert found[great_circle] == pytest.approx(arc / 3 / 0.5, rel=1e-5)


def test_a_game_is_probed_by_its_own_rules():
    uniform, gaussian = (rules_of(game(**levels)).between for levels in ({}, {"gaussian_latent": True}))
    start, end = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    assert uniform(start, end, 0.5).tolist() == [[1.0, 1.0]]
    assert gaussian(start, end, 0.5)[0].tolist() == pytest.approx([2**0.5, 2**0.5])
    # What arrives at D's first layer is what its own step had: the batch mixed or apart, and its own loss.
    for levels in ({"batch_norm": True}, {"batch_norm": True, "split_batches": True}, {"hinge_loss": True}):
        made, fresh = game(**levels), game(**levels)
        with looked_at(made, 16, Streams(0)) as seen:
            rules = Rules(seen.batching, seen.d_loss, seen.g_loss)
            found = gradient_probe(seen.generator, seen.discriminator, seen.real, seen.z, rules)
        fake = fresh.generator(seen.z).detach()
        ((real_logits, fake_logits),) = fresh.recipe.batching(fresh.discriminator, seen.real, fake)
        loss = fresh.recipe.loss.d(real_logits, torch.ones(16)) + fresh.recipe.loss.d(fake_logits, torch.zeros(16))
        first = torch.autograd.grad(loss, fresh.discriminator.down1.conv.weight)[0].norm()
        assert found["d_gradient_first"] == pytest.approx(float(first), rel=1e-4)


def test_leaky_units_are_never_silent():
    off, on = probed(strided_conv=True), probed(strided_conv=True, leaky_relu=True)
    assert 0.2 < off["d_zero_activation_share"] < 0.8
    assert off["d_zero_gradient_share"] == off["d_zero_activation_share"]
    assert on["d_zero_activation_share"] == on["d_zero_gradient_share"] == 0.0


def test_max_pooling_drops_three_gradients_in_four():
    pooled, strided = probed(leaky_relu=True), probed(leaky_relu=True, strided_conv=True)
    # Every pooled layer passes one gradient in four, or fewer where windows hold equal values.
    assert pooled["d_zero_gradient_share"] == pytest.approx(0.75, abs=0.01)
    assert strided["d_zero_gradient_share"] == 0.0


def test_small_weights_shrink_gradients_on_their_way_and_batch_norm_restores_them():
    small, normed = probed(normal_init=True), probed(normal_init=True, batch_norm=True)
    for layer in ("d_gradient_first", "g_gradient_first"):
        assert small[layer] < 0.3 * probed()[layer]
        assert normed[layer] > 3 * small[layer]


def test_gap_shows_only_with_batch_norm():
    assert probed()["mixed_batch_gap"] == pytest.approx(0.0, abs=1e-6)
    assert probed(batch_norm=True)["mixed_batch_gap"] > 0.01


def test_confidence_of_an_undecided_discriminator_is_one_half():
    made = game()
    with torch.no_grad():
        for parameter in made.discriminator.parameters():
            parameter.zero_()
    quantities = probe(made.generator, made.discriminator, NOISE, Z)
    assert quantities["d_real_confidence"] == 0.5
    assert quantities["g_gradient_norm"] == 0.0
    assert "d_gradient_ratio" not in quantities or quantities["d_gradient_ratio"] == 0.0


def test_gradient_norm_of_g_is_the_loops_own():
    made = game(leaky_relu=True, split_batches=True)
    quantities = probe(made.generator, made.discriminator, NOISE, Z, rules_of(made))
    loss = made.recipe.loss.g(made.discriminator(made.generator(Z)))
    loss.backward()
    norm = nn.utils.get_total_norm([parameter.grad for parameter in made.generator.parameters()])
    assert quantities["g_gradient_norm"] == pytest.approx(float(norm), rel=1e-5)


def test_probing_leaves_the_game_as_it_was():
    made = game(batch_norm=True, leaky_relu=True)
    made.generator.eval()
    step(made)
    before = copy.deepcopy((made.generator.state_dict(), made.discriminator.state_dict()))
    modes = [module.training for network in (made.generator, made.discriminator) for module in network.modules()]
    random_state = torch.random.get_rng_state()
    gradients = [parameter.grad.clone() for parameter in made.g_parameters]

    first = probe(made.generator, made.discriminator, NOISE, Z)
    early = gradient_probe(made.generator, made.discriminator, NOISE, Z)
    assert probe(made.generator, made.discriminator, NOISE, Z) == first
    assert early.items() <= first.items()
    assert {"d_gradient_first", "g_gradient_last", "g_gradient_ratio"} <= set(early)

    after = (made.generator.state_dict(), made.discriminator.state_dict())
    for old, new in zip(before, after, strict=True):
        assert all(torch.equal(old[name], new[name]) for name in old)
    assert modes == [m.training for network in (made.generator, made.discriminator) for m in network.modules()]
    assert torch.equal(random_state, torch.random.get_rng_state())
    assert all(torch.equal(a, b.grad) for a, b in zip(gradients, made.g_parameters, strict=True))
    assert not any(layer._forward_hooks for layer in made.discriminator.modules())


def test_points_have_no_spectrum():
    generator = nn.Sequential(nn.Linear(100, 2), nn.Unflatten(1, (2, 1, 1)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1), nn.Flatten(0))
    quantities = probe(generator, discriminator, torch.rand(16, 2, 1, 1), Z)
    assert "stride_energy" not in quantities
    assert quantities["interpolation_distance"] > 0


def test_every_claim_is_about_a_quantity_that_is_recorded_and_has_a_name():
    recorded = set(probed()) | {"d_loss_oscillation", "g_loss_oscillation"}
    early = gradient_probe(game().generator, game().discriminator, NOISE, Z)
    recorded |= {f"{name}_{number}" for name in early for number in (1, 10, 100)}
    for name in hacks.names():
        for quantity, _ in hacks.get(name).measured:
            assert quantity in recorded & set(QUANTITIES), name
