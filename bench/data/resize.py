"""Pixels to the resolution asked for, in uint8 from end to end.

Pillow's bilinear filter is used everywhere: it widens with the scale (antialiasing when shrinking) and computes in
integers, so that the same pixels come out on every machine.
"""

import numpy as np
from PIL import Image


def fit(images: np.ndarray, resolution: int) -> np.ndarray:
    """Square images uint8 (N, H, H) or (N, H, H, 3) -> uint8 (N, C, resolution, resolution)."""
    if images.ndim == 3:
        images = images[..., None]
    n, side, _, channels = images.shape
    if side == resolution:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    resized = np.empty((n, channels, resolution, resolution), dtype=np.uint8)
    for row, image in zip(resized, images, strict=True):
        picture = Image.fromarray(image[..., 0] if channels == 1 else image)
        pixels = np.asarray(picture.resize((resolution, resolution), Image.Resampling.BILINEAR))
        row[:] = pixels.reshape(resolution, resolution, channels).transpose(2, 0, 1)
    return resized


def fit_28(images: np.ndarray, resolution: int) -> np.ndarray:
    """MNIST-sized images uint8 (N, 28, 28) -> uint8 (N, 1, resolution, resolution).

    28 is native. 32 adds a black border of 2 pixels and resamples nothing; every other resolution is resized from
    that bordered image, so that 16, 32 and 64 show the same frame.
    """
    if resolution == 28:
        return fit(images, 28)
    return fit(np.pad(images, ((0, 0), (2, 2), (2, 2))), resolution)
