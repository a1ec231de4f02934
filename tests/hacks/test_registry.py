"""Every hack is tested by existing: parametrised from the registry."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hacks
from hacks import HackError, Recipe
from hacks.recipe import TUPLE_SLOTS
from hacks.registry import CARD_FIELDS, conflicts

ALL = hacks.names()
CORE = hacks.names(core=True)


@pytest.mark.parametrize("name", ALL)
def test_card_has_every_field(name):
    card = hacks.get(name).card
    missing = [field for field in CARD_FIELDS if f"\n{field}: " not in card]
    assert missing == []


@pytest.mark.parametrize("name", ALL)
def test_off_equals_absent(name):
    assert hacks.apply(Recipe(), {name: False}) == Recipe()


@pytest.mark.parametrize("name", ALL)
def test_on_changes_the_recipe_and_off_takes_it_back(name):
    on = hacks.apply(Recipe(), {name: True})
    assert on != Recipe()
    assert hacks.apply(on, {name: False}) == Recipe()
    assert hacks.apply(on, {name: True}) == on


@pytest.mark.parametrize("name", ALL)
def test_needs_are_hacks(name):
    assert set(hacks.get(name).needs) <= set(ALL)


@given(order=st.permutations(CORE), on=st.sets(st.sampled_from(CORE)))
def test_core_hacks_commute(order, on):
    together = hacks.apply(Recipe(), {name: name in on for name in CORE})
    one_by_one = Recipe()
    for name in order:
        one_by_one = hacks.apply(one_by_one, {name: name in on})
    assert one_by_one == together


@given(on=st.sets(st.sampled_from(CORE)))
def test_only_the_slots_of_hacks_that_are_on_change(on):
    recipe = hacks.apply(Recipe(), dict.fromkeys(on, True))
    changed = {f.name for f in dataclasses.fields(Recipe) if getattr(recipe, f.name) != getattr(Recipe(), f.name)}
    assert changed == {slot for name in on for slot in hacks.get(name).slots()}


def test_core_hacks_never_exclude_each_other():
    assert conflicts(CORE) == []


def test_two_hacks_on_one_slot_exclude_each_other(monkeypatch):
    from hacks import registry

    monkeypatch.setattr(registry, "_HACKS", dict(registry._HACKS))

    @registry.hack(order=2000)
    def other_kernel(recipe):
        return recipe.fill(g_kernel=6)

    assert conflicts(["divisible_kernel", "other_kernel"]) == [("divisible_kernel", "other_kernel")]
    with pytest.raises(HackError, match="divisible_kernel and other_kernel fill the same slot"):
        hacks.apply(Recipe(), {"divisible_kernel": True, "other_kernel": True})
    # One of them on is no conflict, in either order.
    assert hacks.apply(Recipe(), {"divisible_kernel": True, "other_kernel": False}).g_kernel == 4
    assert hacks.apply(Recipe(), {"other_kernel": False, "divisible_kernel": True}).g_kernel == 4
    with pytest.raises(HackError, match="registered twice"):
        registry.hack(order=1)(other_kernel)


def test_errors_say_what_was_expected():
    with pytest.raises(HackError, match=r"unknown hack 'batchnorm' \(did you mean batch_norm\?\)"):
        hacks.get("batchnorm")
    with pytest.raises(HackError, match="level 1 of hack batch_norm: expected true or false"):
        hacks.apply(Recipe(), {"batch_norm": 1})
    with pytest.raises(HackError, match="hack label_flips has no parameter 'ratio': its parameters are rate"):
        hacks.apply(Recipe(), {"label_flips": True}, {"label_flips": {"ratio": 0.1}})


def test_recipe_is_frozen_and_hashable():
    assert len({Recipe(), hacks.apply(Recipe(), dict.fromkeys(CORE, True)), Recipe()}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().g_kernel = 3


def test_tuple_slots_are_those_that_are_empty_in_the_naive_recipe():
    assert TUPLE_SLOTS == ("targets", "d_inputs", "penalties", "averaging", "idle_streams")
