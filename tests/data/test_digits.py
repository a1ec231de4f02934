import torch
from sklearn.datasets import load_digits

import bench.data


def test_half_and_half_of_all_digits():
    data = bench.data.load("digits")
    assert data.images.shape == (898, 1, 16, 16)
    assert data.reference_images.shape == (899, 1, 16, 16)
    counts = data.labels.bincount() + data.reference_labels.bincount()
    assert counts.tolist() == torch.bincount(torch.tensor(load_digits().target)).tolist()
    assert (data.labels.bincount() - data.reference_labels.bincount()).abs().max() <= 3


def test_grey_levels_reach_the_whole_range():
    data = bench.data.load("digits")
    assert data.images.min() == 0
    assert data.images.max() == 255


def test_content_is_pinned():
    assert bench.data.load("digits").content_hash.startswith("01c546a6")
