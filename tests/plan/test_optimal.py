from itertools import combinations

import numpy as np
import pytest

from bench.errors import UserError
from bench.plan import d_optimal, make_plan, screening, variance_cost
from bench.plan.optimal import feasible, model_terms

HACKS = [f"h{i}" for i in range(8)]


def log_determinant(levels):
    terms = np.column_stack([np.ones(len(levels)), np.where(levels, 1.0, -1.0)])
    return np.linalg.slogdet(terms.T @ terms)[1]


def test_the_optimum_of_a_small_case_by_brute_force():
    hacks, cells = ["a", "b", "c"], 4
    candidates = np.array([[i >> j & 1 for j in range(3)] for i in range(8)], dtype=bool)
    candidates = candidates[~(candidates[:, 0] & candidates[:, 1])]
    best = max(log_determinant(candidates[list(rows)]) for rows in combinations(range(len(candidates)), cells))
    assert log_determinant(d_optimal(hacks, [("a", "b")], cells)) == pytest.approx(best, abs=1e-9)


def test_without_exclusions_it_reaches_the_orthogonal_design():
    design = d_optimal(HACKS[:7], [], 24, seed=3)
    assert max(variance_cost(design).values()) < 1.06, "a Hadamard-like optimum is 1 for every hack"


def test_exclusive_hacks_never_meet_and_no_cell_repeats():
    groups = [("h0", "h1", "h2"), ("h3", "h4")]
    design = d_optimal(HACKS, groups, 24)
    assert (design[["h0", "h1", "h2"]].sum(axis=1) <= 1).all()
    assert (design[["h3", "h4"]].sum(axis=1) <= 1).all()
    assert not design.duplicated().any()
    assert design.equals(d_optimal(HACKS, groups, 24))


def test_variance_cost_is_the_regression_variance():
    assert set(variance_cost(screening(HACKS)).values()) == {1.0}
    design = d_optimal(HACKS, [("h0", "h1")], 24)
    signs = np.where(design, 1.0, -1.0)
    generator = np.random.default_rng(0)
    noise = generator.standard_normal((24, 40_000))
    slopes = np.linalg.lstsq(np.column_stack([np.ones(24), signs]), noise, rcond=None)[0][1:]
    measured = slopes.var(axis=1) * 24
    np.testing.assert_allclose(list(variance_cost(design).values()), measured, rtol=0.05)


def test_pairs_that_cannot_meet_are_no_terms():
    levels = feasible(np.ones((1, 3), dtype=bool) & False, ["a", "b", "c"], [])
    assert model_terms(levels, ["a", "b", "c"], [("a", "b")], pairs=True).shape[1] == 1 + 3 + 2


def test_a_design_that_cannot_estimate_its_terms_is_refused():
    with pytest.raises(UserError, match="5 cells cannot estimate the 9 terms"):
        d_optimal(HACKS, [], 5)


def test_a_plan_with_exclusions_says_what_they_cost():
    plan = make_plan("p", [*HACKS, "h8", "h9"], ["a"], 1, exclusions=[("h0", "h1"), ("h2", "elsewhere")])
    assert plan.exclusions == (("h0", "h1"),)
    assert len(plan.cells) == 40
    assert not any(cell.levels["h0"] and cell.levels["h1"] for cell in plan.cells)
    assert plan.variance["h0"] > 1.2
    assert "never together: h0 or h1" in plan.design
    assert f"{max(plan.variance.values()):.2f} times the variance" in plan.design


def test_follow_up_with_exclusions_can_estimate_the_pairs_that_exist():
    plan = make_plan("p", HACKS[:6], ["a"], 1, design="resolution_v", exclusions=[("h0", "h1")])
    terms = model_terms(plan.frame()[list(plan.hacks)].to_numpy(bool), plan.hacks, plan.exclusions, pairs=True)
    assert np.linalg.matrix_rank(terms) == terms.shape[1] == 1 + 6 + 14
