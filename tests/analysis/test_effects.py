import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from bench.analysis import effects
from bench.errors import UserError

SHIFTS = (-0.4, 0.3, 0.1)


@pytest.fixture(scope="module")
def runs(simulate, saturated, hacks):
    made = saturated(hacks, seeds=3, arms=("leave_one_out", "add_one_in"))
    return simulate(hacks, SHIFTS, risks=(0, 0, 0.2), made=made, rng_seed=4)


@pytest.fixture(scope="module")
def table(runs, hacks):
    return effects(runs, hacks).set_index("hack")


@pytest.fixture(scope="module")
def by_hand(runs, hacks):
    """The regression written out with the formula interface on 0/1 columns, from the frame alone."""
    design = runs[runs["arm"].isin(["screen", "full", "bare"])].copy()
    y = np.log(np.minimum(design["fid"].fillna(np.inf), design["fid_noise"]))
    cells = design.assign(y=y).groupby("cell")[["y", *hacks]].mean()
    return smf.ols("y ~ " + " + ".join(hacks), cells.astype(float)).fit()


def test_effects_errors_and_p_are_those_of_statsmodels(table, by_hand, hacks):
    assert np.isnan(table["effect_log"]).sum() == 0
    np.testing.assert_allclose(table["effect_log"], by_hand.params[hacks], atol=1e-10)
    np.testing.assert_allclose(table["se_log"], by_hand.bse[hacks], atol=1e-10)
    np.testing.assert_allclose(table["p"], by_hand.pvalues[hacks], atol=1e-10)
    assert set(table["df"]) == {11.0}
    assert set(table["cells"]) == {24}
    assert set(table["runs"]) == {72}
    assert set(table["error"]) == {"residual"}, "twelve hacks take all columns of a half of twelve"


def test_intervals_are_those_of_statsmodels(table, by_hand, hacks):
    for alpha, low, high in ((0.05, "ci_low_pct", "ci_high_pct"), (0.10, "ci90_low_pct", "ci90_high_pct")):
        expected = 100 * np.expm1(by_hand.conf_int(alpha).loc[hacks])
        np.testing.assert_allclose(table[[low, high]], expected, atol=1e-8)
    assert (table["ci_low_simultaneous_pct"] < table["ci_low_pct"]).all()
    assert (table["ci_high_simultaneous_pct"] > table["ci_high_pct"]).all()


@pytest.mark.parametrize(("family", "method"), [("screen", "fdr_bh"), ("confirm", "holm"), ("followup", "holm")])
def test_adjustment_is_over_the_hacks_of_one_dataset(runs, hacks, family, method):
    two = pd.concat([runs, runs.assign(dataset="b", fid=runs["fid"] * (1 + runs["h4"]))])
    found = effects(two, hacks, family=family)
    for _, group in found.groupby("dataset"):
        np.testing.assert_allclose(group["p_adjusted"], multipletests(group["p"], method=method)[1], atol=1e-12)


def test_failures_are_counted_and_their_interval_is_newcombes(runs, table, hacks):
    design = runs[runs["arm"].isin(["screen", "full", "bare"])]
    for hack in hacks:
        on, off = (design.loc[design[hack] == level, "status"] == "diverged" for level in (True, False))
        assert table.loc[hack, "failure_difference"] == pytest.approx(on.mean() - off.mean(), abs=1e-12)
        expected = confint_proportions_2indep(on.sum(), len(on), off.sum(), len(off), method="newcomb", compare="diff")
        np.testing.assert_allclose(table.loc[hack, ["failure_low", "failure_high"]].to_list(), expected, atol=1e-12)


def test_probability_of_improvement_is_the_mann_whitney_share(runs, table, hacks):
    design = runs[runs["arm"].isin(["screen", "full", "bare"])]
    score = np.where(design["status"] == "ok", design["fid"], np.inf)
    for hack in hacks:
        on = design[hack].to_numpy()
        u = stats.mannwhitneyu(np.nan_to_num(score[~on], posinf=1e9), np.nan_to_num(score[on], posinf=1e9)).statistic
        assert table.loc[hack, "probability_of_improvement"] == pytest.approx(u / (on.sum() * (~on).sum()), abs=1e-12)


