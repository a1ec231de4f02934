import numpy as np
import pytest
from scipy import integrate, stats

from bench.analysis.intervals import adjusted, percent, separate_quantile, simultaneous_quantile, two_sided_p


@pytest.mark.parametrize(("hacks", "free"), [(2, 1), (12, 11), (48, 47), (5, 200)])
def test_quantile_by_adaptive_integration(hacks, free):
    bound = simultaneous_quantile(hacks, free)

    def weight(scale):
        inside = (2 * stats.norm.cdf(bound * scale) - 1) ** hacks
        return inside * stats.chi.pdf(scale * np.sqrt(free), free) * np.sqrt(free)

    covered, _ = integrate.quad(weight, 0, np.inf, limit=200)
    assert covered == pytest.approx(0.95, abs=2e-4)


def test_one_hack_needs_no_correction_and_more_need_more():
    assert simultaneous_quantile(1, 11) == pytest.approx(stats.t.isf(0.025, 11), rel=1e-9)
    assert separate_quantile(1, 11) == pytest.approx(stats.t.isf(0.025, 11), rel=1e-9)
    values = [simultaneous_quantile(hacks, 11) for hacks in range(1, 13)]
    assert values == sorted(values)
    assert simultaneous_quantile(12, 11) < separate_quantile(12, 11) < stats.t.isf(0.025 / 12, 11)


def test_a_missing_p_is_no_test():
    p = np.array([0.01, np.nan, 0.04])
    np.testing.assert_allclose(adjusted(p, "screen"), [0.02, np.nan, 0.04])
    np.testing.assert_allclose(adjusted(p, "confirm"), [0.02, np.nan, 0.04])
    assert np.isnan(adjusted(np.full(2, np.nan), "screen")).all()


def test_p_at_the_edges():
    p = two_sided_p(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, np.nan]), np.array([5, 5, 5, 5]))
    np.testing.assert_allclose(p, [1, 1, 0, np.nan])
    assert np.isnan(two_sided_p(np.array([1.0]), np.array([1.0]), np.array([0])))


def test_percent_of_halving_and_doubling():
    np.testing.assert_allclose(percent(np.log([0.5, 1, 2])), [-50, 0, 100], atol=1e-12)
