"""The figure of two sweeps' effects against each other names what it is about, legibly."""

import itertools

import pandas as pd
import pytest

from bench.report.canvas import drawing
from bench.report.comparison import _name_points


@pytest.fixture
def named():
    """Six tricks on one spot, three above the dotted line and three below it, and the names that they were given."""
    tricks = ["first", "second", "third", "fourth", "fifth", "placebo", "quiet"]
    here = pd.DataFrame({"effect_log": 0.2, "verdict": "hurts"}, index=tricks)
    there = here.assign(effect_log=[0.21, 0.21, 0.22, 0.19, 0.19, 0.5, 0.2])
    here.loc["quiet", "verdict"] = there.loc["quiet", "verdict"] = "inconclusive"
    there.loc["third", "verdict"] = "inconclusive"
    with drawing(4, 4) as canvas:
        axis = canvas.subplots()
        axis.set(xlim=(-1, 1), ylim=(-1, 1))
        _name_points(axis, here, there)
        canvas.canvas.draw()
        yield {text.get_text(): text for text in axis.texts}


def test_tricks_that_help_or_hurt_are_named_and_bold_where_the_verdicts_differ(named):
    assert set(named) == {"first", "second", "third", "fourth", "fifth"}
    assert [name for name, text in named.items() if text.get_fontweight() == "bold"] == ["third"]


def test_no_name_lies_on_another(named):
    boxes = [text.get_window_extent() for text in named.values()]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
