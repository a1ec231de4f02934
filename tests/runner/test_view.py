"""What a person sees while a sweep runs."""

import io
import json
import math
import re

import pytest
from rich.console import Console

from bench.plan.expected import Expected
from bench.records.run import RunRecord, RunSpec
from bench.runner.pace import Pace
from bench.runner.state import Standing, State
from bench.runner.view import Json, Lines, Quiet, Terminal, duration, make_view, recipe_words, shortened, summary

HACKS = ("a", "b", "placebo")
SPECS = [
    RunSpec(dataset, {"a": bool(number % 2), "b": number > 4, "placebo": True}, number, f"c{number:02d}", plan="p")
    for dataset in ("digits", "shapes")
    for number in range(10)
]


def record(spec, fid=20.0, status="ok", seconds=4.0):
    scores = {"fid_noise": 100.0} | ({} if fid is None else {"fid": fid})
    return RunRecord(spec, status, scores, {}, {}, {}, b"", {}, {}, {}, {"seconds": seconds})


def state(workers=2, **settings):
    return State(SPECS, Pace({"digits": 4.0, "shapes": 8.0}), workers, hacks=HACKS, **settings)


def play(view, current, *records):
    view.open(current)
    for each in records:
        current.begin(each.spec)
        fid = each.scores.get("fid")
        current.count(each.spec, each.status, math.log(fid or 100.0), each.timing["seconds"])
        current.end(each.spec)
        view.finished(current, each.spec, each)
    view.close()


FOUR = (
    record(SPECS[0]),
    record(SPECS[1], 5.0),
    record(SPECS[2], 2.0, "collapsed"),
    record(SPECS[3], None, "diverged"),
)


def test_eta_starts_from_the_measurement_and_counts_what_may_follow():
    assert state().eta() == pytest.approx((10 * 4 + 10 * 8) / 2)
    current = state(later={"digits": Expected(5.5, 8), "shapes": Expected(0.0, 2)})
    assert current.eta() == pytest.approx((15.5 * 4 + 10 * 8) / 2)
    assert current.eta(most=True) == pytest.approx((18 * 4 + 12 * 8) / 2)


def test_a_run_in_the_making_is_half_done_and_one_that_crashed_is_not():
    current = state(1)
    current.begin(SPECS[0])
    assert current.eta() == pytest.approx(9.5 * 4 + 10 * 8)
    current.end(SPECS[0])
    assert (current.eta(), current.done) == (pytest.approx(10 * 4 + 10 * 8), 0)


def test_eta_follows_what_runs_really_take_and_reaches_zero():
    current = State(SPECS[:2], Pace({"digits": 4.0}), 1)
    current.count(SPECS[0], "ok", 1.0, 16.0)
    assert 8 < current.eta() < 16
    current.count(SPECS[1], "ok", 1.0, 16.0)
    assert (current.eta(), current.done, current.total) == (0, 2, 2)


def test_later_runs_are_around_the_recipe_that_stays():
    settled = {"digits": Standing(2, 3, {"a": True, "b": False}, stays=True)}
    current = state(1, later={"digits": Expected(10.0, 10)}, standing=settled)
    for spec in SPECS[:10]:
        current.count(spec, "ok", 1.0, 12.0 if spec.levels["a"] else 3.0)
    with_it = current.pace.seconds("digits", {"a": True, "b": False}, 20)
    assert 8 < with_it < 13
    ahead = sum(current.pace.seconds(spec.dataset, spec.levels, 20) for spec in SPECS[10:])
    assert current.eta() == pytest.approx(ahead + 10 * with_it)


def test_tallies_count_failures_and_keep_the_best():
    current = state()
    play(Quiet(), current, *FOUR)
    tally = current.tallies["digits"]
    assert (tally.done, tally.failed, current.running) == (4, 2, {})
    assert current.best_score("digits") == pytest.approx(5.0)
    assert current.best_recipe("digits") == ["a"]
    assert (current.best_score("shapes"), current.best_recipe("shapes")) == (None, None)


