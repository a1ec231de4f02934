import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from bench.analysis import (
    cost_ratio,
    effects,
    local_mechanism_effects,
    mechanism_effects,
    robustness,
    score_effects,
    spread,
)


def test_mechanisms_are_regressed_in_their_own_unit(simulate, saturated, hacks):
    runs = simulate(hacks, made=saturated(hacks))
    generator = np.random.default_rng(0)
    runs["zeros"] = 0.1 + 0.3 * runs["h2"] + 0.02 * generator.standard_normal(len(runs))
    runs["other"] = generator.standard_normal(len(runs))
    table = mechanism_effects(runs, ["zeros", "other"], hacks).set_index(["quantity", "hack"])
    cells = runs.groupby("cell")[["zeros", *hacks]].mean().astype(float)
    fit = smf.ols("zeros ~ " + " + ".join(hacks), cells).fit()
    for hack in hacks:
        row = table.loc[("zeros", hack)]
        assert row["effect"] == pytest.approx(fit.params[hack], abs=1e-12)
        assert row["p"] == pytest.approx(fit.pvalues[hack], abs=1e-12)
        np.testing.assert_allclose(row[["ci_low", "ci_high"]].to_list(), fit.conf_int().loc[hack], atol=1e-12)
    assert table.loc[("zeros", "h2"), "mean_off"] == pytest.approx(runs.loc[~runs["h2"], "zeros"].mean(), abs=1e-12)
    assert table.loc[("zeros", "h2"), "p_adjusted"] < 1e-6


def test_runs_without_the_quantity_are_counted(simulate, hacks):
    runs = simulate(hacks, seeds=2)
    runs["q"] = np.where(runs["cell"] == "c04", np.nan, 1.0 * runs["h1"])
    row = mechanism_effects(runs, ["q"], hacks).set_index("hack").loc["h1"]
    assert row["effect"] == pytest.approx(1.0, abs=1e-9)
    assert row["note"] == "2 runs left out, without this quantity; 2 with them, whose mirror images they were"
    assert row["runs"] == 92
    assert row["error"] == "fake columns"


def test_cost_is_a_ratio_of_times_of_finished_runs(simulate, hacks):
    runs = simulate(hacks, seeds=2, risks=(0, 0.3))
    runs["seconds"] = 10.0 * np.where(runs["h3"], 1.5, 1) * np.where(runs["h5"], 0.8, 1)
    runs.loc[runs["status"] != "ok", "seconds"] = 0.1
    table = cost_ratio(runs, hacks).set_index("hack")["ratio"]
    expected = dict.fromkeys(hacks, 1.0) | {"h3": 1.5, "h5": 0.8}
    for hack in hacks:
        assert table[hack] == pytest.approx(expected[hack], rel=1e-9)


@pytest.fixture(scope="module")
def scored(simulate, hacks):
    """Recall rises by ten points with h0 and by none with the rest, FID is made as ever, modes are the same in all."""
    runs = simulate(hacks, (-0.4, 0.3), datasets=("a", "b"), seeds=1, risks=(0, 0, 0, 0.2))
    noise = np.random.default_rng(0).normal(0, 0.02, len(runs))
    runs["recall"] = np.where(runs["status"] == "ok", 0.5 + 0.1 * runs["h0"] + noise, np.nan)
    runs["kid"] = np.where(runs["status"] == "ok", 1 + noise, np.nan)
    return runs.assign(modes=10.0, seconds=20.0 * np.where(runs["h2"], 1.5, 1.0))


def test_every_hack_has_an_effect_on_every_score(scored, hacks):
    table = score_effects(scored, hacks)
    assert len(table) == 2 * 5 * 12
    assert list(dict.fromkeys(table["score"])) == ["fid", "kid", "recall", "modes", "seconds"]
    rows = table.set_index(["dataset", "score", "hack"])
    fid = effects(scored, hacks).set_index(["dataset", "hack"])
    for dataset in "ab":
        own = rows.loc[(dataset, "fid")]
        np.testing.assert_allclose(own["effect"], fid.loc[dataset, "effect_pct"], rtol=1e-12)
        np.testing.assert_allclose(own["ci_low"], fid.loc[dataset, "ci_low_pct"], rtol=1e-12)
        assert set(own["unit"]) == {"%"}
    time = rows.loc[("a", "seconds", "h2")]
    assert (time["effect"], time["verdict"], time["unit"]) == (pytest.approx(50), "hurts", "%")


def test_a_diverged_run_has_the_worst_recall_and_no_kid(scored, hacks):
    rows = score_effects(scored, hacks, ["recall", "kid"]).set_index(["dataset", "score", "hack"])
    on = scored[scored["dataset"] == "a"]
    recall = on["recall"].fillna(0)
    row = rows.loc[("a", "recall", "h0")]
    assert row["effect"] == pytest.approx(100 * (recall[on["h0"]].mean() - recall[~on["h0"]].mean()), abs=1e-9)
    assert row["mean_off"] == pytest.approx(recall[~on["h0"]].mean())
    assert (row["unit"], row["direction"], row["runs"]) == ("points", "higher", 48)
    failed = int((on["status"] == "diverged").sum())
    assert failed > 0
    kid = rows.loc[("a", "kid", "h0")]
    assert kid["error"] == "fake columns", "what is left is mirror pairs"
    assert kid["runs"] <= 48 - failed
    assert f"{failed} runs left out" in kid["note"]


