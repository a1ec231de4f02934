"""The Dirac GAN: two parameters, whose training is known in closed form, put through the loop itself.

All real data lie at 0, G makes one point θ, D(x) = ψ·x. Of a loss with slope f'(0) at the equilibrium the plain game's
Jacobian has the eigenvalues ±i·f'(0): with learning rate h it turns by h·f'(0) a step; simultaneous steps lengthen the
radius by √(1 + h²f'(0)²), alternating ones keep it. R1 of weight γ gives (−γ ± √(γ² − 4f'(0)²)) / 2. Beyond the linear
part the non-saturating loss loses r² at the rate 2θψ·tanh(ψθ/2), r⁴/8 on average over a turn: 1/r² grows by h/8 a
step, which is slower than any geometric convergence.
Source: Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn

import hacks
from bench.gan.backbone import mlp
from bench.gan.loop import CURVES, Game, advance, step
from bench.gan.members import Members
from bench.metrics import stability
from hacks import Recipe
from hacks.naive import NonSaturating

PER_RANGE = 4
"""R1's weight is that of images in [−1, 1]; here they are in [0, 1], where a gradient is twice as large."""
SLOPES = {"non-saturating": ({}, 0.5), "hinge": ({"hinge_loss": True}, 1.0)}
START = 0.4
RECIPE = Recipe()


