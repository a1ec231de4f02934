from itertools import product

import pytest

from bench.plan.levels import choices, consistent, flip, lacks

NEEDS = {"b": ("a",), "c": ("b",)}
NEVER = (("d", "e"), ("e", "f"))


def levels(on):
    return {hack: hack in on for hack in "abcdef"}


@pytest.mark.parametrize(
    ("on", "left"),
    [("abc", "abc"), ("bc", ""), ("ac", "a"), ("def", "df"), ("ef", "e"), ("abcdef", "abcdf"), ("", "")],
)
def test_levels_become_possible_and_nothing_idle_is_on(on, left):
    assert consistent(levels(on), NEEDS, NEVER) == levels(left)


def test_a_flip_changes_one_trick_or_takes_the_place_of_those_it_excludes():
    assert flip(levels("abd"), "d", NEEDS, NEVER) == levels("ab")
    assert flip(levels("abd"), "b", NEEDS, NEVER) == levels("ad")
    assert flip(levels("df"), "e", NEEDS, NEVER) == levels("e")
    assert flip(levels("d"), "f", NEEDS, NEVER) == levels("df")
    assert flip(levels("ad"), "c", NEEDS, NEVER) is None
    assert lacks("c", levels("ad"), NEEDS) == ["b"]


def test_choices_are_exactly_the_possible_levels():
    found = choices("abcdef", NEVER)
    assert list(found) == ["a", "b", "c", "d|e|f"]
    assert found["d|e|f"] == [(), ("d",), ("e",), ("f",), ("d", "f")]
    every = {frozenset(sum(options, ())) for options in product(*found.values())}
    assert len(every) == 8 * 5
    assert all(consistent(levels(on), {}, NEVER) == levels(on) for on in every)
