"""The pieces local effects are made of, against tables and formulas of their sources."""

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.multitest import multipletests

from bench.analysis.behrens_fisher import half_width, matched_free, upper_tail
from bench.analysis.moderation import FREE_RANGE, Prior, fit_prior, moderated
from bench.analysis.spending import spending
from bench.analysis.star_rules import Arms, adjusted_rows, failure_p
from bench.errors import UserError


@pytest.mark.parametrize(
    ("free", "angle", "quantile"),
    [(6, 15, 2.440), (6, 30, 2.435), (8, 15, 2.300), (8, 45, 2.292), (12, 15, 2.175), (12, 45, 2.167)],
)
def test_behrens_fisher_is_that_of_the_tables(free, angle, quantile):
    # Fisher & Yates, Statistical Tables, table VI: 5 % two-sided, equal degrees of freedom.
    first, second = np.cos(np.radians(angle)) ** 2, np.sin(np.radians(angle)) ** 2
    assert half_width(0.025, first, free, second, free) == pytest.approx(quantile, abs=6e-4)


def test_a_mean_known_exactly_leaves_the_other_ones_t():
    at = np.array([0.0, 1.0, 3.0, 8.0])
    np.testing.assert_allclose(upper_tail(at, 1.0, 5.0, 1e-14, 9.0), stats.t.sf(at, 5), rtol=1e-5)
    np.testing.assert_allclose(upper_tail(at, 1e-14, 5.0, 4.0, 9.0), stats.t.sf(at / 2, 9), rtol=1e-5)


def test_behrens_fisher_by_drawing():
    generator = np.random.default_rng(0)
    drawn = 0.1 * generator.standard_t(3.5, 400_000) - 0.07 * generator.standard_t(9, 400_000)
    for tail in (0.2, 0.025, 0.002):
        at = np.quantile(drawn, 1 - tail)
        assert upper_tail(at, 0.01, 3.5, 0.0049, 9.0) == pytest.approx(tail, rel=0.1)


def test_many_tails_at_once_are_those_of_each():
    generator = np.random.default_rng(0)
    asked = generator.uniform(0.01, 3, (5, 4500))
    together = upper_tail(*asked)
    some = [0, 1999, 2000, 3999, 4000, 4499]
    np.testing.assert_allclose(together[some], [upper_tail(*asked[:, at]) for at in some], rtol=1e-12)


def test_half_width_inverts_the_tail_and_lets_nan_through():
    tails = np.array([[0.025], [0.0004]])
    first, second = np.array([0.01, 0.002, np.nan, 0.01]), np.array([0.004, 0.01, 0.01, 0.0])
    half = half_width(tails, first, 3.2, second, np.array([7.0, 20.0, 5.0, 5.0]))
    assert half.shape == (2, 4)
    np.testing.assert_allclose(upper_tail(half, first, 3.2, second, 7.0)[:, 0], tails[:, 0], rtol=1e-6)
    assert np.isnan(half[:, 2]).all()
    assert half[0, 3] == pytest.approx(0.1 * stats.t.isf(0.025, 3.2), rel=1e-6)


def test_one_t_has_the_interval_of_the_difference_of_two():
    first, second = np.array([0.01, 0.002, 0.01]), np.array([0.004, 0.01, 0.0])
    half, error = half_width(0.025, first, 3.2, second, 7.0), np.sqrt(first + second)
    free = matched_free(half, error)
    np.testing.assert_allclose(stats.t.isf(0.025, free) * error, half, rtol=1e-6)
    satterthwaite = (first + second) ** 2 / (first**2 / 3.2 + second**2 / 7.0)
    assert (free[:2] < satterthwaite[:2]).all()
    assert free[2] == pytest.approx(3.2, rel=1e-5)
    assert np.isnan(matched_free(np.nan, 0.1))


def test_the_prior_is_limmas_where_all_arms_have_as_many_seeds():
    generator = np.random.default_rng(1)
    free, scale, size, seeds = 5.0, 0.02, 4000, 4
    true = free * scale / generator.chisquare(free, size)
    variance = (true * generator.chisquare(seeds - 1, size) / (seeds - 1))[None, :]
    prior = fit_prior(variance, np.full((1, size), seeds - 1.0), np.ones((1, size), dtype=bool), (0.2, 1e4))
    half = (seeds - 1) / 2
    logs = np.log(variance[0]) - special.digamma(half) + np.log(half)
    # Smyth 2004, section 6.2: trigamma(free / 2) is what the variance of the logs has beyond trigamma(d / 2).
    assert special.polygamma(1, prior.free[0] / 2) == pytest.approx(
        logs.var(ddof=1) - special.polygamma(1, half), rel=1e-4
    )
    expected = logs.mean() + special.digamma(prior.free[0] / 2) - np.log(prior.free[0] / 2)
    assert np.log(prior.scale[0]) == pytest.approx(expected, rel=1e-6)
    assert prior.free[0] == pytest.approx(free, rel=0.1)
    assert prior.scale[0] == pytest.approx(scale, rel=0.05)


