"""Effects by the fake columns of a folded design, held against the definition in SCIENCE.md written out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis import effects, fake_factors, noise_sources, spread
from bench.analysis.cells import CellMeans
from bench.analysis.folded import folded_effects
from bench.plan import screening
from bench.plan.paley import hadamard

HACKS = [f"h{i}" for i in range(11)] + ["placebo"]
FAMILY = 24


def wide_runs(y, levels, seeds=None):
    """One run a cell with log FID `y`; `seeds` (cells,) or none."""
    frame = levels.reset_index(drop=True)
    return frame.assign(
        dataset="a",
        cell=[f"c{i:02d}" for i in range(len(frame))],
        seed=0 if seeds is None else seeds,
        status="ok",
        fid=np.exp(y),
        fid_noise=1e6,
        fid_real=1e-3,
    )


@pytest.fixture(scope="module")
def world():
    """48 cells with effects, one strong pair, three triples and noise; and the half that makes them."""
    half = hadamard(24)[:, 1:]
    names = [f"h{i}" for i in range(11)] + ["placebo"]
    signs = np.vstack([half, -half])
    levels = pd.DataFrame(signs[:, :12] > 0, columns=names)
    generator = np.random.default_rng(7)
    y = -0.5 * signs[:, 0] + 0.35 * signs[:, 1] + 0.5 * signs[:, 2] * signs[:, 7]
    for a, b, c in ((0, 1, 3), (2, 5, 8), (4, 6, 9)):
        y = y + 0.1 * signs[:, a] * signs[:, b] * signs[:, c]
    return levels, signs, y + 0.15 * generator.standard_normal(48)


def test_the_error_is_the_mean_square_of_the_columns_that_no_hack_has(world):
    levels, signs, y = world
    table = effects(wide_runs(y, levels), HACKS).set_index("hack")
    # The completed orthogonal set: eleven further columns of the Hadamard matrix and its constant one.
    fake = np.column_stack([signs[:, 12:], np.repeat([1, -1], FAMILY)])
    slopes = fake.T @ y / 48
    ms_odd = 48 * (slopes**2).sum() / 12
    error = 2 * np.sqrt(ms_odd / 48)
    np.testing.assert_allclose(table["effect_log"], 2 * signs[:, :12].T @ y / 48, atol=1e-12)
    np.testing.assert_allclose(table["se_log"], error, rtol=1e-12)
    assert set(table["df"]) == {12.0}
    assert set(table["error"]) == {"fake columns"}
    effect = table["effect_log"]
    np.testing.assert_allclose(table["p"], 2 * stats.t.sf(np.abs(effect) / error, 12), rtol=1e-9)
    np.testing.assert_allclose(table["ci_high_pct"], 100 * np.expm1(effect + stats.t.isf(0.025, 12) * error), rtol=1e-9)
    assert (table["note"] == "").all()
    assert table.loc["h0", "verdict"] == "helps"


def test_interactions_of_pairs_change_nothing(world):
    levels, signs, y = world
    more = y + 2.0 * signs[:, 3] * signs[:, 4] - 1.0 * signs[:, 0] * signs[:, 1]
    columns = ["effect_log", "se_log", "p", "verdict"]
    pd.testing.assert_frame_equal(
        effects(wide_runs(more, levels), HACKS)[columns], effects(wide_runs(y, levels), HACKS)[columns]
    )


def test_a_seed_that_a_recipe_shares_with_its_mirror_image_changes_nothing(world):
    levels, _, y = world
    seeds = np.tile(np.arange(FAMILY), 2)
    luck = np.random.default_rng(0).normal(0, 3, FAMILY)[seeds]
    columns = ["effect_log", "se_log", "p"]
    pd.testing.assert_frame_equal(
        effects(wide_runs(y + luck, levels, seeds), HACKS)[columns], effects(wide_runs(y, levels), HACKS)[columns]
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_screen_is_recognised_whatever_its_order(seed):
    levels = screening(HACKS, seed)
    signs = np.where(levels, 1.0, -1.0)
    y = 0.3 * signs[:, 4] + np.random.default_rng(seed).normal(0, 0.1, 48)
    frame = wide_runs(y, levels)
    table = effects(frame, HACKS)
    assert set(table["error"]) == {"fake columns"}
    shuffled = effects(frame.sample(frac=1, random_state=seed), HACKS)
    np.testing.assert_allclose(shuffled["se_log"], table["se_log"], rtol=1e-9)


def test_with_two_seeds_a_cell_is_their_mean(world):
    levels, _, y = world
    twice = pd.concat([wide_runs(y + 0.1, levels), wide_runs(y - 0.1, levels, np.ones(48, dtype=int))])
    once = effects(wide_runs(y, levels), HACKS)
    np.testing.assert_allclose(effects(twice, HACKS)["se_log"], once["se_log"], rtol=1e-9)
    assert set(effects(twice, HACKS)["runs"]) == {96}


def test_without_a_run_the_error_is_the_residuals_and_says_so(world):
    levels, _, y = world
    frame = wide_runs(y, levels)
    lost = effects(frame.iloc[1:], HACKS)
    assert set(lost["error"]) == {"residual"}
    assert lost["note"].str.contains("of 47 cells, 1 lack their mirror image").all()
    assert (lost["se_log"] > 1.5 * effects(frame, HACKS)["se_log"]).all(), "the strong pair is in it"
    crashed = frame.assign(status=["running", *["ok"] * 47])
    assert set(effects(crashed, HACKS)["error"]) == {"residual"}


@pytest.mark.parametrize(("order", "expected"), [(12, "residual"), (20, "fake columns")])
def test_only_with_columns_to_spare(order, expected):
    half = hadamard(order)[:, -11:]
    levels = pd.DataFrame(np.vstack([half, -half]) > 0, columns=HACKS[:11])
    y = np.random.default_rng(1).normal(0, 0.2, len(levels))
    table = effects(wide_runs(y, levels), HACKS[:11])
    assert set(table["error"]) == {expected}
    assert (table["note"] == "").all()


def test_a_design_that_is_not_folded_has_the_residual():
    levels = pd.DataFrame(np.random.default_rng(0).random((48, 12)) < 0.5, columns=HACKS)
    y = np.random.default_rng(1).normal(0, 0.2, 48)
    assert set(effects(wide_runs(y, levels), HACKS)["error"]) == {"residual"}


def test_anchors_are_outside_and_give_the_noise_of_seeds(world):
    levels, _, y = world
    frame = wide_runs(y, levels).assign(arm="screen")
    bare = frame[~frame[HACKS].any(axis=1)]
    anchors = pd.concat([bare.assign(arm="anchor", cell="anchor-bare", seed=seed) for seed in (1, 2, 3)])
    generator = np.random.default_rng(3)
    anchors["fid"] *= np.exp(generator.normal(0, 0.2, 3))
    both = pd.concat([frame, anchors])
    table = effects(both, HACKS)
    np.testing.assert_allclose(table["se_log"], effects(frame, HACKS)["se_log"], rtol=1e-12)
    alike = np.log([bare["fid"].iloc[0], *anchors["fid"]])
    noise = spread(both, HACKS).iloc[0]
    assert noise["seed_sd"] == pytest.approx(alike.std(ddof=1), rel=1e-9)
    ms_odd = 48 * table["se_log"].iloc[0] ** 2 / 4
    assert noise["config_sd"] == pytest.approx(np.sqrt(max(ms_odd - alike.var(ddof=1), 0)), rel=1e-9)


def test_the_sources_of_noise(world):
    levels, _, y = world
    row = noise_sources(wide_runs(y, levels), HACKS).iloc[0]
    half = (y[:FAMILY] + y[FAMILY:]) / 2
    assert row["ms_even"] == pytest.approx(2 * half.var(ddof=1), rel=1e-9)
    assert row["df_even"] == 23
    assert row["ms_odd"] == pytest.approx(12 * effects(wide_runs(y, levels), HACKS)["se_log"].iloc[0] ** 2, rel=1e-9)
    assert row["pairs_ratio"] == pytest.approx(row["ms_even"] / row["ms_odd"])
    assert row["pairs_p"] == pytest.approx(stats.f.sf(row["pairs_ratio"], 23, 12))
    assert np.isnan(row["threes_p"]), "one seed a cell and no anchors"
    noise = np.random.default_rng(5).normal(0, 0.02, (2, 48))
    two = pd.concat([wide_runs(y + noise[k], levels, np.full(48, k)) for k in (0, 1)])
    row = noise_sources(two, HACKS).iloc[0]
    assert row["ms_seed"] == pytest.approx(((noise[0] - noise[1]) ** 2).sum() / 2 / 48 / 2, rel=1e-6)
    assert row["threes_p"] < 1e-6


def test_fake_factors_have_the_mean_square_of_the_error(world):
    levels, _, y = world
    frame = wide_runs(y, levels)
    fakes = fake_factors(frame, HACKS)
    assert list(fakes["hack"]) == [f"fake {i}" for i in range(1, 13)]
    error = effects(frame, HACKS)["se_log"].iloc[0]
    assert np.sqrt((fakes["effect_log"] ** 2).mean()) == pytest.approx(error, rel=1e-9)
    assert fake_factors(frame.iloc[1:], HACKS).empty


@pytest.fixture(scope="module")
def dependent(world):
    """As `world`, with h7 acting only where h2 is on: 2β = 2β_pair."""
    levels, signs, y = world
    return levels, signs, y - 0.4 * signs[:, 7] + (-0.4 - 0.5) * signs[:, 2] * signs[:, 7]


def test_an_effect_given_what_it_needs(dependent):
    levels, signs, y = dependent
    table = effects(wide_runs(y, levels), HACKS, needs={"h7": ("h2",)}).set_index("hack")
    plain = effects(wide_runs(y, levels), HACKS).set_index("hack")
    row = table.loc["h7"]
    assert row["given"] == "h2"
    assert (table.drop(index="h7")["given"] == "").all()
    product = signs[:, 2] * signs[:, 7]
    pair = product @ y / 48
    assert row["effect_log"] == pytest.approx(plain.loc["h7", "effect_log"] + 2 * pair, abs=1e-12)
    even = (y[:FAMILY] + y[FAMILY:]) / 2
    terms = np.column_stack([np.ones(FAMILY), product[:FAMILY]])
    rest = even - terms @ np.linalg.lstsq(terms, even, rcond=None)[0]
    odd_part = plain.loc["h7", "se_log"] ** 2
    even_part = 4 * (2 * rest @ rest / 22) / 48
    assert row["se_log"] == pytest.approx(np.sqrt(odd_part + even_part), rel=1e-9)
    free = (odd_part + even_part) ** 2 / (odd_part**2 / 12 + even_part**2 / 22)
    assert row["df"] == pytest.approx(free, rel=1e-9)
    assert row["verdict"] == "helps"
    assert plain.loc["h7", "effect_log"] == pytest.approx(-0.8, abs=0.2)
    others = [hack for hack in HACKS if hack != "h7"]
    pd.testing.assert_frame_equal(
        table.loc[others, ["effect_log", "se_log"]], plain.loc[others, ["effect_log", "se_log"]]
    )


def test_in_a_residual_the_declared_pair_is_in_the_model_of_that_hack_alone(dependent):
    """Taken out of the others' error it would leave too little: interactions of three leak into them unseen."""
    levels, _, y = dependent
    lost = wide_runs(y, levels).iloc[1:]
    with_pair = effects(lost, HACKS, needs={"h7": ("h2",)}).set_index("hack")
    without = effects(lost, HACKS).set_index("hack")
    own = with_pair.loc["h7"]
    assert (own["given"], own["error"], own["df"]) == ("h2", "residual", without.loc["h7", "df"] - 1)
    assert own["se_log"] < 1.4 * 0.7 * without.loc["h7", "se_log"], "of two contrasts, with the pair out of the error"
    others = [hack for hack in HACKS if hack != "h7"]
    np.testing.assert_allclose(with_pair.loc[others, "se_log"], without.loc[others, "se_log"], rtol=1e-12)
    np.testing.assert_allclose(with_pair.loc[others, "effect_log"], without.loc[others, "effect_log"], rtol=1e-12)


