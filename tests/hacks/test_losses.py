"""Losses, and the bound on D, in exact numbers."""

import math

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import game
from bench.gan.loop import advance, step
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.gradient_normalisation import GradientNormalised
from hacks.recipe import Targets
from hacks.registry import conflicts
from hacks.slopes import slopes

REAL, FAKE = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-0.5, 1.0, 0.25])
LOSSES = ["saturating_loss", "wasserstein_gp", "wasserstein_clip", "relativistic_pairing", "relativistic_average"]


def on(*names, **parameters):
    """A recipe with these hacks; parameters are those of the first."""
    return hacks.apply(Recipe(), dict.fromkeys(names, True), {names[0]: parameters})


def mean_log(terms):
    """Mean of log(1 + e^t) in double precision."""
    return sum(math.log1p(math.exp(t)) for t in terms) / len(terms)


def linear(*weights):
    """D(x) = w · x."""
    slope = nn.Parameter(torch.tensor(weights))
    return slope, lambda images: images.flatten(1) @ slope


def test_all_losses_exclude_each_other():
    chosen = [*LOSSES, "hinge_loss", "least_squares_loss"]
    assert len(conflicts(chosen)) == len(chosen) * (len(chosen) - 1) / 2
    bounds = ["wasserstein_clip", "gradient_normalisation", "spectral_norm"]
    assert len(conflicts(bounds)) == 3
    with pytest.raises(HackError, match="wasserstein_gp and wasserstein_clip fill the same slot"):
        on("wasserstein_gp", "wasserstein_clip")


def test_one_wasserstein_loss_switched_off_leaves_the_other():
    recipe = on("wasserstein_gp")
    assert hacks.apply(recipe, {"wasserstein_clip": False}) == recipe


def test_saturating_loss():
    loss = on("saturating_loss").loss
    assert loss.d(REAL, torch.ones(3)).item() == pytest.approx(mean_log([-2, -0.5, 1]))
    assert loss.g(FAKE).item() == pytest.approx(-mean_log(FAKE.tolist()))
    # Its gradient is σ(s), where the non-saturating one has 1 − σ(s).
    logit = torch.tensor([-5.0], requires_grad=True)
    (saturated,) = torch.autograd.grad(loss.g(logit), logit)
    (kept,) = torch.autograd.grad(Recipe().loss.g(logit), logit)
    assert (saturated.item(), kept.item()) == pytest.approx((-1 / (1 + math.e**5), -1 / (1 + math.e**-5)), rel=1e-5)


@pytest.mark.parametrize("name", ["wasserstein_gp", "wasserstein_clip"])
def test_wasserstein_losses(name):
    loss = on(name).loss
    both = loss.d(REAL, torch.ones(3)) + loss.d(FAKE, torch.zeros(3))
    assert both.item() == pytest.approx(0.25 - 0.5)
    assert loss.g(FAKE).item() == pytest.approx(-0.25)


@pytest.mark.parametrize(("pixel_range", "unit"), [((-1.0, 1.0), 1.0), ((0.0, 1.0), 0.5)])
def test_wasserstein_penalty_of_a_linear_d(pixel_range, unit):
    """‖w‖ = 5: λ · (5 − 1)², and 2λ(5 − 1) · w / 5 in its weights, wherever x̂ is."""
    (penalty,) = on("wasserstein_gp", weight=10.0).penalties
    slope, discriminator = linear(3.0, 4.0)
    images = torch.rand(2, 6, 2, 1, 1)
    value = penalty(D=discriminator, real=images[0], fake=images[1], streams=Streams(0), pixel_range=pixel_range)
    assert value.item() == pytest.approx(10 * (5 * unit - 1) ** 2, rel=1e-6)
    value.backward()
    assert slope.grad.tolist() == pytest.approx([20 * (5 * unit - 1) * unit * w / 5 for w in (3, 4)], rel=1e-5)


def test_wasserstein_points_lie_evenly_between_real_and_fake():
    (penalty,) = on("wasserstein_gp").penalties
    seen = []
    real, fake = torch.zeros(4000, 1, 2, 2), torch.ones(4000, 1, 2, 2)

    def discriminator(images):
        seen.append(images.detach())
        return images.flatten(1).sum(1)

    penalty(D=discriminator, real=real, fake=fake, streams=Streams(0), pixel_range=(0.0, 1.0))
    (points,) = seen
    shares = points[:, 0, 0, 0]
    assert torch.equal(points, shares[:, None, None, None].expand_as(points))  # one share for all of an image
    assert (shares.min() >= 0, shares.max() <= 1) == (True, True)
    assert (shares.mean().item(), shares.std().item()) == pytest.approx((0.5, 12**-0.5), abs=0.02)


