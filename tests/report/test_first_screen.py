"""What stands first: sentences by which a person decides, places on one axis, and a palette that everybody can read."""

import itertools
import json
import re
from importlib.resources import files

import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report import write, write_comparison, write_overview
from bench.report.embedded import as_json, embedded, rounded
from bench.report.findings import findings
from bench.report.first_screen import first_screen, told
from bench.report.headline import better_bet

STYLE = (files("bench.report") / "templates" / "style.css").read_text()


@pytest.fixture(scope="module")
def settled(settled_dir):
    return findings(read_sweep(settled_dir))


def test_a_settled_sweep_says_what_to_keep(settled):
    screen = first_screen(settled)
    sentences = {column.dataset: column.sentence for column in screen.columns}
    assert re.match(r"On \*\*mnist5k\*\*, \*\*keep\*\* `batch_norm` \(−\d+ %\)", sentences["mnist5k"])
    assert all(len(column.pictures) == 2 for column in screen.columns)
    assert screen.rows[-1].hack == "placebo"
    assert "best recipe found" in screen.caption


@pytest.mark.parametrize(
    ("pct", "level", "verdict", "said"),
    [
        (12.0, True, "inconclusive", " Not proven, and the better bet still: the recipe without `a`."),
        (-12.0, False, "inconclusive", " Not proven, and the better bet still: the recipe with `a`."),
        (12.0, True, "hurts", ""),  # which says as much
        (-12.0, True, "inconclusive", ""),
        (1.0, True, "inconclusive", ""),
    ],
)
def test_the_better_bet_is_told_though_it_is_not_proven(effect, found, pct, level, verdict, said):
    rows = [effect("a", pct=pct, verdict=verdict, incumbent_level=level)]
    rows += [effect(hack, pct=-60.0, incumbent_level=True) for hack in "bcd"]
    assert better_bet(pd.DataFrame(rows), found(rows)) == said


def test_places_follow_the_effects(settled):
    screen = first_screen(settled)
    local = settled.local.set_index(["dataset", "hack"])
    marks = {(mark.dataset, row.hack): mark for row in screen.rows for mark in row.marks}
    known = local[local["effect_log"].notna()]
    order = sorted(marks, key=lambda key: marks[key].at)
    assert order == sorted(marks, key=lambda key: known.loc[key, "effect_log"])
    for mark in marks.values():
        assert 0 <= mark.low <= mark.at <= mark.high <= 100
    assert all((mark.at > screen.zero) == (known.loc[key, "effect_log"] > 0) for key, mark in marks.items())
    ticks = {tick.label: tick.at for tick in screen.ticks}
    assert ticks["same"] == screen.zero
    assert all(b - a >= 15 for a, b in itertools.pairwise(ticks.values()))


def test_a_screen_alone_shows_averages_and_says_so(effect, found):
    rows = [effect("a", pct=-50.0), effect("b", pct=5.0, half=60, verdict="inconclusive"), effect("placebo", pct=1.0)]
    screen = first_screen(found(rows))
    assert screen.columns[0].sentence == (
        "On **d**, on average, `a` (−50 %) **helped**; the last one is undecided, within a factor of 2.2."
    )
    assert "on average over recipes good and bad" in screen.caption
    assert screen.columns[0].placebo[0] < screen.zero < screen.columns[0].placebo[1]


def test_no_number_is_absurd(effect, found):
    rows = [effect("a", pct=-40.0, verdict="inconclusive", ci_low_pct=-99.9, ci_high_pct=50_000.0)]
    row, _ = first_screen(found([*rows, effect("b")])).rows
    assert "95 % interval anything." in row.marks[0].label
    assert row.marks[0].cut == (True, True)


def test_records_travel_rounded_and_cannot_become_markup(settled):
    data = embedded(settled)
    runs = settled.records.runs
    text = as_json(data | {"evil": "</script><b>"})
    assert "<" not in text
    assert json.loads(text)["evil"] == "</script><b>"
    assert data["runs"]["seed"] == list(runs["seed"])
    assert data["runs"]["fid"] == pytest.approx(list(runs["fid"]), rel=1e-3)
    entry = data["effects"]["mnist5k"]["batch_norm"]
    star = settled.records.star.query("dataset == 'mnist5k'")
    last = settled.records.best_recipe("mnist5k")
    assert [runs.loc[place, "batch_norm"] for place in entry["with"]] == [True] * len(entry["with"])
    assert len(entry["with"]) == len(last)
    assert set(runs.loc[entry["without"], "flipped"]) == {"batch_norm"}
    assert len(entry["without"]) == len(star[star["flipped"] == "batch_norm"])
    assert all(data["pictures"])
    assert [rounded(x) for x in (0.123456, 12345678, float("nan"), None, 2.0)] == [0.1235, 12350000, None, None, 2]


def palette(scheme: str) -> dict[str, str]:
    """Names and colours of one scheme of the style sheet."""
    blocks = re.findall(r":root \{([^}]*)\}", STYLE)
    both = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return both[0] | (both[1] if scheme == "dark" else {})


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = ("ink", "quiet", "helps", "hurts", "fragile", "negligible", "inconclusive", "placebo", "accent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "soft", "noise", "small"])
def test_contrast_is_that_of_wcag_aa(scheme, ground):
    colours = palette(scheme)
    # Words stand on the page and on soft grounds; on the bands there are marks and lines alone.
    least = 4.5 if ground in ("page", "soft") else 3
    assert {name: contrast(colours[name], colours[ground]) for name in TEXT if
            contrast(colours[name], colours[ground]) < least} == {}  # fmt: skip


def test_verdicts_differ_in_shape_as_well():
    template = (files("bench.report") / "templates" / "screen.html.j2").read_text()
    shapes = dict(re.findall(r'id="m-(\w+)" (.*?)/>', template))
    assert len(shapes) == len(set(shapes.values())) == 5


def test_two_sweeps_on_one_page(settled_dir, sweep_dir, tmp_path, no_pixels):
    text = (write_comparison(settled_dir, sweep_dir, tmp_path / "both").parent / "report.md").read_text()
    tables = [told(findings(read_sweep(folder))).set_index(["dataset", "hack"]) for folder in (settled_dir, sweep_dir)]
    shared = tables[0].index.intersection(tables[1].index)
    changed = [
        key for key in shared if key[1] != "placebo" and tables[0].loc[key, "verdict"] != tables[1].loc[key, "verdict"]
    ]
    assert f"{len(changed)} changed" in text
    for dataset, hack in changed:
        before, after = (table.loc[(dataset, hack), "verdict"] for table in tables)
        assert f"- `{hack}` on `{dataset}`: {before} → {after}" in text
    assert "evaluations (4 and 8)" in text


def test_an_index_of_all_sweeps(settled_dir, tmp_path, no_pixels):
    results = tmp_path / "results"
    results.mkdir()
    (results / "whole").symlink_to(settled_dir)
    (results / "broken").mkdir()
    (results / "broken" / "runs.parquet").write_bytes(b"PAR1 not really")
    write(settled_dir, tmp_path / "reports" / "whole")
    index = write_overview(results, tmp_path / "reports")
    text = (index.parent / "report.md").read_text()
    assert "2 sweeps, " in text
    assert "[whole](../whole/report.md)" in text
    assert "**keep** `batch_norm`" in text
    assert "cannot be read" in text
    assert (index.parent / "../whole/index.html").is_file()
