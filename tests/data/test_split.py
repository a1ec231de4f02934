import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.data.split import permutation, stratified


def test_permutation_is_pinned():
    assert permutation(10).tolist() == [3, 2, 1, 8, 6, 0, 7, 4, 5, 9]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.floats(0.1, 0.9), st.integers(0, 2**31))
def test_stratified_partitions_rows_and_keeps_every_share(labels, share, seed):
    labels = np.array(labels)
    train, reference = stratified(labels, share, seed)
    assert sorted([*train, *reference]) == list(range(len(labels)))
    for label in np.unique(labels):
        assert (labels[train] == label).sum() == round(share * (labels == label).sum())
    again = stratified(labels, share, seed)
    assert np.array_equal(train, again[0])
    assert np.array_equal(reference, again[1])


def test_rows_are_not_sorted_by_class():
    labels = np.repeat(np.arange(10), 100)
    train, reference = stratified(labels, 0.6)
    for rows in (train, reference):
        counts = np.bincount(labels[rows[:100]], minlength=10)
        assert counts.min() >= 3, "a prefix holds every class"
