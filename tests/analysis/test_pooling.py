import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.stats.oneway import anova_oneway

from bench.analysis import disagreements, effects, half_normal, pooled, standing
from bench.analysis.estimates import MODERATED
from bench.analysis.halfnormal import simultaneous_margin
from bench.analysis.pooling import interaction_p


def rows(*values):
    frame = pd.DataFrame(values, columns=["dataset", "hack", "effect_log", "se_log", "verdict"])
    return frame.assign(effect_pct=100 * np.expm1(frame["effect_log"]), failure_difference=0.25, ci_low_pct=-50.0,
                        ci_high_pct=50.0, cells=24, runs=48, note="", error="fake columns", df=12.0)  # fmt: skip


FOUR = rows(
    ("w", "h", -0.5, 0.10, "helps"),
    ("x", "h", -0.1, 0.15, "inconclusive"),
    ("y", "h", 0.3, 0.12, "hurts"),
    ("z", "h", -0.2, 0.08, "helps"),
)


def test_random_effects_by_their_definition():
    effect, variance = FOUR["effect_log"].to_numpy(), FOUR["se_log"].to_numpy() ** 2

    def mandel_paule(tau2):
        weights = 1 / (variance + tau2)
        mean = (weights * effect).sum() / weights.sum()
        return (weights * (effect - mean) ** 2).sum() - 3

    tau2 = optimize.brentq(mandel_paule, 0, 10, xtol=1e-14)
    weights = 1 / (variance + tau2)
    mean = (weights * effect).sum() / weights.sum()
    knapp = (weights * (effect - mean) ** 2).sum() / 3 / weights.sum()
    error = np.sqrt(max(knapp, 1 / weights.sum()))
    fixed = 1 / variance
    q = (fixed * (effect - (fixed * effect).sum() / fixed.sum()) ** 2).sum()
    row = pooled(FOUR).iloc[0]
    assert row["effect_log"] == pytest.approx(mean, abs=1e-6)
    assert row["tau"] == pytest.approx(np.sqrt(tau2), abs=1e-5)
    assert row["i2"] == pytest.approx(1 - 3 / q, abs=1e-9)
    half = stats.t.isf(0.025, 3) * error
    assert row["ci_low_pct"] == pytest.approx(100 * np.expm1(mean - half), abs=1e-3)
    reach = stats.t.isf(0.025, 2) * np.sqrt(tau2 + error**2)
    assert row["prediction_high_pct"] == pytest.approx(100 * np.expm1(mean + reach), abs=1e-2)


def test_two_datasets_disagree_by_welchs_t_test():
    """With raw data behind the effects, scipy's own test says the same."""
    generator = np.random.default_rng(0)
    first, second = generator.normal(0.0, 1.0, 9), generator.normal(0.8, 0.4, 5)
    error = [sample.std(ddof=1) / np.sqrt(len(sample)) for sample in (first, second)]
    p = interaction_p(np.array([first.mean(), second.mean()]), np.array(error), np.array([8.0, 4.0]))
    assert p == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue, rel=1e-9)


def test_several_datasets_disagree_by_welchs_f_test():
    generator = np.random.default_rng(1)
    groups = [generator.normal(mean, sd, size) for mean, sd, size in ((0, 1, 6), (0.5, 0.3, 9), (1, 2, 12))]
    summary = [(each.mean(), each.std(ddof=1) / np.sqrt(len(each)), len(each) - 1.0) for each in groups]
    expected = anova_oneway(groups, use_var="unequal", welch_correction=True)
    assert interaction_p(*np.array(summary).T) == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_errors_behind_a_disagreement_are_fake_columns_else_seeds_else_none():
    two = FOUR.iloc[[0, 2]]
    fake = pooled(two).iloc[0]["heterogeneity_p"]
    assert fake == pytest.approx(interaction_p(np.array([-0.5, 0.3]), np.array([0.10, 0.12]), np.full(2, 12.0)))
    seeds = pooled(two.assign(error="residual", se_seeds_log=0.3, df_seeds=24.0)).iloc[0]["heterogeneity_p"]
    assert seeds == pytest.approx(interaction_p(np.array([-0.5, 0.3]), np.full(2, 0.3), np.full(2, 24.0)))
    assert np.isnan(pooled(two.assign(error="residual")).iloc[0]["heterogeneity_p"])


