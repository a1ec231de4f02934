"""Every hack is tested by existing: parametrised from the registry."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hacks
from hacks import HackError, Recipe
from hacks.card import CARD_FIELDS, measured
from hacks.recipe import TUPLE_SLOTS
from hacks.registry import conflicts
from hacks.slots import OFFERED

ALL = hacks.names()
CORE = hacks.names(core=True)


@settings(deadline=None)
@given(order=st.permutations(CORE), on=st.sets(st.sampled_from(CORE)))
def test_core_hacks_commute(order, on):
    together = hacks.apply(Recipe(), {name: name in on for name in CORE})
    one_by_one = Recipe()
    for name in order:
        one_by_one = hacks.apply(one_by_one, {name: name in on})
    assert one_by_one == together


@settings(deadline=None)
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
    assert all(getattr(Recipe(), slot) == () for slot in TUPLE_SLOTS)
    assert {"targets", "penalties", "d_after"} < set(TUPLE_SLOTS)
    assert "loss" not in TUPLE_SLOTS
    assert set(OFFERED) - {"start", "loss.d", "loss.g", "batching"} < set(TUPLE_SLOTS)


@pytest.mark.parametrize("name", ALL)
def test_a_description_is_plain_json(name):
    described = hacks.get(name).describe()
    assert json.loads(json.dumps(described)) == described
    assert set(described) == {"title", *(field.lower() for field in CARD_FIELDS), "family", "base", "parameters"}


def test_what_is_measured_is_read_from_the_card():
    assert hacks.get("strided_conv").measured == (("d_zero_gradient_share", "down"), ("stride_energy", "up"))
    assert hacks.get("hinge_loss").measured == ()
    with pytest.raises(HackError, match="Measured: 'stride_energy': expected none, or quantities with a direction"):
        measured("Measured: stride_energy")


def test_what_needs_what():
    needs = {name: hacks.get(name).needs for name in ALL if hacks.get(name).needs}
    assert needs["split_batches"] == ("batch_norm",)
    assert needs["divisible_kernel"] == ("strided_conv",)
    assert {needed for each in needs.values() for needed in each} <= set(ALL)