def test_a_d_that_is_flat_has_a_finite_penalty():
    (penalty,) = on("wasserstein_gp").penalties
    slope, discriminator = linear(0.0, 0.0)
    real = torch.zeros(3, 2, 1, 1)
    value = penalty(D=discriminator, real=real, fake=real, streams=Streams(0), pixel_range=(0.0, 1.0))
    value.backward()
    assert value.item() == 10
    assert slope.grad.tolist() == [0, 0]


def test_clipping_keeps_every_parameter_of_d_within_its_limit():
    played = game(on("wasserstein_clip", limit=0.003))
    sizes = []
    for _ in range(3):
        sizes.append(max(float(p.detach().abs().max()) for p in played.d_parameters))
        step(played)
    assert sizes == [pytest.approx(0.003)] * 3
    assert max(float(p.detach().abs().max()) for p in played.g_parameters) > 0.003
    with pytest.raises(HackError, match=r"wasserstein_clip.limit=0.0?: expected a number, above 0"):
        on("wasserstein_clip", limit=0.0)


def test_relativistic_pairing():
    loss = on("relativistic_pairing").loss
    gaps = (FAKE - REAL).tolist()
    assert loss.d(REAL, FAKE).item() == pytest.approx(mean_log(gaps))
    assert loss.g(REAL, FAKE).item() == pytest.approx(mean_log([-gap for gap in gaps]))
    # G learns from two fakes: the first two real images are their pairs.
    assert loss.g(REAL, FAKE[:2]).item() == pytest.approx(mean_log([2.5, -0.5]))


def test_relativistic_average():
    loss = on("relativistic_average").loss
    real, fake = (REAL - 0.25).tolist(), (FAKE - 0.5).tolist()
    hard = Targets(torch.ones(3), torch.zeros(3))
    assert loss.d(REAL, FAKE, hard).item() == pytest.approx(mean_log([-s for s in real]) + mean_log(fake))
    assert loss.g(REAL, FAKE).item() == pytest.approx(mean_log(real) + mean_log([-s for s in fake]))
    # Cross-entropy with target t is log(1 + e^s) − t·s.
    soft = Targets(torch.full((3,), 0.9), torch.zeros(3))
    expected = mean_log(real) - 0.9 * sum(real) / 3 + mean_log(fake)
    assert loss.d(REAL, FAKE, soft).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["relativistic_pairing", "relativistic_average"])
def test_losses_on_both_sides_refuse_updates_on_one(name):
    with pytest.raises(HackError, match=f"hacks {name} and two_discriminator_updates: .*switch one of them off$"):
        game(on(name, "two_discriminator_updates"))
    assert torch.isfinite(advance(game(on(name, "top_k")), 2)).all()


@pytest.mark.parametrize("unit", [1.0, 0.5])
def test_gradient_normalisation_of_a_linear_d(unit):
    """D(x) = w · x + b has f = w · x + b and ‖∇f‖ = ‖w‖."""
    plain = nn.Sequential(nn.Flatten(), nn.Linear(2, 1), nn.Flatten(0))
    plain[1].weight.data, plain[1].bias.data = torch.tensor([[3.0, 4.0]]), torch.tensor([1.0])
    images = torch.tensor([[1.0, 2.0], [-3.0, 0.5]])[:, :, None, None]
    made = GradientNormalised(plain, unit)(images)
    assert made.tolist() == pytest.approx([12 / (5 * unit + 12), -6 / (5 * unit + 6)])
    # With x, D's own slope: ‖w‖ · size / (size + |f|)² where f is linear.
    slope = slopes(GradientNormalised(plain, unit), images, (0.0, 2.0)).norm(dim=1)
    assert slope.tolist() == pytest.approx([5 * 5 * unit / (5 * unit + f) ** 2 for f in (12, 6)], rel=1e-5)
    with torch.no_grad():
        assert torch.equal(GradientNormalised(plain, unit)(images), made)


def test_gradient_normalisation_is_in_units_of_half_the_pixel_range():
    units = [game(on("gradient_normalisation", *more)).discriminator.unit for more in ([], ["tanh_scaling"])]
    assert units == [0.5, 1.0]


def test_a_gradient_normalised_d_of_any_scale_answers_alike():
    played = game(on("gradient_normalisation"))
    images = torch.rand(4, 1, 16, 16)
    before = played.discriminator(images)
    assert before.abs().max() < 1
    with torch.no_grad():
        last = played.discriminator.network[-2].dense
        last.weight.mul_(100)
        last.bias.mul_(100)
    torch.testing.assert_close(played.discriminator(images), before)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    assert played.discriminator(images).tolist() == [0] * 4
