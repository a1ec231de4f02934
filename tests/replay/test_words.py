"""The table of real runs in plain words is the tally's, and the pages show that of the committed one."""

import json
import math
import runpy
import sys
from pathlib import Path

import pytest

from bench.replay.words import BEGIN, END, shown_in, trust_table

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "results" / "replay-digits" / "tally-report.json"
PAGES = [ROOT / "README.md", ROOT / "docs" / "trust.md"]


@pytest.fixture
def tally():
    way = {"runs per right claim": 15.8, "any false claim": 0.02}
    sizes = ("above 50%", "30% to 50%", "20% to 30%")
    return {
        "table": {"dataset": "digits", "hacks": ["a"] * 8, "recipes": 256, "runs": 1536, "half": "all"},
        "sesoi": 0.1,
        "rules": {
            "sweeps": 1000.0,
            "runs": 120.4,
            "local_covered": 0.9481,
            "average_covered": 0.97,
            "false_claim": 0.0067,
            "placebo_claimed": 0.004,
            "negligible_far": 0.0,
            "near_best": 0.953,
            "regret": math.log(1.07),
        },
        "power": {
            size: {"claimed": claimed, "wrong": wrong, "answers": answers}
            for size, claimed, wrong, answers in zip(
                sizes, (1.0, 0.9, 0.3), (0.0, 0.1, 0.0), (50.0, 30.0, 10.0), strict=True
            )
        },
        "against": {
            "ganbench": way,
            "one at a time, t tests": {**way, "runs per right claim": 80.2},
            "TPE with importances": {**way, "any false claim": 0.25},
        },
    }


def test_a_dozen_rows_of_the_tallys_numbers(tally):
    lines = trust_table(tally).splitlines()
    assert len(lines) - 2 <= 12
    told = {words.strip(): value.strip() for words, value in (line.strip("|").split("|") for line in lines)}
    of_all = "of all 256 recipes of 8 tricks on digits"
    assert lines[0] == f"| 1,000 sweeps with the truth and the luck of 1,536 real runs, {of_all} | |"
    assert told["a 95 % interval holds what the trick truly does in the recipe found"] == "94.8 %"
    assert told["sweeps that say anything false of a trick"] == "0.7 %"
    assert told["sweeps that call an effect beyond 20 % negligible"] == "0.0 %"
    assert told["effects beyond 50 % that are found"] == "100.0 %"
    assert told["effects of 20 to 50 % that are found"] == "67.5 %"  # (0.8 · 30 + 0.3 · 10) of 40
    assert told["its FID, beside the best one's"] == "× 1.07"
    assert told["runs for each right claim"] == "16 (one at a time 80, TPE 16)"
    assert told["tries that claim anything false"] == "2.0 % (one at a time 2.0 %, TPE 25.0 %)"


def test_a_half_of_the_seeds_is_said_and_sizes_that_did_not_occur_are_no_numbers(tally):
    tally["table"]["half"], tally["power"] = "report", {}
    table = trust_table(tally)
    assert "(no rule was chosen on these runs) | |" in table
    assert "| effects beyond 50 % that are found | – |" in table


def test_it_stands_between_its_marks():
    assert shown_in(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\nnew\n{END}\nb\n"
    for page in ("nothing", f"{BEGIN} alone", f"{END} {BEGIN}"):
        with pytest.raises(ValueError, match="expected"):
            shown_in(page, "new")


def test_the_script_writes_it_into_pages(tally, tmp_path, monkeypatch, capsys):
    (tmp_path / "tally.json").write_text(json.dumps(tally))
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    words = ["trust.py", "--tally", str(tmp_path / "tally.json"), "--pages", str(page)]
    monkeypatch.setattr(sys, "argv", words)
    runpy.run_path(str(ROOT / "scripts" / "trust.py"), run_name="__main__")
    assert page.read_text() == f"{BEGIN}\n{trust_table(tally)}\n{END}\n"
    page.write_text("no marks")
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "scripts" / "trust.py"), run_name="__main__")
    assert page.read_text() == "no marks"
    assert "expected '<!-- real runs" in capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_show_the_committed_tally(page):
    text = page.read_text()
    if not COMMITTED.is_file():
        assert "real runs, of all" not in text, "numbers without the tally that they come from"
        return
    assert shown_in(text, trust_table(json.loads(COMMITTED.read_text()))) == text
