from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.arms import paired_failure_p
from bench.analysis.cells import cell_means
from bench.analysis.failures import failure_difference, permutation_p, probability_of_improvement


def frame(levels, seeds=1):
    rows = [(f"c{i}", s, bool(v)) for i, v in enumerate(levels) for s in range(seeds)]
    return pd.DataFrame(rows, columns=["cell", "seed", "h"])


def test_permutation_p_is_the_share_of_all_exchanges_of_cells():
    runs = frame([1] * 5 + [0] * 5)
    failed = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 1], dtype=bool)
    p = permutation_p(cell_means(runs, ["h"], failed), failed)[0]
    observed = failed[:5].sum()
    exact = np.mean([sum(i < 5 for i in where) >= observed for where in combinations(range(10), failed.sum())])
    assert exact == pytest.approx(0.2619, abs=1e-4)
    assert p == pytest.approx(exact, abs=0.015)
    assert p == permutation_p(cell_means(runs, ["h"], failed), failed)[0], "the same every time"


def test_cells_are_exchanged_and_runs_are_not():
    """Four seeds that fail together are one piece of evidence, not four."""
    runs = frame([1, 1, 0, 0], seeds=4)
    failed = np.array([1] * 4 + [0] * 12, dtype=bool)
    assert permutation_p(cell_means(runs, ["h"], failed), failed)[0] == pytest.approx(0.5, abs=0.02)


def test_fewer_failures_are_no_evidence_of_more():
    runs = frame([1] * 6 + [0] * 6)
    failed = ~runs["h"].to_numpy()
    assert permutation_p(cell_means(runs, ["h"], failed), failed)[0] == 1.0


def test_without_any_failure_p_is_one_and_a_constant_hack_has_none():
    runs = frame([1, 0, 1, 0]).assign(always=True)
    p = permutation_p(cell_means(runs, ["h", "always"], np.zeros(4)), np.zeros(4))
    assert p[0] == 1.0
    assert np.isnan(p[1])


def test_newcombes_published_example():
    """Newcombe 1998, method 10: 56 of 70 against 48 of 80 has the interval 0.0524 to 0.3339."""
    failed = np.array([True] * 56 + [False] * 14 + [True] * 48 + [False] * 32)
    levels = np.array([True] * 70 + [False] * 80)[:, None]
    estimate, low, high = failure_difference(failed, levels)[0]
    assert (round(estimate, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)


def test_probability_of_improvement_counts_pairs():
    y, failed = np.array([1.0, 3.0, 2.0, 2.0, 5.0, 5.0]), np.array([0, 0, 0, 0, 0, 1], dtype=bool)
    levels = np.array([1, 1, 0, 1, 0, 0], dtype=bool)
    on, off = [(1.0, 0), (3.0, 0), (2.0, 0)], [(2.0, 0), (5.0, 0), (5.0, 1)]
    pairs = [1.0 if (f, a) < (g, b) else 0.5 if (f, a) == (g, b) else 0.0 for a, f in on for b, g in off]
    assert probability_of_improvement(y, failed, levels[:, None])[0] == pytest.approx(np.mean(pairs))


def test_a_failed_run_is_behind_one_that_reached_the_cap():
    y, failed = np.array([4.0, 4.0]), np.array([True, False])
    assert probability_of_improvement(y, failed, np.array([[False], [True]]))[0] == 1.0


def test_paired_failures_are_mcnemars_exact_test():
    series = pd.Series([1, 1, 1, 1, 1, 0, -1, 0])
    p = paired_failure_p({"loo": [series, pd.Series([0.0])], "add": [pd.Series(dtype=float), pd.Series(dtype=float)]})
    assert p[0] == pytest.approx((6 + 1) / 2**6)
    assert p[1] == 1.0
