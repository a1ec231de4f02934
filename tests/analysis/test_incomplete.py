"""Sweeps that did not finish: a clear partial answer, never an exception, never a missing verdict."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import (
    conditional_effects,
    cost_ratio,
    disagreements,
    effects,
    half_normal,
    interactions,
    mechanism_effects,
    pooled,
    robustness,
    skill_profile,
    spread,
)

VERDICTS = {"helps", "hurts", "negligible", "fragile", "inconclusive"}


@pytest.fixture(scope="module")
def runs(simulate, hacks):
    return simulate(hacks, (-0.4, 0.3), datasets=("a", "b"), seeds=2)


def drop_cells(runs):
    return runs[~runs["cell"].isin(["c03", "c07", "c11"])]


def one_seed_on_b(runs):
    return runs[(runs["dataset"] == "a") | (runs["seed"] == 0)]


def all_failed(runs):
    return runs.assign(status="diverged", fid=np.nan)


def constant_hack(runs):
    return runs[runs["h3"]]


def unknown_noise(runs):
    return runs.assign(fid_noise=np.nan, status=np.where(runs["h1"] & (runs["seed"] == 0), "collapsed", "ok"))


def crashed(runs):
    return runs.assign(status=np.where(runs["cell"] == "c01", "running", runs["status"]),
                       fid=runs["fid"].where(runs["cell"] != "c01"))  # fmt: skip


def scoreless(runs):
    return runs.assign(fid=runs["fid"].where(runs["seed"] == 1, np.nan))


def nothing_usable(runs):
    return runs.assign(fid=np.nan)


def few_cells(runs):
    return runs[runs["cell"].isin(["c00", "c01", "c02", "c03"])]


def one_run(runs):
    return runs.iloc[:1]


def empty(runs):
    return runs.iloc[:0]


def twelve_cells(runs):
    return runs[runs["cell"].isin(sorted(runs["cell"].unique())[:13])]


def all_at_noise(runs):
    return runs.assign(fid=runs["fid"] + 1000)


def strange_fids(runs):
    return runs.assign(fid=runs["fid"].where(runs["cell"] != "c05", -1.0).where(runs["cell"] != "c06", np.inf))


CASES = [drop_cells, one_seed_on_b, all_failed, constant_hack, unknown_noise, crashed, scoreless, nothing_usable,
         few_cells, one_run, empty, twelve_cells, all_at_noise, strange_fids]  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("family", ["screen", "confirm", "followup"])
def test_every_question_has_an_answer(runs, hacks, case, family):
    cut = case(runs)
    table = effects(cut, hacks, family=family)
    assert len(table) == cut["dataset"].nunique() * len(hacks)
    assert set(table["verdict"]) <= VERDICTS
    unknown = table["effect_log"].isna() | table["p"].isna()
    assert (table.loc[unknown, "note"] != "").all(), "what is missing has its reason"
    assert table.loc[unknown, "verdict"].isin(["inconclusive", "fragile"]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_other_tables_stand_too(runs, hacks, case):
    cut = case(runs).assign(seconds=10.0, quantity=1.0)
    table = effects(cut, hacks)
    pooled(table)
    disagreements(table)
    half_normal(table)
    interactions(cut, hacks)
    robustness(cut, hacks)
    skill_profile(cut, hacks, draws=20)
    spread(cut, hacks)
    cost_ratio(cut, hacks)
    mechanism_effects(cut, ["quantity"], hacks)
    assert set(conditional_effects(cut, "h1", "h0", hacks)["verdict"]) <= VERDICTS


def test_missing_cells_cost_precision_and_no_more(runs, hacks):
    complete, partial = (effects(frame, hacks).set_index(["dataset", "hack"]) for frame in (runs, drop_cells(runs)))
    assert (partial["se_log"] > 0).all()
    assert set(partial["cells"]) == {45}
    assert set(partial["df"]) == {32.0}
    assert set(partial["error"]) == {"residual"}
    assert partial["note"].str.contains("of 45 cells, 3 lack their mirror image").all()
    assert (complete["note"] == "").all()
    assert partial.loc[("a", "h0"), "verdict"] == complete.loc[("a", "h0"), "verdict"] == "helps"


def test_a_constant_hack_is_named_and_the_others_are_estimated(runs, hacks):
    table = effects(constant_hack(runs), hacks).set_index(["dataset", "hack"])
    row = table.loc[("a", "h3")]
    assert row["verdict"] == "inconclusive"
    assert row["note"].startswith("h3 is on in every run: its effect cannot be estimated")
    assert np.isnan(row["effect_log"])


def test_two_hacks_that_always_move_together_name_each_other(runs, hacks):
    table = effects(runs.assign(h5=runs["h4"]), hacks).set_index(["dataset", "hack"])
    assert table.loc[("a", "h4"), "note"] == "48 cells cannot tell h4 from h5: more cells are needed"
    assert table.loc[("a", "h0"), "verdict"] == "helps"


def test_every_run_failed_says_so(runs, hacks):
    table = effects(all_failed(runs), hacks)
    assert set(table["verdict"]) == {"inconclusive"}
    assert table["effect_log"].isna().all()
    assert table["note"].str.contains("every run failed: there is nothing to compare").all()


def test_runs_that_all_end_at_noise_are_no_proof_of_negligible_effects(runs, hacks):
    table = effects(all_at_noise(runs), hacks)
    assert set(table["verdict"]) == {"inconclusive"}
    assert table[["effect_log", "p", "ci_low_pct"]].isna().all(axis=None)
    assert table["note"].str.startswith("no run ended better than the worst FID there is").all()


def test_a_sweep_mostly_at_noise_says_that_it_hides_effects(runs, hacks):
    mostly = runs.assign(fid=runs["fid"].where(runs["cell"].isin(["c01", "c02", "c03", "c04", "full"]), 1e4))
    note = effects(mostly, hacks)["note"].iloc[0]
    assert note == "86 of 96 runs ended no better than the ceiling, which hides effects: train for longer"


def test_a_single_run_is_not_said_to_be_at_noise(runs, hacks):
    assert not effects(one_run(runs), hacks)["note"].str.contains("noise").any()


def test_runs_left_out_are_counted(runs, hacks):
    assert "2 runs left out, not finished (status running)" in effects(crashed(runs), hacks)["note"].iloc[0]
    assert "48 runs left out, without a usable FID" in effects(scoreless(runs), hacks)["note"].iloc[0]
    assert "4 runs left out, without a usable FID" in effects(strange_fids(runs), hacks)["note"].iloc[0]


def test_a_dataset_without_any_outcome_keeps_its_rows(runs, hacks):
    broken = runs.assign(fid=runs["fid"].where(runs["dataset"] == "a"))
    table = effects(broken, hacks)
    lost = table[table["dataset"] == "b"]
    assert len(lost) == len(hacks)
    assert set(lost["verdict"]) == {"inconclusive"}
    assert lost["note"].str.startswith("no run of this dataset has an outcome").all()
    pd.testing.assert_frame_equal(
        table[table["dataset"] == "a"].reset_index(drop=True),
        effects(runs[runs["dataset"] == "a"], hacks).reset_index(drop=True),
    )
