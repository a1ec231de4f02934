import math

import numpy as np
import pytest
import torch

import bench.data

CASES = {"ring8": (8, 0.01, 1.25), "grid25": (25, 0.05, 5.0)}


@pytest.fixture(scope="module", params=sorted(CASES))
def mixture(request):
    return bench.data.load(request.param)


def test_points_are_float32_in_the_unit_square(mixture):
    assert mixture.kind == "points"
    assert mixture.images.shape == (100_000, 2, 1, 1)
    assert mixture.reference_images.shape == (10_000, 2, 1, 1)
    assert mixture.images.dtype == torch.float32
    assert mixture.images.min() > 0
    assert mixture.images.max() < 1
    assert (len(mixture.classes), mixture.modes.sd, mixture.extent) == CASES[mixture.name]


def test_ring_and_grid_are_where_the_protocol_puts_them():
    ring = bench.data.load("ring8").modes.centres
    assert np.hypot(*ring.T) == pytest.approx(np.ones(8))
    neighbours = np.linalg.norm(ring - np.roll(ring, 1, axis=0), axis=1)
    assert neighbours == pytest.approx(np.full(8, 2 * math.sin(math.pi / 8)))
    grid = bench.data.load("grid25").modes.centres
    assert sorted(map(tuple, grid)) == [(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]


def test_labels_name_the_nearest_centre(mixture):
    points = mixture.modes.to_units(mixture.reference_images).numpy()
    distance = np.linalg.norm(points[:, None] - mixture.modes.centres[None], axis=2)
    assert np.array_equal(distance.argmin(axis=1), mixture.reference_labels.numpy())


def test_spread_is_the_declared_one(mixture):
    points = mixture.modes.to_units(mixture.images).numpy()
    offsets = points - mixture.modes.centres[mixture.labels.numpy()]
    assert offsets.std(axis=0) == pytest.approx(mixture.modes.sd, rel=0.01)
    assert np.abs(offsets.mean(axis=0)).max() < 0.02 * mixture.modes.sd
    # A 2-D Gaussian keeps 1 - exp(-9/2) within 3 SD: the real data's own share of high-quality samples.
    within = np.linalg.norm(offsets, axis=1) < 3 * mixture.modes.sd
    assert within.mean() == pytest.approx(1 - math.exp(-4.5), abs=0.002)


def test_modes_are_equally_likely(mixture):
    k = len(mixture.classes)
    counts = mixture.labels.bincount(minlength=k).double()
    assert (counts / len(mixture.labels)).numpy() == pytest.approx(1 / k, rel=0.06)


def test_splits_are_independent_draws(mixture):
    train = set(map(tuple, mixture.images.flatten(1).tolist()))
    assert not train & set(map(tuple, mixture.reference_images.flatten(1).tolist()))
