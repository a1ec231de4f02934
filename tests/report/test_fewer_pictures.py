"""Cuts of one dataset side by side: what the table shows, and what is said to turn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import About, SweepRecords
from bench.report.findings import Findings
from bench.report.sections import fewer_pictures

HACKS = ("mended", "broken", "turned", "steady", "faint", "unable", "placebo")
CUTS = ("pets@500", "pets", "pets@100")  # as they were asked for
FACTS = {"pets@100": {"pictures": 100}, "pets@500": {"pictures": 500}, "pets": {"pictures": 12_000}}


@pytest.fixture
def few(effect):
    """A star on three cuts, and on a dataset of its own: with 100 pictures a trick helps that did nothing before."""
    most = {
        "mended": {"pct": 1.0, "half": 8.0, "verdict": "inconclusive"},
        "broken": {"pct": -50.0},
        "turned": {"pct": -30.0},
        "steady": {"pct": -40.0},
        "faint": {"pct": -10.0, "verdict": "inconclusive"},
        "unable": {"pct": np.nan, "verdict": "inconclusive", "runs": 0},
        "placebo": {"pct": 1.0, "verdict": "inconclusive"},
    }
    fewest = most | {
        "mended": {"pct": -60.0},
        "broken": {"pct": -10.0, "verdict": "inconclusive"},
        "turned": {"pct": 80.0, "verdict": "hurts"},
        "faint": {"pct": -15.0, "verdict": "helps"},
        "unable": {"pct": -90.0},
        "placebo": {"pct": -9.0, "verdict": "inconclusive"},
    }
    more = {"incumbent_level": False, "bound": "", "settled": True, "look": 1}
    of = {"pets@500": most, "pets": most, "pets@100": fewest, "rooms@50": most}
    local = pd.DataFrame([effect(hack, name, **more, **row) for name, rows in of.items() for hack, row in rows.items()])
    base = {"status": "ok", "fid_noise": 50.0, "fid_real": 0.1, "stage": "settle", "round": 0, "cell": "best0"}
    fids = {"pets@100": 4.0, "pets@500": 2.0, "pets": 1.0, "rooms@50": 3.0}
    runs = pd.DataFrame(
        [
            {**base, "dataset": name, "key": f"{name}{seed}", "arm": "incumbent", "seed": seed, "fid": fid}
            | dict.fromkeys(HACKS, False)
            for name, fid in fids.items()
            for seed in (0, 1)
        ]
    )
    records = SweepRecords(Path("none"), "s", runs, HACKS, (*CUTS, "rooms@50"), about=About(datasets=FACTS))
    return Findings(records, local=local)


def test_the_cuts_of_a_dataset_stand_from_few_pictures_to_many(few):
    assert fewer_pictures.cuts(few) == {"pets": ["pets@100", "pets@500", "pets"]}
    text, points, table, _ = fewer_pictures.section(few).blocks
    assert text.text == (
        "Without a flip, the best recipe found comes out at FID 4.00 ± 0 with 100, 2.00 ± 0 with 500 and 1.00 ± 0 "
        "with 12,000 pictures (mean and SD over seeds)."
    )
    assert table.columns == ("trick", "100", "500", "12,000", "100 over 12,000", "p")
    rows = {row[0].strip("`"): row[1:] for row in table.rows}
    assert set(rows) == set(HACKS)
    assert rows["mended"][:3] == ("**−60 %**", "at most 9.0 %", "at most 9.0 %")
    assert rows["mended"][3].startswith("**−60 % (−")
    assert rows["steady"][:4] == ("**−40 %**", "**−40 %**", "**−40 %**", "0 % (−14 to +17 %)")
    assert rows["unable"][1:] == ("not flipped", "not flipped", "–", "–")
    assert points.items == (
        "`mended`: inconclusive → helps",
        "`broken`: helps → inconclusive",
        "`turned`: helps → hurts",
        "`faint`: inconclusive → helps",
    )


def test_what_turns_and_what_differs_beyond_chance_are_told_apart(few):
    assert fewer_pictures.section(few).finding == (
        "From 12,000 to 100 pictures 4 of 5 verdicts come, go or turn; beyond chance `mended`, `broken` and `turned` "
        "do something else; `turned` does the opposite."
    )


def test_where_nothing_turns_nothing_is_listed(few):
    same = few.local[few.local["dataset"].isin(["pets@500", "pets"])]
    made = fewer_pictures.section(replace(few, local=same))
    assert [block.kind for block in made.blocks] == ["text", "table", "text"]
    assert made.finding == (
        "From 12,000 to 500 pictures 0 of 5 verdicts come, go or turn; beyond chance no trick does something else."
    )


def test_without_two_cuts_of_one_dataset_there_is_no_section(few):
    for names in (["pets@100", "rooms@50"], ["pets"], []):
        assert fewer_pictures.section(replace(few, local=few.local[few.local["dataset"].isin(names)])) is None
    unknown = few.local.assign(effect_log=few.local["effect_log"].where(few.local["dataset"] == "pets"))
    assert fewer_pictures.section(replace(few, local=unknown)) is None


def test_a_set_of_which_no_count_was_written_down_is_all(few):
    records = replace(few.records, about=About())
    (table,) = [
        block for block in fewer_pictures.section(replace(few, records=records)).blocks if block.kind == "table"
    ]
    assert table.columns == ("trick", "100", "500", "all", "100 over all", "p")
