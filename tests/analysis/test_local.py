"""Local effects of frames whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis import better_flips, effects, flip_to_take, local_effects, local_score_effects, settled
from bench.analysis.local import COLUMNS, runs_needed
from bench.analysis.star_rules import WORDS, Arms, Rule, judge
from bench.errors import UserError

HACKS = ["a", "b", "c", "d"]
CEILING = 20.0


def star(
    means=None, incumbent="ab", seeds=(8, 6), sd=0.05, rng_seed=0, dataset="x", statuses=None, scores=None, **columns
):
    """Runs around an incumbent that has the hacks of `incumbent`; `means`: of log FID, by flip ("" the incumbent).

    `statuses`: flip -> status of each of its runs, in their order. `scores`: name -> {flip: value}.
    """
    generator = np.random.default_rng(rng_seed)
    means = {"": 0.0, **dict.fromkeys(HACKS, 0.0), **(means or {})}
    rows = []
    for flip, mean in means.items():
        for seed in range(seeds[1] if flip else seeds[0]):
            status = (statuses or {}).get(flip, ["ok"] * 99)[seed]
            rows.append(
                {
                    "dataset": dataset,
                    "cell": f"best{flip}",
                    "arm": "flip" if flip else "incumbent",
                    "seed": seed,
                    "status": status,
                    "fid": np.exp(mean + sd * generator.standard_normal()),
                    "fid_noise": CEILING,
                    **{hack: (hack in incumbent) != (hack == flip) for hack in HACKS},
                    **{
                        name: values.get(flip, values[""]) + 0.02 * generator.random()
                        for name, values in (scores or {}).items()
                    },
                    **columns,
                }
            )
    return pd.DataFrame(rows)


def row(table, hack):
    return table.set_index("hack").loc[hack]


def test_an_effect_is_on_minus_off_whatever_the_incumbent_has():
    table = local_effects(star({"a": 0.8, "b": -0.5, "c": 0.6, "d": 0.01}), HACKS)
    assert list(table.columns) == COLUMNS
    assert table["incumbent_level"].tolist() == [True, True, False, False]
    # a on is better than a off; the flip of b, off, is better, so b hurts; c on is worse.
    np.testing.assert_allclose(table["effect_log"], [-0.8, 0.5, 0.6, 0.01], atol=0.08)
    assert table["verdict"].tolist() == ["helps", "hurts", "hurts", "negligible"]
    assert table["effect_pct"].tolist() == pytest.approx((100 * np.expm1(table["effect_log"])).tolist())
    assert better_flips(table) == ["b"]
    assert flip_to_take(table, -1) == "b"
    assert table["cells"].tolist() == [2] * 4
    assert table["runs"].tolist() == [14] * 4


def test_the_columns_are_those_of_average_effects():
    average = set(effects(star().assign(arm="screen"), HACKS).columns)
    # Around one incumbent there is nothing to be given, no arms beside it and no error but that of seeds.
    assert average - {"given", "loo_pct", "add_pct", "se_seeds_log", "df_seeds"} <= set(COLUMNS)


def test_numbers_by_hand():
    runs = star({"a": 0.3}, seeds=(5, 4))
    got = row(local_effects(runs, HACKS), "a")
    y = np.log(runs["fid"])
    flip, base = y[runs["cell"] == "besta"], y[runs["cell"] == "best"]
    assert got["effect_log"] == pytest.approx(base.mean() - flip.mean())
    variances = np.array(
        [runs[runs["cell"] == cell]["fid"].apply(np.log).var() for cell in dict.fromkeys(runs["cell"])]
    )
    # Moderated: the error lies between that of the arms' own variances and that of their mean.
    own = np.sqrt(flip.var() / 4 + base.var() / 5)
    common = np.sqrt(np.exp(np.log(variances).mean()) * (1 / 4 + 1 / 5))
    assert min(own, common) * 0.8 < got["se_log"] < max(own, common) * 1.25
    assert 3 + 4 < got["df"] < 3 + 4 + 2 * 4
    pointwise = np.log1p(np.array([got["ci_low_pointwise_pct"], got["ci_high_pointwise_pct"]]) / 100)
    assert pointwise.mean() == pytest.approx(got["effect_log"])
    # Wider than Student's interval, for the variances are uncertain.
    assert 1 < np.ptp(pointwise) / 2 / (stats.t.isf(0.025, got["df"]) * got["se_log"]) < 1.1
    assert got["ci_low_pct"] == pytest.approx(got["ci_low_pointwise_pct"])
    assert got["ci_low_simultaneous_pct"] < got["ci_low_pct"] < got["ci90_low_pct"]
    assert got["probability_of_improvement"] == 1
    assert got["error"] == "seeds, moderated"


def test_swapping_which_side_is_the_incumbent_turns_nothing_but_the_sign():
    one = local_effects(star({"a": 0.4}, incumbent="abcd"), HACKS).set_index("hack")
    other = local_effects(star({"a": 0.4}, incumbent="bcd"), HACKS).set_index("hack")
    assert one.loc["a", "effect_log"] == pytest.approx(-other.loc["a", "effect_log"])
    assert one.loc["a", "p"] == pytest.approx(other.loc["a", "p"])
    assert (one.loc["a", "verdict"], other.loc["a", "verdict"]) == ("helps", "hurts")


def test_seeds_are_not_paired():
    runs = star({"a": 0.2}, seeds=(6, 6))
    shuffled = runs.assign(seed=runs.groupby("cell")["seed"].transform(lambda seeds: seeds.to_numpy()[::-1]))
    pd.testing.assert_frame_equal(local_effects(runs, HACKS), local_effects(shuffled, HACKS))


def test_other_arms_and_unfinished_runs_do_not_count():
    runs = star({"a": 0.4})
    others = [runs.assign(arm=arm, fid=5.0) for arm in ("screen", "race", "search")]
    crashed = runs[runs["cell"] == "besta"].head(2).assign(status="crashed", seed=99)
    table = local_effects(pd.concat([runs, *others, crashed], ignore_index=True), HACKS)
    pd.testing.assert_frame_equal(table.drop(columns="note"), local_effects(runs, HACKS).drop(columns="note"))
    assert "2 runs left out, not finished (status crashed)" in table["note"].iloc[0]


def test_a_trick_that_takes_anothers_place_is_the_one_that_comes_on():
    runs = star({"c": 0.5})
    runs.loc[runs["cell"] == "bestc", "a"] = False
    table = local_effects(runs, HACKS)
    assert row(table, "c")["verdict"] == "hurts"
    assert row(table, "c")["note"] == "flipped together with a"
    assert row(table, "a")["note"] == ""


def test_a_flip_that_takes_along_what_needs_it_is_told_by_its_column():
    runs = star({"a": 0.5})
    runs.loc[runs["cell"] == "besta", "b"] = False
    with pytest.raises(
        UserError, match="cell 'besta' differs from the incumbent in a, b; expected one hack, or a column"
    ):
        local_effects(runs, HACKS)
    flipped = runs["cell"].str.removeprefix("best")
    table = local_effects(runs.assign(flipped=flipped), HACKS)
    assert row(table, "a")["verdict"] == "helps"
    assert row(table, "a")["note"] == "flipped together with b"
    assert row(table, "b")["runs"] == 14


def test_hacks_that_were_not_flipped_and_datasets_without_an_incumbent():
    runs = pd.concat([star(), star(dataset="y").query("arm == 'flip'")], ignore_index=True)
    table = local_effects(runs[runs["cell"] != "bestd"], HACKS).set_index(["dataset", "hack"])
    assert table.loc[("x", "d"), "note"] == "d was not flipped in this star"
    assert table.loc[("x", "d"), "verdict"] == "inconclusive"
    assert np.isnan(table.loc[("x", "d"), "effect_log"])
    assert table.loc["y", "note"].tolist() == ["no run of an incumbent"] * 4
    assert table.loc["y", "incumbent_level"].isna().all()
    assert table.loc["y", "runs"].tolist() == [0] * 4
    # What was not flipped is no test either.
    three = local_effects(runs[(runs["cell"] != "bestd") & (runs["dataset"] == "x")], HACKS)
    four = local_effects(runs[runs["dataset"] == "x"], HACKS)
    narrow, wide = (row(each, "a")["ci_high_simultaneous_pct"] for each in (three, four))
    assert narrow < wide


def test_the_last_incumbent_counts_and_only_its_own_rounds():
    first = star({"b": -0.5, "a": 0.3}, round=0)
    again = first.assign(round=1, seed=first["seed"] + 10)
    moved = star({"": -0.5, "b": 0.0, "a": 0.3}, incumbent="a", rng_seed=1, round=2)
    runs = pd.concat([first, again, moved], ignore_index=True)
    runs["cell"] += runs["round"].astype(str)
    table = local_effects(runs, HACKS)
    assert table["incumbent_level"].tolist() == [True, False, False, False]
    alone = local_effects(moved.assign(cell=moved["cell"] + "2"), HACKS)
    pd.testing.assert_frame_equal(table, alone)
    assert table["look"].tolist() == [1] * 4
    with pytest.raises(UserError, match=r"dataset 'x' has runs of 2 incumbents that differ in b; expected one"):
        local_effects(runs.drop(columns="round"), HACKS)
    with pytest.raises(UserError, match="2 incumbents"):
        local_effects(runs.assign(round=0), HACKS)


def test_one_side_at_the_ceiling_is_a_bound():
    runs = star({"a": 9.0, "c": 9.0})
    table = local_effects(runs, HACKS)
    lack, have = row(table, "a"), row(table, "c")
    # Without a all is dead: FID with it is at most that much of FID without; with c it is at least that many times.
    assert (lack["verdict"], lack["bound"]) == ("helps", "at most")
    assert lack["effect_pct"] == pytest.approx(100 * (1 / CEILING - 1), abs=0.5)
    assert lack["ci_low_pct"] == -100
    assert (have["verdict"], have["bound"]) == ("hurts", "at least")
    assert have["ci_high_pct"] == np.inf
    assert have["ci_low_pct"] > 1500
    assert np.isnan(have["bound_pct"])


def test_dead_arms_do_not_make_the_others_look_quiet():
    calm, dead = star(sd=0.1), star({"a": 9.0, "c": 9.0}, sd=0.1)
    errors = [row(local_effects(runs, HACKS), "b")["se_log"] for runs in (calm, dead)]
    assert errors[1] == pytest.approx(errors[0], rel=0.25)


def test_both_sides_at_the_ceiling_say_nothing_and_more_runs_would_not():
    table = local_effects(star({"": 9.0, "a": 9.0, "b": 0.0}), HACKS)
    got = row(table, "a")
    assert np.isnan(got["effect_log"])
    assert (got["verdict"], got["bound"], bool(got["settled"])) == ("inconclusive", "", True)
    assert got["note"].startswith("with and without it the runs ended at the ceiling")
    # a's flip has it off; b's flip is alive, so b on is worse by at least so much.
    assert (row(table, "b")["verdict"], row(table, "b")["bound"]) == ("hurts", "at least")


def test_failing_more_often_is_fragile_whatever_the_survivors_say():
    statuses = {"c": ["collapsed"] * 8 + ["ok"] * 4, "d": ["collapsed"] * 2 + ["ok"] * 10}
    table = local_effects(star({"c": -0.4}, seeds=(24, 12), statuses=statuses), HACKS)
    got = row(table, "c")
    assert got["effect_log"] < -0.3
    assert got["verdict"] == "fragile"
    assert got["failure_difference"] == pytest.approx(8 / 12)
    assert 0.3 < got["failure_low"] < 8 / 12 < got["failure_high"] < 0.9
    assert got["failure_p"] == pytest.approx(stats.fisher_exact([[8, 4], [0, 24]], alternative="greater").pvalue)
    # Two of twelve are no proof.
    assert row(table, "d")["verdict"] != "fragile"
    # A hack without which runs fail helps them not to.
    kept = row(local_effects(star({"a": 0.4}, seeds=(24, 12), statuses={"a": statuses["c"]}), HACKS), "a")
    assert (kept["verdict"], kept["failure_difference"]) == ("helps", pytest.approx(-8 / 12))


def test_inconclusive_tricks_carry_the_bound_and_the_runs_they_need():
    table = local_effects(star({"a": 0.02, "b": 0.3}, sd=0.25, seeds=(8, 5)), HACKS)
    loose = row(table, "a")
    assert loose["verdict"] == "inconclusive"
    assert loose["bound_pct"] == max(abs(loose["ci_low_pct"]), abs(loose["ci_high_pct"]))
    assert loose["runs_needed"] > loose["runs"] == 13
    firm = row(local_effects(star(sd=0.02), HACKS), "a")
    assert firm["verdict"] == "negligible"
    assert firm["bound_pct"] < 10
    assert pd.isna(firm["runs_needed"])


@pytest.mark.parametrize(("effect", "word"), [(0.262, "hurts"), (0.01, "negligible")])
def test_runs_needed_give_a_verdict_four_times_of_five(effect, word):
    sd, rule, stars = 0.25, Rule((np.log(0.9), np.log(1.1)), (np.log(0.8), np.log(1.2))), 4000
    # In a star of one question, 8 runs of the incumbent to 5 of the flip; normal noise.
    needed = runs_needed(effect, sd * np.sqrt(1 / 8 + 1 / 5), 11, 13, rule, 0.01, 0.05)
    count = np.tile([round(needed * 8 / 13), round(needed * 5 / 13)], (stars, 1))
    generator = np.random.default_rng(0)
    mean = np.array([0, effect]) + sd * generator.standard_normal((stars, 2)) / np.sqrt(count)
    variance = sd**2 * generator.chisquare(count - 1) / (count - 1)
    nothing = np.zeros((stars, 2))
    answers, _ = judge(Arms(count, mean, variance, nothing, nothing), np.ones((stars, 1), dtype=bool), rule)
    assert (WORDS[answers.verdict] == word).mean() == pytest.approx(0.8, abs=0.03)


def test_any_score_can_be_asked_about():
    recall = {"": 0.5, "a": 0.2, "c": 0.8}
    table = local_effects(star(scores={"recall": recall}), HACKS, outcome="recall")
    # Higher is better: without a it falls by 30 points; a difference, told in points.
    assert row(table, "a")["verdict"] == "helps"
    assert row(table, "a")["effect_pct"] == pytest.approx(30, abs=1)
    assert row(table, "c")["verdict"] == "helps"
    assert better_flips(table) == ["c"]
    assert row(table, "b")["verdict"] == "negligible"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sesoi": 1.5}, "sesoi=1.5 is no fraction"),
        ({"family": "all"}, "family='all' is unknown"),
        ({"outcome": "beauty"}, "outcome 'beauty' is no score"),
        ({"look": 1}, "look=1: expected 1 to 4, and a frame of runs with the column 'round'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        local_effects(star(), HACKS, **arguments)


def test_a_frame_without_arms():
    with pytest.raises(UserError, match="no column 'arm'"):
        local_effects(star().drop(columns="arm"), HACKS)


def by_looks(means, counts, sd=0.1, rng_seed=0, dead=()):
    """A star in rounds: counts[look][flip] new runs."""
    generator, rows = np.random.default_rng(rng_seed), []
    for look, new in enumerate(counts):
        for flip, number in new.items():
            made = star({flip: means.get(flip, 0.0)}, seeds=(number, number), sd=sd, rng_seed=generator.integers(1e9))
            cell = "best" + flip
            rows.append(made[made["cell"] == cell].assign(round=look + 3, seed=100 * look + np.arange(number)))
    return pd.concat(rows, ignore_index=True)


THREE_THEN_TWO = [dict.fromkeys(["", *HACKS], 3) | {"": 6}, dict.fromkeys(["", *HACKS], 2) | {"": 4}]


def test_looks_make_intervals_wider_and_p_larger():
    runs = by_looks({"a": 0.12}, THREE_THEN_TWO)
    planned, at_once = local_effects(runs, HACKS), local_effects(runs.drop(columns="round"), HACKS)
    open_ = planned.set_index("hack").loc[planned.set_index("hack")["look"] == 2].index
    assert "a" in open_
    one, other = row(planned, "a"), row(at_once, "a")
    assert one["effect_log"] == pytest.approx(other["effect_log"])
    assert one["ci_low_pointwise_pct"] == pytest.approx(other["ci_low_pct"])
    assert one["ci_low_pct"] < other["ci_low_pct"]
    assert one["p"] > 1.5 * other["p"]


def test_what_was_settled_keeps_its_answer():
    means = {"a": 1.5, "b": 0.15}
    runs = by_looks(means, THREE_THEN_TWO)
    first, second = local_effects(runs, HACKS, look=1), local_effects(runs, HACKS)
    assert row(first, "a")["verdict"] == row(second, "a")["verdict"] == "helps"
    assert "a" in settled(first)
    kept = ["effect_log", "ci_low_pct", "p", "runs", "look", "verdict", "failure_difference"]
    assert row(first, "a")[kept].tolist() == row(second, "a")[kept].tolist()
    assert row(first, "a")["runs"] == 9
    assert row(second, "b")["runs"] == (15 if row(second, "b")["look"] == 2 else 9)
    assert set(settled(first)) <= set(settled(second))


def test_a_trick_within_twice_the_smallest_effect_of_interest_is_left_alone():
    table = local_effects(by_looks({}, THREE_THEN_TWO, sd=0.06), HACKS)
    undecided = table[table["verdict"] == "inconclusive"]
    assert (undecided["settled"] == (undecided["bound_pct"] <= 20)).all()
    assert table["settled"].sum() >= 3


def test_more_rounds_than_looks_were_planned():
    runs = by_looks({}, THREE_THEN_TWO)
    with pytest.raises(UserError, match=r"dataset 'x' has 2 rounds around one incumbent, looks=\(8,\) plans 1"):
        local_effects(runs, HACKS, looks=(8,))
    assert local_effects(runs, HACKS, look=1, looks=(8,))["look"].tolist() == [1] * 4


def test_settled_tricks_are_so_on_every_dataset():
    table = pd.DataFrame({"hack": ["a", "b", "a", "b"], "settled": [True, True, True, False]})
    assert settled(table) == ["a"]


def test_what_a_trick_buys_and_costs():
    scores = {"recall": {"": 0.5, "a": 0.2}, "seconds": {"": 10.0, "c": 14.0}, "duplicates": {"": 0.1}}
    runs = star(scores=scores)
    table = local_score_effects(runs, HACKS).set_index(["hack", "score"])
    assert len(table) == 4 * 3
    assert table.loc[("a", "recall"), ["word", "unit"]].tolist() == ["buys", "points"]
    assert table.loc[("a", "recall"), "effect"] == pytest.approx(30, abs=1)
    assert table.loc[("c", "seconds"), ["word", "unit", "label"]].tolist() == ["costs", "%", "wall time of a run"]
    assert table.loc[("c", "seconds"), "effect"] == pytest.approx(40, abs=1)
    assert table.loc[("c", "seconds"), "ci_low"] < 40 < table.loc[("c", "seconds"), "ci_high"]
    assert (table["word"] == "").sum() >= 9
    assert (table["p_adjusted"] >= table["p"] - 1e-12).all()
    assert local_score_effects(runs, HACKS, ["recall"])["score"].unique().tolist() == ["recall"]
    with pytest.raises(UserError, match="no column 'kid'"):
        local_score_effects(runs, HACKS, ["kid"])
    assert local_score_effects(runs.drop(columns=list(scores)), HACKS).empty


@pytest.mark.parametrize(
    ("gains", "sign", "taken"),
    [
        ({"a": 2.0, "b": -9.0}, -1, "a"),  # on, and worse with it
        ({"a": -2.0, "b": -9.0}, -1, None),
        ({"c": -2.0, "d": 1.0}, -1, "c"),  # off, and better with it
        ({"c": -2.0, "d": 1.0}, 1, "d"),
        ({"c": -0.5}, -1, None),  # of four without effect two come out so good
        ({"placebo": -5.0}, -1, None),
        ({"c": -2.0, "d": -3.0}, -1, "d"),
    ],
)
def test_the_flip_to_take_is_the_best_one_that_is_more_than_luck(gains, sign, taken):
    """`gains`: on minus off in standard errors; a and b are in the incumbent."""
    rows = [
        {"hack": hack, "incumbent_level": hack in "ab", "effect_log": 0.05 * gains.get(hack, 0), "se_log": 0.05}
        for hack in (*HACKS, "placebo")
    ]
    table = pd.DataFrame(rows).assign(df=20.0, verdict="inconclusive")
    assert flip_to_take(table, sign) == taken
    fragile = flip_to_take(table.assign(verdict="fragile"), sign)
    assert fragile == (taken if taken in {"a", "b"} else None)  # left out, but never added


def test_of_more_flips_luck_alone_does_more():
    rows = [{"hack": f"h{i}", "incumbent_level": False, "effect_log": -0.1 * (i == 0)} for i in range(80)]
    table = pd.DataFrame(rows).assign(se_log=0.05, df=50.0, verdict="inconclusive")
    assert flip_to_take(table.iloc[:8], -1) == "h0"
    assert flip_to_take(table, -1) is None
    assert flip_to_take(table.assign(effect_log=np.nan), -1) is None


def test_taking_it_is_no_worse_than_staying():
    """Where flips change y by little either way, the recipe taken is better on average than the incumbent."""
    generator, gained = np.random.default_rng(3), []
    for draw in range(60):
        truth = dict(zip(HACKS, generator.normal(0.0, 0.08, 4), strict=True))
        hack = flip_to_take(local_effects(star(truth, sd=0.12, rng_seed=draw), HACKS), -1)
        gained.append(0.0 if hack is None else -truth[hack])
    assert np.mean(gained) > 0.02
    assert np.mean(np.array(gained) < -0.02) < 0.1
