from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UserError
from bench.plan import full_factorial, screening
from bench.plan.folded import mirror_pairs, spare_columns
from bench.plan.paley import MOST_HACKS, ORDERS, hadamard


@pytest.mark.parametrize("order", ORDERS)
def test_hadamard_columns_and_rows_are_orthogonal_and_the_first_row_is_all_on(order):
    matrix = hadamard(order)
    assert set(np.unique(matrix)) == {-1, 1}
    np.testing.assert_array_equal(matrix.T @ matrix, order * np.eye(order))
    np.testing.assert_array_equal(matrix @ matrix.T, order * np.eye(order))
    assert (matrix[0] == 1).all()


@pytest.mark.parametrize("order", [8 * 2, 28, 36])
def test_an_order_without_a_paley_matrix_is_refused(order):
    with pytest.raises(ValueError, match="not a prime"):
        hadamard(order)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, MOST_HACKS), seed=st.integers(0, 2**32 - 1))
def test_screening_is_balanced_orthogonal_clear_of_pairs_and_has_both_extremes(count, seed):
    frame = screening([f"h{i}" for i in range(count)], seed)
    order = min(order for order in ORDERS if order >= count + 9)
    assert frame.shape == (2 * order, count)
    assert all(pd.api.types.is_bool_dtype(kind) for kind in frame.dtypes)
    signs = np.where(frame, 1, -1)
    assert (signs.sum(axis=0) == 0).all()
    np.testing.assert_array_equal(signs.T @ signs, 2 * order * np.eye(count))
    pairs = list(combinations(range(count), 2))
    if pairs:
        products = np.column_stack([signs[:, a] * signs[:, b] for a, b in pairs])
        assert (signs.T @ products == 0).all()
    assert frame.all(axis=1).sum() >= 1
    assert (~frame).all(axis=1).sum() >= 1


@settings(max_examples=40, deadline=None)
@given(count=st.integers(6, MOST_HACKS), seed=st.integers(0, 2**32 - 1))
def test_no_cell_repeats_and_eight_columns_or_more_are_to_spare(count, seed):
    frame = screening([f"h{i}" for i in range(count)], seed)
    assert not frame.duplicated().any()
    assert spare_columns(np.where(frame, 1.0, -1.0)) == len(frame) // 2 - count >= 9


@pytest.mark.parametrize(("count", "cells"), [(6, 40), (11, 40), (12, 48), (15, 48), (20, 64), (24, 88), (51, 120)])
def test_number_of_cells(count, cells):
    assert len(screening([f"h{i}" for i in range(count)])) == cells


def test_the_seed_draws_the_columns_and_the_order_of_rows():
    hacks = [f"h{i}" for i in range(12)]
    first, again, other = screening(hacks, 1), screening(hacks, 1), screening(hacks, 2)
    assert first.equals(again)
    assert not first.equals(other)
    assert not first.sort_values(hacks, ignore_index=True).equals(other.sort_values(hacks, ignore_index=True))
    leaks = []
    for seed in range(20):
        signs = np.where(screening(hacks, seed), 1, -1)
        leaks.append(float((signs[:, 0] * signs[:, 1] * signs[:, 2] @ signs[:, 3]) / len(signs)))
    assert len(set(leaks)) > 1, "what a triple does to a hack is another thing in another dataset's screen"


@pytest.mark.parametrize(
    ("hacks", "message"),
    [
        ([], "at least one"),
        (["a", "b", "a"], "'a' is named more than once"),
        ("ab", r"write \['ab'\]"),
        ([f"h{i}" for i in range(52)], "52 hacks are too many; this design carries at most 51"),
        ([3], "hack name 3"),
    ],
)
def test_bad_hacks_are_named_with_the_remedy(hacks, message):
    with pytest.raises(UserError, match=message):
        screening(hacks)


def test_mirror_pairs_by_hand():
    signs = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    assert mirror_pairs(signs).tolist() == [[0, 3], [2, 1]]
    assert mirror_pairs(signs[[2, 0, 3, 1]]).tolist() == [[1, 2], [0, 3]], "the same cells in another order"
    assert mirror_pairs(signs[:3]) is None
    assert mirror_pairs(np.vstack([signs, signs[:1]])) is None
    assert spare_columns(signs) == 0
    assert spare_columns(np.where(full_factorial(list("abcd")), 1, -1)) == 4
