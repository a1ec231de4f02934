"""What takes long says how far it is; what does not is silent."""

from bench.progress import Progress


def lines_of(total, seconds_each, hint=""):
    said, now = [], [0.0]
    progress = Progress("reading", total, hint, said.append, lambda: now[0])
    for _ in progress.over(range(total)):
        now[0] += seconds_each
    return said


def test_what_is_done_within_five_seconds_is_silent():
    assert lines_of(4, 1.0) == []


def test_every_five_seconds_a_line_with_what_is_left():
    assert lines_of(12, 1.0, "; or not") == ["reading: 5 of 12, 7 s left; or not", "reading: 10 of 12, 2 s left"]


def test_long_times_are_told_in_minutes():
    assert lines_of(3, 600.0)[0] == "reading: 1 of 3, 20 min left"
