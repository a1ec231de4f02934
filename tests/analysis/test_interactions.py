import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from bench.analysis import conditional_effects, effects, interactions, pair_means, shapley
from bench.plan import alias_structure

SIX = [f"h{i}" for i in range(6)]


def test_a_follow_up_agrees_with_the_formula_interface(simulate):
    runs = simulate(SIX, (-0.3, 0.2), seeds=2, pair=0.4, design="resolution_v")
    table = interactions(runs, SIX).set_index(["hack_a", "hack_b"])
    cells = np.log(runs["fid"]).groupby(runs["cell"]).mean().rename("y").to_frame()
    coded = runs.groupby("cell")[SIX].first().astype(int) * 2 - 1
    fit = smf.ols(f"y ~ ({' + '.join(SIX)}) ** 2", cells.join(coded)).fit()
    for (a, b), row in table.iterrows():
        assert row["interaction_log"] == pytest.approx(4 * fit.params[f"{a}:{b}"], abs=1e-10)
        assert row["p"] == pytest.approx(fit.pvalues[f"{a}:{b}"], abs=1e-10)
        low, high = 4 * fit.conf_int().loc[f"{a}:{b}"]
        assert row["ci_low_pct"] == pytest.approx(100 * np.expm1(low), abs=1e-8)
        assert row["ci_high_pct"] == pytest.approx(100 * np.expm1(high), abs=1e-8)
    assert table["estimable"].all()
    assert list(table.index[table["found"]]) == [("h0", "h1")]
    assert table.loc[("h0", "h1"), "ci_low_pct"] < 100 * np.expm1(0.4) < table.loc[("h0", "h1"), "ci_high_pct"]


def test_an_interaction_is_the_difference_of_differences(simulate):
    runs = simulate(["a", "b"], (0.1, 0.2), seeds=6, pair=0.5)
    y = np.log(runs["fid"]).groupby([runs["a"], runs["b"]]).mean()
    row = interactions(runs, ["a", "b"]).iloc[0]
    expected = y[True, True] - y[True, False] - y[False, True] + y[False, False]
    assert row["interaction_log"] == pytest.approx(expected, abs=1e-12)
    blocks = smf.ols("np.log(fid) ~ C(cell) + C(seed)", runs).fit()
    assert row["note"] == "the error is that between seeds"
    assert row["found"]
    assert np.log1p(row["ci_high_pct"] / 100) - expected == pytest.approx(
        2.1314495 * np.sqrt(4 * blocks.scale / 6), rel=1e-6
    )


def test_a_screen_shows_sums_of_aliased_pairs_and_claims_nothing(simulate, hacks):
    runs = simulate(hacks, (-0.3,), seeds=2, pair=0.6, noise_sd=0.0)
    table = interactions(runs, hacks).set_index(["hack_a", "hack_b"])
    assert not table["estimable"].any()
    assert not table["found"].any()
    assert table["p"].isna().all()
    assert table["note"].str.startswith("a sum of aliased pairs").all()
    assert table.loc[("h0", "h1"), "interaction_log"] == pytest.approx(0.6, abs=1e-10)
    design = runs.drop_duplicates("cell")[hacks]
    weights = alias_structure(design).query("alias == 'h0×h1'").set_index("effect")["coefficient"]
    for (a, b), row in table.iterrows():
        expected = 0.6 * weights.get(f"{a}×{b}", float(a == "h0" and b == "h1"))
        assert row["interaction_log"] == pytest.approx(expected, abs=1e-6), "each pair holds its share of h0×h1"


def test_aliases_are_named_strongest_first(simulate):
    half = simulate(["a", "b", "c"]).assign(d=lambda f: f["a"] ^ f["b"] ^ f["c"])
    table = interactions(half, ["a", "b", "c", "d"]).set_index(["hack_a", "hack_b"])
    assert table.loc[("a", "b"), "aliased_with"] == "-1.00 c×d" or table.loc[("a", "b"), "aliased_with"] == "+1.00 c×d"


