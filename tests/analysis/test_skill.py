import numpy as np
import pytest
from scipy.stats import trim_mean

from bench.analysis import performance_profile, skill_profile, with_outcome


@pytest.fixture
def runs(simulate, hacks):
    return simulate(hacks, (-0.6, 0.3), datasets=("a", "b"), seeds=2, noise_sd=0.2, risks=(0, 0, 0.3))


def test_iqm_is_the_mean_of_the_middle_half(runs, hacks):
    table = skill_profile(runs, hacks, draws=200).set_index(["hack", "level"])
    skill = with_outcome(runs)["skill"]
    for hack in hacks:
        for level in (True, False):
            expected = trim_mean(skill[runs[hack] == level], 0.25)
            assert table.loc[(hack, "on" if level else "off"), "iqm"] == pytest.approx(expected, abs=1e-12)
    assert (table["ci_low"] < table["iqm"]).all()
    assert (table["iqm"] < table["ci_high"]).all()
    assert set(table["runs"]) == {96}
    assert set(table["datasets"]) == {2}


def test_the_bootstrap_is_seeded(runs, hacks):
    first, again = (skill_profile(runs, hacks[:2], seed=3, draws=100) for _ in range(2))
    assert first.equals(again)
    assert not first.equals(skill_profile(runs, hacks[:2], seed=4, draws=100))


def test_the_bootstrap_draws_cells_and_not_runs(simulate, hacks):
    """Fifty equal seeds of every cell say no more about other recipes than one does."""
    runs = simulate(hacks, (-0.6, 0.3), seeds=1, noise_sd=0.3)
    repeated = runs.loc[runs.index.repeat(50)].assign(seed=np.tile(np.arange(50), len(runs)))
    widths = []
    for frame in (runs, repeated):
        row = skill_profile(frame, ["h5"], draws=2000).iloc[0]
        widths.append(row["ci_high"] - row["ci_low"])
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_strata_keep_their_size(runs, hacks):
    """An easy and a hard dataset: resampling datasets would swing the mean between them."""
    easy = runs["dataset"] == "a"
    split = runs.assign(status="ok", fid=np.where(easy, runs["fid_real"], runs["fid_noise"]))
    table = performance_profile(split, hacks, "h0", points=3, draws=200)
    middle = table[table["skill"] == 0.5]
    np.testing.assert_allclose(middle[["share", "ci_low", "ci_high"]], 0.5)


def test_profile_is_the_share_above_each_threshold(runs, hacks):
    table = performance_profile(runs, hacks, "h2", points=11, draws=200)
    skill = with_outcome(runs)["skill"]
    for row in table.itertuples():
        group = skill[runs["h2"] == (row.level == "on")]
        assert row.share == pytest.approx((group > row.skill).mean(), abs=1e-12)
        assert row.ci_low <= row.share <= row.ci_high
    for _, group in table.groupby("level"):
        assert group["share"].is_monotonic_decreasing
