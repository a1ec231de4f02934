import pytest

from bench.errors import UserError
from bench.plan.afford import MOST_RUNS, affordable, parse_budget
from bench.plan.shares import shares
from bench.plan.visible import sight
from bench.records.declaration import Declaration


@pytest.mark.parametrize(
    ("text", "runs", "seconds"),
    [("200", 200, None), ("30m", None, 1800), ("1h30m", None, 5400), ("45s", None, 45), (" 1.5H", None, 5400)],
)
def test_budgets_in_runs_and_in_time(text, runs, seconds):
    asked = parse_budget(text)
    assert (asked.runs, asked.seconds) == (runs, seconds)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0m", "-5", "30 minutes", "m30", "30x", "30m5", "1e3", "1000001", "9" * 5000, "1001d", "9" * 400 + "h"],
)
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(UserError, match="expected runs, such as 200, or a time, such as 30m"):
        parse_budget(text)


def test_what_a_budget_pays_for():
    seconds = {"one": 4.0, "two": 8.0}
    assert affordable(parse_budget("201"), seconds, workers=2) == 100
    assert affordable(parse_budget("30m"), seconds, workers=2) == 300
    assert affordable(parse_budget("30m"), seconds, workers=1) == 150
    assert affordable(parse_budget("1000d"), {"one": 0.01}, workers=64) == MOST_RUNS


def test_what_a_sweep_will_see():
    hacks = (*"abcdefghijk", "placebo")
    declared = Declaration(name="n", hacks=hacks, datasets=("one",), runs=250)
    seen = sight(declared, shares(declared))
    assert 1.3 < seen.factor < 2.6
    assert seen.looks == 8
    assert round(seen.within, 3) == 0.103
    more = Declaration(name="n", hacks=hacks, datasets=("one",), runs=500)
    assert sight(more, shares(more)).within < seen.within
    screen = Declaration(name="n", hacks=hacks, datasets=("one",), stages=("screen",))
    assert sight(screen, shares(screen)).within is None
