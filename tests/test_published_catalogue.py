"""What README and docs/ say of every trick of the catalogue is what the records of three sweeps say."""

import re

import numpy as np
import pandas as pd
import published_sweeps as script
import pytest
from pages import ROOT, same_effects, text_of

import hacks
from bench.analysis.verdicts import CLAIMS
from bench.records.sweep import read_sweep
from bench.report import write_together
from bench.report.findings import findings
from bench.report.sections import every_trick

PUBLISHED = text_of("docs/published.md")
README = text_of("README.md")
ALL = dict(zip(script.ALL, script.GROUPS["all"], strict=True))
"""Dataset -> the sweep in which every trick of the catalogue was flipped there."""
FRESH = dict(zip(script.NEW, script.GROUPS["fresh"], strict=True))
"""Dataset -> the sweep that asked on other seeds what only the catalogue found to help there."""


@pytest.fixture(scope="module")
def stars():
    """Dataset -> what follows from the flips of every trick there."""
    return {dataset: findings(read_sweep(ROOT / "results" / asked.name)) for dataset, asked in ALL.items()}


@pytest.fixture(scope="module")
def catalogue(stars):
    """Every trick on every dataset where it could act, a row each; `bounded`: inside 20 % either way."""
    tables = []
    for found in stars.values():
        assert found.records.plan.budget.steps == 600
        rows = found.local[found.local["effect_log"].notna() & (found.local["hack"] != "placebo")]
        inside = np.array([every_trick.bounded(row, found.scale) for _, row in rows.iterrows()])
        tables.append(rows.assign(bounded=~rows["verdict"].isin(CLAIMS) & inside))
        placebo = found.local.set_index("hack").loc["placebo"]
        assert placebo["verdict"] not in CLAIMS
    return pd.concat(tables, ignore_index=True)


def test_two_thirds_of_all_tricks_have_an_answer_on_every_dataset(catalogue):
    answered = catalogue["verdict"].isin(CLAIMS) | catalogue["bounded"]
    assert (answered.groupby(catalogue["dataset"]).mean() >= 2 / 3).all()


def test_what_is_said_of_all_tricks_follows_from_the_records(catalogue):
    verdicts = catalogue.pivot(index="hack", columns="dataset", values="verdict")
    everywhere = {word: set(verdicts.index[(verdicts == word).all(axis=1)]) for word in ("helps", "hurts")}
    claimed = catalogue["verdict"].isin(CLAIMS)
    answers, bounds = int(claimed.sum()), int(catalogue["bounded"].sum())
    none = int((~verdicts.isin(CLAIMS)).all(axis=1).sum())
    assert len(verdicts) == 82
    assert f"Of {len(catalogue)} answers {answers} are verdicts and {bounds} bounds within 20 % either way" in PUBLISHED
    open_ = ~(claimed | catalogue["bounded"])
    assert f"; {int(open_.sum())} are open, most of them on digits" in PUBLISHED
    assert open_[catalogue["dataset"] == "digits"].sum() > open_.sum() / 2
    assert everywhere["helps"] == {"split_batches", "batch_norm", "adam_beta1"}
    assert f"and {len(everywhere['hurts'])} hurt on all three" in PUBLISHED
    named = PUBLISHED.split("hurt on all three: ")[1].split(". ")[0]
    assert set(re.findall(r"`(\w+)`", named)) <= everywhere["hurts"]
    assert {"layer_norm", "group_norm"} <= everywhere["hurts"]
    assert f"{none} have no verdict anywhere" in PUBLISHED
    helps = catalogue[(catalogue["verdict"] == "helps") & ~catalogue["hack"].isin(hacks.names(core=True))]
    more = helps.groupby("dataset")["hack"].agg(set)
    assert {name: len(found) for name, found in more.items()} == {"fashion-mnist": 1, script.CIFAR10: 6}
    assert all(set(script.NEW[name].split()) == found for name, found in more.items())
    (fashion,) = helps.loc[helps["dataset"] == "fashion-mnist", "effect_pct"]
    assert f"`latent_optimisation` helps on Fashion-MNIST (−{-fashion:.0f} %)" in PUBLISHED
    colour = helps[helps["dataset"] == script.CIFAR10].set_index("hack")
    least, most = -colour["effect_pct"].max(), -colour["effect_pct"].min()
    assert f"by {least:.0f} to {most:.0f} %: `more_d_steps`, `extragradient`" in PUBLISHED
    assert f"help on all, {len(everywhere['hurts'])} hurt on all, {none} have no verdict." in README
    assert f"One more helps on Fashion-MNIST, six on CIFAR-10, by {least:.0f} to {most:.0f} %" in README
    assert least < -fashion < most
    grey = verdicts.loc[colour.index].drop(columns=script.CIFAR10)
    assert set(grey.index[(grey == "hurts").all(axis=1)]) == {"minibatch_discrimination", "generator_dropout"}
    assert not (grey == "helps").any(axis=None)


def test_the_seeds_of_digits_differ_most(stars):
    spread = {dataset: found.incumbent(dataset).runs["y"].std() for dataset, found in stars.items()}
    assert max(spread, key=spread.get) == "digits"
    assert "on digits, whose seeds differ most" in PUBLISHED


def test_the_page_of_all_tricks_is_that_of_their_records(tmp_path):
    write_together([ROOT / "results" / asked.name for asked in ALL.values()], tmp_path / "every-trick")
    published = ROOT / "reports" / "every-trick" / "report.md"
    assert (tmp_path / "every-trick" / "report.md").read_text() == published.read_text()
    same_effects(tmp_path / "every-trick", published.parent)


def test_what_is_said_of_fresh_seeds_follows_from_the_records(stars):
    again = {name: findings(read_sweep(ROOT / "results" / asked.name)) for name, asked in FRESH.items()}
    for name in FRESH:
        seeds = [set(found[name].records.runs["seed"]) for found in (stars, again)]
        assert not seeds[0] & seeds[1]
    own = pd.concat([again[name].local.set_index("hack").loc[tricks.split()] for name, tricks in script.NEW.items()])
    helps, rest = own[own["verdict"] == "helps"], own[own["verdict"] != "helps"]
    assert (len(helps), len(own), list(rest.index)) == (6, 7, ["rmsprop"])
    assert "and six of these seven again on fresh seeds." in README
    least, most = -helps["effect_pct"].max(), -helps["effect_pct"].min()
    told = f"six of these seven help again, by {least:.0f} to {most:.0f} %; `rmsprop` is left open"
    assert f"{told} (−{-rest['effect_pct'].iloc[0]:.1f} %)" in PUBLISHED
    rows = pd.concat([found.equal_time for found in again.values()]).set_index("hack")
    slow = {"minibatch_discrimination", "extragradient", "more_d_steps", "latent_optimisation"}
    assert set(rows.index) == slow
    times = f"{rows['time_ratio'].min():.1f} to {rows['time_ratio'].max():.1f} times as long"
    assert f"Four of the six make a step take {times}: of three nothing" in PUBLISHED
    known = rows[rows["equal_time_pct"].notna()]
    assert slow - set(known.index) == {"minibatch_discrimination"}
    assert ((known["ci_low_pct"] < 0) & (known["ci_high_pct"] > 0)).all()
    quick = set(helps.index) - slow
    assert quick == {"optimistic_adam", "generator_dropout"}
    seen = pd.concat([found.equal_time for found in (*again.values(), stars[script.CIFAR10])])
    assert not quick & set(seen["hack"])
    runs = pd.concat([found.records.runs for found in again.values()])
    assert f"{len(runs)} runs, {runs['seconds'].sum() / 3600:.1f} h)" in PUBLISHED
