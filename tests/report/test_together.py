"""Sweeps of the same question on different datasets, on one page."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.analysis.verdicts import CLAIMS
from bench.cli import main
from bench.cli.dispatch import run_command
from bench.errors import UserError
from bench.records.files import LOCAL_EFFECTS
from bench.records.sweep import read_sweep
from bench.records.together import together
from bench.report import together as page
from bench.report import write_several
from bench.report.findings import findings
from bench.report.sections import answer
from bench.report.together import compose, in_short, short_table


@pytest.fixture(scope="module")
def whole(settled_dir):
    return read_sweep(settled_dir)


@pytest.fixture(scope="module")
def parts(whole):
    """The sweep as if each of its datasets had been a sweep of its own."""
    curves = whole.curves
    own = ({"name": name, "datasets": (name,), "runs": whole.of(name)} for name in whole.datasets)
    return [replace(whole, **each, curves=curves[curves["dataset"] == each["name"]]) for each in own]


def on_three(found):
    """As if the first dataset had been asked about once more, under another name."""
    first = found.records.datasets[0]
    copied = [
        pd.concat([table, table[table["dataset"] == first].assign(dataset="again")], ignore_index=True)
        for table in (found.local, found.records.runs)
    ]
    records = replace(found.records, runs=copied[1], datasets=(*found.records.datasets, "again"))
    return replace(found, local=copied[0], records=records)


def test_datasets_apart_say_what_they_said_together(whole, parts):
    joined = together(parts, "joined")
    assert (joined.name, joined.datasets, joined.hacks) == ("joined", whole.datasets, whole.hacks)
    pd.testing.assert_frame_equal(findings(joined).local, findings(whole).local)
    assert len(joined.curves) == len(whole.curves)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda first, second: replace(second, datasets=first.datasets), "both ran on mnist5k"),
        (lambda first, second: replace(second, hacks=second.hacks[1:]), "the tricks are"),
        (
            lambda first, second: replace(second, plans=tuple(replace(plan, sesoi=0.2) for plan in second.plans)),
            "the smallest effects of interest are 0.1 and 0.2",
        ),
        (
            lambda first, second: replace(second, declaration=replace(second.declaration, looks=(3, 9))),
            "the looks are 3, 5 and 3, 9",
        ),
        (
            lambda first, second: replace(second, declaration=replace(second.declaration, stages=("settle",))),
            "the recipes settled in are searched and asked about",
        ),
    ],
    ids=["datasets", "tricks", "sesoi", "looks", "recipe"],
)
def test_other_questions_are_refused(parts, other, words):
    first, second = parts
    with pytest.raises(UserError, match=words):
        together([first, other(first, second)], "joined")


def test_each_may_have_been_asked_about_a_recipe_of_its_own(parts):
    def around(part, *on):
        levels = {hack: hack in on for hack in part.hacks}
        return replace(part, declaration=replace(part.declaration, stages=("settle",), around=levels))

    first, second = parts
    same = findings(together([around(first, "batch_norm"), around(second, "batch_norm")], "joined"))
    assert same.middle == same.given == "the recipe of batch_norm"
    apart = findings(together([around(first, "batch_norm"), around(second, "adam_beta1")], "joined"))
    assert apart.middle == apart.given == "the recipe asked about"


def test_a_long_recipe_is_told_once_and_named_shortly(parts):
    first = parts[0]
    levels = dict.fromkeys(first.hacks, True) | {"placebo": False}
    found = findings(replace(first, declaration=replace(first.declaration, stages=("settle",), around=levels)))
    assert found.middle == "the recipe asked about"
    assert "the recipe of strided_conv, batch_norm, adam_beta1, tanh_scaling" in answer.section(found).blocks[0].text


def test_one_sweep_is_none(parts):
    with pytest.raises(UserError, match="1 sweeps cannot be put together"):
        together(parts[:1], "joined")


def test_the_words_and_the_table_are_those_of_the_verdicts(whole):
    found = on_three(findings(whole))
    verdicts = found.local[found.local["hack"] != "placebo"].groupby("hack")["verdict"].agg(list)
    said = " ".join(in_short(found))
    rows = {row[0].strip("`"): row for row in short_table(found).rows}
    assert short_table(found).columns[-2:] == ("mean", "verdicts")
    told = 0
    for hack, own in verdicts.items():
        claims = [word for word in own if word in CLAIMS]
        assert [cell.startswith("**") for cell in rows[hack][1:4]].count(True) == len(claims)
        assert f"`{hack}`" in said
        if len(claims) == 3 and len(set(claims)) == 1:
            assert rows[hack][-1] == f"{claims[0]} on all three"
            told += 1
        assert (rows[hack][-1] == "–") is not bool(claims)
    assert told, "the simulated tricks act everywhere"
    assert said.startswith("**On every dataset**, ")


def test_a_mean_needs_three_datasets(whole):
    found = findings(whole)
    assert "mean" not in short_table(found).columns
    titles = [section.title for section in compose(found, [whole]).sections]
    assert "Across all datasets" not in titles
    assert "Across all datasets" in [section.title for section in compose(on_three(found), [whole]).sections]


def test_a_trick_with_opposite_verdicts_depends_on_the_data(whole):
    found = on_three(findings(whole))
    local = found.local.copy()
    mine = local["hack"] == "batch_norm"
    local.loc[mine, "verdict"] = ["helps", "hurts", "inconclusive"]
    local.loc[mine, "bound_pct"] = [np.nan, np.nan, 12.0]
    said = " ".join(in_short(replace(found, local=local)))
    assert "It depends on the data: `batch_norm` helps on one and hurts on one of three" in said


def test_what_is_known_on_one_dataset_is_not_on_every(whole):
    found = on_three(findings(whole))
    first = found.local["dataset"] == found.records.datasets[0]
    local = found.local.copy()
    mine = local["hack"] == "batch_norm"
    local.loc[mine & ~first, ["effect_log", "runs"]] = [np.nan, 0]
    local.loc[mine & first, "verdict"] = "hurts"
    changed = replace(found, local=local)
    (said,) = [sentence for sentence in in_short(changed) if "`batch_norm`" in sentence]
    assert said.startswith("It depends on the data: ")
    assert "`batch_norm` hurts on the one where it can act" in said
    (row,) = [row for row in short_table(changed).rows if row[0] == "`batch_norm`"]
    assert row[-1] == "hurts on the one where it can act"


def test_the_bound_of_the_rest_is_the_largest_of_the_table(whole):
    found = on_three(findings(whole))
    local = found.local.copy()
    rest = local["hack"] == "strided_conv"
    local.loc[rest, ["verdict", "effect_log", "bound"]] = ["inconclusive", 0.0, ""]
    local.loc[rest, "ci_low_pct"], local.loc[rest, "ci_high_pct"] = [-24.0, -10.0, -5.0], [21.0, 11.0, 4.0]
    changed = replace(found, local=local)
    (said,) = [sentence for sentence in in_short(changed) if "no verdict anywhere" in sentence]
    (row,) = [row for row in short_table(changed).rows if row[0] == "`strided_conv`"]
    assert row[1:4] == ("at most 32 %", "at most 11 %", "at most 5.3 %")
    assert "by at most 32 % on any." in said


def test_the_verb_writes_the_page_and_names_what_it_cannot(parts, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(page, "read_sweep", lambda folder: parts[["first", "second"].index(folder.name)])
    for name in ("first", "second"):
        (tmp_path / "results" / name).mkdir(parents=True)
    asked = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path)]
    assert run_command(["report", "first", "second", "--page", "both", *asked]) == 0
    assert f"report: {tmp_path / 'both' / 'index.html'}" in capsys.readouterr().out
    text = (tmp_path / "both" / "report.md").read_text()
    assert text.startswith("# Which tricks hold everywhere?")
    assert "**On every dataset**, " in text
    html = (tmp_path / "both" / "index.html").read_text()
    assert "**" not in re.sub(r"<script.*?</script>|<style.*?</style>", "", html, flags=re.DOTALL)
    assert html.count("<img") >= 1
    table = pd.read_csv(tmp_path / "both" / LOCAL_EFFECTS)
    assert set(table["dataset"]) == {"mnist5k", "shapes"}
    for words, line in (
        (["one", "--page", "own"], "page 'own': one sweep's page has its name; expected at least two sweeps"),
        (["one", "--all"], "expected sweeps, or --all alone; got --all and one"),
        (["first", "second", "--page", "../out"], "sweep name '../out'"),
        (["first", "nowhere", "second"], "nowhere/runs.parquet'"),
    ):
        with pytest.raises(SystemExit) as end:
            main(["report", *words, *asked])
        assert end.value.code == 2
        assert line in capsys.readouterr().err


def test_two_sweeps_on_the_same_data_are_compared(settled_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "write_compared", lambda *asked: asked)
    first, second, target = write_several([settled_dir, settled_dir], tmp_path / "out")
    assert (first.folder, second.folder, target) == (settled_dir, settled_dir, tmp_path / "out")


def test_sweeps_that_settled_nothing_are_refused(parts, tmp_path, monkeypatch):
    screened = [replace(each, runs=each.screened) for each in parts]
    monkeypatch.setattr(page, "read_sweep", lambda folder: screened[["first", "second"].index(folder.name)])
    with pytest.raises(UserError, match="have settled no trick"):
        write_several([tmp_path / "first", tmp_path / "second"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
