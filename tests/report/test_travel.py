"""The page about how far verdicts travel."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.cli import main
from bench.errors import UserError
from bench.records.files import LOCAL_EFFECTS
from bench.records.sweep import read_sweep
from bench.report import travel
from bench.report.travel import EFFECTS, TABLE, answer, between, settings_of, write

TRICKS = ("strided_conv", "batch_norm", "adam_beta1", "tanh_scaling")


def test_each_dataset_of_a_sweep_is_a_setting(settled_dir):
    one, two = settings_of(read_sweep(settled_dir))
    assert (one.name, two.name) == ("whole, mnist5k", "whole, shapes")
    assert one.where == {"dataset": "mnist5k", "steps": 800, "width": 16, "resolution": None, "batch": 64}
    assert set(one.runs["arm"]) == {"incumbent", "flip"}
    assert one.looks == (3, 5)


def test_pairs_that_differ_in_one_thing_come_first_in_the_order_of_what_differs(settled_dir):
    records = read_sweep(settled_dir)
    one = settings_of(records)[0]
    longer = replace(one, name="longer", where={**one.where, "steps": 1600})
    asked = (list(TRICKS), records.sesoi, records.outcome)
    elsewhere = replace(one, name="elsewhere", where={**one.where, "dataset": "shapes"})
    pairs = between([one, longer, elsewhere], *asked)
    assert pairs["differing"].tolist() == ["dataset", "steps"]  # mnist5k to shapes, and to longer training
    assert pairs.loc[1, "kept"] == 1.0
    apart = replace(elsewhere, where={**elsewhere.where, "steps": 9})
    assert between([one, apart], *asked)["differing"].tolist() == ["dataset steps"]


def test_pairs_around_the_same_recipe_come_before_others(settled_dir):
    records = read_sweep(settled_dir)
    one, two = settings_of(records)
    longer = replace(one, name="longer", where={**one.where, "steps": 1600})
    asked = (list(TRICKS), records.sesoi, records.outcome)
    other = between([one, two], *asked)
    assert other["differing"].tolist() == ["dataset"]
    assert other.at[0, "differ"]
    assert between([one, longer, two], *asked)["differing"].tolist() == ["steps"]


def test_pairs_that_differ_alike_are_told_with_what_sets_them_apart(settled_dir):
    records = read_sweep(settled_dir)
    settings = settings_of(records)
    settings += [replace(each, name=f"{each.name} long", where={**each.where, "steps": 1600}) for each in settings]
    pairs = between(settings, list(TRICKS), records.sesoi, records.outcome)
    assert travel._labels(settings, pairs) == ["800 → 1,600 steps on mnist5k", "800 → 1,600 steps on shapes"]
    assert travel._labels(settings, pairs.iloc[:1]) == ["800 → 1,600 steps"]
    one = replace(settings[0], name="one", where={**settings[0].where, "dataset": "shapes"})
    two = replace(settings[2], name="two", where={**settings[2].where, "dataset": "shapes"})
    same = [settings[0], one, settings[2], two]
    pairs = between(same, list(TRICKS), records.sesoi, records.outcome)
    assert travel._labels(same, pairs) == [
        "mnist5k → shapes at 800 steps",
        "mnist5k → shapes at 1,600 steps",
        "800 → 1,600 steps on mnist5k",
        "800 → 1,600 steps on shapes",
    ]


def test_the_page_tells_what_the_table_does(settled_dir, tmp_path):
    page = write([settled_dir], tmp_path / "travel")
    table = pd.read_csv(tmp_path / "travel" / TABLE)
    said = (tmp_path / "travel" / "report.md").read_text()
    assert "mnist5k → shapes" in said
    assert f"| {table.at[0, 'told']} of {table.at[0, 'tricks']} |" in said
    assert "figures/travel.png" in said
    assert f"| {len(differ := table.at[0, 'effects_differ'].split(', '))} of {table.at[0, 'tricks']} |" in said
    (line,) = [line for line in said.splitlines() if line.startswith("| mnist5k → shapes | `")]
    assert re.findall(r"`(\w+)` \S+ % → \S+ %", line) == differ
    assert (tmp_path / "travel" / "figures" / "travel.png").is_file()
    effects = pd.read_csv(tmp_path / "travel" / LOCAL_EFFECTS)
    assert list(effects.columns) == list(EFFECTS)
    for row in effects.itertuples():
        cells = re.search(rf"^\| `{row.hack}` \|(.*)\|$", said, re.MULTILINE).group(1)
        assert (" **" in cells) >= (row.verdict in ("helps", "hurts"))
    assert set(effects["dataset"]) == {"mnist5k", "shapes"}
    assert effects["runs"].min() > 0
    assert "<title>" in page.read_text()
    again = write([settled_dir], tmp_path / "again")
    assert again.read_bytes() == page.read_bytes()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["travel-digits", "travel-steps-2000"], ["digits", "steps-2000"]),
        (["a-b", "a-b-c"], ["b", "b-c"]),
        (["core, digits", "other"], ["core, digits", "other"]),
    ],
)
def test_settings_are_told_apart_by_what_their_names_do_not_share(names, told):
    assert travel._apart(names) == told


def test_the_answer_counts_verdicts_over_pairs_and_apart_by_what_differs():
    counts = {"told": [4, 2, 0], "kept": [0.75, 0.0, np.nan], "reversed": [0.0, 0.5, np.nan], "new": [0, 1, 0]}
    words = {"differing": ["dataset", "steps", "steps"], "effects_differ": ["a, b", "", "c"]}
    pairs = pd.DataFrame({**counts, **words, "tricks": 10})
    said = answer(pairs)
    assert "Of 6 verdicts" in said
    assert "same in **50 %** and the opposite in **17 %**" in said
    assert "Kept are between datasets 3 of 4 and over longer training 0 of 2." in said
    assert said.endswith("1 verdict more stands in the dearer one alone. Of 30 effects 3 differ beyond chance.")
    assert "Kept are" not in answer(pairs.iloc[:1])
    silent = answer(pairs.iloc[2:])
    assert silent.endswith("no verdict could travel. Of 10 effects 1 differs beyond chance.")
    alone = answer(pairs.iloc[2:].assign(new=2))
    assert "no verdict could travel. 2 verdicts stand in the dearer one alone. Of 10" in alone


def test_incumbents_that_differ_are_said(settled_dir, tmp_path):
    records = read_sweep(settled_dir)
    middles = [
        setting.runs[setting.runs["arm"] == "incumbent"][list(TRICKS)].iloc[0] for setting in settings_of(records)
    ]
    write([settled_dir], tmp_path / "travel")
    said = "The recipes in the middle differ" in (tmp_path / "travel" / "report.md").read_text()
    assert said is not middles[0].equals(middles[1])


def test_what_cannot_be_compared_is_refused(settled_dir, sweep_dir, tmp_path, monkeypatch, capsys):
    with pytest.raises(UserError, match="sweep 'sim' has no star on mnist5k"):
        write([settled_dir, sweep_dir], tmp_path / "out")
    records = read_sweep(settled_dir)
    other = replace(records, name="other", plans=tuple(replace(plan, sesoi=0.2) for plan in records.plans))
    for found, words in (
        ([replace(records, datasets=("shapes",))], "1 setting with 5 hacks"),
        ([records, replace(records, hacks=("none",))], "4 settings with 0 hacks"),
        ([records, other], "'whole' and 'other' ask about fid beyond 0.1 and fid beyond 0.2"),
    ):
        monkeypatch.setattr(travel, "read_sweep", lambda _, left=list(found): left.pop(0))
        with pytest.raises(UserError, match=words):
            write([tmp_path] * len(found), tmp_path / "out")
    monkeypatch.undo()
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as end:
        main(["travel", "nothing", "--results", str(tmp_path), "--reports", str(tmp_path / "reports")])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
