"""The checks find what they are there to find: tricks that work here and not there."""

import pytest
import torch

import hacks
from bench.gan.conformance import CHECKS, Misfit, fifty_steps, game, on_top_of_core, works_everywhere
from hacks import Recipe, registry
from hacks.batch_norm import BatchNorm
from hacks.naive import NoNorm


@pytest.fixture
def trick(monkeypatch):
    """Registers a stranger's trick that changes the images that D sees, for one test."""
    monkeypatch.setattr(registry, "_HACKS", dict(registry._HACKS))

    def register(change):
        def stranger(recipe: Recipe) -> Recipe:
            return recipe.add("d_inputs", change)

        hacks.hack(order=9999)(stranger)
        return "stranger"

    return register


def broken_where(condition):
    """Images become not-a-number where that holds of them and the step."""
    return lambda images, step: images * (float("nan") if condition(images, step) else 1.0)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (lambda images, step: images.shape[2] == 28, r"no finite losses at 28 pixels and 1 channels$"),
        (lambda images, step: images.shape[1] == 3, r"no finite losses at 16 pixels and 3 channels$"),
        (lambda images, step: images.shape[1:] == (3, 64, 64), r"no finite losses at 64 pixels and 3 channels$"),
    ],
)
def test_a_trick_that_works_in_some_places_only(trick, condition, found):
    with pytest.raises(Misfit, match=found):
        works_everywhere(trick(broken_where(condition)))


def test_a_trick_that_breaks_late(trick):
    name = trick(broken_where(lambda images, step: step.number == 40))
    CHECKS["trains"](name)  # its few steps are too few to see it
    with pytest.raises(Misfit, match=r"^stranger: on top of the core hacks it diverges in step 41$"):
        fifty_steps(name)


def test_a_trick_that_breaks_beside_others(trick):
    name = trick(broken_where(lambda images, step: images.min() < 0))  # tanh_scaling brings black to -1
    CHECKS["works_everywhere"](name)
    with pytest.raises(Misfit, match=r"diverges in step 1$"):
        fifty_steps(name)


def test_on_top_of_core_is_core_with_the_trick_in_place_of_what_it_excludes(trick):
    core = hacks.apply(Recipe(), dict.fromkeys(hacks.names(core=True), True))
    assert on_top_of_core("batch_norm") == core
    assert on_top_of_core("r1_penalty") == hacks.apply(core, {"r1_penalty": True})

    def no_norm(recipe: Recipe) -> Recipe:
        return recipe.fill(d_norm=BatchNorm(momentum=0.5))

    hacks.hack(order=9999)(no_norm)
    recipe = on_top_of_core("no_norm")
    assert (recipe.d_norm, recipe.g_norm) == (BatchNorm(momentum=0.5), NoNorm())
    assert recipe.d_activation == core.d_activation


def test_games_of_the_checks_are_of_the_size_that_was_asked_for():
    made = game(Recipe(), resolution=28, channels=3, steps=7)
    assert (made.images.shape[1:], made.total, made.device) == ((3, 28, 28), 7, torch.device("cpu"))
