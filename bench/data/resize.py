"""Pixels to the resolution asked for, in uint8 from end to end.

Pillow's bilinear filter is used everywhere: it widens with the scale (antialiasing when shrinking) and computes in
integers, so that the same pixels come out on every machine.
"""

import numpy as np
from PIL import Image

from bench.data import storage


def fit(images: np.ndarray, resolution: int, border: int = 0) -> np.ndarray:
    """Square images uint8 (N, H, H) or (N, H, H, 3) -> uint8 (N, C, resolution, resolution).

    `border` black pixels are added on each side first; nothing is resampled if the size then fits.
    """
    if images.ndim == 3:
        images = images[..., None]
    n, side, _, channels = images.shape
    fitted = storage.empty((n, channels, resolution, resolution))
    for start in range(0, n, storage.CHUNK):
        chunk = images[start : start + storage.CHUNK]
        chunk = np.pad(chunk, ((0, 0), (border, border), (border, border), (0, 0))) if border else chunk
        rows = fitted[start : start + storage.CHUNK]
        if side + 2 * border == resolution:
            rows[:] = chunk.transpose(0, 3, 1, 2)
            continue
        for row, image in zip(rows, chunk, strict=True):
            picture = Image.fromarray(image[..., 0] if channels == 1 else image)
            pixels = np.asarray(picture.resize((resolution, resolution), Image.Resampling.BILINEAR))
            row[:] = pixels.reshape(resolution, resolution, channels).transpose(2, 0, 1)
    return fitted


def fit_28(images: np.ndarray, resolution: int) -> np.ndarray:
    """MNIST-sized images uint8 (N, 28, 28) -> uint8 (N, 1, resolution, resolution).

    28 is native. 32 adds a black border of 2 pixels and resamples nothing; every other resolution is resized from
    that bordered image, so that 16, 32 and 64 show the same frame.
    """
    return fit(images, resolution, border=0 if resolution == 28 else 2)
