"""Learning rates, clipping, and the balance of the two players: by their formulas."""

import math

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import BATCH, game
from bench.gan.loop import advance, step
from bench.gan.streams import Streams
from hacks import HackError, Recipe
from hacks.recipe import Step


def on(name, **parameters):
    return hacks.apply(Recipe(), {name: True}, {name: parameters})


def rates(recipe, steps):
    """(D's, G's) rate as each step was made with."""
    made, found = game(recipe), []
    for _ in range(steps):
        step(made)
        found.append((made.d_optimizer.param_groups[0]["lr"], made.g_optimizer.param_groups[0]["lr"]))
    return found


def test_lower_learning_rate():
    assert rates(on("lower_learning_rate", lr=1e-5), 2) == [(1e-5, 1e-5)] * 2
    assert hacks.conflicts(["lower_learning_rate", "two_learning_rates", "learning_rate_decay"]) == [
        ("lower_learning_rate", "two_learning_rates")
    ]


# Games of the conformance suite say that they have 5 steps.
@pytest.mark.parametrize(
    ("parameters", "shares"),
    [
        ({}, [1 / (1 + 1e-8 * t) for t in range(7)]),
        ({"kind": "inverse", "decay": 0.5}, [1, 2 / 3, 1 / 2, 2 / 5, 1 / 3, 2 / 7, 1 / 4]),
        ({"kind": "linear"}, [1, 0.8, 0.6, 0.4, 0.2, 0, 0]),
        ({"kind": "cosine"}, [(1 + math.cos(math.pi * min(t, 5) / 5)) / 2 for t in range(7)]),
    ],
)
def test_learning_rate_decay_is_its_formula(parameters, shares):
    both = hacks.apply(
        Recipe(), {"two_learning_rates": True, "learning_rate_decay": True}, {"learning_rate_decay": parameters}
    )
    for (of_d, of_g), share in zip(rates(both, 7), shares, strict=True):
        assert (of_d, of_g) == pytest.approx((4e-4 * share, 1e-4 * share), rel=1e-9, abs=1e-20)


def test_learning_rate_decay_goes_on_from_where_it_was():
    first, second = (game(on("learning_rate_decay", kind="linear")) for _ in range(2))
    advance(first, 2)
    second.load_state_dict(first.state_dict())
    step(second)
    assert second.d_optimizer.param_groups[0]["lr"] == pytest.approx(2e-4 * 0.6)


def test_a_run_without_an_end_decays_by_its_inverse_alone():
    (decay,) = on("learning_rate_decay", kind="linear").d_before
    assert decay.share(Step(10**6, 0, Streams(0))) == 1.0
    (inverse,) = on("learning_rate_decay").g_before
    assert inverse.share(Step(10**8, 0, Streams(0))) == pytest.approx(0.5)


def test_gradients_are_cut_entry_by_entry():
    weight = nn.Parameter(torch.zeros(4))
    weight.grad = torch.tensor([-3.0, -0.5, 0.25, 7.0])
    (clipping,) = on("gradient_clipping").d_before
    clipping.d_before(torch.optim.SGD([weight], lr=1.0))
    assert weight.grad.tolist() == [-1.0, -0.5, 0.25, 1.0]


@pytest.mark.parametrize(("nets", "sides"), [("both", "dg"), ("d", "d"), ("g", "g")])
def test_clipping_acts_before_the_step_of_whom_it_is_asked_of(nets, sides):
    recipe = on("gradient_clipping", limit=1e-9, nets=nets)
    plain, clipped = game(Recipe()), game(recipe)
    expected, row = step(plain), step(clipped)
    assert torch.equal(row[[0, 2, 3, 4]], expected[[0, 2, 3, 4]])  # the curve has D's norm as it was
    for side, parameters in (("d", clipped.d_parameters), ("g", clipped.g_parameters)):
        largest = max(parameter.grad.abs().max().item() for parameter in parameters)
        assert (largest <= 1.0001e-9) == (side in sides)


def test_more_d_steps_are_on_batches_of_their_own():
    made, batches = game(on("more_d_steps", steps=3)), []
    real = made.next_real
    made.next_real = lambda: (batches.append(real()), batches[-1])[1]
    advance(made, 2)
    updates = [int(each.state_dict()["state"][0]["step"]) for each in (made.d_optimizer, made.g_optimizer)]
    assert updates == [6, 2]
    assert not torch.equal(batches[0][0], batches[1][0])


def test_larger_batches_see_as_many_images():
    made, images = game(on("larger_batch")), []
    real = made.next_real
    made.next_real = lambda: (images.append(real()), images[-1])[1]
    advance(made, 8)
    assert [len(each) for each, _ in images] == [4 * BATCH] * 2
    assert on("larger_batch", factor=2).batch_factor == 2


def test_what_follows_g_slowly_counts_images_and_not_batches():
    """EMA's warm-up: after the first of several batches as large its half-life is a twentieth of what that one was."""
    (follow,) = on("ema").averaging
    kept = []
    for step_ in (Step(0, 100, Streams(0)), Step(0, 100, Streams(0), span=4), Step(76, 100, Streams(0), span=4)):
        average, network = nn.BatchNorm2d(1), nn.BatchNorm2d(1)
        average.weight.data.fill_(1.0)
        network.weight.data.zero_()
        follow(average=average, G=network, step=step_)
        kept.append(average.weight.item())
    # With 80 images of one each, 4 of them at once: a half-life of 4, so one half stays.
    assert kept == pytest.approx([0.5**20, 0.5**20, 0.5], rel=1e-4, abs=1e-7)


def test_fresh_latents_are_gs_own():
    seen = []
    recipe = on("fresh_latents").add("d_after", lambda z: seen.append(z)).add("g_after", lambda z: seen.append(z))
    step(game(recipe))
    of_d, of_g = seen
    assert of_d.shape == of_g.shape
    assert not torch.isclose(of_d, of_g).any()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("lower_learning_rate", {"lr": 0.0}),
        ("lower_learning_rate", {"lr": -1e-4}),
        ("learning_rate_decay", {"kind": "steps"}),
        ("learning_rate_decay", {"decay": -1.0}),
        ("gradient_clipping", {"limit": 0.0}),
        ("gradient_clipping", {"nets": "D"}),
        ("more_d_steps", {"steps": 1}),
        ("more_d_steps", {"steps": 2.0}),
        ("larger_batch", {"factor": 1}),
    ],
)
def test_what_cannot_be_is_refused(name, wrong):
    with pytest.raises(HackError, match=f"^{name}\\.{next(iter(wrong))}=.*: expected .*; see `ganbench hacks {name}`$"):
        on(name, **wrong)
