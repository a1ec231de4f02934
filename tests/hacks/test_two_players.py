"""Extragradient, lookahead and unrolling, against their definitions by hand, put through the loop itself.

Most are tried on the bilinear game: all data lie at 0, G makes one point θ, D(x) = ψ·x, D pays ψθ and G −ψθ. The
equilibrium is (0, 0); simultaneous descent with rate h lengthens the radius by √(1 + h²) a step.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

import hacks
from bench.gan.backbone import mlp
from bench.gan.conformance import game
from bench.gan.loop import Game, advance, step
from hacks import HackError, Recipe
from hacks.naive import NonSaturating
from hacks.unrolled import Pace, Unrolled

START = (0.3, 0.4)


def on(*names, **parameters):
    return hacks.apply(Recipe(), dict.fromkeys(names, True), dict.fromkeys(names, parameters))


class Player(nn.Module):
    """One parameter with a known start."""

    def __init__(self, start):
        super().__init__()
        self.start, self.value = start, nn.Parameter(torch.zeros(1))

    def initialise(self, stream):
        self.value.data.fill_(self.start)


class Point(Player):
    """The generator: θ, whatever the latent is."""

    def forward(self, z):
        return self.value.expand(len(z))[:, None, None, None]


class Slope(Player):
    """The discriminator: x -> ψ·x."""

    def forward(self, x):
        return self.value * x[:, 0, 0, 0]


class Bilinear:
    """ψθ for D, −ψθ for G."""

    def d(self, real_logits, fake_logits):
        return fake_logits.mean() - real_logits.mean()

    def g(self, fake_logits):
        return -fake_logits.mean()


def plain(parameters, lr):
    return torch.optim.SGD(parameters, lr=lr)


def played(recipe, rate=0.1, optimizer=plain, loss=None):
    """The two-parameter game of a recipe, by an optimiser at one rate (none: the recipe's)."""
    optimizers = {"g_optimizer": optimizer, "d_optimizer": optimizer} if optimizer else {}
    networks = {"g_network": lambda network: Point(START[0]), "d_network": lambda network: Slope(START[1])}
    recipe = recipe.fill(g_lr=rate, d_lr=rate, loss=loss or Bilinear(), **networks, **optimizers)
    return Game(recipe, mlp(1, width=1), torch.zeros(8, 1, 1, 1), seed=0, batch=4, steps=1000)


def point(game):
    return np.array([game.generator.value.item(), game.discriminator.value.item()])


def course(game, steps):
    """(θ, ψ) at the start and after each step."""
    found = [point(game)]
    for _ in range(steps):
        step(game)
        found.append(point(game))
    return np.array(found)


def radii(found):
    return np.hypot(*found.T)


# Extragradient.


def test_extragradient_converges_on_the_bilinear_game_at_the_known_rate():
    """z <- (I − hJ + h²J²)·z with J² = −I: the radius falls by √(1 − h² + h⁴) a step."""
    h = 0.3
    found = course(played(on("extragradient"), h), 60)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])  # the gradients of (θ, ψ): −ψ and θ
    by_hand = np.eye(2) - h * turn + h**2 * turn @ turn
    expected = np.array([np.linalg.matrix_power(by_hand, n) @ START for n in range(61)])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(radii(found)[1:] / radii(found)[:-1], math.sqrt(1 - h**2 + h**4), rtol=1e-4)


def test_extragradient_with_a_curved_loss_and_adam_is_its_definition():
    """Gradients of the non-saturating game at the point and at the extrapolated one, both seen by the moments."""

    def gradients(theta, psi):
        sigma = 1 / (1 + math.exp(-psi * theta))
        return [-(1 - sigma) * psi, sigma * theta]

    game_ = played(on("extragradient"), 0.05, optimizer=None, loss=NonSaturating())
    found = course(game_, 3)
    here = [nn.Parameter(torch.tensor(value)) for value in START]
    adam = torch.optim.Adam(here, lr=0.05)
    for row in found[1:]:
        at = [each.item() for each in here]
        for _ in range(2):
            slopes = gradients(*(each.item() for each in here))
            for each, value, slope in zip(here, at, slopes, strict=True):
                each.grad, each.data = torch.tensor(slope), torch.tensor(value)
            adam.step()
        assert row.tolist() == pytest.approx([each.item() for each in here], rel=1e-4)


