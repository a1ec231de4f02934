"""Seeded train / reference splits that are the same on every machine."""

import numpy as np

SPLIT_SEED = 0


def permutation(n: int, seed: int = SPLIT_SEED) -> np.ndarray:
    """A seeded order of range(n), int64 (n,), ranked by uniform numbers of a fixed bit generator.

    NumPy may change `Generator.permutation` between versions (NEP 19); raw PCG64 doubles are stable.
    """
    return np.argsort(np.random.Generator(np.random.PCG64(seed)).random(n), kind="stable")


def stratified(labels: np.ndarray, train_share: float, seed: int = SPLIT_SEED) -> tuple[np.ndarray, np.ndarray]:
    """Split rows so that each class gives `train_share` of its rows (rounded) to train and the rest to reference.

    Args:
        labels: int (N,).
        train_share: in (0, 1).

    Returns:
        (train rows, reference rows), int64, each in a seeded random order.
    """
    order = permutation(len(labels), seed)
    train = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        train[rows[: round(train_share * len(rows))]] = True
    return order[train[order]], order[~train[order]]
