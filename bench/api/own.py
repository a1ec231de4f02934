"""Own data given where a dataset's name is expected: kept in the cache, and named from then on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bench.data.arrays import OwnImages
from bench.data.given import is_array, own_images
from bench.errors import UserError
from bench.records.run import RunRecord, RunSpec


def own_data(images: Any, labels: Any = None, name: str = "") -> str:
    """Keep own images in the cache; returns the name by which they are known from then on, on this machine.

    >>> bench.run(bench.RunSpec(bench.own_data(images, labels, name="cells")))

    Args:
        images: uint8 array or tensor (N, C, H, W), (N, H, W, C) or (N, H, W) with 1 or 3 channels; or a torch Dataset
            of images, or of (image, label): pictures, uint8 arrays, or floats in [0, 1], all of one size.
        labels: whole numbers or texts (N,); None where there are none, or a torch Dataset brings them.
        name: what it is called in tables; its digest follows.

    Raises:
        UserError: something else than images, or a cache that cannot be written in.
    """
    found = own_images(images, labels)
    dataset = found.named(name)
    found.keep(dataset)
    return dataset


def run(spec: RunSpec, **settings: Any) -> RunRecord:
    """One run, as `bench.runner.run.run` makes it; the spec's dataset may be own images, as `own_data` takes them."""
    from bench.runner.run import run as make

    return make(spec if isinstance(spec.dataset, str) else replace(spec, dataset=own_data(spec.dataset)), **settings)


def named_datasets(given: Any) -> tuple[list[str], dict[str, OwnImages]]:
    """The names of datasets, and by these the own images among them, which are not kept yet.

    Args:
        given: a name, own images as `own_data` takes them, a list of names and of own images, or a mapping from names
            to own images.

    Raises:
        UserError: anything else.
    """
    names: list[str] = []
    own: dict[str, OwnImages] = {}
    for name, value in _each(given):
        if isinstance(value, str):
            names.append(value)
            continue
        found = own_images(value)
        names.append(found.named(name))
        own[names[-1]] = found
    return names, own


def _each(given: Any) -> Iterator[tuple[str, Any]]:
    """(name or nothing, name or own images) of everything that is given."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            if isinstance(value, str):
                raise UserError(f"datasets {{{name!r}: {value!r}}}: expected images; name known datasets in a list")
            yield str(name), value
    elif isinstance(given, str) or _is_one(given) or not isinstance(given, Iterable):
        yield "", given
    else:
        for value in given:
            yield "", value


def _is_one(given: Any) -> bool:
    """Whether it is one dataset: images, images and their labels, or a torch Dataset."""
    if isinstance(given, tuple):
        return len(given) == 2 and not isinstance(given[0], str) and (given[1] is None or is_array(given[1]))
    return is_array(given) or (hasattr(given, "__getitem__") and not isinstance(given, list))
