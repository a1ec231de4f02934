"""What a table holds, and what is true of it."""

import numpy as np
import pandas as pd
import pytest

from bench.errors import UserError
from bench.replay.table import read_table

HACKS = ("strong", "weak", "none", "harmful")


def test_the_runs_with_the_placebo_are_further_seeds(table):
    assert table.hacks == HACKS
    assert (table.recipes, table.seeds, table.y.shape) == (16, 16, (16, 16))


@pytest.mark.parametrize("number", range(16))
def test_a_recipe_is_worth_the_mean_of_its_runs(table, law, number):
    levels = table.levels(number)
    assert table.number({**levels, "placebo": True}) == number
    rows = table.rows[(table.rows[list(HACKS)] == pd.Series(levels)).all(axis=1)]
    assert len(rows) == 16
    assert table.truth[number] == pytest.approx(np.log(rows["fid"]).mean(), abs=1e-12)
    assert table.truth[number] == pytest.approx(law(levels), abs=0.1)


def test_effects_are_those_that_the_runs_were_made_with(table):
    full = 15
    assert table.local(full, "strong") == pytest.approx(-1.5, abs=0.1)  # -1, and the half that weak costs without it
    assert table.local(full - 1, "weak") == pytest.approx(0.25, abs=0.1)
    assert table.average("harmful") == pytest.approx(0.6, abs=0.04)
    assert table.average("weak") == pytest.approx(0.0, abs=0.04)
    assert table.average("weak", ("strong",)) == pytest.approx(-0.25, abs=0.05)
    assert table.local(3, "placebo") == table.average("placebo") == 0.0


def test_ranks_and_regrets(table):
    best = int(np.argmin(table.truth))
    assert table.levels(best)["harmful"] is False
    assert (table.rank(best), table.regret(best)) == (1, 0.0)
    worst = int(np.argmax(table.truth))
    assert table.rank(worst) == 16
    assert table.regret(worst) == pytest.approx(table.truth.max() - table.truth.min())


def test_halves_share_no_run(table_folder, table):
    halves = [read_table(table_folder, half=half) for half in ("calibration", "report")]
    assert [each.seeds for each in halves] == [8, 8]
    own = [set(zip(each.rows["cell"], each.rows["seed"], strict=True)) for each in halves]
    assert not own[0] & own[1]
    assert len(own[0] | own[1]) == len(table.rows)


def test_what_is_no_table_is_refused(table_folder, tmp_path):
    with pytest.raises(UserError, match="dataset 'mnist' is not in the table: expected one of digits"):
        read_table(table_folder, "mnist")
    with pytest.raises(UserError, match="half 'third': expected one of all, calibration, report"):
        read_table(table_folder, half="third")
    runs = pd.read_parquet(table_folder / "runs.parquet")
    partial = tmp_path / "partial"
    partial.mkdir()
    (partial / "plan.json").write_text((table_folder / "plan.json").read_text())
    runs[runs["cell"] != "c04"].query("cell != 'c05' or seed == 0").to_parquet(partial / "runs.parquet")
    with pytest.raises(UserError, match="has 1 runs of some recipe on digits"):
        read_table(partial)
