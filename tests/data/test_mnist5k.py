import numpy as np

import bench.data
from bench.data.mnist5k import digits


def test_split_is_stratified_and_disjoint():
    data = bench.data.load("mnist5k")
    assert data.images.shape == (3000, 1, 32, 32)
    assert data.reference_images.shape == (2000, 1, 32, 32)
    assert data.labels.bincount().tolist() == [300] * 10
    assert data.reference_labels.bincount().tolist() == [200] * 10
    native, _ = digits()
    rows = [image.tobytes() for image in native]
    loaded = bench.data.load("mnist5k", 28)
    assert sorted(rows) == sorted(image.numpy().tobytes() for image in (*loaded.images, *loaded.reference_images))


def test_pixels_and_labels_stay_together():
    native, labels = digits()
    label_of = {image.tobytes(): label for image, label in zip(native, labels, strict=True)}
    data = bench.data.load("mnist5k", 28)
    assert [label_of[image.numpy().tobytes()] for image in data.images] == data.labels.tolist()
    assert data.images.max() == 255


def test_content_is_pinned():
    assert bench.data.load("mnist5k").content_hash.startswith("591337ef")
    assert bench.data.load("mnist5k", 64).content_hash.startswith("19846967")


def test_shared_arrays_cannot_be_changed():
    images, _ = digits()
    assert not images.flags.writeable
    first = bench.data.load("mnist5k", 28)
    first.images.zero_()
    assert np.any(bench.data.load("mnist5k", 28).images.numpy())
