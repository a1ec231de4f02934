import json

import pytest

from bench.errors import UserError
from bench.records.declaration import Declaration, Range


def declared(**more):
    return Declaration(name="n", hacks=("a", "b", "placebo"), datasets=("one",), **more)


def test_it_comes_back_from_json():
    made = declared(
        tune={"a.rate": Range(0.01, 0.5, log=True, usual=0.1)},
        prerequisites={"b": ("a",)},
        exclusions=(("a", "b"),),
        stages=("screen", "search"),
        runs=77,
    )
    again = Declaration.from_json(made.to_json())
    assert again == made
    assert again.hash == made.hash


def test_the_hash_is_of_all_but_the_name():
    assert declared().hash == Declaration(name="m", hacks=("a", "b", "placebo"), datasets=("one",)).hash
    assert len({declared().hash, declared(seed=1).hash, declared(runs=9).hash, declared(looks=(3, 6)).hash}) == 4


def test_an_edited_declaration_is_noticed():
    content = json.loads(declared().to_json())
    content["runs"] = 5
    with pytest.raises(UserError, match="was changed after it was written"):
        Declaration.from_json(json.dumps(content))
    with pytest.raises(UserError, match="cannot be read"):
        Declaration.from_json("{}")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"stages": ("settle", "screen")}, "in this order"),
        ({"around": {"a": True, "b": False, "placebo": False}}, "no search, which finds a recipe"),
        ({"around": {"a": True}, "stages": ("settle",)}, "a level for each of the sweep's hacks"),
        ({"stages": ("race",)}, "stages 'race'"),
        ({"sesoi": 1.5}, "sesoi=1.5"),
        ({"looks": (5, 3)}, "looks"),
        ({"tune": {"c.rate": Range(0, 1)}}, "c.rate"),
    ],
)
def test_what_cannot_be_declared_is_refused(wrong, words):
    with pytest.raises(UserError, match=words):
        declared(**wrong)


def test_a_range_has_an_inside():
    assert [value for value in (0, 1, 2, 3, 9, 10) if Range(1, 9, step=2).holds(value)] == [1, 3, 9]
    for low, high, log in ((1, 1, False), (2, 1, False), (0, 1, True)):
        with pytest.raises(UserError, match="range"):
            Range(low, high, log)
