"""environment.json as it was written, or as somebody damaged it: what is of another kind counts as not kept."""

import pytest

from bench.records.about import COUNTS, About

DIGITS = {"kind": "image", "channels": 1, "classes": 10, "pictures": 898, "reference": 899}


def test_what_the_datasets_are_like():
    assert About.of({"datasets": {"digits": DIGITS}}).datasets == {"digits": DIGITS}
    assert About.of({}).datasets == {}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [None, "10", 1.5, [1]])
def test_a_dataset_with_a_count_that_is_none_is_not_known(name, value):
    broken = {"digits": {**DIGITS, name: value}, "shapes": DIGITS}
    assert set(About.of({"datasets": broken}).datasets) == {"shapes"}
    del broken["digits"][name]
    assert set(About.of({"datasets": broken}).datasets) == {"shapes"}


@pytest.mark.parametrize("name", ["datasets", "hacks", "sessions", "finished"])
@pytest.mark.parametrize("value", [None, True, 3, "x", [], [1], {}, {"a": 1}, {"a": {}}, {"a": [2]}])
def test_anything_is_read(name, value):
    about = About.of({name: value})
    assert isinstance(about.datasets, dict)
    assert isinstance(about.sessions, tuple)
