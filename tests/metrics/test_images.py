"""Scores of the images themselves, by hand and against definitions."""

import numpy as np
import pytest
import torch

import bench.torchvision_fix  # noqa: F401
from bench.metrics import ScoreUnavailable
from bench.metrics.images import mean_total_variation, ssim_within_class, texture_distance, total_variation_ratio

# isort: split
from torchmetrics.functional.image import structural_similarity_index_measure

NOISE = torch.randint(0, 256, (8, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def ssim(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(structural_similarity_index_measure(a[None].float(), b[None].float(), data_range=255.0))


def test_ssim_of_equal_images_is_one_and_of_independent_noise_about_zero():
    assert ssim_within_class(NOISE[:1].repeat(6, 1, 1, 1), np.zeros(6)) == pytest.approx(1.0)
    assert ssim_within_class(NOISE, np.zeros(8)) == pytest.approx(0.0, abs=0.05)


def test_ssim_of_flat_images_is_its_luminance_term():
    # Without variance SSIM is (2ab + C1) / (a² + b² + C1), C1 = (0.01 · 255)².
    flat = torch.cat([torch.full((1, 1, 16, 16), v, dtype=torch.uint8) for v in (100, 200)])
    c1 = 2.55**2
    expected = (2 * 100 * 200 + c1) / (100**2 + 200**2 + c1)
    assert ssim_within_class(flat, np.zeros(2)) == pytest.approx(expected, rel=1e-5)


def test_ssim_averages_over_classes_and_leaves_out_single_images():
    labels = np.array([1, 0, 1, 0, 0, 2, 3, 3])
    zero = np.mean([ssim(NOISE[a], NOISE[b]) for a, b in [(1, 3), (3, 4), (4, 1)]])
    one, three = ssim(NOISE[0], NOISE[2]), ssim(NOISE[6], NOISE[7])
    assert ssim_within_class(NOISE, labels, batch_size=3) == pytest.approx(np.mean([zero, one, three]), abs=1e-6)
    with pytest.raises(ScoreUnavailable, match="no class has two images"):
        ssim_within_class(NOISE[:3], np.arange(3))


def test_total_variation_of_a_step():
    step = torch.zeros(1, 1, 4, 6, dtype=torch.uint8)
    step[..., 3:] = 10
    assert mean_total_variation(step) == 4 * 10
    assert mean_total_variation(torch.cat([step, step * 0])) == 20


def test_total_variation_ratio_counts_both_ways():
    assert total_variation_ratio(10.0, 20.0) == total_variation_ratio(20.0, 10.0) == 2.0
    with pytest.raises(ScoreUnavailable, match="fake images have no variation"):
        total_variation_ratio(10.0, 0.0)


def test_texture_distance_is_relative():
    real = torch.diag(torch.tensor([3.0, 4.0], dtype=torch.float64))
    assert texture_distance(real, real) == 0.0
    assert texture_distance(real, real * 0) == 1.0
    assert texture_distance(real, real + torch.tensor([[0.0, 5.0], [0.0, 0.0]])) == pytest.approx(1.0)
    with pytest.raises(ScoreUnavailable, match="all zero"):
        texture_distance(real * 0, real)
