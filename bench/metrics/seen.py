"""What a score may ask for: generated images beside the real ones, as a dataset's extractor sees both."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from bench.data import Dataset
from bench.metrics.checks import ScoreUnavailable
from bench.metrics.extractor import Extractor, Observation, classify
from bench.metrics.fidelity import FeatureStatistics, feature_statistics
from bench.metrics.images import mean_total_variation
from bench.metrics.reference import Reference

INCEPTION_SPLITS = 10
WHOLE_KERNEL = 5000  # so many images on each side are compared at once, 1 GB
KERNEL_SUBSETS = (100, 1000)  # of more, so many subsets of so many images


def inception_splits(n: int) -> int:
    """Parts that the Inception score of n images is taken over."""
    return min(INCEPTION_SPLITS, n)


def kernel_subsets(n: int) -> tuple[int, int]:
    """Of n images on each side, how many subsets KID is averaged over, and of how many images."""
    return (1, n) if n <= WHOLE_KERNEL else KERNEL_SUBSETS


@dataclass(frozen=True, eq=False)
class Seen:
    """One set of fakes beside the real images. A score's parameters name the attributes that it asks for.

    What these fakes or this dataset do not have raises `ScoreUnavailable` with the reason.

    Attributes:
        dataset, extractor, reference: what the fakes are compared with.
        images: the fakes (n, C, H, W).
        observed: what the extractor sees in them.
    """

    dataset: Dataset
    extractor: Extractor
    reference: Reference
    images: torch.Tensor
    observed: Observation

    @property
    def real(self) -> torch.Tensor:
        """Features (n, d) of the real images."""
        return self.reference.features

    @property
    def fake(self) -> torch.Tensor:
        """Features (n, d) of the fakes."""
        return self.observed.features

    @property
    def real_statistics(self) -> FeatureStatistics:
        """Mean and covariance of the real features."""
        return self.reference.statistics

    @cached_property
    def fake_statistics(self) -> FeatureStatistics:
        """Mean and covariance of the fakes' features."""
        return feature_statistics(self.fake, "fake features")

    @property
    def logits(self) -> torch.Tensor:
        """Logits (n, classes) of the fakes, over two classes or more."""
        if self.observed.logits is None:
            raise ScoreUnavailable(f"extractor {self.extractor.name} classifies nothing")
        if len(self.dataset.classes) == 1:
            raise ScoreUnavailable(f"{self.dataset.name} has one class only")
        return self.observed.logits

    @property
    def labels(self) -> np.ndarray:
        """Which of the dataset's classes each fake belongs to, by the extractor: (n,) indices."""
        if len(self.dataset.classes) < 2:
            raise ScoreUnavailable(f"{self.dataset.name} has fewer than two classes")
        if self.observed.logits is None or self.extractor.classes != self.dataset.classes:
            raise ScoreUnavailable(f"extractor {self.extractor.name} does not know the classes of {self.dataset.name}")
        return classify(self.observed.logits)

    @property
    def splits(self) -> int:
        """Parts that the Inception score is taken over."""
        return inception_splits(len(self.images))

    @property
    def subsets(self) -> int:
        """Subsets that KID is averaged over."""
        return kernel_subsets(len(self.images))[0]

    @property
    def subset_size(self) -> int:
        """Images in each of these."""
        return kernel_subsets(len(self.images))[1]

    @property
    def points(self) -> torch.Tensor:
        """The fakes as points (n, 2), in the units of the mixture they are drawn from."""
        if self.dataset.modes is None:
            raise ScoreUnavailable(f"{self.dataset.name} is no mixture of known Gaussians")
        return self.dataset.modes.to_units(self.images)

    @property
    def centres(self) -> np.ndarray:
        """The mixture's modes (K, 2)."""
        return self.dataset.modes.centres

    @property
    def sd(self) -> float:
        """Their standard deviation."""
        return self.dataset.modes.sd

    @property
    def pictures(self) -> torch.Tensor:
        """The fakes, where they are no points."""
        if self.images.shape[-2:] == (1, 1):
            raise ScoreUnavailable("points are no pictures")
        return self.images

    @property
    def real_gram(self) -> torch.Tensor:
        """Mean Gram matrix of the extractor's shallow maps on the real images."""
        return self._gram(self.reference.gram)

    @property
    def fake_gram(self) -> torch.Tensor:
        """The same on the fakes."""
        return self._gram(self.observed.gram)

    def _gram(self, gram: torch.Tensor | None) -> torch.Tensor:
        if gram is None:
            raise ScoreUnavailable(f"extractor {self.extractor.name} gives no feature maps")
        return gram

    @property
    def real_variation(self) -> float:
        """Mean total variation of the real images."""
        return self.reference.total_variation

    @property
    def fake_variation(self) -> float:
        """The same of the fakes."""
        return mean_total_variation(self.pictures)