def test_better_is_what_the_score_says(scored, hacks):
    whole = scored.assign(status="ok", recall=scored["recall"].fillna(0.5), fid=scored["fid"].fillna(8.0))
    row = score_effects(whole, hacks, ["recall"]).set_index(["dataset", "hack"]).loc[("a", "h0")]
    assert row["effect"] == pytest.approx(10, abs=3)
    assert row["verdict"] == "helps"
    same = score_effects(whole, hacks, ["modes"]).iloc[0]
    assert (same["effect"], same["verdict"], same["note"]) == (
        0,
        "inconclusive",
        "every run ended the same: there is nothing to compare",
    )


def test_recall_as_the_outcome_of_the_main_table(scored, hacks):
    whole = scored.assign(status="ok", recall=scored["recall"].fillna(0.5))
    table = effects(whole, hacks, outcome="recall").set_index(["dataset", "hack"])
    row = table.loc[("a", "h0")]
    assert row["effect_log"] == pytest.approx(0.1, abs=0.03)
    assert row["effect_pct"] == pytest.approx(100 * row["effect_log"])
    assert row["verdict"] == "inconclusive", "ten points are not beyond a tenth of the range"
    assert effects(whole, hacks, 0.05, outcome="recall").set_index(["dataset", "hack"]).loc[("a", "h0"), "verdict"] == (
        "helps"
    )
    assert table.loc[("a", "h5"), "verdict"] == "negligible"
    assert row["probability_of_improvement"] > 0.9


def test_robustness_by_doing_it_the_long_way(simulate, saturated, hacks):
    runs = simulate(hacks, (-0.4, 0.2), made=saturated(hacks, seeds=3))
    table = robustness(runs, hacks).set_index("hack")
    y = np.log(runs["fid"])
    cells = runs.groupby("cell")[hacks].first().astype(float)
    formula = "y ~ " + " + ".join(hacks)
    median = smf.ols(formula, cells.assign(y=y.groupby(runs["cell"]).median())).fit().params[hacks]
    np.testing.assert_allclose(table["median_pct"], 100 * np.expm1(median), atol=1e-8)
    ranks = smf.ols(formula, cells.assign(y=(y.rank() / len(y)).groupby(runs["cell"]).mean())).fit()
    np.testing.assert_allclose(table["rank_effect"], ranks.params[hacks], atol=1e-10)
    np.testing.assert_allclose(table["rank_p"], ranks.pvalues[hacks], atol=1e-10)
    means = cells.assign(y=y.groupby(runs["cell"]).mean())
    deleted = [smf.ols(formula, means.drop(index=cell)).fit().params[hacks] for cell in means.index]
    np.testing.assert_allclose(table["leave_one_cell_low_pct"], 100 * np.expm1(np.min(deleted, axis=0)), atol=1e-8)
    np.testing.assert_allclose(table["leave_one_cell_high_pct"], 100 * np.expm1(np.max(deleted, axis=0)), atol=1e-8)
    assert table.loc["h0", "same_sign"]


def test_spread_recovers_both_sources_of_noise(simulate, saturated, hacks):
    runs = simulate(hacks, (-0.4,), made=saturated(hacks, seeds=400), noise_sd=0.15)
    generator = np.random.default_rng(0)
    cells = {cell: 0.3 * generator.standard_normal() for cell in sorted(runs["cell"].unique())}
    runs["fid"] *= np.exp(runs["cell"].map(cells))
    row = spread(runs, hacks).iloc[0]
    assert row["seed_sd"] == pytest.approx(0.15, rel=0.02)
    terms = np.column_stack([np.ones(24), runs.groupby("cell")[hacks].first()])
    rest = np.array(list(cells.values()))
    rest = rest - terms @ np.linalg.lstsq(terms, rest, rcond=None)[0]
    assert row["config_sd"] == pytest.approx(np.sqrt((rest**2).sum() / 11), rel=0.02)


def test_spread_of_single_seeds_is_given_as_that_of_seeds(simulate, hacks):
    row = spread(simulate(hacks, (-0.4,), seeds=1, noise_sd=0.2), hacks).iloc[0]
    assert row["config_sd"] == 0
    assert 0.08 < row["seed_sd"] < 0.4


def test_a_quantity_that_is_one_number_with_a_trick_and_another_without_moved():
    arms = [("incumbent", "best", True, 0.0)] * 6 + [("flip", "best-a", False, 0.75)] * 5
    runs = pd.DataFrame(arms, columns=["arm", "cell", "a", "share"])
    runs = runs.assign(dataset="x", seed=runs.groupby("cell").cumcount(), status="ok", still=0.5)
    share, still = local_mechanism_effects(runs, ["share", "still"], ["a"]).to_dict("records")
    assert (share["mean_on"], share["mean_off"], share["effect"]) == (0.0, 0.75, -0.75)
    sides = [runs.loc[runs["a"] == level, "share"] for level in (True, False)]
    dealt = stats.permutation_test(sides, lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=np.inf)
    assert share["p"] == pytest.approx(dealt.pvalue) == pytest.approx(2 / 462)
    assert np.isnan(still["p"])