@pytest.mark.parametrize("free", [(2, 2), (12, 12), (6, 24), (12, 12, 12), (24, 8, 12, 24)])
@pytest.mark.parametrize("spread", [1, 3])
def test_a_true_null_is_rejected_at_its_level(free, spread):
    """Errors estimated from few degrees of freedom, up to three times as large on one dataset as on another."""
    generator = np.random.default_rng(3)
    free, sweeps = np.array(free, dtype=float), 3000
    truth = np.linspace(0.1, 0.1 * spread, len(free))
    error = truth * np.sqrt(generator.chisquare(free, (sweeps, len(free))) / free)
    effect = truth * generator.standard_normal((sweeps, len(free)))
    alarms = np.mean([interaction_p(e, s, free) < 0.05 for e, s in zip(effect, error, strict=True)])
    assert 0.025 < alarms < 0.07


def test_screens_of_two_datasets_disagree_by_chance_no_more_often_than_they_may(simulate, hacks):
    """True of frames too: one seed a cell, another assignment of columns on each dataset."""
    alarms = []
    for seed in range(40):
        pair = [simulate(hacks, (-0.4, 0.3), datasets=(name,), seeds=1, rng_seed=2 * seed + k, order_seed=k)
                for k, name in enumerate("ab")]  # fmt: skip
        table = pooled(effects(pd.concat(pair, ignore_index=True), hacks))
        alarms += list(table["heterogeneity_p"] < 0.05)
    assert len(alarms) == 480
    assert np.mean(alarms) < 0.07 + 2 * np.sqrt(0.05 * 0.95 / 480)


def test_datasets_that_agree_have_no_heterogeneity():
    row = pooled(FOUR.assign(effect_log=-0.2)).iloc[0]
    assert row["i2"] == 0
    assert row["tau"] == 0
    assert row["effect_log"] == pytest.approx(-0.2, abs=1e-9)


def test_one_and_two_datasets_say_what_they_cannot():
    assert pooled(FOUR.iloc[:1]).iloc[0]["note"] == "one dataset: nothing to pool"
    two = pooled(FOUR.iloc[:2]).iloc[0]
    assert "hardly known" in two["note"]
    assert np.isnan(two["prediction_low_pct"])
    assert pooled(FOUR.assign(se_log=np.nan)).iloc[0]["note"].startswith("no dataset gives")


def test_kinds_of_disagreement():
    table = pd.concat(
        [
            FOUR.iloc[[0, 2]],
            rows(("w", "part", -0.3, 0.1, "helps"), ("x", "part", 0.01, 0.01, "negligible")),
            rows(("w", "risky", -0.3, 0.1, "helps"), ("x", "risky", -0.3, 0.1, "fragile")),
            rows(("w", "size", -0.9, 0.05, "helps"), ("x", "size", -0.2, 0.05, "helps")),
            rows(("w", "same", -0.2, 0.1, "helps"), ("x", "same", -0.25, 0.1, "helps")),
        ]
    )
    found = disagreements(table).set_index("hack")
    assert list(found["kind"]) == ["opposite", "opposite", "only some", "size"]
    assert set(found.index) == {"h", "risky", "part", "size"}
    assert disagreements(table[table["hack"] == "same"]).empty


