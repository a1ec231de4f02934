"""A settled sweep opens with the answer: local effects in sentence, figure and table, the average beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import SweepRecords
from bench.report.findings import Findings
from bench.report.sections import answer, buys_and_costs, local_effects, placebo, stages

HACKS = ("needed", "worse", "dull", "vague", "likely", "missing", "placebo")


@pytest.fixture
def settled(effect):
    """`settled(rows of local effects, rows of average ones) -> Findings`, the incumbent with three fresh seeds."""

    def make(local: list[dict], average=()) -> Findings:
        base = {"dataset": "d", "status": "ok", "fid_noise": 50.0, "fid_real": 0.1, "stage": "settle", "round": 0}
        levels = {hack: hack in ("needed", "dull") for hack in HACKS}
        fids = (4.0, 4.0, 4.0 * np.e**0.3)
        runs = pd.DataFrame(
            [
                {**base, "cell": "best0", "arm": "incumbent", "seed": seed, "fid": fid, **levels}
                for seed, fid in enumerate(fids)
            ]
        )
        more = {"incumbent_level": True, "bound": "", "settled": True, "look": 1, "error": "seeds, moderated"}
        table = pd.DataFrame([{**more, "incumbent_level": levels[row["hack"]], **row} for row in local])
        averages = pd.DataFrame(list(average), columns=None if average else ["dataset", "hack", "effect_log"])
        return Findings(SweepRecords(Path("none"), "s", runs, HACKS, ("d",)), averages, table)

    return make


@pytest.fixture
def rows(effect):
    return [
        effect("needed", pct=-88.0, half=2.0),
        effect("worse", pct=46.0, half=30.0, verdict="hurts"),
        effect("dull", pct=1.0, half=8.0, verdict="negligible"),
        effect("vague", pct=10.0, half=60.0, verdict="inconclusive"),
        effect("likely", pct=-15.0, half=10.0, verdict="inconclusive"),
        effect("missing", pct=float("nan"), verdict="inconclusive", runs=0),
        effect("placebo", pct=2.0, half=10.0, verdict="inconclusive"),
    ]


def test_the_sentence_says_what_becomes_of_the_recipe(settled, rows):
    told = answer.section(settled(rows)).blocks[0]
    assert told.tone == "answer"
    assert told.text == (
        "In the best recipe found on **d**, FID 4.42 ± 0.81 (mean and SD of 3 fresh seeds), one trick is needed: "
        "`needed` (−88 %, −90 to −86 %); one trick hurts when added: `worse` (+46 %, +16 to +76 %); one trick may "
        "matter, not proven beside the others: `likely` (−15 %, −25 to −5.0 %); one trick makes no difference beyond "
        "± 9.0 %; too little is known of `vague` (−50 to +70 %). Not proven, and the better bet still: the recipe with "
        "`likely`."
    )


def test_what_was_measured_against_the_ceiling_is_a_bound(settled, effect):
    row = effect("needed", pct=-94.0, bound="at most", ci_low_pct=-100.0, ci_high_pct=-80.0)
    findings = settled([row])
    assert "`needed` (FID falls by at least 94 %)" in answer.section(findings).blocks[0].text
    assert local_effects.table(findings).rows[0][1] == "**≤ −94 % (up to −80 %)**"


def test_the_table_has_the_average_beside_the_local_effect(settled, rows, effect):
    table = local_effects.table(settled(rows, [effect("needed", pct=-20.0), effect("worse", pct=-30.0)]))
    assert table.columns == ("trick", "in it, `d`", "verdict", "on average")
    cells = {row[0]: row[1:] for row in table.rows}
    assert cells["`needed`"] == ("**−88 % (−90 to −86 %)**", "helps", "−20 %")
    assert cells["`vague`"] == ("+10 % (−50 to +70 %)", "inconclusive", "–")
    assert cells["`missing`"] == ("–", "not flipped", "–")
    assert cells["`likely`"][1] == "inconclusive"  # clear of zero: no bound, but not proven either
    assert cells["`placebo`"] == ("+2.0 % (−8.0 to +12 %)", "at most 12 %", "–")
    assert list(cells)[-1] == "`placebo`"


def test_a_trick_that_does_something_else_on_average_is_named(settled, rows, effect):
    average = [effect("needed", pct=-20.0, se_log=0.1), effect("worse", pct=40.0, se_log=0.1)]
    text = local_effects.against_the_average(settled(rows, average))
    assert text.endswith("beyond noise, for `needed` on `d`.")
    assert "`worse`" not in text
    assert local_effects.against_the_average(settled(rows)) == ""


def test_the_placebo_is_told_in_the_best_recipe_too(settled, rows):
    rows[-1] |= {"ci_low_pct": 1.0, "ci_high_pct": 3.0}
    (warning,) = placebo.warnings(settled(rows))
    assert "came out at +2.0 % (95 % interval +1.0 to +3.0 %)" in warning.text


def test_a_whole_sweep_is_told_stage_by_stage(settled_dir):
    from bench.records.sweep import read_sweep
    from bench.report.findings import findings

    found = findings(read_sweep(settled_dir))
    (_, table) = stages.section(found).blocks
    assert list(dict.fromkeys(row[0] for row in table.rows)) == ["screen", "search", "race", "settle"]
    assert all(row[4] == row[5] for row in table.rows)
    verdicts = found.local.set_index(["dataset", "hack"])["verdict"]
    assert verdicts["mnist5k", "batch_norm"] == "helps"
    assert verdicts["mnist5k", "tanh_scaling"] == "helps"
    assert set(found.average["error"]) == {"fake columns"}
    text = answer.section(found).blocks[0].text
    assert text.startswith("In the best recipe found on **mnist5k**, FID ")
    assert "`batch_norm` (−" in text
    first, second, _ = buys_and_costs.section(found).blocks
    assert [(fold.dataset, fold.open) for fold in (first, second)] == [("mnist5k", True), ("shapes", False)]
    (scores,) = first.blocks
    row = next(row for row in scores.rows if row[0] == "`batch_norm`")
    assert "**" in row[scores.columns.index("recall")]
    assert row[scores.columns.index("recall")].endswith(" points**")


def test_the_page_of_a_whole_sweep(settled_dir, tmp_path, no_pixels):
    from bench.report import write

    folder = write(settled_dir, tmp_path / "report").parent
    text = (folder / "report.md").read_text()
    assert text.index("figures/local-effects.png") < text.index("## What each trick does in the best recipe found")
    assert {"effects.csv", "local_effects.csv"} <= {path.name for path in folder.iterdir()}
    local = pd.read_csv(folder / "local_effects.csv")
    assert len(local) == 10
    # The screen's averages see none of the runs that were chosen for what had been found.
    assert set(pd.read_csv(folder / "effects.csv")["runs"]) == {32}


def test_effects_may_be_about_another_score(tmp_path, make_sweep, no_pixels):
    """A screen whose plan asks about recall is told in points of recall, more of which is better."""
    from bench.report import write

    folder = make_sweep(
        hacks=("batch_norm", "leaky_relu", "placebo"), arms=False, samples=False, failures=0.0, outcome="recall"
    )
    text = (write(folder, tmp_path / "report").parent / "report.md").read_text()
    assert "average change of recall when the trick is switched on" in text
    assert "how much does recall change" in text
    assert "`batch_norm` and `leaky_relu` are negligible (within ± 10 points)" in text
    effects = pd.read_csv(tmp_path / "report" / "effects.csv").set_index(["dataset", "hack"])
    row = effects.loc[("mnist5k", "batch_norm")]
    assert row["effect_pct"] == pytest.approx(100 * row["effect_log"])
    assert row["effect_pct"] == pytest.approx(6, abs=3)
    # More recall is better: the trick that brings it comes first.
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows[0].startswith("| `batch_norm` | **+")
