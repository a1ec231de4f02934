"""environment.json as it was written, or as somebody damaged it: what is of another kind counts as not kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
shallow = plain | st.lists(plain, max_size=2) | st.dictionaries(st.text(max_size=3), plain, max_size=2)
json_values = shallow | st.lists(shallow, max_size=2) | st.dictionaries(st.text(max_size=3), shallow, max_size=2)


@given(st.dictionaries(st.sampled_from(["datasets", "hacks", "sessions", "finished"]), json_values))
def test_anything_is_read(content):
    about = About.of(content)
    assert isinstance(about.datasets, dict)
    assert isinstance(about.sessions, tuple)
