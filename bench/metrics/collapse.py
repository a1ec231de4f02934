"""Mode collapse: which classes the fakes cover, how they spread, how often they repeat themselves."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import entropy

from bench.metrics.checks import ScoreUnavailable, as_feature_pair, as_features
from bench.metrics.fidelity import ROWS_AT_ONCE


def _histogram(labels, classes: int, name: str) -> np.ndarray:
    values = np.asarray(labels.detach().cpu() if torch.is_tensor(labels) else labels)
    if values.ndim != 1 or values.size == 0:
        raise ScoreUnavailable(f"{name}: shape {values.shape}, expected (N,) with N at least 1")
    if not np.isfinite(values).all() or (values != values.astype(np.int64)).any():
        raise ScoreUnavailable(f"{name}: expected whole numbers, one class index per image")
    if values.min() < 0 or values.max() >= classes:
        raise ScoreUnavailable(
            f"{name}: values from {values.min()} to {values.max()}, expected class indices 0 to {classes - 1}"
        )
    return np.bincount(values.astype(np.int64), minlength=classes) / values.size


def mode_coverage(labels, classes: int | Sequence, reference=None) -> tuple[int, float]:
    """Number of classes among the fakes' labels, and KL(fake histogram ‖ real histogram).

    Args:
        labels: (N,) class index of each fake, as a classifier gives it.
        classes: how many classes there are, or the sequence of their names.
        reference: (M,) class indices of real images; None stands for equally many of each class.

    Returns:
        (covered, kl): classes with at least one fake, higher is better; KL divergence in nats, 0 for equal
        histograms, lower is better. One image that the classifier mistakes covers a class, and noise is given classes
        too: the divergence sees what the count does not.

    Raises:
        ScoreUnavailable: no classes, labels out of range, or fakes in a class the reference has none of (KL infinite).

    Source: stacked-MNIST protocol, Metz et al. 2016 (arXiv 1611.02163), Lin et al. 2018 (arXiv 1712.04086).
    """
    count = classes if isinstance(classes, int | np.integer) else len(classes)
    if count < 1:
        raise ScoreUnavailable("modes need at least one class, this dataset has none")
    fake = _histogram(labels, int(count), "labels")
    real = np.full(count, 1 / count) if reference is None else _histogram(reference, int(count), "reference")
    kl = float(entropy(fake, real))
    if not np.isfinite(kl):
        unseen = np.flatnonzero((fake > 0) & (real == 0))
        raise ScoreUnavailable(f"KL is infinite: fakes of class {unseen[0]}, which no reference image has")
    # Rounding leaves equal histograms some 1e-17 below zero.
    return int((fake > 0).sum()), max(kl, 0.0)


def mixture_modes(points, centres, sd: float) -> tuple[int, float, float]:
    """Modes of a known Gaussian mixture in the plane that generated points reach.

    A point is of high quality within 3 standard deviations of the nearest centre; a mode is covered by at least one
    such point.

    Args:
        points: (N, 2) in the mixture's units.
        centres: (K, 2).
        sd: standard deviation of each component, on each axis.

    Returns:
        (covered, share, kl): covered modes, 0 to K, and share of high-quality points, in [0, 1], higher is better;
        KL of the histogram of nearest centres, over all points, from the uniform one, in nats, lower is better.

    Source: Srivastava et al. 2017 (VEEGAN, arXiv 1705.07761), Lin et al. 2018 (PacGAN, arXiv 1712.04086).
    """
    points, centres = as_features(points, "points"), as_features(centres, "centres")
    distance, nearest = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist").min(dim=1)
    good = distance <= 3 * sd
    covered = len(torch.unique(nearest[good]))
    _, kl = mode_coverage(nearest, len(centres))
    return covered, float(good.double().mean()), kl


def high_quality(points, centres, sd: float) -> float:
    """Share of generated points, in [0, 1], within 3 standard deviations of a centre; see `mixture_modes`."""
    return mixture_modes(points, centres, sd)[1]


def covered_modes(seen) -> tuple[int, float]:
    """Modes that fakes cover and KL from the real histogram: a known mixture's components, else the dataset's classes.

    Args:
        seen: see `bench.metrics.seen.Seen`.
    """
    if seen.dataset.modes is not None:
        covered, _, kl = mixture_modes(seen.points, seen.centres, seen.sd)
        return covered, kl
    labels = seen.labels
    real = torch.cat([seen.dataset.labels, seen.dataset.reference_labels])
    return mode_coverage(labels, seen.dataset.classes, real)


def _nearest_other(features: torch.Tensor) -> torch.Tensor:
    """Distance (N,) of each row to the nearest other one."""
    nearest = []
    for start, rows in zip(range(0, len(features), ROWS_AT_ONCE), features.split(ROWS_AT_ONCE), strict=True):
        # NOTE: the faster way through a matrix product leaves equal rows some 1e-7 apart.
        distance = torch.cdist(rows, features, compute_mode="donot_use_mm_for_euclid_dist")
        distance[:, start:].fill_diagonal_(torch.inf)
        nearest.append(distance.min(dim=1).values)
    return torch.cat(nearest)


def duplicates(real, fake, quantile: float = 0.01) -> float:
    """Share of fakes with a near-duplicate among the other fakes, as a birthday test counts them.

    Two images are near-duplicates when they are as close as the closest 1 % of as many real images are to their
    nearest neighbour.

    Args:
        real, fake: (N, d) and (M, d); compare only values of the same N and M.
        quantile: the share that real images themselves have.

    Returns:
        A share in [0, 1], `quantile` for a perfect generator; lower is more diverse.

    Raises:
        ScoreUnavailable: fewer than 2 images, different d, NaN or infinity.

    Source: after Arora, Risteski & Zhang 2018 (birthday paradox test), who judged pairs by eye.
    """
    real, fake = as_feature_pair(real, fake)
    if min(len(real), len(fake)) < 2:
        raise ScoreUnavailable("duplicates need at least 2 real and 2 fake images")
    threshold = torch.quantile(_nearest_other(real), quantile)
    return float((_nearest_other(fake) <= threshold).double().mean())


def vendi(fake) -> float:
    """Vendi score: exp of the entropy of the eigenvalues of K/N, with K the cosine similarity of features (N, d).

    Returns:
        The effective number of different images, 1 to min(N, d); higher is more diverse.

    Raises:
        ScoreUnavailable: a row of zeros, which has no direction; NaN or infinity.

    Source: Friedman & Dieng 2023, arXiv 2210.02410.
    """
    features = as_features(fake, "features")
    norms = features.norm(dim=1, keepdim=True)
    if bool((norms == 0).any()):
        raise ScoreUnavailable("the Vendi score needs features other than zero")
    rows = features / norms
    # K/N = XXᵀ/N and XᵀX/N have the same eigenvalues but for zeros; the smaller one is decomposed.
    gram = rows.T @ rows if rows.shape[0] > rows.shape[1] else rows @ rows.T
    eigenvalues = torch.linalg.eigvalsh(gram / len(rows)).clamp(min=0)
    return float(np.exp(entropy(eigenvalues.numpy())))