def test_leave_one_out_and_add_one_in_are_paired_by_seed_without_the_pairs_at_the_ceiling(runs, table, hacks):
    y = np.log(np.minimum(runs["fid"].fillna(np.inf), runs["fid_noise"]))
    wide = runs.assign(y=y).pivot(index="seed", columns="cell", values="y")
    top = np.log(runs["fid_noise"].iloc[0])

    def expected(on, off):
        return 100 * np.expm1((wide[on] - wide[off])[(wide[on] < top) | (wide[off] < top)].mean())

    for hack in hacks:
        loo, add = expected("full", f"full-{hack}"), expected(f"bare+{hack}", "bare")
        assert table.loc[hack, "loo_pct"] == pytest.approx(loo, abs=1e-9)
        assert table.loc[hack, "add_pct"] == pytest.approx(add, abs=1e-9)


def test_arms_do_not_enter_the_averaged_effects(runs, hacks):
    spoiled = runs.copy()
    outside = spoiled["arm"].isin(["leave_one_out", "add_one_in"])
    spoiled.loc[outside, "fid"] = 50.0
    spoiled.loc[outside, "status"] = "ok"
    columns = ["effect_log", "se_log", "failure_difference", "probability_of_improvement", "runs"]
    pd.testing.assert_frame_equal(effects(spoiled, hacks)[columns], effects(runs, hacks)[columns])
    pd.testing.assert_frame_equal(effects(runs.drop(columns="arm"), hacks), effects(runs, hacks))


def test_confirmation_from_arms_alone_is_a_paired_t_test(simulate, hacks):
    runs = simulate(hacks[:4], SHIFTS, seeds=6, design="arms")
    table = effects(runs, hacks[:4], family="confirm").set_index("hack")
    wide = runs.assign(y=np.log(runs["fid"])).pivot(index="seed", columns="cell", values="y")
    for hack in hacks[:4]:
        pairs = (wide["full"] - wide[f"full-{hack}"] + wide[f"bare+{hack}"] - wide["bare"]) / 2
        expected = stats.ttest_1samp(pairs, 0)
        assert table.loc[hack, "effect_log"] == pytest.approx(pairs.mean(), abs=1e-12)
        assert table.loc[hack, "p"] == pytest.approx(expected.pvalue, abs=1e-12)
        low, high = expected.confidence_interval(0.95)
        assert table.loc[hack, "ci_low_pct"] == pytest.approx(100 * np.expm1(low), abs=1e-9)
        assert table.loc[hack, "ci_high_pct"] == pytest.approx(100 * np.expm1(high), abs=1e-9)
    assert table.loc["h0", "verdict"] == "helps"
    assert table.loc["h1", "verdict"] == "hurts"
    assert table["note"].str.contains("paired by seed").all()


def test_one_hack_is_a_paired_t_test_over_seeds(simulate):
    runs = simulate(["h0"], (-0.3,), seeds=5)
    row = effects(runs, ["h0"]).iloc[0]
    wide = runs.assign(y=np.log(runs["fid"])).pivot(index="seed", columns="cell", values="y")
    expected = stats.ttest_rel(wide["full"], wide["bare"])
    assert row["p"] == pytest.approx(expected.pvalue, abs=1e-12)
    assert row["df"] == 4
    assert row["verdict"] == "helps"


def test_two_hacks_take_their_error_from_complete_blocks(simulate):
    runs = simulate(["h0", "h1"], (-0.3,), seeds=4)
    table = effects(runs, ["h0", "h1"])
    blocks = smf.ols("np.log(fid) ~ C(cell) + C(seed)", runs).fit()
    assert table["df"].iloc[0] == blocks.df_resid == 9
    np.testing.assert_allclose(table["se_log"], 2 * np.sqrt(blocks.scale / 16), atol=1e-12)


