"""Fidelity and diversity of fake features against real ones.

Fréchet distance, Inception score, kernel distance, precision and recall are torch-fidelity's feature-level functions;
density and coverage follow their paper. Features are (N, d) arrays of one extractor, logits (N, classes).
"""

from typing import NamedTuple

import numpy as np
import torch

import bench.torchvision_fix  # noqa: F401
from bench.metrics.checks import ScoreUnavailable, as_feature_pair, as_features

# isort: split
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric
from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

ROWS_AT_ONCE = 5000
"""Rows of a distance matrix that are held at once: 26,000 images against as many take 1 GB, not 5."""


class InceptionScore(NamedTuple):
    """Mean and standard deviation of the Inception score over its splits."""

    mean: float
    std: float


class FeatureStatistics(NamedTuple):
    """Mean (d,) and covariance (d, d) of a set of features, float64."""

    mean: np.ndarray
    covariance: np.ndarray


def feature_statistics(features, name: str = "features") -> FeatureStatistics:
    """Mean and unbiased covariance of features (N, d).

    Raises:
        ScoreUnavailable: N <= d, where the covariance is singular whatever the distribution is.
    """
    features = as_features(features, name)
    n, d = features.shape
    if n <= d:
        raise ScoreUnavailable(f"FID needs more images than feature dimensions: {name} are n = {n} for d = {d}")
    statistics = fid_features_to_statistics(features)
    return FeatureStatistics(statistics["mu"], np.atleast_2d(statistics["sigma"]))


def frechet_distance_of(real_statistics: FeatureStatistics, fake_statistics: FeatureStatistics) -> float:
    """Fréchet distance between the Gaussians with these statistics: |μr − μf|² + tr(Σr + Σf − 2 (Σr Σf)^½).

    At least 0: what rounding takes below is cut off.

    Raises:
        ScoreUnavailable: the features are so large that the distance overflows float64.
    """
    real, fake = real_statistics, fake_statistics
    with np.errstate(over="ignore", invalid="ignore"):
        product_is_finite = np.isfinite(real.covariance @ fake.covariance).all()
    if not product_is_finite:
        raise ScoreUnavailable("FID overflows: the covariances of the features have no finite product")
    metric = fid_statistics_to_metric(
        {"mu": real.mean, "sigma": real.covariance}, {"mu": fake.mean, "sigma": fake.covariance}, verbose=False
    )
    return max(metric[KEY_METRIC_FID], 0.0)


def frechet_distance(real, fake) -> float:
    """Fréchet distance between Gaussians fitted to two sets of features (FID when these are Inception's).

    Args:
        real, fake: (N, d) and (M, d), N and M larger than d.

    Returns:
        A distance in squared feature units, 0 for equal mean and covariance; lower is better. Biased upwards for
        small N and M: compare only values of the same N and M. Of two sets that both look like nothing known to an
        extractor with bounded features, either may be the further one.

    Raises:
        ScoreUnavailable: N <= d or M <= d, different d, NaN or infinity in the features.

    Source: Heusel et al. 2017, arXiv 1706.08500.
    """
    real, fake = as_feature_pair(real, fake)
    return frechet_distance_of(feature_statistics(real, "real features"), feature_statistics(fake, "fake features"))


def constant_distances(real: FeatureStatistics, features) -> np.ndarray:
    """Fréchet distance (N,) to `real` of each row of features (N, d) made again and again: |μ − x|² + tr Σ.

    One image repeated has no covariance, so the root of the product vanishes and nothing has to be estimated.
    """
    rows = as_features(features, "features").numpy()
    return np.square(rows - real.mean).sum(axis=1) + np.trace(real.covariance)


def inception_score(logits, splits: int = 10) -> InceptionScore:
    """Inception score exp E KL(p(y|x) ‖ p(y)) of a classifier's logits, over `splits` equal parts.

    The rows are shuffled with torch-fidelity's own fixed seed before they are split.

    Args:
        logits: (N, classes).
        splits: number of parts; each needs at least one row.

    Returns:
        (mean, std) over the splits; mean between 1 and the number of classes, higher is better. It hardly sees blur,
        nor that one image of each class is made again and again.

    Raises:
        ScoreUnavailable: fewer than two classes, N < splits, NaN or infinity in the logits.

    Source: Salimans et al. 2016, arXiv 1606.03498.
    """
    logits = as_features(logits, "logits")
    n, classes = logits.shape
    if classes < 2:
        raise ScoreUnavailable(f"the Inception score needs at least 2 classes, the classifier has {classes}")
    if splits < 1 or n < splits:
        raise ScoreUnavailable(f"the Inception score of {n} images cannot be taken over {splits} splits")
    metric = isc_features_to_metric(logits, splits=splits)
    # A softmax that underflows to exact zeros gives 0 · log 0.
    if not np.isfinite(metric[KEY_METRIC_ISC_MEAN]):
        raise ScoreUnavailable("the Inception score is not finite: some class has probability 0 for every image")
    return InceptionScore(metric[KEY_METRIC_ISC_MEAN], metric[KEY_METRIC_ISC_STD])


