"""What a person sees while a sweep runs."""

import io
import json

import pytest
from rich.console import Console

from bench.records.run import RunRecord, RunSpec
from bench.runner.view import Json, Lines, Quiet, State, Terminal, duration, make_view, summary


def record(cell="c00", fid=20.0, status="ok", seconds=4.0, dataset="digits"):
    scores = {"fid_noise": 100.0} | ({} if fid is None else {"fid": fid})
    return RunRecord(
        RunSpec(dataset, cell=cell, plan="p"), status, scores, {}, {}, {}, b"", {}, {}, {}, {"seconds": seconds}
    )


def state(workers=2):
    return State({"digits": 10, "shapes": 10}, {"digits": 4.0, "shapes": 8.0}, workers)


def play(view, current, *records):
    view.open(current)
    for item in records:
        current.begin(item.spec.dataset)
        current.end(item.spec.dataset, item)
        view.finished(current, item.spec, item)
    view.close()


def test_eta_starts_from_the_measurement_and_follows_what_runs_really_take():
    current = state()
    assert current.eta() == pytest.approx((10 * 4 + 10 * 8) / 2)
    for _ in range(9):
        current.begin("digits")
        current.end("digits", record(seconds=14.0))
    assert current.eta() == pytest.approx(((9 * 14 + 4) / 10 * 1 + 10 * 8) / 2)
    assert (current.done, current.total) == (9, 20)


def test_eta_reaches_zero():
    current = State({"digits": 2}, {"digits": 4.0}, 1)
    for _ in range(2):
        current.begin("digits")
        current.end("digits", record())
    assert current.eta() == 0


def test_tallies_count_failures_and_keep_the_extremes():
    current = state()
    play(
        Quiet(),
        current,
        record(fid=20.0),
        record("c01", 5.0),
        record("c02", 9.0, "collapsed"),
        record("c03", None, "diverged"),
    )
    tally = current.tallies["digits"]
    assert (tally.done, tally.failed, tally.running) == (4, 2, 0)
    assert (tally.best, tally.worst) == ((5.0, "c01"), (20.0, "c00"))


def test_a_crashed_run_is_not_done():
    current = state()
    current.begin("digits")
    current.end("digits", None)
    assert (current.done, current.tallies["digits"].running) == (0, 0)


def test_plain_lines(capsys):
    play(Lines(every=True), state(), record(), record("c01", 5.0))
    out = capsys.readouterr().out
    assert "digits c01 seed 0: ok, FID 5, 4.0 s" in out
    assert "1/20 runs, ETA" in out


def test_json_lines_are_one_object_each(capsys):
    play(Json(), state(), record(), record("c01", None, "diverged"))
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["event"], first["fid"], first["done"], first["total"]) == ("run", 20.0, 1, 20)
    assert (second["status"], second["fid"]) == ("diverged", None)


def test_the_terminal_shows_a_bar_an_eta_and_every_dataset():
    screen = io.StringIO()
    view = Terminal(every=True, console=Console(file=screen, force_terminal=True, width=120))
    current = state()
    play(view, current, record(), record("c01", 5.0, dataset="shapes"))
    view.message("a message")
    shown = screen.getvalue()
    for part in ("digits", "shapes", "ETA", "2/20", "5 (c01)", "a message"):
        assert part in shown


def test_quiet_is_quiet(capsys):
    play(Quiet(), state(), record())
    assert capsys.readouterr().out == ""


def test_the_view_fits_the_place():
    assert isinstance(make_view(quiet=False, as_json=True, every=False), Json)
    assert isinstance(make_view(quiet=True, as_json=False, every=False), Quiet)
    assert isinstance(make_view(quiet=False, as_json=False, every=False), Lines)


def test_summary_and_durations():
    current = state()
    current.begin("digits")
    current.end("digits", record(status="collapsed"))
    assert summary(current).startswith("1/20 runs, ETA ")
    assert "digits 1/10 (1 failed) best -" in summary(current)
    assert [duration(s) for s in (3.2, 89, 91, 3600, 12000)] == ["3 s", "89 s", "2 min", "60 min", "3 h 20 min"]
