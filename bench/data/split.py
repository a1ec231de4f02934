"""Seeded train / reference splits that are the same on every machine."""

import numpy as np

from bench.errors import UserError

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


def two_thirds(
    count: int, labels: np.ndarray | None, where: str, what: str, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two thirds of a person's own images, to train on, and of the rest, to compare with; by class if known.

    Args:
        count: of images, at least 2.
        labels: int64 (count,), or None.
        where, what: the dataset's name and what it is made of, for an error message.
        classes: how many there are.

    Raises:
        UserError: no class has two images.
    """
    if labels is None:
        order = permutation(count)
        cut = min(round(count * 2 / 3), count - 1)
        return order[:cut], order[cut:]
    train, rest = stratified(labels, train_share=2 / 3)
    if len(train) == 0 or len(rest) == 0:
        raise UserError(f"dataset {where!r}: {count} {what} in {classes} classes; expected 2 of a class")
    return train, rest


def split_words(train: int, rest: int, by_class: bool) -> str:
    """What `two_thirds` did, for the record."""
    words = ", stratified by class" if by_class else ""
    return f"two thirds train ({train:,}) / one third reference ({rest:,}){words}, seed {SPLIT_SEED}"
