import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from bench.plan import detectable, make_plan, minimum_detectable_effect, runs_needed
from bench.plan.power import MOST_RUNS, cell_sd, detectable_shift

HACKS = [f"h{i}" for i in range(12)]


@pytest.mark.parametrize(("cells", "seeds", "percent"), [(48, 1, 58), (48, 2, 57), (96, 1, 36), (24, 2, 193)])
def test_the_detectable_effects_of_designs_in_use(cells, seeds, percent):
    """A screen sees ×1.6; a second seed of every cell hardly helps, twice the cells do."""
    folded = cells > 24
    assert round(minimum_detectable_effect(cells, seeds, 12, folded=folded)) == percent


def test_a_screens_error_is_that_of_the_fake_columns():
    shift = detectable_shift(12)
    expected = 100 * math.expm1(shift * math.sqrt(4 / 48 * (0.15**2 + 0.5**2)))
    assert minimum_detectable_effect(48, 1, 12, 0.15, 0.5, folded=True) == pytest.approx(expected, rel=1e-12)
    assert detectable(make_plan("p", HACKS, ["a"], 1), 0.15, 0.5) == pytest.approx(expected, rel=1e-12)


def test_shift_agrees_with_statsmodels():
    # A one-sample t test of n observations has n - 1 degrees of freedom and the shift effect * sqrt(n).
    solved = TTestPower().solve_power(nobs=12, alpha=0.05, power=0.8, alternative="two-sided")
    assert detectable_shift(11) == pytest.approx(solved * math.sqrt(12), rel=1e-6)


@pytest.mark.parametrize("free", [1, 2, 3, 5, 30, 200])
def test_shift_has_the_power_asked_at_any_degrees_of_freedom(free):
    generator = np.random.default_rng(2)
    scale = np.sqrt(generator.chisquare(free, 200_000) / free)
    statistic = generator.normal(detectable_shift(free), 1, 200_000) / scale
    assert (np.abs(statistic) > stats.t.isf(0.025, free)).mean() == pytest.approx(0.80, abs=0.005)


def test_a_simulated_screen_has_the_power_promised():
    generator = np.random.default_rng(0)
    effect = math.log1p(minimum_detectable_effect(24, 2, 12) / 100)
    error = 2 * cell_sd(2) / math.sqrt(24)
    estimate = effect + error * generator.standard_normal(20_000)
    scale = np.sqrt(generator.chisquare(11, 20_000) / 11)
    assert (np.abs(estimate / (error * scale)) > 2.2009852).mean() == pytest.approx(0.80, abs=0.01)


def test_saturated_designs_see_nothing_and_more_cells_beat_more_seeds():
    assert minimum_detectable_effect(13, 3, 12) == math.inf
    assert minimum_detectable_effect(48, 1, 12) < minimum_detectable_effect(24, 2, 12)


def test_a_plan_is_judged_by_its_worst_placed_hack():
    plain = make_plan("p", HACKS, ["a"], 2)
    constrained = make_plan("p", HACKS, ["a"], 2, exclusions=[("h0", "h1")])
    assert detectable(plain) == minimum_detectable_effect(48, 2, 12, folded=True)
    inflated = math.sqrt(max(constrained.variance.values()))
    assert inflated > 1
    expected = minimum_detectable_effect(48, 2, 12, 0.15 * inflated, 0.85 * inflated)
    assert detectable(constrained) == pytest.approx(expected, rel=1e-12), "not folded: the residual is its error"


def test_a_plan_of_arms_is_judged_by_its_pairs():
    four = make_plan("p", HACKS, ["a"], 4, design="arms")
    expected = 100 * math.expm1(detectable_shift(3) * 0.15 / math.sqrt(4))
    assert detectable(four) == pytest.approx(expected, rel=1e-12)
    assert detectable(make_plan("p", HACKS, ["a"], 1, design="arms")) == math.inf


@pytest.mark.parametrize(("effect", "sd"), [(0.1, 0.15), (-0.2, 0.15), (0.3, 0.4), (0.0, 0.1), (0.02, 0.15)])
def test_runs_needed_give_the_power_asked(effect, sd):
    seeds, hacks, sesoi = 2, 12, 0.05
    cells = runs_needed(effect, sd, seeds, hacks, sesoi) / seeds
    generator = np.random.default_rng(1)

    def power(cells):
        free, error = cells - hacks - 1, 2 * sd / math.sqrt(cells)
        scale = error * np.sqrt(generator.chisquare(free, 40_000) / free)
        estimate = effect + error * generator.standard_normal(40_000)
        if abs(math.expm1(effect)) > sesoi:
            return (np.abs(estimate) > stats.t.isf(0.025, free) * scale).mean()
        half = stats.t.isf(0.05, free) * scale
        return ((estimate - half > math.log1p(-sesoi)) & (estimate + half < math.log1p(sesoi))).mean()

    assert power(cells) >= 0.78
    if cells > 20:
        assert power(0.8 * cells) < 0.80


def test_an_effect_on_the_border_of_interest_is_never_settled():
    assert runs_needed(math.log1p(0.05), 0.1, 2, 12, 0.05) == MOST_RUNS
    assert runs_needed(math.log1p(0.0499), 0.1, 2, 12, 0.05) == MOST_RUNS
    assert runs_needed(0.1, 0.1, 2, 12, limits=(-0.1, 0.1)) == MOST_RUNS
    needed = [runs_needed(effect, 0.1, 2, 12, 0.05) for effect in (0.2, 0.1, 0.06)]
    assert needed == sorted(needed)
    assert len(set(needed)) == 3
    folded = runs_needed(0.2, 0.1, 2, 12, 0.05, folded=True)
    assert folded == 2 * 32, "32 cells leave four fake columns, enough for so large an effect"