def kernel_distance(real, fake, subset_size: int | None = None, subsets: int = 1, seed: int = 2020) -> float:
    """Squared maximum mean discrepancy with the cubic kernel (x·y/d + 1)³, unbiased: KID on Inception's features.

    Args:
        real, fake: (N, d) and (M, d).
        subset_size: images per estimate, drawn without replacement; None is min(N, M), so that with N = M every image
            counts and their order does not. Memory grows with its square: 5,000 take about 1 GB.
        subsets: how many estimates are averaged (the paper's protocol: 100 of 1,000).
        seed: of the draw of the subsets.

    Returns:
        A number around 0 for equal distributions, possibly a little below; lower is better.

    Raises:
        ScoreUnavailable: fewer than 2 images, a subset larger than a set, different d, NaN or infinity.

    Source: Bińkowski et al. 2018, arXiv 1801.01401.
    """
    real, fake = as_feature_pair(real, fake)
    smaller = min(len(real), len(fake))
    size = smaller if subset_size is None else subset_size
    if not 2 <= size <= smaller:
        raise ScoreUnavailable(f"KID in subsets of {size}: expected 2 to {smaller}, the size of the smaller set")
    with np.errstate(over="ignore", invalid="ignore"):
        metric = kid_features_to_metric(
            fake, real, kid_subsets=subsets, kid_subset_size=size, rng_seed=seed, verbose=False
        )
    if not np.isfinite(metric[KEY_METRIC_KID_MEAN]):
        raise ScoreUnavailable("KID overflows: the features are too large for the cubic kernel")
    return metric[KEY_METRIC_KID_MEAN]


def _refuse_few(n_real: int, n_fake: int, k: int, score: str) -> None:
    if k < 1 or min(n_real, n_fake) <= k:
        raise ScoreUnavailable(f"{score} with k = {k} needs k ≥ 1 and more than k images: real {n_real}, fake {n_fake}")


def precision_recall(real, fake, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall: shares of fakes in the real manifold and of reals in the fake one.

    A manifold is the union of balls around each sample that reach to its k-th nearest neighbour.

    Args:
        real, fake: (N, d) and (M, d), both larger than k.

    Returns:
        (precision, recall), each in [0, 1], higher is better. Precision hardly sees blur, and is as high for one good
        image as for all; recall may be high for a few very different images, whose balls are wide.

    Raises:
        ScoreUnavailable: N <= k or M <= k, different d, NaN or infinity.

    Source: Kynkäänniemi et al. 2019, arXiv 1904.06991.
    """
    real, fake = as_feature_pair(real, fake)
    _refuse_few(len(real), len(fake), k, "precision and recall")
    many = max(len(real), len(fake)) > ROWS_AT_ONCE
    metric = prc_features_to_metric(
        fake, real, prc_neighborhood=k, prc_batch_size=ROWS_AT_ONCE, save_cpu_ram=many, verbose=False
    )
    return metric[KEY_METRIC_PRECISION], metric[KEY_METRIC_RECALL]


def density_coverage(real, fake, k: int = 5) -> tuple[float, float]:
    """Density and coverage of the fakes with respect to balls around the reals, of radius the k-th real neighbour.

    Density is the mean number of real balls a fake lies in, over k; coverage the share of real balls that hold a fake.

    Args:
        real, fake: (N, d) and (M, d), N larger than k.

    Returns:
        (density, coverage); density ≥ 0 with expectation 1 for equal distributions, coverage in [0, 1]; higher is
        better. Blurred images may have a higher density than real ones, and coverage hardly sees blur either.

    Raises:
        ScoreUnavailable: N <= k or M <= k, different d, NaN or infinity.

    Source: Naeem et al. 2020, arXiv 2002.09797.
    """
    real, fake = as_feature_pair(real, fake)
    _refuse_few(len(real), len(fake), k, "density and coverage")
    inside = covered = 0
    for rows in real.split(ROWS_AT_ONCE):
        radius = torch.cdist(rows, real).kthvalue(k + 1, dim=1).values
        distance = torch.cdist(rows, fake)
        inside += int((distance < radius[:, None]).sum())
        covered += int((distance.min(dim=1).values < radius).sum())
    return inside / (k * len(fake)), covered / len(real)
