"""Scores of the images themselves: structural similarity within a class, texture, total variation."""

import numpy as np
import torch

import bench.torchvision_fix  # noqa: F401
from bench.metrics.checks import ScoreUnavailable

# isort: split
from torchmetrics.functional.image import structural_similarity_index_measure, total_variation


def ssim_within_class(pictures: torch.Tensor, labels: np.ndarray, pairs: int = 100, batch_size: int = 100) -> float:
    """Mean structural similarity of pairs of images of one class, averaged over the classes that have a pair.

    Each image of a class is paired with the next one, and the last with the first. Images that are all alike have 1.

    Args:
        pictures: uint8 (N, C, H, W).
        labels: (N,) class index of each.
        pairs: at most so many per class.

    Returns:
        A value in [-1, 1]; lower is more diverse. No score of fidelity: noise has the lowest of all.

    Raises:
        ScoreUnavailable: no class has two images.

    Source: Wang et al. 2004 (SSIM, Gaussian window of 11 with σ = 1.5); its mean over pairs as a test of collapse:
    Odena, Olah & Shlens 2017, arXiv 1610.09585.
    """
    order = np.argsort(labels, kind="stable")
    members = [rows for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1) if len(rows) > 1]
    if not members:
        raise ScoreUnavailable("no class has two images to compare")
    first = torch.from_numpy(np.concatenate([rows[:pairs] for rows in members]))
    second = torch.from_numpy(np.concatenate([np.roll(rows, -1)[:pairs] for rows in members]))
    values = torch.cat(
        [
            structural_similarity_index_measure(a.float(), b.float(), data_range=255.0, reduction="none").double()
            for a, b in zip(pictures[first].split(batch_size), pictures[second].split(batch_size), strict=True)
        ]
    )
    means = [part.mean() for part in values.split([min(len(rows), pairs) for rows in members])]
    return float(torch.stack(means).mean())


def mean_total_variation(images: torch.Tensor, batch_size: int = 500) -> float:
    """Mean over images (N, C, H, W) of the sum of absolute differences of neighbouring pixels, in the pixels' unit."""
    values = [total_variation(part.float(), reduction="none").double() for part in images.split(batch_size)]
    return float(torch.cat(values).mean())


def total_variation_ratio(real_variation: float, fake_variation: float) -> float:
    """How many times the total variation of the fakes is off that of real images, either way.

    Args:
        real_variation, fake_variation: `mean_total_variation` of each.

    Returns:
        The larger over the smaller, at least 1; lower is better. Blur and noise both raise it.

    Raises:
        ScoreUnavailable: one side has no variation at all.
    """
    real, fake = real_variation, fake_variation
    if not real > 0 or not fake > 0:
        raise ScoreUnavailable(f"the {'fake' if real > 0 else 'real'} images have no variation between pixels")
    return max(fake / real, real / fake)


def texture_distance(real_gram: torch.Tensor, fake_gram: torch.Tensor) -> float:
    """Frobenius distance of two mean Gram matrices (c, c) of shallow feature maps, over the norm of the real one.

    Returns:
        0 for equal second-order statistics of the maps, 1 for fakes that light up none; lower is better.

    Raises:
        ScoreUnavailable: the real images light up no map.

    Source: Gatys, Ecker & Bethge 2015, arXiv 1505.07376.
    """
    norm = float(torch.linalg.matrix_norm(real_gram))
    if norm == 0:
        raise ScoreUnavailable("the real images' feature maps are all zero")
    return float(torch.linalg.matrix_norm(fake_gram - real_gram)) / norm
