import numpy as np
import pytest

import bench.data
from bench.data.shapes import CLASSES, _parameters, draw


@pytest.fixture(scope="module")
def data():
    return bench.data.load("shapes")


def test_sizes_and_balance(data):
    assert data.images.shape == (4000, 3, 32, 32)
    assert data.reference_images.shape == (2000, 3, 32, 32)
    assert data.labels.bincount().tolist() == [250] * 16
    assert data.reference_labels.bincount().tolist() == [125] * 16
    assert len(set(CLASSES)) == 16


def test_no_picture_is_in_both_splits(data):
    train = {image.numpy().tobytes() for image in data.images}
    assert len(train) == 4000
    assert not train & {image.numpy().tobytes() for image in data.reference_images}


def test_content_is_pinned(data):
    assert data.content_hash.startswith("d724d452")


def test_colour_is_what_the_class_says(data):
    """The brightest pixel of every picture, read without the drawing code."""
    pixels = data.images.flatten(2)
    rows = np.arange(len(pixels))
    r, g, b = (pixels[rows, :, pixels.sum(1).argmax(1)].numpy().astype(int)).T
    seen = np.select([(r > 150) & (g > 120), (r > 150), (g > 150), (b > 150)], ["yellow", "red", "green", "blue"], "?")
    named = np.array([CLASSES[label].split()[0] for label in data.labels])
    assert (seen == named).all()


def test_shapes_are_inside_the_frame_on_a_dark_background(data):
    fine, _ = draw(2000, 64, seed=4)  # the margin of 2 % is 1.3 of these pixels
    frame = np.ones((64, 64), dtype=bool)
    frame[1:-1, 1:-1] = False
    assert fine[:, :, frame].max() < 64
    assert np.median(data.images.numpy()) < 40


def test_every_shape_has_the_area_of_its_disk():
    """Area from pixels (share of colour over background), against pi r²."""
    images, labels = draw(640, 64, seed=5)
    radius = 1 / np.hypot(*_parameters(640, 5)["turn"].T)
    inside = images.max(axis=1) > 110
    area = inside.mean(axis=(1, 2))
    for shape in range(4):
        rows = labels // 4 == shape
        assert np.mean(area[rows] / (np.pi * radius[rows] ** 2)) == pytest.approx(1, abs=0.06)


def test_shape_is_what_the_class_says():
    """Perimeter² / area from boundary pixels ranks disk < square < triangle < cross."""
    images, labels = draw(800, 64, seed=6)
    inside = np.pad(images.max(axis=1) > 110, ((0, 0), (1, 1), (1, 1)))
    eroded = inside[:, 1:-1, 1:-1] & inside[:, :-2, 1:-1] & inside[:, 2:, 1:-1] & inside[:, 1:-1, :-2]
    eroded &= inside[:, 1:-1, 2:]
    edge = inside.sum(axis=(1, 2)) - eroded.sum(axis=(1, 2))
    compactness = edge**2 / inside.sum(axis=(1, 2))
    means = [compactness[labels // 4 == shape].mean() for shape in range(4)]
    assert means == sorted(means)


def test_every_resolution_shows_the_same_pictures():
    fine, labels = draw(100, 64, seed=7)
    for resolution in (16, 32):
        coarse, same = draw(100, resolution, seed=7)
        factor = 64 // resolution
        pooled = fine.reshape(100, 3, resolution, factor, resolution, factor).mean(axis=(3, 5))
        assert np.array_equal(labels, same)
        # The grids of samples differ, so a pixel on an edge may; the picture does not.
        assert np.abs(pooled - coarse).mean() < 0.5
        assert np.abs(pooled - coarse).max() < 80


def test_edges_are_antialiased():
    images, _ = draw(16, 32, seed=8)
    brightness = images.max(axis=1).astype(int)
    between = (brightness > 70) & (brightness < 150)
    assert between.sum(axis=(1, 2)).min() >= 5