def test_extragradient_keeps_nothing_between_steps_and_takes_two_batches():
    made, counted = game(on("extragradient")), []
    real = made.next_real
    made.next_real = lambda: (counted.append(1), real())[1]
    advance(made, 3)
    assert len(counted) == 6
    assert made.members.state_dict() == [{"second": False, "weights": {}}]


@pytest.mark.parametrize("skipped", [0, 1])
def test_extragradient_where_d_makes_no_step_in_a_round(skipped):
    """Without an extrapolation D is where it is; without a step it stays, though it extrapolated."""
    rounds, h = [], 0.3
    theta, psi = START

    def skips(d_loss):
        rounds.append(d_loss)
        return len(rounds) - 1 != skipped

    found = course(played(on("extragradient").add("d_before", skips), h), 1)[1]
    # G extrapolates with D at hand; its step sees D at the extrapolated point, if there is one and D is not kept back.
    assert found[0] == pytest.approx(theta + h * psi, rel=1e-5)
    assert found[1] == pytest.approx(psi - h * (theta + h * psi) if skipped == 0 else psi, rel=1e-5)


def test_extragradient_where_g_makes_no_step():
    found = course(played(on("extragradient").add("g_before", lambda g_loss: False), 0.3), 1)[1]
    assert found.tolist() == pytest.approx([START[0], START[1] - 0.3 * START[0]], rel=1e-5)  # a plain step of D


class Twice(type(Recipe().batching)):
    updates = 2


def test_extragradient_refuses_several_updates_of_d():
    with pytest.raises(HackError, match=r"^extragradient extrapolates one update of D a step: .* or more_d_steps$"):
        game(hacks.apply(Recipe(), {"extragradient": True, "more_d_steps": True}))
    with pytest.raises(HackError, match=r"switch it off, or two_discriminator_updates$"):
        game(on("extragradient").fill(batching=Twice()))


# Lookahead.


@pytest.mark.parametrize(("every", "share"), [(5, 0.5), (3, 0.2)])
def test_lookahead_is_its_slow_weights_by_hand(every, share):
    found = course(played(on("lookahead", every=every, share=share)), 17)
    theta, psi = START
    slow = np.array(START)
    for number, row in enumerate(found[1:], 1):
        psi = psi - 0.1 * theta  # D first, then G, which sees the new D
        theta = theta + 0.1 * psi
        if number % every == 0:
            slow = slow + share * (np.array([theta, psi]) - slow)
            theta, psi = slow
        np.testing.assert_allclose(row, [theta, psi], rtol=1e-5)


def test_lookahead_converges_where_alternating_descent_circles():
    circles, converges = (radii(course(played(recipe, 0.5), 120)) for recipe in (Recipe(), on("lookahead")))
    assert circles[-20:].max() > circles[0] * 0.9
    assert converges[-1] < converges[0] * 0.01


def test_lookahead_counts_updates_whatever_the_batch():
    """With batches twice as large two steps make one update."""
    larger = course(played(hacks.apply(on("lookahead"), {"larger_batch": True}, {"larger_batch": {"factor": 2}})), 20)
    np.testing.assert_allclose(larger[1::2], course(played(on("lookahead")), 10)[1:], rtol=1e-6)


# Unrolled.


@dataclass(frozen=True)
class Still:
    """D after no updates."""

    def __call__(self, D, real, fake, d_pays, batching, d_optimizer):
        return Unrolled(0)(D, real, fake, d_pays, batching, d_optimizer)


def test_unrolled_by_nothing_is_the_plain_gradient():
    plain_row, still = advance(game(Recipe()), 3), advance(game(Recipe().add("g_opponents", Still())), 3)
    torch.testing.assert_close(still, plain_row)


def logistic(x):
    return 1 / (1 + math.exp(-x))


def foreseen_loss(theta, psi, rate, updates):
    """What G pays at θ where D begins at ψ and descends softplus(ψθ), the part of its loss that is not constant."""
    for _ in range(updates):
        psi = psi - rate * logistic(psi * theta) * theta
    return math.log1p(math.exp(-psi * theta))


def after_one_step(updates, rate):
    made = played(on("unrolled", updates=updates), rate, loss=NonSaturating())
    step(made)
    return point(made)


def test_unrolled_once_is_the_second_order_gradient_by_hand():
    rate = 0.5
    theta, psi = START[0], START[1] - rate * logistic(START[0] * START[1]) * START[0]
    sigma = logistic(psi * theta)
    later = psi - rate * sigma * theta
    turns = -rate * (sigma + sigma * (1 - sigma) * psi * theta)  # of the later ψ with θ
    gradient = -(1 - logistic(later * theta)) * (later + turns * theta)
    assert after_one_step(1, rate).tolist() == pytest.approx([theta - rate * gradient, psi], rel=1e-5)


