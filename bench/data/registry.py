"""The catalogue of datasets: `register` one per name, `load` by name."""

from __future__ import annotations

import os
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.data import storage
from bench.data.dataset import Dataset, MixtureModes, content_hash
from bench.errors import UserError, did_you_mean
from bench.records.budget import RESOLUTIONS

if TYPE_CHECKING:
    import torch

SKIP_BROKEN = "GANBENCH_SKIP_BROKEN"


@dataclass(frozen=True, eq=False)
class Request:
    """What a loader is asked for: side in pixels, folder of downloaded data, path of a `NAME:PATH`, leniency."""

    resolution: int
    root: Path
    path: str = ""
    skip_broken: bool = False


@dataclass(frozen=True, eq=False)
class Splits:
    """What a loader returns: arrays as in `Dataset` (numpy), and the words of its record."""

    images: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...]
    reference_images: np.ndarray
    reference_labels: np.ndarray | None
    split: str
    source: str
    modes: MixtureModes | None = None
    classifier: str | None = None


@dataclass(frozen=True)
class Source:
    """One entry of the catalogue.

    Attributes:
        name: what a user types, unique, without a colon.
        read: Request -> Splits; imports what it needs by itself, raises `UserError` on bad or missing data.
        resolution: the default side in pixels (1 for points).
        size: "train + reference" counts, in words where they depend on the user's files.
        channels, classes: as counts, or words where they depend on the user's files.
        obtain: how a user gets the data, in a few words.
        find: root -> where the data is at hand, or None if it is not.
        kind: "image" or "points".
        takes_path: True where the data is named by the user (`NAME:PATH`).
        own_resolution: path -> the default side in pixels, where that depends on the data.
    """

    name: str
    read: Callable[[Request], Splits]
    resolution: int
    size: str
    channels: int | str
    classes: int | str
    obtain: str
    find: Callable[[Path], str | None]
    kind: str = "image"
    takes_path: bool = False
    own_resolution: Callable[[str], int] | None = None


@dataclass(frozen=True)
class Named:
    """What a dataset's name asks for: a source, a path in it, a class (None for all), how many pictures (0 for all)."""

    source: Source
    path: str = ""
    class_name: str | None = None
    pictures: int = 0


_SOURCES: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a dataset to the catalogue; a name that is there already is a programming error (ValueError)."""
    if source.name in _SOURCES:
        raise ValueError(f"dataset {source.name!r} is registered twice")
    if ":" in source.name:
        raise ValueError(f"dataset name {source.name!r} may not contain a colon")
    _SOURCES[source.name] = source


@cache
def _catalogue() -> dict[str, Source]:
    """Every source, after importing each file of this package (a new file registers itself by being there)."""
    package = import_module("bench.data")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        import_module(f"bench.data.{module}")
    return _SOURCES


def default_root() -> Path:
    """Folder of downloaded datasets: $GANBENCH_DATA, else `ganbench/data` in the user's cache folder."""
    if os.environ.get("GANBENCH_DATA"):
        return Path(os.environ["GANBENCH_DATA"]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganbench" / "data"


def names() -> list[str]:
    """The datasets that can be loaded by a bare name, in alphabetical order."""
    return sorted(name for name, source in _catalogue().items() if not source.takes_path)


def describe(root: Path | None = None) -> list[dict[str, object]]:
    """One row per catalogue entry, for people: the columns of `ganbench datasets`.

    Keys: name, kind, resolution (default), channels, classes, size, found (where the data is, or None), obtain.
    """
    root = _checked_root(root)
    return [
        {
            "name": f"{source.name}:PATH" if source.takes_path else source.name,
            "kind": source.kind,
            "resolution": source.resolution,
            "channels": source.channels,
            "classes": source.classes,
            "size": source.size,
            "found": source.find(root),
            "obtain": source.obtain,
        }
        for _, source in sorted(_catalogue().items())
    ]


def skip_broken_pictures() -> None:
    """Have `load` leave out unreadable pictures and name them, in this process and those it starts.

    The pictures left decide the content hash in the record, so no plan needs to say it.
    """
    os.environ[SKIP_BROKEN] = "1"


def check_name(name: str) -> None:
    """Refuse a name that no dataset can have; whether its data are there and in order only `load` sees.

    Raises:
        UserError: it is none of `names()`, `NAME:CLASS`, `folder:PATH` and `zip:PATH`, with or without `@COUNT`.
    """
    _parse(name)


def load(
    name: str, resolution: int | None = None, root: Path | None = None, *, skip_broken: bool | None = None
) -> Dataset:
    """Load a dataset by name, deterministically.

    Args:
        name: one of `names()`, `NAME:CLASS` for one class of a labelled set, `folder:PATH` or `zip:PATH`; any of them
            with `@COUNT` for the first so many training pictures, a fair sample, scored as the whole set is.
        resolution: side in pixels, one of `RESOLUTIONS`; None for the dataset's default. Points have none.
        root: folder of downloaded data, by default `default_root()`.
        skip_broken: leave out unreadable pictures of a folder or archive (named in `split`) instead of refusing;
            None for what `skip_broken_pictures` said, else False.

    Raises:
        UserError: unknown name or class, bad resolution, missing or damaged data.
    """
    asked = _parse(name)
    source = asked.source
    lenient = bool(os.environ.get(SKIP_BROKEN)) if skip_broken is None else skip_broken
    request = Request(_checked_resolution(source, resolution, asked.path), _checked_root(root), asked.path, lenient)
    splits = source.read(request)
    if asked.class_name is not None:
        splits = _one_class(name, splits, asked.class_name)
    if not asked.pictures:
        return _dataset(name, source.kind, splits)
    whole = _dataset(name.rpartition("@")[0], source.kind, splits)
    return _dataset(name, source.kind, _first(name, splits, asked.pictures), whole)


def _dataset(name: str, kind: str, splits: Splits, whole: Dataset | None = None) -> Dataset:
    images, labels = _tensor(splits.images), _labels(splits.labels)
    reference_images, reference_labels = _tensor(splits.reference_images), _labels(splits.reference_labels)
    return Dataset(
        name=name,
        kind=kind,
        images=images,
        labels=labels,
        classes=splits.classes,
        reference_images=reference_images,
        reference_labels=reference_labels,
        content_hash=content_hash((images, labels), (reference_images, reference_labels)),
        split=splits.split,
        source=splits.source,
        modes=splits.modes,
        classifier=splits.classifier,
        whole=whole,
    )


def _tensor(values: np.ndarray) -> torch.Tensor:
    import torch  # here: a name that is looked up or refused needs none of it

    return torch.from_numpy(values)


def _labels(labels: np.ndarray | None) -> torch.Tensor | None:
    return None if labels is None else _tensor(np.asarray(labels, dtype=np.int64))


def _parse(name: str) -> Named:
    catalogue = _catalogue()
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"dataset {name!r}: expected a name; known: {', '.join(names())}")
    rest, pictures = _counted(name)
    head, colon, rest = rest.partition(":")
    if head not in catalogue:
        raise UserError(
            f"dataset {name!r}: unknown{did_you_mean(head, names())}; known: {', '.join(names())}, "
            "NAME:CLASS for one class, folder:PATH and zip:PATH for your own pictures, NAME@COUNT for fewer of them"
        )
    source = catalogue[head]
    if not source.takes_path:
        if colon and source.kind != "image":
            raise UserError(f"dataset {name!r}: one class can be taken of images only; use {head!r}")
        return Named(source, "", rest if colon else None, pictures)
    if not rest:
        raise UserError(f"dataset {name!r}: a path is missing; write {head}:PATH")
    if not _is_there(rest):
        path, colon, class_name = rest.rpartition(":")
        if path and _is_there(path):
            return Named(source, path, class_name, pictures)
    return Named(source, rest, None, pictures)


