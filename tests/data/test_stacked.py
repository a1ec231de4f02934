import numpy as np
import pytest

import bench.data
from bench.data import idx
from bench.data.stacked import stack


@pytest.fixture(scope="module")
def data():
    return bench.data.load("stacked", 16)


def test_channels_are_digits_of_the_label(data):
    digits = bench.data.load("mnist5k", 16)
    splits = [
        (data.images, data.labels, digits.images, digits.labels),
        (data.reference_images, data.reference_labels, digits.reference_images, digits.reference_labels),
    ]
    for images, labels, sources, source_labels in splits:
        known = {image.numpy().tobytes(): int(label) for image, label in zip(sources, source_labels, strict=True)}
        for image, label in zip(images[:500].numpy(), labels[:500].tolist(), strict=True):
            assert [known[channel.tobytes()] for channel in image] == [int(digit) for digit in f"{label:03d}"]
            assert data.classes[label] == f"{label:03d}"


def test_thousand_modes_about_equally_often(data):
    assert data.images.shape == (50_000, 3, 16, 16)
    assert data.reference_images.shape == (26_000, 3, 16, 16)
    for labels in (data.labels, data.reference_labels):
        counts = labels.bincount(minlength=1000).double()
        expected = len(labels) / 1000
        assert counts.min() > 0
        # chi-square with 999 degrees of freedom: mean 999, SD 44.7
        assert ((counts - expected) ** 2 / expected).sum() == pytest.approx(999, abs=5 * 44.7)


def test_stack_by_hand():
    images = np.arange(10, dtype=np.uint8).repeat(4).reshape(10, 1, 2, 2)
    stacks, labels = stack(images, np.arange(10), 1500, seed=3)
    assert stacks.shape == (1500, 3, 2, 2)
    assert np.array_equal(labels, stacks[:, :, 0, 0].astype(int) @ [100, 10, 1])


def test_from_the_full_mnist(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "find", lambda name, root: "here")
    digits = idx.Splits(
        images=np.zeros((30, 1, 16, 16), np.uint8),
        labels=np.full(30, 4),
        classes=tuple("0123456789"),
        reference_images=np.full((20, 1, 16, 16), 9, np.uint8),
        reference_labels=np.full(20, 7),
        split="given",
        source="MNIST",
    )
    monkeypatch.setattr(idx, "read", lambda name, request: digits if name == "mnist" else None)
    data = bench.data.load("stacked-mnist", 16, tmp_path)
    assert data.labels.unique().tolist() == [444]
    assert data.reference_labels.unique().tolist() == [777]
    assert data.images.max() == 0
    assert data.reference_images.min() == 9