def test_simulated_disagreement_is_found_and_agreement_is_not(simulate, hacks):
    runs = simulate(hacks, (-0.4, 0.3), datasets=("a", "b"), seeds=2, noise_sd=0.05)
    flipped = np.where((runs["dataset"] == "b") & runs["h0"], runs["fid"] * np.exp(0.8), runs["fid"])
    found = disagreements(effects(runs.assign(fid=flipped), hacks))
    assert list(found["hack"]) == ["h0"]
    assert found["kind"].iloc[0] == "opposite"
    assert disagreements(effects(runs, hacks)).query("kind == 'opposite'").empty


def test_half_normal_quantiles_and_lenths_margin():
    table = rows(*[("m", f"h{i}", value, 0.1, "x") for i, value in enumerate([0.3, -0.1, 0.02, -2.0])])
    data = half_normal(table)
    assert list(data["hack"]) == ["h2", "h1", "h0", "h3"]
    np.testing.assert_allclose(data["size"], [0.02, 0.1, 0.3, 2.0])
    np.testing.assert_allclose(data["quantile"], stats.halfnorm.ppf([0.125, 0.375, 0.625, 0.875]))
    # Median 0.2, so 1.5 * 0.2 = 0.3; below 0.75 remain 0.02, 0.1, 0.3, whose median makes the error 0.15.
    expected = 0.15 * stats.t.ppf((1 + 0.95**0.25) / 2, 4 / 3)
    np.testing.assert_allclose(data["margin"], expected)
    assert np.isnan(simultaneous_margin(np.array([1.0, 2.0])))
    assert half_normal(table.assign(effect_log=np.nan)).empty
    assert data["band_high"].isna().all()
    assert not data["fake"].any()


def test_fake_factors_stand_among_the_hacks_and_give_the_null_band():
    table = rows(*[("m", f"h{i}", value, 0.1, "x") for i, value in enumerate([0.3, -0.1, -2.0])])
    fakes = pd.DataFrame({"dataset": "m", "hack": ["fake 1", "fake 2"], "effect_log": [0.05, -0.2]})
    data = half_normal(table, fakes)
    assert list(data["hack"]) == ["fake 1", "h1", "fake 2", "h0", "h2"]
    assert data["fake"].tolist() == [True, False, True, False, False]
    noise = np.sqrt((0.05**2 + 0.2**2) / 2)
    draws = np.sort(np.abs(np.random.default_rng(0).normal(0, noise, (40_000, 5))), axis=1)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(data["band_low"], low, atol=0.003)
    np.testing.assert_allclose(data["band_high"], high, atol=0.008)
    assert half_normal(table, fakes.assign(dataset="other"))["band_high"].isna().all()


def test_standing_counts_verdicts_and_bounds_the_rest():
    table = rows(
        ("w", "h", -0.5, 0.1, "helps"),
        ("x", "h", 0.1, 0.1, "inconclusive"),
        ("y", "h", 0.4, 0.1, "hurts"),
        ("z", "h", np.nan, 0.1, "inconclusive"),
        ("w", "still", 0.0, 0.1, "negligible"),
        ("x", "still", 0.0, 0.1, "inconclusive"),
        ("w", "open", 0.0, 0.1, "inconclusive"),
    ).assign(bound_pct=[np.nan, 15.0, np.nan, np.nan, 4.0, 9.0, np.nan])
    found = standing(table).set_index("hack")
    assert found.loc["h"].tolist() == [3, 1, 1, 0, 15.0]
    assert found.loc["still"].tolist() == [2, 0, 0, 0, 9.0]
    assert found.loc["open"].tolist() == [1, 0, 0, 0, np.inf]
    assert np.isnan(standing(table[:1]).loc[0, "bound_pct"])


def test_an_effect_at_the_ceiling_is_not_pooled():
    bounded = FOUR.assign(bound=["", "", "at least", ""])
    assert pooled(bounded).iloc[0].equals(pooled(FOUR.drop(2)).iloc[0])


def test_the_errors_of_a_star_are_its_own():
    star = FOUR.assign(error=MODERATED)
    assert pooled(star).iloc[0]["heterogeneity_p"] == pooled(FOUR).iloc[0]["heterogeneity_p"]