def test_the_sign_flip_of_dropped_failures(hacks, simulate):
    """A hack that improves survivors by 0.10 and makes a quarter of its runs diverge is never said to help."""
    verdicts = []
    for seed in range(20):
        runs = simulate(hacks, (-0.10,), seeds=3, noise_sd=0.15, risks=(0.25,), rng_seed=seed, mean=np.log(100) - 1.42)
        table = effects(runs, hacks).set_index("hack")
        verdicts.append(table.loc["h0", "verdict"])
        survivors = runs[runs["status"] == "ok"]
        complete = np.log(survivors["fid"]).groupby(survivors["h0"]).mean()
        assert complete[True] - complete[False] < 0.05, "complete cases make it look harmless or good"
    assert "helps" not in verdicts
    assert sum(verdict in ("hurts", "fragile") for verdict in verdicts) >= 12


def test_fid_above_noise_is_capped_and_diverged_runs_count_as_noise(simulate, hacks):
    runs = simulate(hacks, (), noise_sd=0.01)
    worse = runs.assign(fid=runs["fid"].where(~runs["h0"], 1e6))
    failed = runs.assign(status=np.where(runs["h0"], "diverged", "ok"), fid=runs["fid"].where(~runs["h0"], 3.0))
    first, second = effects(worse, hacks), effects(failed, hacks)
    np.testing.assert_allclose(first["effect_log"], second["effect_log"], atol=1e-12)
    assert second["verdict"].iloc[0] == "fragile"
    assert first["verdict"].iloc[0] == "hurts"


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False), scale=st.floats(0.01, 100), flipped=st.integers(0, 11))
def test_laws(runs, hacks, table, order, scale, flipped):
    """Row order does not matter, nor the unit of FID; swapping a hack's levels swaps the sign of its effect alone."""
    rows = list(range(len(runs)))
    order.shuffle(rows)
    changed = runs.iloc[rows].assign(fid=lambda f: f["fid"] * scale, fid_noise=lambda f: f["fid_noise"] * scale)
    again = effects(changed, hacks).set_index("hack")
    columns = ["effect_log", "se_log", "p", "failure_difference", "failure_p", "probability_of_improvement"]
    np.testing.assert_allclose(again[columns], table[columns], atol=1e-9)
    assert (again["verdict"] == table["verdict"]).all()
    hack = hacks[flipped]
    design = runs[runs["arm"].isin(["screen", "full", "bare"])]
    swapped = effects(design.assign(**{hack: ~design[hack]}), hacks).set_index("hack")["effect_log"]
    sign = np.where(np.array(hacks) == hack, -1, 1)
    np.testing.assert_allclose(swapped, sign * table["effect_log"], atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sesoi": 0}, "sesoi=0"),
        ({"family": "x"}, "family='x' is unknown; expected one of screen, followup, confirm"),
        ({"hacks": "h0"}, r"write \['h0'\]"),
        ({"hacks": ["nope"]}, "no column 'nope'"),
        ({"hacks": []}, "is empty"),
    ],
)
def test_bad_questions_are_refused(simulate, change, message):
    runs = simulate(["h0", "h1"])
    with pytest.raises(UserError, match=message):
        effects(**{"runs": runs, "hacks": ["h0", "h1"], **change})


def test_a_frame_without_a_needed_column_or_with_a_level_that_is_none_is_refused(simulate):
    runs = simulate(["h0", "h1"])
    with pytest.raises(UserError, match="frame of runs has no column 'fid_noise'"):
        effects(runs.drop(columns="fid_noise"), ["h0", "h1"])
    with pytest.raises(UserError, match="column 'h1' holds"):
        effects(runs.assign(h1="maybe"), ["h0", "h1"])


@pytest.mark.parametrize(("seeds", "expected"), [(2, "inconclusive"), (6, "helps")])
def test_two_seeds_of_paired_runs_give_no_verdict(simulate, hacks, seeds, expected):
    runs = simulate(hacks[:4], (-2.0,), seeds=seeds, noise_sd=0.001, design="arms")
    row = effects(runs, hacks[:4]).set_index("hack").loc["h0"]
    assert row["p"] < 0.05
    assert row["verdict"] == expected
    assert ("two seeds are too few" in row["note"]) == (seeds == 2)
