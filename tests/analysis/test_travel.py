"""Verdicts that stay, turn round or are lost between settings in which the truth is known."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis.travel import reliability, travel
from bench.errors import UserError

HACKS = ["a", "b", "c", "d", "e"]
TRUTH = {"a": 0.8, "b": -0.5, "c": 0.4, "d": 0.2, "e": 0.0}


def star(effects, seeds=8, sd=0.05, rng_seed=0, dataset="x"):
    """Runs of a bare incumbent and of each trick switched on in it."""
    generator = np.random.default_rng(rng_seed)
    return pd.DataFrame(
        {
            "dataset": dataset,
            "cell": f"best{flip}",
            "arm": "flip" if flip else "incumbent",
            "seed": seed,
            "status": "ok",
            "fid": np.exp(effects.get(flip, 0.0) + sd * generator.standard_normal()),
            "fid_noise": 20.0,
            **{hack: hack == flip for hack in HACKS},
        }
        for flip in ("", *HACKS)
        for seed in range(seeds)
    )


def pair(one, two, **more):
    return travel({"cheap": one, "dear": two}, HACKS, **more).iloc[0]


def test_a_setting_travels_to_itself():
    row = pair(star(TRUTH), star(TRUTH, rng_seed=1))
    assert (row["setting"], row["other"], row["tricks"]) == ("cheap", "dear", 5)
    assert (row["told"], row["both_told"], row["differ"]) == (4, 4, "")
    assert (row["kept"], row["reversed"], row["lost"], row["new"]) == (1.0, 0.0, 0.0, 0)
    assert row["rank_correlation"] == pytest.approx(1.0)
    assert row["rank_correlation_ceiling"] > 0.95
    assert row["spread_ratio"] == pytest.approx(1.0, abs=0.1)
    assert row["effects_differ"] == ""


def test_what_turns_round_and_what_is_lost_is_counted():
    other = {"a": 1.6, "b": 0.5, "c": 0.0, "d": 0.2, "e": 0.0}
    row = pair(star(TRUTH), star(other, rng_seed=1))
    assert (row["both_told"], row["kept"], row["reversed"], row["lost"]) == (3, 0.5, 0.25, 0.25)
    assert row["new"] == 0
    assert row["effects_differ"] == "a, b, c"
    back = pair(star(other, rng_seed=1), star(TRUTH))
    assert (back["told"], back["both_told"], back["new"]) == (3, 3, 1)


def test_noise_lowers_the_ceiling_as_it_lowers_the_correlation():
    """Of two stars of one truth the correlation is, on average, what the ceiling says."""
    rows = [pair(star(TRUTH, sd=0.6, rng_seed=2 * n), star(TRUTH, sd=0.6, rng_seed=2 * n + 1)) for n in range(12)]
    table = pd.DataFrame(rows)
    assert table["rank_correlation_ceiling"].mean() < 0.9
    assert table["rank_correlation"].mean() == pytest.approx(table["rank_correlation_ceiling"].mean(), abs=0.15)


def test_one_seed_has_no_reliability():
    runs = star(TRUTH, seeds=1)
    assert np.isnan(reliability(runs, HACKS, "fid", np.random.default_rng(0)))


def test_a_setting_is_one_dataset():
    both = pd.concat([star(TRUTH), star(TRUTH, dataset="y")])
    with pytest.raises(UserError, match="setting 'cheap': expected runs of one dataset, found 2"):
        pair(both, star(TRUTH))


def test_incumbents_that_differ_are_told():
    """The other star stands on a recipe that has the last trick."""
    other = star(TRUTH, rng_seed=1)
    other["e"] = ~other["e"]
    assert pair(star(TRUTH), other)["differ"] == "e"


def test_each_star_has_its_own_looks():
    looked = pd.concat([star(TRUTH, seeds=3).assign(round=0), star(TRUTH, seeds=3, rng_seed=5).assign(round=1)])
    settings = {"cheap": looked, "dear": star(TRUTH)}
    assert travel(settings, HACKS, looks={"cheap": (3, 6)}).iloc[0]["told"] == 4
    with pytest.raises(UserError, match="looks"):
        travel(settings, HACKS, looks={"cheap": (3,)})


def test_the_planned_settings_differ_in_one_thing_and_stand_on_one_recipe(scripts):
    script = scripts("travel")
    first, *others = script.SETTINGS
    for setting in others:
        differing = [name for name in vars(first) if getattr(setting, name) != getattr(first, name)]
        assert len(differing) == 2, "its name, and one thing"
        assert setting.request.around == list(script.AROUND)
        assert setting.request.stages == ["settle"]
    assert set(script.AROUND) < set(script.HACKS)
    assert len({setting.sweep for setting in script.SETTINGS}) == len(script.SETTINGS)
    declaration = script.declare(first.request, device="cpu")
    assert (declaration.moves, declaration.around["split_batches"], declaration.around["placebo"]) == (0, True, False)