def test_what_is_needed_and_is_off_everywhere_or_elsewhere(dependent):
    levels, _, y = dependent
    frame = wide_runs(y, levels).assign(never=False)
    row = effects(frame, [*HACKS, "never"], needs={"h7": ("never",)}).set_index("hack").loc["h7"]
    assert np.isnan(row["effect_log"])
    assert row["note"] == "h7 needs never, which is off in every run"
    elsewhere = effects(frame, HACKS, needs={"h7": ("not_here",)}).set_index("hack").loc["h7"]
    assert elsewhere["given"] == ""
    assert elsewhere["error"] == "fake columns"


def test_an_interval_given_what_a_hack_needs_covers():
    """With four other pairs and eight triples as strong as recorded; the truth is known from the coefficients."""
    generator = np.random.default_rng(11)
    signs = np.where(screening(HACKS, 3), 1.0, -1.0)
    covered, sweeps = 0, 600
    for _ in range(sweeps):
        y = -0.3 * signs[:, 7] - 0.3 * signs[:, 2] * signs[:, 7] + 0.15 * generator.standard_t(3, 48) / np.sqrt(3)
        for size, number, sd in ((2, 4, 0.12), (3, 8, 0.15)):
            for _ in range(number):
                y = y + sd * generator.normal() * signs[:, generator.permutation(12)[:size]].prod(axis=1)
        means = CellMeans(signs, y, np.ones(48, dtype=int), np.arange(48))
        found = folded_effects(means, HACKS, {"h7": ["h2"]})
        # A drawn pair of the same two hacks is part of the truth, but it is drawn once in 66 times.
        covered += abs(found.effect[7] + 1.2) < stats.t.isf(0.025, found.free[7]) * found.error[7]
    assert 0.93 < covered / sweeps < 0.985