def _counted(name: str) -> tuple[str, int]:
    """A name without its @COUNT, and the count, 0 without one; a path may have an @ of its own."""
    rest, at, count = name.rpartition("@")
    if not at or _is_there(name.partition(":")[2]):
        return name, 0
    if not re.fullmatch(r"[1-9][0-9]{0,8}", count):
        if rest.partition(":")[1]:
            return name, 0
        raise UserError(f"dataset {name!r}: {count!r} is no count of pictures; expected e.g. {rest}@500")
    return rest, int(count)


def _is_there(path: str) -> bool:
    return bool(path) and os.path.exists(os.path.expanduser(path))


def _first(name: str, splits: Splits, count: int) -> Splits:
    """The set with its first `count` training pictures."""
    there = len(splits.images)
    if count > there:
        raise UserError(f"dataset {name!r}: it has {there:,} training pictures; expected at most so many after the @")
    return replace(
        splits,
        images=splits.images[:count],
        labels=None if splits.labels is None else splits.labels[:count],
        split=f"{splits.split}; only the first {count:,} of {there:,} training pictures",
    )


def _checked_resolution(source: Source, resolution: int | None, path: str) -> int:
    if resolution is None:
        return source.resolution if source.own_resolution is None else source.own_resolution(path)
    if source.kind == "points":
        if resolution != 1:
            raise UserError(f"resolution {resolution!r}: {source.name!r} is points in the plane; leave resolution out")
    elif resolution not in RESOLUTIONS:
        allowed = ", ".join(map(str, RESOLUTIONS))
        raise UserError(f"resolution {resolution!r} for {source.name!r}: expected one of {allowed}")
    return int(resolution)


def _checked_root(root: Path | None) -> Path:
    root = default_root() if root is None else Path(root).expanduser()
    if root.exists() and not root.is_dir():
        raise UserError(f"data root {str(root)!r}: a file; expected a folder (or one that can be created)")
    return root


def _one_class(name: str, splits: Splits, class_name: str) -> Splits:
    """The rows of one class, as a set with that single class."""
    if splits.labels is None or splits.reference_labels is None:
        raise UserError(f"dataset {name!r}: the set has no labels, so no class can be taken; leave ':{class_name}' out")
    found = [c for c in splits.classes if c == class_name]
    found = found or [c for c in splits.classes if c.lower() == class_name.lower()]
    if len(found) != 1:
        hint = did_you_mean(class_name, splits.classes)
        known = ", ".join(splits.classes[:20]) + (", …" if len(splits.classes) > 20 else "")
        raise UserError(f"dataset {name!r}: no class {class_name!r}{hint}; its classes: {known}")
    index = splits.classes.index(found[0])
    rows, reference_rows = (np.flatnonzero(labels == index) for labels in (splits.labels, splits.reference_labels))
    if not len(rows) or not len(reference_rows):
        raise UserError(f"dataset {name!r}: class {found[0]!r} has no images in one of the splits; choose another")
    return Splits(
        images=storage.take(splits.images, rows),
        labels=np.zeros(len(rows), dtype=np.int64),
        classes=(found[0],),
        reference_images=storage.take(splits.reference_images, reference_rows),
        reference_labels=np.zeros(len(reference_rows), dtype=np.int64),
        split=f"{splits.split}; only class {found[0]!r}",
        source=splits.source,
        classifier=splits.classifier,
    )
