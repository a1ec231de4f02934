"""From generated images to scores, by one protocol per dataset and extractor."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from bench.errors import UserError
from bench.metrics import collapse, fidelity
from bench.metrics.checks import ScoreUnavailable
from bench.metrics.extractor import Extractor, classify
from bench.metrics.extractors import get_extractor
from bench.metrics.images import mean_total_variation, ssim_within_class, texture_distance, total_variation_ratio
from bench.metrics.reference import Reference, cached
from bench.records.scores import DIRECTIONS

INCEPTION_SPLITS = 10
WHOLE_KERNEL = 5000  # so many images on each side are compared at once, 1 GB; of more, 100 subsets of 1,000 are


@dataclass(frozen=True)
class Scores:
    """Scores by name, and for each that could not be computed the reason, in one line. Never NaN or infinity."""

    values: dict[str, float]
    reasons: dict[str, str]


@dataclass(frozen=True)
class Fakes:
    """Generated images in canonical order, with what the extractor sees in them (see `Observation`)."""

    images: torch.Tensor
    features: torch.Tensor
    logits: torch.Tensor | None
    gram: torch.Tensor | None


def canonical_order(images: torch.Tensor) -> torch.Tensor:
    """Rows sorted by a digest of their bytes, so that no score depends on the order images came in."""
    rows = images.contiguous().numpy().reshape(len(images), -1)
    digests = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
    return images[torch.tensor(sorted(range(len(digests)), key=digests.__getitem__))]


class Scorer:
    """Scores generated images against a dataset's reference split.

    The same images give the same scores, bit for bit, in whatever order; torch's global random state is not touched.

    Args:
        dataset: what `bench.data.load` returns.
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
        dataset,
        extractor: str | Extractor = "domain",
        n: int = 2000,
        cache_dir: str | Path | None = None,
        untrained: torch.Tensor | Callable[[int], torch.Tensor] | None = None,
        batch_size: int = 100,
    ):
        if n < 2:
            raise UserError(f"n = {n} images to score: expected at least 2")
        self.dataset = dataset
        self.extractor = extractor if isinstance(extractor, Extractor) else get_extractor(extractor, dataset, cache_dir)
        self.n = min(n, len(dataset.reference_images))
        self._folder = None if cache_dir is None else Path(cache_dir)
        self._untrained = untrained
        self._batch_size = batch_size

    @cached_property
    def reference(self) -> Reference:
        """Features of the real images and the anchors measured on them."""
        return cached(self.dataset, self.extractor, self.n, self._batch_size, self._folder)

    @cached_property
    def _real_statistics(self) -> fidelity.FeatureStatistics:
        return fidelity.feature_statistics(self.reference.features, "real features")

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
        if reference.fid_real is None or reference.fid_uniform is None:
            # Says which of the two sides has too few images.
            fidelity.feature_statistics(reference.features[: self._anchor_images], "real features")
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
            "inception_splits": min(INCEPTION_SPLITS, self.n),
            "kid_subsets": self._kernel_subsets[0],
            "kid_subset_size": self._kernel_subsets[1],
            "dataset": self.dataset.name,
            "dataset_hash": self.dataset.content_hash,
            "split": self.dataset.split,
            "resolution": int(self.dataset.reference_images.shape[-1]),
        }

    @cached_property
    def _reference_accuracy(self) -> float | None:
        labels, logits = self.dataset.reference_labels, self.reference.logits
        if labels is None or logits is None or self.extractor.classes != self.dataset.classes:
            return None
        return float((classify(logits) == labels[: self.n].numpy()).mean())

    def _fakes(self, images: torch.Tensor) -> Fakes:
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
        return Fakes(images, *self.extractor.observe(images, self._batch_size))

    def fid(self, images: torch.Tensor) -> float:
        """FID of the first n images, uint8 (n or more, C, H, W).

        Raises:
            ScoreUnavailable: n is at most the number of features, or the images hold NaN.
            UserError: fewer than n images, or of another size or type than the dataset's.
        """
        return self._fid(self._fakes(images))

    def _fid(self, fakes: Fakes) -> float:
        return fidelity.frechet_distance_of(
            self._real_statistics, fidelity.feature_statistics(fakes.features, "fake features")
        )

    def score(self, images: torch.Tensor) -> Scores:
        """Every score of the first n images, uint8 (n or more, C, H, W).

        Raises:
            UserError: fewer than n images, or of another size or type than the dataset's.
        """
        try:
            fakes = self._fakes(images)
        except ScoreUnavailable as reason:
            return Scores({}, dict.fromkeys(DIRECTIONS, str(reason)))
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        for names, function in _TABLE:
            try:
                results = function(self, fakes)
            except ScoreUnavailable as reason:
                reasons.update(dict.fromkeys(names, str(reason)))
                continue
            values.update({name: float(value) for name, value in zip(names, results, strict=True)})
        return Scores(values, reasons)

    def _inception_score(self, fakes: Fakes) -> tuple[float, float]:
        if fakes.logits is None:
            raise ScoreUnavailable(f"extractor {self.extractor.name} classifies nothing")
        if len(self.dataset.classes) == 1:
            raise ScoreUnavailable(f"{self.dataset.name} has one class only")
        return fidelity.inception_score(fakes.logits, min(INCEPTION_SPLITS, self.n))

    @property
    def _kernel_subsets(self) -> tuple[int, int]:
        """How many subsets KID is averaged over, and of how many images."""
        return (1, self.n) if self.n <= WHOLE_KERNEL else (100, 1000)

    def _kernel_distance(self, fakes: Fakes) -> tuple[float]:
        subsets, size = self._kernel_subsets
        return (fidelity.kernel_distance(self.reference.features, fakes.features, size, subsets),)

    def _labels(self, fakes: Fakes) -> np.ndarray:
        """Which of the dataset's classes each fake belongs to, by the extractor."""
        if len(self.dataset.classes) < 2:
            raise ScoreUnavailable(f"{self.dataset.name} has fewer than two classes")
        if fakes.logits is None or self.extractor.classes != self.dataset.classes:
            raise ScoreUnavailable(f"extractor {self.extractor.name} does not know the classes of {self.dataset.name}")
        return classify(fakes.logits)

    def _modes(self, fakes: Fakes) -> tuple[float, float]:
        if self.dataset.modes is not None:
            covered, _, kl = self._mixture(fakes)
            return covered, kl
        labels = self._labels(fakes)
        real = torch.cat([self.dataset.labels, self.dataset.reference_labels])
        return collapse.mode_coverage(labels, self.dataset.classes, real)

    def _high_quality(self, fakes: Fakes) -> tuple[float]:
        if self.dataset.modes is None:
            raise ScoreUnavailable(f"{self.dataset.name} is no mixture of known Gaussians")
        return (self._mixture(fakes)[1],)

    def _mixture(self, fakes: Fakes) -> tuple[int, float, float]:
        modes = self.dataset.modes
        return collapse.mixture_modes(modes.to_units(fakes.images), modes.centres, modes.sd)

    def _ssim(self, fakes: Fakes) -> tuple[float]:
        return (ssim_within_class(fakes.images, self._labels(_pictures(fakes))),)

    def _texture(self, fakes: Fakes) -> tuple[float]:
        if fakes.gram is None:
            raise ScoreUnavailable(f"extractor {self.extractor.name} gives no feature maps")
        return (texture_distance(self.reference.gram, fakes.gram),)

    def _total_variation(self, fakes: Fakes) -> tuple[float]:
        fake = mean_total_variation(_pictures(fakes).images)
        return (total_variation_ratio(self.reference.total_variation, fake),)


def _pictures(fakes: Fakes) -> Fakes:
    if fakes.images.shape[-2:] == (1, 1):
        raise ScoreUnavailable("points are no pictures")
    return fakes


# Which scores each function gives, in order.
_TABLE: tuple[tuple[tuple[str, ...], Callable[[Scorer, Fakes], tuple]], ...] = (
    (("fid",), lambda scorer, fakes: (scorer._fid(fakes),)),
    (("kid",), Scorer._kernel_distance),
    (("is", "is_std"), Scorer._inception_score),
    (("precision", "recall"), lambda s, fakes: fidelity.precision_recall(s.reference.features, fakes.features)),
    (("density", "coverage"), lambda s, fakes: fidelity.density_coverage(s.reference.features, fakes.features)),
    (("modes", "modes_kl"), Scorer._modes),
    (("high_quality",), Scorer._high_quality),
    (("vendi",), lambda scorer, fakes: (collapse.vendi(fakes.features),)),
    (("ssim_within_class",), Scorer._ssim),
    (("duplicates",), lambda s, fakes: (collapse.duplicates(s.reference.features, fakes.features),)),
    (("texture",), Scorer._texture),
    (("total_variation_ratio",), Scorer._total_variation),
)
