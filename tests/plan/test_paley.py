from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import UserError
from bench.plan import screening
from bench.plan.paley import ORDERS, hadamard


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
@given(count=st.integers(1, 48), seed=st.integers(0, 2**32 - 1))
def test_screening_is_balanced_orthogonal_clear_of_pairs_and_has_both_extremes(count, seed):
    frame = screening([f"h{i}" for i in range(count)], seed)
    order = min(order for order in ORDERS if order >= count)
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


@pytest.mark.parametrize(("count", "cells"), [(11, 24), (12, 24), (13, 40), (20, 40), (24, 48), (32, 64), (48, 96)])
def test_number_of_cells_and_that_none_repeats(count, cells):
    frame = screening([f"h{i}" for i in range(count)])
    assert len(frame) == cells
    assert not frame.duplicated().any()


def test_the_seed_shuffles_rows_and_nothing_else():
    hacks = [f"h{i}" for i in range(12)]
    first, again, other = screening(hacks, 1), screening(hacks, 1), screening(hacks, 2)
    assert first.equals(again)
    assert not first.equals(other)
    assert first.sort_values(hacks, ignore_index=True).equals(other.sort_values(hacks, ignore_index=True))


@pytest.mark.parametrize(
    ("hacks", "message"),
    [
        ([], "at least one"),
        (["a", "b", "a"], "'a' is named more than once"),
        ("ab", r"write \['ab'\]"),
        ([f"h{i}" for i in range(49)], "49 hacks are too many; this design carries at most 48"),
        ([3], "hack name 3"),
    ],
)
def test_bad_hacks_are_named_with_the_remedy(hacks, message):
    with pytest.raises(UserError, match=message):
        screening(hacks)