def test_equal_variances_make_the_prior_as_firm_as_it_may_be_and_two_make_none():
    variance, free = np.array([[0.04, 0.04, 0.04, 0.04], [0.04, 0.01, np.nan, 0.0]]), np.full((2, 4), 3.0)
    free[1, 2] = 0
    prior = fit_prior(variance, free, np.array([[True] * 4, [True, True, True, False]]))
    assert prior.free.tolist() == [FREE_RANGE[1], 0.0]
    assert np.isnan(prior.scale[1])


def test_an_identical_pair_of_runs_does_not_swallow_the_prior():
    variance = np.array([[0.0, 0.04, 0.03, 0.05, 0.02]])
    prior = fit_prior(variance, np.full((1, 5), 3.0), np.ones((1, 5), dtype=bool))
    # Taken as 1e-5 of the median (limma does so): a prior that says little, where log 0 would have left none.
    assert prior.free[0] == pytest.approx(0.401, abs=0.001)
    assert np.isfinite(prior.scale[0])


def test_moderated_variances_by_hand():
    prior = Prior(np.array([0.02]), np.array([4.0]))
    variance, free = np.array([[0.05, np.nan, 1.0, 0.001]]), np.array([[3.0, 0.0, 3.0, 3.0]])
    value, total = moderated(variance, free, prior, np.array([[False, False, True, True]]))
    # Shrunk, the prior's own, and at the ceiling: never downwards, but upwards.
    np.testing.assert_allclose(value, [[(0.08 + 0.15) / 7, 0.02, 1.0, (0.08 + 0.003) / 7]])
    np.testing.assert_allclose(total, [[7, 4, 3, 7]])


def test_without_a_prior_every_arm_stands_alone():
    none = Prior(np.array([np.nan]), np.array([0.0]))
    value, total = moderated(np.array([[0.05, np.nan]]), np.array([[3.0, 0.0]]), none, np.zeros((1, 2), dtype=bool))
    assert value[0, 0] == pytest.approx(0.05)
    assert np.isnan(value[0, 1])
    assert total.tolist() == [[3, 0]]


@pytest.mark.parametrize(
    ("looks", "alpha", "level"),
    [(2, 0.05, 0.0294), (3, 0.05, 0.0221), (4, 0.05, 0.0182), (5, 0.05, 0.0158), (2, 0.01, 0.0056), (4, 0.01, 0.0033)],
)
def test_levels_at_evenly_spaced_looks_are_pococks(looks, alpha, level):
    # Pocock 1977, table 1.
    assert spending(tuple(range(1, looks + 1))).level(alpha) == pytest.approx(level, abs=6e-5)


def test_a_p_over_looks():
    spent = spending((3, 5, 8, 12))
    assert spent.level(0.05) == pytest.approx(0.01793, abs=1e-5)
    p = np.array([1.0, 0.3, 0.01, 1e-6, np.nan])
    over = spent.over_looks(p)
    assert over[0] == 1
    assert ((over[1:4] > p[1:4]) & (over[1:4] < 4 * p[1:4])).all()
    assert np.isnan(over[4])
    assert spent.over_looks(np.array(spent.level(0.003))) == pytest.approx(0.003, rel=1e-6)
    np.testing.assert_allclose(spending((7,)).over_looks(p), p)


@pytest.mark.parametrize("looks", [(), (3, 3), (5, 3), (0, 2)])
def test_looks_that_do_not_rise(looks):
    with pytest.raises(UserError, match="must be rising numbers of seeds"):
        spending(looks)


def test_fishers_exact_test_asks_about_the_side_that_has_the_hack():
    on = np.array([[True, False, True]])
    count, failed, unused = np.array([[8, 4, 4, 0]]), np.array([[1.0, 3, 3, 0]]), np.zeros((1, 4))
    p = failure_p(Arms(count, unused, unused, failed, unused), on)
    expected = stats.fisher_exact([[3, 1], [1, 7]], alternative="greater").pvalue
    assert p[0, 0] == pytest.approx(expected)
    assert p[0, 1] == pytest.approx(stats.fisher_exact([[1, 7], [3, 1]], alternative="greater").pvalue)
    assert np.isnan(p[0, 2])


def test_adjustment_along_rows_is_that_of_statsmodels():
    p = np.random.default_rng(0).random((3, 7)) ** 3
    for family, method in (("confirm", "holm"), ("screen", "fdr_bh")):
        np.testing.assert_allclose(adjusted_rows(p, family), [multipletests(row, method=method)[1] for row in p])
    p[0, 2] = np.nan
    known = np.delete(p[0], 2)
    np.testing.assert_allclose(np.delete(adjusted_rows(p, "confirm")[0], 2), multipletests(known, method="holm")[1])
    assert np.isnan(adjusted_rows(p, "screen")[0, 2])
