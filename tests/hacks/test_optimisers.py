"""Optimisers, against their formulas by hand."""

import math

import pytest
import torch
from torch import nn

import hacks
from bench.gan.conformance import game
from bench.gan.loop import step
from hacks import HackError, Recipe

START = (0.3, 0.4)


def on(*names, **parameters):
    return hacks.apply(Recipe(), dict.fromkeys(names, True), dict.fromkeys(names, parameters))


# Optimisers of their own.


def stepped(optimizer, parameter, gradients):
    """The parameter after each of the optimiser's steps along these gradients."""
    found = []
    for gradient in gradients:
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        found.append(parameter.item())
    return found


GRADIENTS = [0.5, -2.0, 0.1, 3.0]


def test_rmsprop_is_keras_formula():
    parameter = nn.Parameter(torch.tensor([1.0]))
    made = on("rmsprop").d_optimizer([parameter], lr=0.01)
    weight, mean_square, expected = 1.0, 0.0, []
    for gradient in GRADIENTS:
        mean_square = 0.9 * mean_square + 0.1 * gradient**2
        weight -= 0.01 * gradient / (math.sqrt(mean_square) + 1e-7)
        expected.append(weight)
    assert stepped(made, parameter, GRADIENTS) == pytest.approx(expected, rel=1e-5)
    assert on("rmsprop").g_optimizer == on("rmsprop").d_optimizer


def test_optimistic_adam_is_algorithm_1():
    parameter = nn.Parameter(torch.tensor([1.0]))
    made = on("optimistic_adam").g_optimizer([parameter], lr=0.01, beta1=0.5, beta2=0.9)
    weight, m, v, before, expected = 1.0, 0.0, 0.0, 0.0, []
    for t, gradient in enumerate(GRADIENTS, 1):
        m = 0.5 * m + 0.5 * gradient
        v = 0.9 * v + 0.1 * gradient**2
        now = (m / (1 - 0.5**t)) / (math.sqrt(v / (1 - 0.9**t)) + 1e-8)
        weight += -2 * 0.01 * now + 0.01 * before
        before = now
        expected.append(weight)
    assert stepped(made, parameter, GRADIENTS) == pytest.approx(expected, rel=1e-5)


def test_optimistic_adam_leaves_alone_what_has_no_gradient_and_takes_a_closure():
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    made = on("optimistic_adam").g_optimizer([used, unused], lr=0.1, beta1=0.0, beta2=0.0)
    used.grad = torch.tensor([4.0, 0.0])
    assert made.step(lambda: 3.5) == 3.5
    assert used.tolist() == pytest.approx([0.8, 1.0])
    assert unused.tolist() == [1.0, 1.0]


def bilinear_radii(make, beta1, steps):
    """Distance to the equilibrium of min max xy under alternating steps of two such optimisers."""
    x, y = (nn.Parameter(torch.tensor([value])) for value in START)
    moments = {"lr": 0.03, "beta1": beta1, "beta2": 0.999}
    of_x, of_y = (make([each], **moments) for each in (x, y))
    found = []
    for _ in range(steps):
        y.grad = x.detach().clone()
        of_y.step()
        x.grad = -y.detach().clone()
        of_x.step()
        found.append(math.hypot(x.item(), y.item()))
    return found


def adam(parameters, **moments):
    return Recipe().g_optimizer(parameters, fused=False, **moments)


@pytest.mark.parametrize(
    ("beta1", "of_adam", "of_optimistic"),
    [(0.0, (0.2, 0.35), (0.0, 0.001)), (0.5, (1.3, 2.0), (0.2, 0.35)), (0.9, (4.0, 7.0), (4.0, 7.0))],
)
def test_adam_circles_where_optimistic_adam_converges(beta1, of_adam, of_optimistic):
    """On the bilinear game, from 0.5: with β1 = 0.5 Adam goes outwards and the other inwards; with 0.9 both go out."""
    for make, (low, high) in ((adam, of_adam), (on("optimistic_adam").g_optimizer, of_optimistic)):
        last = bilinear_radii(make, beta1, 700)[-100:]
        assert low <= min(last) <= max(last) <= high


def test_sgd_discriminator_descends_at_its_factor_times_the_rate_of_d():
    parameter = nn.Parameter(torch.tensor([1.0]))
    made = on("sgd_discriminator", factor=30.0, momentum=0.5).d_optimizer([parameter], lr=0.01)
    expected = [1 - 0.3 * 0.5, 1 - 0.3 * 0.5 - 0.3 * (-2.0 + 0.5 * 0.5)]
    assert stepped(made, parameter, GRADIENTS[:2]) == pytest.approx(expected, rel=1e-6)
    both = game(hacks.apply(Recipe(), {"sgd_discriminator": True, "two_learning_rates": True}))
    assert both.d_optimizer.param_groups[0]["lr"] == pytest.approx(50 * 4e-4)
    assert isinstance(both.g_optimizer, torch.optim.Adam)


def test_adam_beta2():
    made = game(on("adam_beta2", beta2=0.9))
    assert [each.param_groups[0]["betas"] for each in (made.d_optimizer, made.g_optimizer)] == [(0.9, 0.9)] * 2


def test_one_optimiser_at_a_time():
    pairs = hacks.conflicts(["rmsprop", "sgd_discriminator", "optimistic_adam", "adam_beta2"])
    assert pairs == [
        ("rmsprop", "sgd_discriminator"),
        ("rmsprop", "optimistic_adam"),
        ("sgd_discriminator", "optimistic_adam"),
    ]


# Weight decay.


def test_weight_decay_is_half_the_squared_norm_of_weights_without_biases():
    layer = nn.Linear(2, 1)
    layer.weight.data = torch.tensor([[3.0, 4.0]])
    (penalty,) = on("weight_decay", weight=0.1).penalties
    paid = penalty.penalties(torch.optim.SGD(layer.parameters(), lr=0.0))
    assert paid.item() == pytest.approx(0.1 / 2 * 25)
    paid.backward()
    assert layer.weight.grad.flatten().tolist() == pytest.approx([0.3, 0.4])
    assert layer.bias.grad is None


@pytest.mark.parametrize(("nets", "rows"), [("d", [0]), ("g", [1]), ("both", [0, 1])])
def test_weight_decay_is_paid_by_whom_it_is_asked_of(nets, rows):
    rows_paid = step(game(on("weight_decay", weight=0.01, nets=nets))) - step(game(Recipe()))
    network = {0: game(Recipe()).discriminator, 1: game(Recipe()).generator}
    for row in (0, 1):
        weights = sum(w.detach().square().sum().item() for w in network[row].parameters() if w.ndim > 1)
        if row in rows:
            assert rows_paid[row].item() == pytest.approx(0.005 * weights, rel=0.02)
        elif row == 0:
            assert rows_paid[row] == 0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rmsprop", {"decay": 1.0}),
        ("rmsprop", {"epsilon": 0.0}),
        ("sgd_discriminator", {"factor": -1.0}),
        ("sgd_discriminator", {"momentum": 1.0}),
        ("adam_beta2", {"beta2": 1.0}),
        ("weight_decay", {"weight": 0.0}),
        ("weight_decay", {"nets": "all"}),
    ],
)
def test_what_cannot_be_is_refused(name, wrong):
    with pytest.raises(HackError, match=f"^{name}\\.{next(iter(wrong))}=.*: expected .*; see `ganbench hacks {name}`$"):
        on(name, **wrong)
