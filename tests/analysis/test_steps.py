import numpy as np
import pandas as pd
import pytest

from bench.analysis import effects, effects_over_steps
from bench.errors import UserError


def curves_of(runs, growth):
    """FID at steps 100, 200, 300; the effect of h0 fades as `growth` says, the last step is the run's own FID."""
    rows = []
    for share, step in zip(growth, (100, 200, 300), strict=True):
        fid = runs["fid"] * np.exp((1 - share) * 0.5 * runs["h0"])
        rows.append(runs[["dataset", "cell", "seed"]].assign(step=step, fid=fid))
    blank = runs[["dataset", "cell", "seed"]].assign(step=150, fid=np.nan)
    return pd.concat([*rows, blank]).sample(frac=1, random_state=0)


def test_each_step_is_its_own_regression_and_the_last_is_the_effect(simulate, hacks):
    runs = simulate(hacks, (-0.5, 0.2), seeds=2)
    table = effects_over_steps(runs, curves_of(runs, (0, 0.5, 1)), hacks)
    assert sorted(table["step"].unique()) == [100, 200, 300]
    final = effects(runs, hacks).set_index("hack")
    for step, share in ((100, 0), (200, 0.5), (300, 1)):
        rows = table[table["step"] == step].set_index("hack")
        shift = pd.Series(0.0, index=hacks)
        shift["h0"] = (1 - share) * 0.5
        np.testing.assert_allclose(rows["effect_log"][hacks], (final["effect_log"] + shift)[hacks], atol=1e-10)
        assert (rows["runs"] == 96).all()
    last = table[table["step"] == 300].set_index("hack")
    np.testing.assert_allclose(last["ci_low_pct"][hacks], final["ci_low_pct"][hacks], atol=1e-8)


def test_failed_runs_stay_at_noise_where_their_curve_ends(simulate, hacks):
    runs = simulate(hacks, (), seeds=2, noise_sd=0.05)
    failed = (runs["cell"] == "c02") & (runs["seed"] == 1)
    runs.loc[failed, ["status", "fid"]] = ["diverged", np.nan]
    curves = curves_of(runs.assign(fid=runs["fid"].fillna(7.0)), (1, 1, 1))
    gone = (curves["cell"] == "c02") & (curves["seed"] == 1) & (curves["step"] > 100)
    table = effects_over_steps(runs, curves[~gone], hacks)
    assert (table["runs"] == 96).all(), "every step compares the same runs"
    final = effects(runs, hacks).set_index("hack")["effect_log"]
    for step in (200, 300):
        np.testing.assert_allclose(table[table["step"] == step].set_index("hack")["effect_log"], final, atol=1e-10)
    first = table[table["step"] == 100].set_index("hack")["effect_log"]
    assert np.abs(first - final).max() > 0.05, "before it diverged the run had a FID of its own"


def test_a_run_that_diverged_is_at_the_ceiling_at_the_last_step(simulate, hacks):
    runs = simulate(hacks, (), seeds=1)
    curves = curves_of(runs, (1, 1, 1))
    runs.loc[runs["h4"], "status"] = "diverged"
    table = effects_over_steps(runs, curves, hacks).set_index(["hack", "step"])["effect_pct"]
    assert table["h4", 300] > 500
    assert abs(table["h4", 200]) < 20


def test_fid_worse_than_noise_is_capped(simulate, hacks):
    runs = simulate(hacks, (), seeds=1)
    curves = curves_of(runs, (1, 1, 1)).assign(fid=lambda f: f["fid"] + 1e6)
    assert (effects_over_steps(runs, curves, hacks)["effect_log"].abs() < 1e-9).all()


def test_curves_without_a_column_are_refused(simulate, hacks):
    runs = simulate(hacks)
    with pytest.raises(UserError, match="frame of curves has no column 'step'"):
        effects_over_steps(runs, runs.drop(columns="arm"), hacks)
