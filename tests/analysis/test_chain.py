"""Screen, follow-up and confirmation as one chain, on simulated runs."""

import numpy as np
import pytest

from bench.analysis import effects, interactions
from bench.plan import make_plan, next_stage

TRUE = {"h0": -0.5, "h1": 0.4, "h2": -0.3}


def shifts(plan):
    return [TRUE.get(hack, 0.0) for hack in plan.hacks]


@pytest.mark.parametrize("arms", [(), ("leave_one_out", "add_one_in")])
def test_three_stages_end_with_the_hacks_that_matter(simulate, hacks, arms):
    screen = make_plan("s", hacks, ["a", "b"], 2, arms=arms)
    runs = simulate(hacks, shifts(screen), made=screen, rng_seed=1)
    first = effects(runs, hacks)
    follow = next_stage(screen, first, "follow-up", "f", seeds=2)
    assert set(TRUE) | {"placebo"} <= set(follow.hacks)

    kept = list(follow.hacks)
    assert kept[:2] == ["h0", "h1"], "the simulated interaction is between the first two"
    runs = simulate(kept, shifts(follow), made=follow, pair=0.4, rng_seed=2)
    second = effects(runs, kept, family="followup")
    assert set(second.query("verdict in ['helps', 'hurts']")["hack"]) >= {"h1", "h2"}
    pairs = interactions(runs, kept)
    assert pairs["estimable"].all()
    found = pairs[pairs["found"]]
    assert {("h0", "h1")} == set(zip(found["hack_a"], found["hack_b"], strict=True))

    confirm = next_stage(follow, second, "confirm", "c", seeds=6)
    assert min(confirm.seeds) > max(follow.seeds) > max(screen.seeds)
    runs = simulate(list(confirm.hacks), shifts(confirm), made=confirm, rng_seed=3)
    third = effects(runs, list(confirm.hacks), family="confirm").set_index(["dataset", "hack"])
    for dataset in "ab":
        for hack, shift in TRUE.items():
            row = third.loc[(dataset, hack)]
            assert row["verdict"] == ("helps" if shift < 0 else "hurts")
            assert row["ci_low_simultaneous_pct"] < 100 * np.expm1(shift) < row["ci_high_simultaneous_pct"]
        assert third.loc[(dataset, "placebo"), "verdict"] in ("inconclusive", "negligible")
