"""Mode collapse: which classes the fakes cover, how they spread, how often they repeat themselves."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import entropy

from bench.metrics.checks import ScoreUnavailable


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
        histograms, lower is better.

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
