"""The answer of a sweep in the terminal: what it says, in how many lines, how wide, and in which colours."""

import io
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from bench.cli import main
from bench.cli.answer import ENDING, Answer, Row, answer_of, answer_text, tell_answer
from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.runner.view import Lines, Terminal

RESULTS = Path(__file__).parents[2] / "results"
WORDS = ("helps", "hurts", "negligible", "fragile", "inconclusive")


def made(datasets=2, tricks=12, effect="+4.0 %"):
    """An answer with that many datasets and tricks."""
    names = [f"dataset{number}" for number in range(datasets)]
    hacks = [f"a_trick_of_length{number:02d}" for number in range(tricks - 1)] + ["placebo"]
    rows = {
        (hack, name): Row(effect, "−8.6 to +18 %", WORDS[(place + len(name)) % len(WORDS)])
        for place, hack in enumerate(hacks)
        for name in names
    }
    return Answer("in the best recipe found", "FID", " %", dict.fromkeys(names, "FID 0.57"), tuple(hacks), rows)


@pytest.fixture(scope="module")
def screened():
    return findings(read_sweep(RESULTS / "cifar10-jpeg"))


def test_every_trick_has_its_effect_interval_and_verdict(screened):
    answer = answer_of(screened)
    assert (answer.label, answer.unit, answer.where) == ("FID", " %", "on average over recipes")
    (dataset,) = answer.datasets
    assert set(answer.tricks) == set(screened.records.hacks)
    assert (answer.tricks[0], answer.tricks[-1]) == ("split_batches", "placebo")
    assert answer.rows["split_batches", dataset] == Row("−64 %", "−74 to −49 %", "helps")
    lines = answer_text(answer, 80).plain.splitlines()
    assert len(lines) == 1 + 12
    assert re.fullmatch(r"split_batches +−64 %  −74 to −49 %   helps", lines[1])


def test_no_run_no_answer(screened):
    assert answer_of(screened, "another") is None


@pytest.mark.parametrize("datasets", [1, 2, 4])
@pytest.mark.parametrize("tricks", [3, 12, 84])
@pytest.mark.parametrize("width", [80, 200])
def test_the_end_of_a_sweep_has_at_most_fifteen_lines_and_none_too_wide(datasets, tricks, width):
    lines = answer_text(made(datasets, tricks), width, ENDING - 1, "ganbench show it").plain.splitlines()
    assert len(lines) == min(len(lines), ENDING - 1)
    assert max(map(len, lines)) <= width
    if tricks == 84:
        assert re.fullmatch(r"… and \d+ lines more: ganbench show it", lines[-1])
    if (datasets, tricks) == (2, 12):
        assert len(lines) == 13
    whole = answer_text(made(datasets, tricks), width).plain
    assert whole.count("a_trick_of_length00") in (1, datasets)
    assert whole.count("−8.6 to +18") == datasets * tricks


def test_two_datasets_and_their_intervals_fit_into_eighty_columns():
    text = answer_text(made(), 80, ENDING - 1).plain
    assert text.splitlines()[1].split()[:5] == ["a_trick_of_length00", "+4.0", "−8.6", "to", "+18"]


def test_verdicts_are_coloured_where_colours_are_shown_and_words_everywhere():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, color_system="standard", width=120)
    Terminal(console=console).message(answer_text(made(1), 120))
    coloured = screen.getvalue()
    assert "\x1b[1;32mhelps" in coloured
    assert "\x1b[1;31mhurts" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == answer_text(made(1), 120).plain.splitlines()


def test_a_view_without_colours_gets_the_words(capsys, screened):
    tell_answer(RESULTS / "cifar10-jpeg", Lines(), ENDING)
    out = capsys.readouterr().out
    assert out.startswith(
        "cifar10-jpeg, 48 runs: what each trick does to FID in %, on average over recipes (`ganbench show"
    )
    assert len(out.splitlines()) == 14
    assert "\x1b" not in out


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_show_prints_a_sweeps_answer_again(capsys, tmp_path):
    shutil.copytree(RESULTS / "cifar10-jpeg", tmp_path / "mine", ignore=shutil.ignore_patterns("samples", "*.db"))
    code, out, _ = call(capsys, "show", "mine", "--results", str(tmp_path))
    assert code == 0
    assert "split_batches" in out
    assert call(capsys, "show", "--name", "mine", "--results", str(tmp_path)) == (0, out, "")
    code, _, err = call(capsys, "show", "mine", "--dataset", "shapes", "--results", str(tmp_path))
    assert (code, "sweep 'mine' has zip:" in err) == (2, True)
    code, _, err = call(capsys, "show", "--name", "other", "--results", str(tmp_path))
    assert (code, err.count("\n")) == (2, 1)
    assert "no runs at" in err