class Point(nn.Module):
    """The generator: θ, whatever the latent is."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([START]))

    def forward(self, z):
        return self.theta.expand(len(z))[:, None, None, None]


class Slope(nn.Module):
    """The discriminator: x -> ψ·x."""

    def __init__(self):
        super().__init__()
        self.psi = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.psi * x[:, 0, 0, 0]


def dirac(rate, levels=(), parameters=(), base=RECIPE, batch=4):
    """A game of the two, under a recipe, by gradient descent at that learning rate."""
    recipe = hacks.apply(base, dict(levels), dict(parameters))
    game = Game(recipe, mlp(1, width=1), torch.zeros(8, 1, 1, 1), seed=0, batch=batch)
    game.generator, game.discriminator = Point(), Slope()
    game.g_parameters, game.d_parameters = list(game.generator.parameters()), list(game.discriminator.parameters())
    game.g_optimizer = torch.optim.SGD(game.g_parameters, lr=rate)
    game.d_optimizer = torch.optim.SGD(game.d_parameters, lr=rate)
    game.members = Members(recipe, game)  # what remembers networks is to remember these
    return game


def path(game, steps):
    """Distances to the equilibrium after each of so many steps."""
    radii = []
    for _ in range(steps):
        step(game)
        radii.append(radius(game))
    return radii


def radius(game):
    return math.hypot(game.generator.theta.item(), game.discriminator.psi.item())


def curves(rows):
    made = dict(zip(CURVES, rows.numpy().T, strict=True))
    return {"step": np.arange(1, len(rows) + 1), **made}


@pytest.mark.parametrize("loss", SLOPES)
def test_one_step_is_the_gradient_by_hand(loss):
    levels, slope = SLOPES[loss]
    game = dirac(0.1, levels)
    step(game)
    # D: ψ₁ = −h·f'(0)·θ₀, as ψ₀ = 0. G then goes up D's new slope: θ₁ = θ₀ + h·g'(ψ₁θ₀)·ψ₁.
    psi = -0.1 * slope * START
    steep = 1.0 if loss == "hinge" else 1 / (1 + math.exp(psi * START))
    assert game.discriminator.psi.item() == pytest.approx(psi, rel=1e-5)
    assert game.generator.theta.item() == pytest.approx(START + 0.1 * steep * psi, rel=1e-5)


def test_the_plain_hinge_game_turns_for_ever():
    game = dirac(0.1, {"hinge_loss": True})
    radii = []
    for _ in range(round(5 * 2 * math.pi / 0.1)):
        step(game)
        radii.append(radius(game))
    assert min(radii) > 0.9 * START
    assert max(radii) < 1.1 * START
    # After five whole turns it is where it began: θ at its start, ψ at zero.
    assert game.generator.theta.item() == pytest.approx(START, rel=0.05)
    assert game.discriminator.psi.item() == pytest.approx(0.0, abs=0.05 * START)


def test_the_plain_non_saturating_game_hardly_converges():
    game = dirac(0.1)
    advance(game, 750)
    assert radius(game) == pytest.approx((1 / START**2 + 0.1 * 750 / 8) ** -0.5, rel=0.03)


def test_simultaneous_steps_spiral_outwards():
    rate, slope, steps = 0.1, 0.5, 400
    loss = NonSaturating()
    theta, psi = (torch.tensor(value, requires_grad=True) for value in (0.04, 0.0))
    for _ in range(steps):
        d_loss = loss.d(psi * torch.zeros(1), torch.ones(1)) + loss.d((psi * theta.detach())[None], torch.zeros(1))
        g_loss = loss.g((psi.detach() * theta)[None])
        (d_gradient,), (g_gradient,) = torch.autograd.grad(d_loss, psi), torch.autograd.grad(g_loss, theta)
        psi = (psi - rate * d_gradient).detach().requires_grad_()
        theta = (theta - rate * g_gradient).detach().requires_grad_()
    grown = math.hypot(theta.item(), psi.item()) / 0.04
    assert grown == pytest.approx((1 + (rate * slope) ** 2) ** (steps / 2), rel=0.01)


@pytest.mark.parametrize("loss", SLOPES)
def test_the_r1_penalty_makes_it_converge(loss):
    levels, slope = SLOPES[loss]
    gamma, rate, steps = 0.5 * slope, 0.1, 400
    game = dirac(rate, {**levels, "r1_penalty": True}, {"r1_penalty": {"gamma": PER_RANGE * gamma}})
    rows = advance(game, steps)
    # Its eigenvalues are −γ/2 ± i·√(f'(0)² − γ²/4): the radius falls by e^(−γ·h/2) a step, up to the ellipse's shape.
    expected = START * math.exp(-gamma / 2 * rate * steps)
    assert 0.5 * expected < radius(game) < 2 * expected
    scores = stability.summary(curves(rows), {})
    assert scores["d_loss_oscillation"] < 1e-3
    assert "divergence_step" not in scores


def test_oscillation_is_that_of_the_turning_losses():
    rate, hinge = 0.1, {"hinge_loss": True}
    steps = round(10 * 2 * math.pi / rate)
    still = dirac(rate, {**hinge, "r1_penalty": True}, {"r1_penalty": {"gamma": PER_RANGE * 1.0}})
    turning = stability.summary(curves(advance(dirac(rate, hinge), steps)), {})
    resting = stability.summary(curves(advance(still, steps)), {})
    # ψθ = (r²/2)·sin 2φ is D's loss but for a constant, and G's but for its sign.
    for name in ("d_loss_oscillation", "g_loss_oscillation"):
        assert turning[name] == pytest.approx(START**2 / 2 / 2**0.5, rel=0.1)
        assert resting[name] < 1e-6
    assert turning["d_loss_low_share"] == turning["grad_norm_high_share"] == 0.0


@pytest.mark.parametrize(("factor", "diverges"), [(1.9, False), (2.5, True)])
def test_too_large_a_step_diverges_and_is_seen(factor, diverges):
    """With h·γ over 2 each step of D overshoots by more than it corrects."""
    rate = 0.01
    game = dirac(rate, {"r1_penalty": True}, {"r1_penalty": {"gamma": PER_RANGE * factor / rate}})
    scores = stability.summary(curves(advance(game, 300)), {})
    assert ("divergence_step" in scores) == diverges
    if diverges:
        # ψ grows by 1.5 a step from 0.002 until γ/2·ψ² passes float32's 3.4e38 at 1.6e18: ln(8e20) / ln 1.5 = 119.
        assert scores["divergence_step"] == pytest.approx(119, abs=6)
        assert scores["divergence_step"] == game.step_number
        assert scores["grad_norm_high_share"] > 0.5
    else:
        assert radius(game) < START
        assert scores["grad_norm_high_share"] == 0.0


def turns(number, rate, slope):
    """Steps in that many turns of a game of this slope."""
    return round(number * 2 * math.pi / (rate * slope))


def test_the_saturating_game_turns_for_ever():
    """Both players pay σ(ψθ) times the plain turn, which leaves r² as it is: Mescheder 2018 on the game as it was first
    played."""
    radii = path(dirac(0.2, {"saturating_loss": True}), turns(4, 0.2, 0.5))
    assert 0.95 * START < min(radii) < max(radii) < 1.05 * START
    # The non-saturating one, at the same place, does lose some.
    assert path(dirac(0.2), turns(4, 0.2, 0.5))[-1] < 0.75 * START


@pytest.mark.parametrize("loss", [{}, {"saturating_loss": True}, {"relativistic_pairing": True}])
@pytest.mark.parametrize("penalty", ["r1_penalty", "r2_penalty"])
def test_a_zero_centred_penalty_on_either_side_makes_it_converge(loss, penalty):
    """Mescheder 2018: as in R1's test, D's slope being the same at real and at fake points."""
    gamma, rate, steps = 0.5, 0.2, 100
    game = dirac(rate, {**loss, penalty: True}, {penalty: {"gamma": PER_RANGE * gamma}})
    assert path(game, steps)[-1] == pytest.approx(START * math.exp(-gamma / 2 * rate * steps), rel=0.5)


def test_pairing_with_both_penalties_converges_at_their_sum():
    """Huang 2025, arXiv 2501.05441: not by itself, but with R1 and R2."""
    gamma, rate, steps = 0.25, 0.2, 100
    levels = {"relativistic_pairing": True, "r1_penalty": True, "r2_penalty": True}
    both = dirac(rate, levels, {name: {"gamma": PER_RANGE * gamma} for name in ("r1_penalty", "r2_penalty")})
    assert path(both, steps)[-1] == pytest.approx(START * math.exp(-gamma * rate * steps), rel=0.5)
    # By itself it is the plain game: log(1 + e^(ψθ)) and log(1 + e^(−ψθ)) are what the players pay there, too.
    alone, plain = (path(dirac(rate, each), steps) for each in ({"relativistic_pairing": True}, {}))
    assert alone == pytest.approx(plain, rel=1e-5)


def test_the_average_relativistic_game_is_the_plain_one_twice_as_fast():
    """Each of its two sides is the plain game's only one: 1/r² grows by 2 · h/8 a step."""
    radii = path(dirac(0.1, {"relativistic_average": True}), turns(3, 0.1, 1.0))
    assert radii[-1] == pytest.approx((1 / START**2 + 2 * 0.1 * len(radii) / 8) ** -0.5, rel=0.03)


