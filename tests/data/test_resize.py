import numpy as np
import pytest

from bench.data.resize import fit, fit_28


def test_same_size_only_moves_the_axes():
    images = np.arange(2 * 3 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3, 3)
    fitted = fit(images, 3)
    assert fitted.shape == (2, 3, 3, 3)
    assert np.array_equal(fitted, images.transpose(0, 3, 1, 2))


def test_grey_gets_one_channel():
    assert fit(np.zeros((5, 8, 8), np.uint8), 16).shape == (5, 1, 16, 16)


def test_halving_is_the_antialiased_triangle_filter():
    """Two-fold shrinking with a triangle of half-width 2: taps 1/8, 3/8, 3/8, 1/8 on each axis, by hand."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (1, 32, 32), dtype=np.uint8)
    taps = np.array([1, 3, 3, 1]) / 8
    padded = image[0].astype(float)
    rows = np.stack([padded[2 * i - 1 : 2 * i + 3].T @ taps for i in range(1, 15)])
    both = np.stack([rows[:, 2 * j - 1 : 2 * j + 3] @ taps for j in range(1, 15)], axis=1)
    assert np.abs(fit(image, 16)[0, 0, 1:15, 1:15] - both).max() <= 1


def test_a_checkerboard_becomes_grey_not_aliased():
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    small = fit(board[None], 16)[0, 0, 1:-1, 1:-1]
    assert set(np.unique(small)) <= {127, 128}


def test_many_rows_equal_each_row_alone():
    images = np.random.default_rng(1).integers(0, 256, (2500, 8, 8), dtype=np.uint8)
    fitted = fit(images, 16)
    assert all(np.array_equal(fitted[i], fit(images[i : i + 1], 16)[0]) for i in (0, 1023, 1024, 2499))


def test_28_is_native_and_32_a_black_border():
    images = np.random.default_rng(2).integers(1, 256, (3, 28, 28), dtype=np.uint8)
    assert np.array_equal(fit_28(images, 28)[:, 0], images)
    bordered = fit_28(images, 32)[:, 0]
    assert np.array_equal(bordered[:, 2:30, 2:30], images)
    assert bordered.astype(int).sum() == images.astype(int).sum()


@pytest.mark.parametrize("resolution", [16, 64])
def test_other_sizes_show_the_bordered_frame(resolution):
    images = np.full((1, 28, 28), 255, np.uint8)
    expected = fit(fit_28(images, 32)[:, 0], resolution)
    assert np.array_equal(fit_28(images, resolution), expected)
