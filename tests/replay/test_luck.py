"""How runs are drawn from a table that has few of each recipe."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bench.errors import UserError
from bench.records.outcome import with_outcome
from bench.records.plan import PLACEBO, Cell
from bench.replay.luck import Luck, luck_of, pooled
from bench.replay.world import World


def asked(table, number, seeds, placebo=False):
    levels = {**table.levels(number), PLACEBO: placebo}
    return [("digits", Cell("a", levels, "screen", ("digits",), (3,)), seed) for seed in seeds]


def with_dead(table, recipe):
    """The table with one run of a recipe at the ceiling."""
    rows = table.rows.copy()
    at = recipe * table.seeds
    rows.loc[at, ["y", "at_ceiling"]] = [np.log(20.0), True]
    return replace(table, rows=rows)


@pytest.mark.parametrize("kind", ["pooled", "own"])
def test_a_run_is_a_function_of_the_draw_and_the_seed(table, kind):
    luck = Luck(table, kind)
    runs = World(luck, 0).runs(asked(table, 5, range(400)))
    assert runs["seed"].tolist() == list(range(400))
    assert runs["y"].mean() == pytest.approx(table.truth[5], abs=0.02)
    pd.testing.assert_frame_equal(runs, World(luck, 0).runs(asked(table, 5, range(400))))
    for other in (
        World(luck, 1).runs(asked(table, 5, range(400))),
        World(luck, 0).runs(asked(table, 5, range(400), True)),
    ):
        assert not runs["y"].equals(other["y"])
    np.testing.assert_allclose(with_outcome(runs)["y"], runs["y"], atol=1e-12)


def test_own_luck_is_a_run_of_the_recipe_and_one_seed_is_one_of_the_tables_for_all(table):
    luck = Luck(table, "own")
    one, two = (World(luck, 0).runs(asked(table, number, range(300)))["y"].to_numpy() for number in (5, 9))
    assert set(one) == set(table.y[5])
    place = [int(np.flatnonzero(table.y[5] == y)[0]) for y in one]
    np.testing.assert_array_equal(two, table.y[9][place])
    assert np.bincount(place).min() > 300 / table.seeds / 3


def test_pooled_luck_has_more_values_and_each_recipe_its_own(table, luck):
    one, two = (World(luck, 0).runs(asked(table, number, range(3000)))["y"].to_numpy() for number in (5, 9))
    assert len(set(one)) > 200
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1
    assert one.std() == pytest.approx(table.y[5].std(ddof=1), rel=0.35)


def test_the_pooled_law_has_no_drift_the_runs_variance_and_shrunken_spreads():
    generator = np.random.default_rng(0)
    sd = 0.1 * np.exp(0.5 * generator.standard_normal(400))
    y = generator.normal(3, 1, (400, 1)) + sd[:, None] * generator.standard_normal((400, 6))
    spread, pool = pooled(y, np.ones(400, dtype=bool))
    assert len(pool) == 2400
    assert pool.mean() == pytest.approx(0, abs=1e-12)
    assert pool.var() == pytest.approx(1)
    assert np.mean(spread**2) == pytest.approx(np.mean(sd**2), rel=0.1)
    own = y.std(axis=1, ddof=1)
    assert np.log(spread).std() < np.log(own).std()
    assert np.corrcoef(np.log(spread), np.log(sd))[0, 1] > 0.8


def test_recipes_that_touch_the_worst_end_keep_their_own_runs_and_teach_the_others_nothing(table):
    touched = Luck(with_dead(table, 5))
    turns = np.arange(2000)
    assert set(touched.y(np.full(2000, 5), turns)) == set(touched.table.y[5])
    assert np.abs(touched.y(np.full(2000, 6), turns) - table.truth[6]).max() < 1
    near = replace(table, rows=table.rows.assign(fid_ceiling=np.exp(table.truth.max() + 0.2)))
    assert set(Luck(near).y(np.full(2000, int(np.argmax(table.truth))), turns)) == set(table.y[np.argmax(table.truth)])


def test_where_all_touch_the_worst_end_nothing_is_pooled(table):
    dead = replace(table, rows=table.rows.assign(failed=True))
    assert set(Luck(dead).y(np.full(500, 3), np.arange(500))) == set(table.y[3])


def test_an_unknown_kind_is_refused(table):
    with pytest.raises(UserError, match="luck 'bad': expected one of pooled, own"):
        luck_of(table, "bad")


def test_what_seeds_share_is_seen(table):
    generator = np.random.default_rng(1)
    own, common = generator.normal(size=(16, 16)), generator.normal(size=16)
    rows, between = table.rows.assign(y=(own + 2 * common).ravel()), 4 * common.var(ddof=1)
    assert replace(table, rows=rows).shared == pytest.approx(between / (between + 1), abs=0.05)
    assert table.shared == pytest.approx(0, abs=0.1)
