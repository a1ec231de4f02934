"""Feature extractors by name."""

import os
from collections.abc import Callable
from pathlib import Path

from bench.data import Dataset
from bench.errors import UserError
from bench.metrics.classifiers import packaged_extractor, random_conv_extractor
from bench.metrics.extractor import Extractor
from bench.metrics.points import points_extractor
from bench.metrics.training import trained_extractor

INCEPTION_WEIGHTS = "GANBENCH_INCEPTION_WEIGHTS"
"""Environment variable that names the file of FID's Inception weights on this machine."""


def use_inception_weights(path: str | Path) -> None:
    """Have "inception" mean the weights in that file, in this process and those it starts.

    Where the file lies is a matter of the machine, so no plan names it; every record names the weights' hash.
    """
    os.environ[INCEPTION_WEIGHTS] = str(path)


def _domain(dataset: Dataset, path: str, cache_dir: Path | None) -> Extractor:
    if dataset.kind == "points":
        return points_extractor(dataset.modes)
    if dataset.classifier is not None:
        return packaged_extractor(dataset.classifier)
    if dataset.labels is None or len(dataset.classes) < 2:
        return random_conv_extractor(dataset.channels)
    return trained_extractor(dataset, cache_dir)


def _random_conv(dataset: Dataset, path: str, cache_dir: Path | None) -> Extractor:
    return random_conv_extractor(dataset.channels)


def _inception(dataset: Dataset, path: str, cache_dir: Path | None) -> Extractor:
    from bench.metrics.inception import inception_extractor  # torch-fidelity takes two seconds to import

    path = path or os.environ.get(INCEPTION_WEIGHTS, "")
    return inception_extractor(Path(path).expanduser() if path else None)


EXTRACTORS: dict[str, Callable[[Dataset, str, Path | None], Extractor]] = {
    "domain": _domain,
    "random-conv": _random_conv,
    "inception": _inception,
}
"""Name -> the extractor for a dataset, what followed the name after a colon, and the folder of trained classifiers."""


def get_extractor(name: str, dataset: Dataset, cache_dir: str | Path | None = None) -> Extractor:
    """The extractor to score a dataset with.

    Args:
        name: "domain": a small classifier of the dataset's own kind, packaged, or trained on first use and kept in
            `cache_dir`; for images without at least two classes it is "random-conv", for points `points_extractor`.
            "random-conv": fixed random weights. "inception": FID's Inception, from the file that
            `use_inception_weights` named or downloaded; "inception:PATH": from that file.
        dataset: what `bench.data.load` returns.
        cache_dir: where a classifier trained on first use is kept; None keeps it for this process.

    Raises:
        UserError: an unknown name, an extractor of images for points, Inception weights that cannot be had.
    """
    kind, _, path = name.partition(":")
    if kind not in EXTRACTORS or (path and kind != "inception"):
        raise UserError(
            f"extractor {name!r}: expected 'domain', 'random-conv', 'inception' or 'inception:PATH' of its weights"
        )
    if dataset.kind == "points" and kind != "domain":
        raise UserError(f"extractor {name!r} is for images, {dataset.name} is points in the plane: use 'domain'")
    return EXTRACTORS[kind](dataset, path, None if cache_dir is None else Path(cache_dir))