def test_instance_noise_makes_it_converge():
    """Mescheder 2018: f''(0) = 1/4 on each side makes it −σ²/4 ± i·√(1/4 − σ⁴/16)."""
    std, rate, steps = 1.0, 0.1, 80
    game = dirac(rate, {"instance_noise": True}, {"instance_noise": {"std": std}}, batch=4096)
    radii = path(game, 2 * steps)
    assert radii[steps - 1] == pytest.approx(START * math.exp(-(std**2) / 4 * rate * steps), rel=0.5)
    # What is left is the noise of the batches' means: √(h/4 · 2 · 2/4 · σ²/(N σ²/2)) = 0.005, of D and of G.
    assert max(radii[-20:]) < 0.02


@pytest.mark.parametrize("d_steps", [1, 5])
def test_clipped_wasserstein_does_not_converge(d_steps):
    """Mescheder 2018: G comes in at the speed of the limit c, and then turns for ever.

    n steps of D for one of G turn it by h√n a step, on the ellipse (ψ/c)² + n·(θ/c)² = 1.
    """
    limit = 0.1
    game = dirac(0.05, {"wasserstein_clip": True}, {"wasserstein_clip": {"limit": limit}}, RECIPE.fill(d_steps=d_steps))
    radii = path(game, 300)
    assert 0.9 * limit / d_steps**0.5 < min(radii[150:]) < 1.1 * limit / d_steps**0.5
    assert 0.9 * limit < max(radii[150:]) < 1.1 * limit


@pytest.mark.parametrize("d_steps", [1, 5])
def test_penalised_wasserstein_does_not_converge(d_steps):
    """Mescheder 2018: D's slope wants to be one, and G runs past the data at that speed."""
    game = dirac(0.1, {"wasserstein_gp": True}, {"wasserstein_gp": {"weight": 1.0}}, RECIPE.fill(d_steps=d_steps))
    assert min(path(game, 400)[200:]) > 2 * START


def test_a_penalty_for_slopes_other_than_one_does_not_make_the_plain_game_converge():
    """DRAGAN, for the reason of WGAN-GP (argued here, not quoted): at the equilibrium D is to be flat, and pays.

    Its x̂ is the data's one point itself.
    """
    game = dirac(0.1, {"dragan": True}, {"dragan": {"weight": 0.5}})
    assert min(path(game, 400)[200:]) > 2 * START


def test_historical_averaging_makes_it_converge():
    """Salimans 2016 claims so of such games: the hinge game turns for ever, with the spring it comes to rest."""
    settings = {"historical_averaging": {"weight": 0.25}}
    radii = path(dirac(0.1, {"hinge_loss": True, "historical_averaging": True}, settings), 600)
    assert radii[-1] < 0.05 * START
    # A strong spring holds it where it has been: it creeps.
    strong = path(dirac(0.1, {"hinge_loss": True, "historical_averaging": True}), 200)
    assert 0.4 * START < strong[-1] < 0.8 * START
