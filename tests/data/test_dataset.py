import hashlib

import numpy as np
import torch

from bench.data.dataset import MixtureModes, content_hash


def test_content_hash_is_sha256_of_a_documented_layout():
    images = torch.arange(8, dtype=torch.uint8).reshape(2, 1, 2, 2)
    labels = torch.tensor([1, 0])
    expected = hashlib.sha256(
        b"torch.uint8 (2, 1, 2, 2);" + bytes(range(8)) + b"torch.int64 (2,);" + bytes([1] + 15 * [0]) + b"none;none;"
    ).hexdigest()
    assert content_hash((images, labels), (None, None)) == expected


def test_content_hash_sees_every_part():
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (9000, 1, 2, 2), dtype=np.uint8))
    labels = torch.from_numpy(rng.integers(0, 10, 9000))
    base = content_hash((images, labels), (images, labels))
    assert base == content_hash((images.clone(), labels.clone()), (images, labels))
    late = images.clone()
    late[8999, 0, 1, 1] += 1
    relabelled = labels.clone()
    relabelled[0] += 1
    others = [
        content_hash((late, labels), (images, labels)),
        content_hash((images, relabelled), (images, labels)),
        content_hash((images, labels), (images, None)),
        content_hash((images.reshape(9000, 4, 1, 1), labels), (images, labels)),
        content_hash((images[:4500], labels[:4500]), (images[4500:], labels[4500:])),
    ]
    assert len({base, *others}) == 6


def test_modes_map_the_extent_to_the_unit_square_and_back():
    modes = MixtureModes(np.zeros((1, 2)), sd=1.0, extent=5.0)
    points = torch.tensor([[-5.0, 5.0], [0.0, 2.5]])
    images = modes.from_units(points)
    assert images.shape == (2, 2, 1, 1)
    assert images.flatten().tolist() == [0.0, 1.0, 0.5, 0.75]
    assert modes.to_units(images).tolist() == points.tolist()