@pytest.mark.parametrize("updates", [2, 5])
def test_unrolled_several_times_is_the_slope_of_what_g_would_pay(updates):
    rate, tiny = 0.5, 1e-5
    theta, psi = START[0], START[1] - rate * logistic(START[0] * START[1]) * START[0]
    ends = [foreseen_loss(theta + side * tiny, psi, rate, updates) for side in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * tiny)
    assert after_one_step(updates, rate).tolist() == pytest.approx([theta - rate * slope, psi], rel=1e-5)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.RMSprop, torch.optim.SGD])
def test_an_unrolled_update_is_the_optimisers_own_without_momentum(kind):
    settings = {torch.optim.Adam: {"betas": (0.0, 0.9)}, torch.optim.RMSprop: {"alpha": 0.8}, torch.optim.SGD: {}}
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = kind([weight], lr=0.1, **settings[kind])
    for gradient in ([1.0, -3.0], [0.5, 0.0]):
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    pace, expected = Pace(optimizer, weight), weight.detach().clone()
    for gradient in ([0.2, 4.0], [2.0, -1.0]):
        weight.grad = torch.tensor(gradient)
        expected = expected - pace.rate(weight.grad) * weight.grad
        optimizer.step()
        torch.testing.assert_close(weight.detach(), expected)


def test_unrolled_leaves_d_as_it_is():
    base = hacks.apply(Recipe(), {"batch_norm": True, "spectral_norm": True})
    made, alone = game(hacks.apply(base, {"unrolled": True})), game(base)
    step(made), step(alone)
    for name, weight in alone.discriminator.named_parameters():
        assert torch.equal(dict(made.discriminator.named_parameters())[name], weight)
    counts = [value.item() for name, value in made.discriminator.named_buffers() if name.endswith("tracked")]
    assert set(counts) == {1}  # the pass of D's own step
    assert all(weight.requires_grad for weight in made.discriminator.parameters())


def test_unrolled_d_is_updated_as_the_recipe_runs_d():
    """On real images first and on fakes after them, two updates are unrolled for each."""

    class OneByOne:
        updates = 2

        def __call__(self, D, real, fake):
            logits = D(real)
            yield hacks.recipe.Logits(logits, logits[:0])
            logits = D(fake)
            yield hacks.recipe.Logits(logits[:0], logits)

    seen = []

    class Watched(Slope):
        def forward(self, x):
            seen.append(self.value.item())
            return super().forward(x)

    recipe = on("unrolled", updates=2).fill(batching=OneByOne())
    made = Game(
        recipe.fill(
            g_network=lambda network: Point(0.3), d_network=lambda network: Watched(0.4), d_optimizer=plain, d_lr=0.5
        ),
        mlp(1, width=1),
        torch.full((8, 1, 1, 1), 0.7),
        seed=0,
        batch=4,
    )
    step(made)
    assert len(seen) == 2 + 4 + 1
    assert len(set(seen[2:])) == 5


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("lookahead", {"every": 0}),
        ("lookahead", {"share": 0.0}),
        ("unrolled", {"updates": 0}),
        ("unrolled", {"updates": 2.5}),
    ],
)
def test_what_cannot_be_is_refused(name, wrong):
    with pytest.raises(HackError, match=f"^{name}\\.{next(iter(wrong))}=.*: expected .*; see `ganbench hacks {name}`$"):
        on(name, **wrong)


def test_all_of_them_together_resume_bit_for_bit():
    names = ["rmsprop", "extragradient", "lookahead", "unrolled", "weight_decay", "learning_rate_decay"]
    names += ["gradient_clipping", "fresh_latents", "diff_augment", "adaptive_augment", "blur_fade", "instance_noise"]
    recipe = hacks.apply(Recipe(), dict.fromkeys(names, True), {"unrolled": {"updates": 1}, "lookahead": {"every": 2}})
    straight, first, second = (game(recipe) for _ in range(3))
    rows = advance(straight, 5)
    assert torch.isfinite(rows).all()
    begun = advance(first, 3)
    second.load_state_dict(first.state_dict())
    assert torch.equal(torch.cat([begun, advance(second, 5)]), rows)