def test_a_run_counts_once():
    current = state()
    for _ in range(2):
        current.count(SPECS[0], "ok", 1.0, 4.0)
    assert current.done == 1


def test_the_best_of_an_outcome_that_rises_is_the_highest():
    specs = [RunSpec("digits", {"a": on}, outcome="recall", plan="p", cell=str(on)) for on in (False, True)]
    current = State(specs, Pace({"digits": 1.0}), 1, hacks=HACKS)
    for spec, recall in zip(specs, (0.2, 0.7), strict=True):
        current.count(spec, "ok", recall, 1.0)
    assert (current.best_score("digits"), current.best_recipe("digits")) == (0.7, ["a"])


def test_plain_lines(capsys):
    play(Lines(every=True), state(), *FOUR[:2])
    out = capsys.readouterr().out
    assert "digits c01 seed 1: ok, FID 5, 4.0 s" in out
    assert "sweep 1/20, about " in out


def test_json_lines_are_one_object_each(capsys):
    play(Json(), state(), FOUR[0], FOUR[3])
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["event"], first["fid"], first["done"], first["total"]) == ("run", 20.0, 1, 20)
    assert (second["status"], second["fid"]) == ("diverged", None)


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_stage_time_left_and_for_every_dataset_what_is_known(width):
    screen = io.StringIO()
    view = Terminal(every=True, console=Console(file=screen, force_terminal=True, width=width))
    standing = {"digits": Standing(9, 11, dict.fromkeys(HACKS, True)), "shapes": Standing(None, 11)}
    current = state(title="settle, look 2", standing=standing)
    play(view, current, *FOUR, record(SPECS[11], 3.0))
    view.message("a message")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    for part in (
        "settle, look 2",
        "5/20",
        f"about {duration(current.eta())} left",
        "9 of 11",
        "a + b",
        "best FID",
        "a message",
    ):
        assert part in shown, part
    assert re.search(r"digits +4/10 +2 +9 of 11 +5 +a \+ b", shown)
    assert re.search(r"shapes +1/10 +0 +- +3 +a\b", shown)
    assert max(map(len, shown.splitlines())) <= width


def test_quiet_is_quiet(capsys):
    play(Quiet(), state(), FOUR[0])
    assert capsys.readouterr().out == ""


def test_the_view_fits_the_place():
    assert isinstance(make_view(quiet=False, as_json=True, every=False), Json)
    assert isinstance(make_view(quiet=True, as_json=False, every=False), Quiet)
    assert isinstance(make_view(quiet=False, as_json=False, every=False), Lines)


def test_a_line_says_how_far_what_is_settled_and_which_recipe_is_best():
    levels = dict.fromkeys([*"abcdef", "placebo"], True)
    found = Standing(9, 11, levels)
    current = State(SPECS, Pace({"digits": 4.0, "shapes": 8.0}), 2, "settle, look 2", standing={"digits": found})
    current.hacks = tuple(levels)
    current.count(SPECS[0], "collapsed", 3.0, 4.0)
    left = duration(current.eta())
    told = "digits 1/10 (1 failed), 9 of 11 settled, best: a + b + c + 3 more; shapes 0/10"
    assert summary(current) == f"settle, look 2 1/20, about {left} left: {told}"
    current.count(SPECS[1], "ok", math.log(5.0), 4.0)
    assert "best FID 5 with a + b + c + 3 more" in summary(current)


def test_words():
    assert [duration(s) for s in (3.2, 89, 91, 3600, 12000)] == ["3 s", "89 s", "2 min", "60 min", "3 h 20 min"]
    assert (recipe_words([]), recipe_words(["a"], 3), recipe_words(list("abcd"), 3)) == (
        "no trick at all",
        "a",
        "a + b + c + 1 more",
    )
    assert (shortened("digits", 8), shortened("folder:/a/long/path", 8)) == ("digits", "…ng/path")
