"""From the relative paths of pictures to classes and a fixed train / reference split."""

from dataclasses import dataclass

import numpy as np

from bench.data.split import permutation, split_words, two_thirds
from bench.errors import UserError

_TRAIN = "train"
_REFERENCES = ("test", "val", "valid", "validation")  # the first that is there is the reference


@dataclass(frozen=True, eq=False)
class Layout:
    """Which pictures belong to which split, in the order of the rows, and the class of each (None if unlabelled)."""

    train: tuple[str, ...]
    reference: tuple[str, ...]
    train_labels: np.ndarray | None
    reference_labels: np.ndarray | None
    classes: tuple[str, ...]
    split: str


def arrange(names: list[str], where: str) -> Layout:
    """Arrange pictures by their paths.

    `train/` beside `test/` (or `val/`, `valid/`, `validation/`) is a given split, else a seeded two thirds of each
    class train. Below that, folders are classes (pictures deeper inside count for them); no folders mean no labels.
    Folders that enclose everything are ignored.

    Args:
        names: paths with "/" between their parts, relative to the folder or archive, pictures only.
        where: the dataset's name, for error messages.

    Raises:
        UserError: no pictures, pictures beside class folders, or splits with different classes.
    """
    paths = [tuple(name.split("/")) for name in sorted(names)]
    if len(paths) < 2:
        raise UserError(f"dataset {where!r}: {len(paths)} pictures found; expected at least 2 (PNG, JPEG, WebP, …)")
    depth = _enclosing(paths)
    tops = {path[depth].lower(): path[depth] for path in paths if len(path) > depth + 1}
    reference = next((tops[name] for name in _REFERENCES if name in tops), None)
    if _TRAIN in tops and reference is not None:
        return _given(paths, depth, tops[_TRAIN], reference, where)
    classes, labels = _classes(paths, depth, where)
    train, rest = two_thirds(len(paths), labels, where, "pictures", len(classes))
    return Layout(
        train=_joined(paths, train),
        reference=_joined(paths, rest),
        train_labels=None if labels is None else labels[train],
        reference_labels=None if labels is None else labels[rest],
        classes=classes,
        split=split_words(len(train), len(rest), labels is not None),
    )


def _joined(paths: list[tuple[str, ...]], rows: np.ndarray) -> tuple[str, ...]:
    return tuple("/".join(paths[row]) for row in rows)


def _enclosing(paths: list[tuple[str, ...]]) -> int:
    """How many leading folders all paths share, leaving at least one folder above each picture."""
    depth = 0
    while min(map(len, paths)) > depth + 2 and len({path[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _given(paths: list[tuple[str, ...]], depth: int, train: str, reference: str, where: str) -> Layout:
    splits, split_classes, split_labels = [], [], []
    for top in (train, reference):
        inside = [path for path in paths if len(path) > depth + 1 and path[depth] == top]
        inside = [inside[row] for row in permutation(len(inside))]
        classes, labels = _classes(inside, depth + 1, where)
        splits.append(inside)
        split_classes.append(classes)
        split_labels.append(labels)
    if split_classes[0] != split_classes[1]:
        odd = sorted(set(split_classes[0]) ^ set(split_classes[1]))[0]
        raise UserError(
            f"dataset {where!r}: class {odd!r} is in only one of {train}/ and {reference}/; give both the same folders"
        )
    n_other = len(paths) - sum(map(len, splits))
    return Layout(
        train=tuple(map("/".join, splits[0])),
        reference=tuple(map("/".join, splits[1])),
        train_labels=split_labels[0],
        reference_labels=split_labels[1],
        classes=split_classes[0],
        split=f"as given: {train}/ ({len(splits[0]):,}) train, {reference}/ ({len(splits[1]):,}) reference"
        + (f"; {n_other:,} pictures elsewhere left out" if n_other else ""),
    )


def _classes(paths: list[tuple[str, ...]], depth: int, where: str) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Class names in alphabetical order and the class of each path, or ((), None) where there are no folders."""
    loose = [path for path in paths if len(path) == depth + 1]
    if len(loose) == len(paths):
        return (), None
    if loose:
        raise UserError(
            f"dataset {where!r}: {'/'.join(loose[0])!r} lies beside class folders; move it into one, or use no folders"
        )
    classes = tuple(sorted({path[depth] for path in paths}))
    index = {name: label for label, name in enumerate(classes)}
    return classes, np.array([index[path[depth]] for path in paths], dtype=np.int64)
