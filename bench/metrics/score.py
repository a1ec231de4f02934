"""From generated images to scores, by one protocol per dataset and extractor."""

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from math import ceil
from pathlib import Path

import torch

from bench.data import Dataset
from bench.errors import UserError
from bench.metrics.checks import ScoreUnavailable
from bench.metrics.extractor import Extractor, classify
from bench.metrics.extractors import get_extractor
from bench.metrics.fidelity import feature_statistics
from bench.metrics.reference import Reference, cached
from bench.metrics.seen import Seen, inception_splits, kernel_subsets
from bench.records.scores import SCORES


@dataclass(frozen=True)
class Scores:
    """Scores by name, and for each that could not be computed the reason, in one line. Never NaN or infinity."""

    values: dict[str, float]
    reasons: dict[str, str]


def canonical_order(images: torch.Tensor) -> torch.Tensor:
    """Rows sorted by a digest of their bytes, so that no score depends on the order images came in."""
    rows = images.contiguous().numpy().reshape(len(images), -1)
    digests = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
    return images[torch.tensor(sorted(range(len(digests)), key=digests.__getitem__))]


class Scorer:
    """Scores generated images against a dataset's reference split.

    The same images give the same scores, bit for bit, in whatever order; torch's global random state is not touched.

    Args:
        dataset: what `bench.data.load` returns; of a set of which only some images are trained on, the whole one is
            scored with, so that as many images and the same features are.
        extractor: a name for `get_extractor`, or an `Extractor`.
        n: images wanted on each side; `self.n` is min(n, reference images).
        cache_dir: folder for the features of real images, kept by content hash; None keeps them in memory only.
        untrained: images of an untrained generator, uint8 (n, C, H, W), or a function of n that makes them: the second
            candidate for the noise anchor.
        batch_size: images that go through the extractor at once; does not change the scores.

    Raises:
        UserError: an unknown extractor, n below 2.
    """

    def __init__(
        self,
        dataset: Dataset,
        extractor: str | Extractor = "domain",
        n: int = 2000,
        cache_dir: str | Path | None = None,
        untrained: torch.Tensor | Callable[[int], torch.Tensor] | None = None,
        batch_size: int = 100,
    ):
        if n < 2:
            raise UserError(f"n = {n} images to score: expected at least 2")
        self.trained_on = dataset
        self.dataset = dataset = dataset.whole or dataset
        self.extractor = extractor if isinstance(extractor, Extractor) else get_extractor(extractor, dataset, cache_dir)
        self._wanted = n
        self.n = min(n, len(dataset.reference_images))
        self._folder = None if cache_dir is None else Path(cache_dir)
        self._untrained = untrained
        self._batch_size = batch_size

    def check(self, outcome: str = "fid") -> None:
        """Refuse what FID, or the score that a sweep is about, is not defined for, before anything is trained.

        Raises:
            UserError: names what there is, and how many images or what data are needed.
        """
        least, split = self.extractor.dim + 1, len(self.dataset.reference_images)
        wanted, trained = f"n {self._wanted} on {self.dataset.name}", len(self.dataset.images)
        features = f"FID needs more images than the {self.extractor.dim} features of {self.extractor.name}"
        if min(split, trained) < least:
            share = min(split, trained) / (split + trained)
            raise UserError(
                f"{wanted}: {features}, to train on and in the reference split, which have {trained:,} and {split:,}; "
                f"take a dataset of some {ceil(least / share):,} images"
            )
        if self.n < least:
            raise UserError(f"{wanted}: {features}; take --n {least} or more, of {split:,} in the reference split")
        score = SCORES[outcome]
        if score.by and outcome != "fid":
            real = self.dataset.images[torch.arange(self.n) % trained]
            try:
                computed(score.by, self._observed(real))
            except ScoreUnavailable as reason:
                needs = f"; it needs {score.needs}" if score.needs else ""
                raise UserError(f"outcome {outcome!r}: {reason}{needs}; take another outcome") from None

    @cached_property
    def reference(self) -> Reference:
        """Features of the real images and the anchors measured on them."""
        return cached(self.dataset, self.extractor, self.n, self._batch_size, self._folder)

    @property
    def _anchor_images(self) -> int:
        return min(self.n, len(self.dataset.images))

    @cached_property
    def anchors(self) -> dict[str, float]:
        """What an FID lies between, each measured on n images.

        `fid_real`: FID of train images. `fid_noise`: of uniform noise or of the untrained generator, whichever is
        smaller. `fid_ceiling`: the largest FID of what nobody would call a generator: those two, the mean image
        repeated, and whichever real image is worst repeated. An outcome is never counted above it.

        Raises:
            ScoreUnavailable: n is at most the number of features.
        """
        reference = self.reference
        if reference.fid_real is None:
            # Says which of the two sides has too few images.
            feature_statistics(reference.features[: self._anchor_images], "real features")
        noise = [reference.fid_uniform]
        if self._untrained is not None:
            images = self._untrained(self.n) if callable(self._untrained) else self._untrained
            noise.append(self.fid(images))
        ceiling = max(*noise, reference.fid_constant)
        return {"fid_noise": min(noise), "fid_real": reference.fid_real, "fid_ceiling": ceiling}

    @property
    def protocol(self) -> dict[str, object]:
        """Everything a score's meaning depends on, for the record."""
        return {
            "extractor": self.extractor.name,
            "extractor_hash": self.extractor.hash,
            "extractor_accuracy": self.extractor.accuracy,
            "reference_accuracy": self._reference_accuracy,
            "dimensions": self.extractor.dim,
            "n_real": self.n,
            "n_fake": self.n,
            "n_real_anchor": self._anchor_images,
            "inception_splits": inception_splits(self.n),
            "kid_subsets": kernel_subsets(self.n)[0],
            "kid_subset_size": kernel_subsets(self.n)[1],
            "dataset": self.trained_on.name,
            "dataset_hash": self.trained_on.content_hash,
            "split": self.trained_on.split,
            "resolution": int(self.dataset.reference_images.shape[-1]),
        }

    @cached_property
    def _reference_accuracy(self) -> float | None:
        labels, logits = self.dataset.reference_labels, self.reference.logits
        if labels is None or logits is None or self.extractor.classes != self.dataset.classes:
            return None
        return float((classify(logits) == labels[: self.n].numpy()).mean())

    def _observed(self, images: torch.Tensor) -> Seen:
        if not torch.is_tensor(images):
            raise UserError(f"{type(images).__name__} given as images: expected a tensor")
        wanted = self.dataset.reference_images
        if images.is_floating_point() and not bool(torch.isfinite(images).all()):
            raise ScoreUnavailable("the images hold NaN or infinity")
        if images.dtype != wanted.dtype or images.shape[1:] != wanted.shape[1:]:
            raise UserError(
                f"{images.dtype} images of shape {tuple(images.shape)}: expected {wanted.dtype} of shape "
                f"(n, {', '.join(map(str, wanted.shape[1:]))}) as in {self.dataset.name}"
            )
        if len(images) < self.n:
            raise UserError(f"{len(images)} images: the protocol compares {self.n}, generate that many")
        images = canonical_order(images[: self.n].cpu())
        observed = self.extractor.observe(images, self._batch_size)
        return Seen(self.dataset, self.extractor, self.reference, images, observed)

    def fid(self, images: torch.Tensor) -> float:
        """FID of the first n images, uint8 (n or more, C, H, W).

        Raises:
            ScoreUnavailable: n is at most the number of features, or the images hold NaN.
            UserError: fewer than n images, or of another size or type than the dataset's.
        """
        return computed(SCORES["fid"].by, self._observed(images))[0]

    def score(self, images: torch.Tensor) -> Scores:
        """Every score of the first n images, uint8 (n or more, C, H, W).

        Raises:
            UserError: fewer than n images, or of another size or type than the dataset's.
        """
        wanted = functions()
        try:
            seen = self._observed(images)
        except ScoreUnavailable as reason:
            return Scores({}, {name: str(reason) for names in wanted.values() for name in names})
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        for function, names in wanted.items():
            try:
                values.update(zip(names, computed(function, seen), strict=True))
            except ScoreUnavailable as reason:
                reasons.update(dict.fromkeys(names, str(reason)))
        return Scores(values, reasons)


def functions() -> dict[str, list[str]]:
    """The functions that the catalogue's rows name, and the scores that each gives, in order."""
    found: dict[str, list[str]] = {}
    for score in SCORES.values():
        if score.by:
            found.setdefault(score.by, []).append(score.name)
    return found


def computed(function: str, seen: Seen) -> tuple[float, ...]:
    """What a function of bench.metrics, `module.function`, gives for these fakes.

    It is called with the attributes of `seen` that its parameters name, `seen` itself among them; a parameter with a
    default that `seen` knows nothing of keeps it.

    Raises:
        ScoreUnavailable: the score is not defined for these fakes.
    """
    module, name = function.split(".")
    call = getattr(import_module(f"bench.metrics.{module}"), name)
    offered = {"seen", *dir(seen)}
    asked = [p.name for p in inspect.signature(call).parameters.values() if p.default is p.empty or p.name in offered]
    found = call(**{name: seen if name == "seen" else getattr(seen, name) for name in asked})
    return tuple(map(float, found)) if isinstance(found, tuple) else (float(found),)