def test_the_effect_given_a_prerequisite(simulate, saturated, hacks):
    """h1 acts only where h0 is on: half of it on average, all of it there."""
    runs = simulate(hacks, (-0.2,), made=saturated(hacks, seeds=3), pair=0.5, noise_sd=0.05)
    given = conditional_effects(runs, "h1", "h0", hacks).iloc[0]
    average = effects(runs, hacks).set_index("hack").loc["h1"]
    assert average["effect_log"] == pytest.approx(0.25, abs=0.05)
    assert given["effect_log"] == pytest.approx(0.5, abs=0.06)
    assert given["verdict"] == "hurts"
    assert (given["cells"], given["runs"]) == (12, 36)
    on = runs[runs["h0"]]
    y = np.log(on["fid"])
    subset = y[on["h1"]].mean() - y[~on["h1"]].mean()
    assert given["effect_log"] == pytest.approx(subset, abs=1e-10), "other hacks are balanced in that half"


def test_conditional_error_is_that_of_a_linear_combination(simulate, saturated, hacks):
    runs = simulate(hacks, (-0.2,), made=saturated(hacks), pair=0.3)
    given = conditional_effects(runs, "h1", "h0", hacks).iloc[0]
    cells = np.log(runs["fid"]).groupby(runs["cell"]).mean().rename("y").to_frame()
    coded = runs.groupby("cell")[hacks].first().astype(int)
    fit = smf.ols(f"y ~ {' + '.join(hacks)} + h0:h1", cells.join(coded)).fit()
    test = fit.t_test("h1 + h0:h1 = 0")
    assert given["effect_log"] == pytest.approx(float(test.effect[0]), abs=1e-10)
    assert given["p"] == pytest.approx(float(test.pvalue), abs=1e-10)


def test_two_prerequisites_and_one_without_support(simulate, saturated, hacks):
    runs = simulate(hacks, (-0.2,), made=saturated(hacks))
    both = conditional_effects(runs, "h2", ["h0", "h1"], hacks).iloc[0]
    assert both["given"] == "h0+h1"
    assert both["cells"] == 6
    never = conditional_effects(runs[~runs["h0"]], "h1", "h0", hacks).iloc[0]
    assert never["verdict"] == "inconclusive"
    assert never["note"].startswith("h1 needs h0, which is off in every run")


def test_shapley_values_are_main_effects_where_interactions_stop_at_two(simulate):
    generator = np.random.default_rng(1)
    names = ["a", "b", "c", "d", "e"]
    own, pairs = generator.normal(size=5), np.triu(generator.normal(size=(5, 5)), 1)

    def value(chosen):
        on = np.array([name in chosen for name in names], dtype=float)
        return 2 + own @ on + on @ pairs @ on

    runs = simulate(names).assign(
        fid=lambda f: [np.exp(value({n for n in names if row[n]})) for _, row in f.iterrows()], fid_noise=1e9
    )
    shares = shapley(value, names)
    main = effects(runs, names).set_index("hack")["effect_log"]
    pd.testing.assert_series_equal(pd.Series(shares), main, check_names=False, rtol=0, atol=1e-10)
    assert sum(shares.values()) == pytest.approx(value(set(names)) - value(set()), abs=1e-12)


def test_shapley_of_a_three_way_product_is_a_third_each():
    assert shapley(lambda chosen: float(len(chosen) == 3), ["a", "b", "c"]) == pytest.approx(
        {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
    )


def test_the_means_of_a_pair_are_over_capped_outcomes_of_the_design():
    rows = [
        {"dataset": "d", "cell": f"{a}{b}", "seed": seed, "arm": arm, "status": status, "fid": fid, "fid_noise": 100.0}
        | {"a": a, "b": b}
        for a, b, seed, arm, status, fid in (
            (False, False, 0, "screen", "ok", 4.0),
            (False, False, 1, "screen", "ok", 9.0),
            (True, False, 0, "screen", "ok", 500.0),
            (False, True, 0, "screen", "diverged", 7.0),
            (False, True, 1, "screen", "ok", 1.0),
            (True, True, 0, "screen", "ok", 2.0),
            (True, True, 1, "leave_one_out", "ok", 50.0),
        )
    ]
    means = pair_means(pd.DataFrame(rows), ["a", "b"], "a", "b").set_index(["a", "b"])
    assert means["fid"].round(9).to_dict() == {
        (False, False): 6.0,
        (False, True): 10.0,
        (True, False): 100.0,
        (True, True): 2.0,
    }
    assert means["failed"].to_dict()[False, True] == 0.5
    assert means["runs"].tolist() == [2, 2, 1, 1]
