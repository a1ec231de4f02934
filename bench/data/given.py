"""What a person has in memory, arrays or a torch Dataset, as images that can be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.data import storage
from bench.data.arrays import OwnImages
from bench.errors import UserError
from bench.progress import Progress

MOST_SIDE = 4096


def own_images(value: Any, labels: Any = None) -> OwnImages:
    """What a person has in memory as images that can be kept.

    Args:
        value: uint8 array or tensor (N, C, H, W), (N, H, W, C) or (N, H, W) with C = 1 or 3; or a torch Dataset of
            images, or of (image, label): pictures, uint8 arrays, or floats in [0, 1], all of one size.
        labels: whole numbers or texts (N,), or None.

    Raises:
        UserError: anything else, said with what to do.
    """
    if isinstance(value, tuple) and len(value) == 2 and labels is None:
        value, labels = value
    if is_array(value):
        images = _laid_out(_numpy(value))
        return OwnImages(images, *_labelled(labels, len(images)))
    sized = hasattr(value, "__getitem__") and hasattr(value, "__len__")
    if not sized or isinstance(value, (str, bytes, Mapping)):
        kind = type(value).__name__
        raise UserError(f"own images {kind}: expected an array of images, or a torch Dataset with a length")
    return _of_dataset(value, labels)


def is_array(value: Any) -> bool:
    """Whether it is an array or a tensor of any library."""
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _numpy(value: Any) -> np.ndarray:
    """An array or a tensor, on whichever device, as an array."""
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)


def _laid_out(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W) or (N, H, W, 3), contiguous."""
    shape = tuple(images.shape)
    if images.dtype != np.uint8:
        hint = "(255 * images).round().astype('uint8') for values in [0, 1]" if images.dtype.kind == "f" else "uint8"
        raise UserError(f"own images of {images.dtype} {shape}: expected uint8, 0 to 255; convert them: {hint}")
    if images.ndim == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    elif images.ndim == 4 and shape[3] not in (1, 3):
        raise UserError(f"own images {shape}: expected (N, C, H, W) or (N, H, W, C) with 1 or 3 channels, or (N, H, W)")
    elif images.ndim not in (3, 4):
        raise UserError(f"own images {shape}: expected (N, C, H, W), (N, H, W, C) or (N, H, W)")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if len(images) < 2 or not min(images.shape[1:3]) >= 1 or max(images.shape[1:3]) > MOST_SIDE:
        raise UserError(f"own images {shape}: expected at least 2, of 1 to {MOST_SIDE:,} pixels a side")
    return np.ascontiguousarray(images)


def _labelled(labels: Any, count: int, known: Sequence[str] | None = None) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels as indices, and the classes; `known` names whole numbers from 0 on."""
    if labels is None:
        return None, ()
    values = _numpy(labels) if is_array(labels) else np.asarray(labels)
    if values.shape != (count,):
        raise UserError(f"labels {values.shape} for {count:,} images: expected one for each, ({count},)")
    if values.dtype.kind not in "iubU":
        raise UserError(f"labels of {values.dtype}: expected whole numbers or texts")
    found, indices = np.unique(values, return_inverse=True)
    names = found.tolist()
    if known is not None and values.dtype.kind in "iu" and names[0] >= 0 and names[-1] < len(known):
        names = [known[value] for value in names]
    return indices.astype(np.int64).reshape(-1), tuple(map(str, names))


def _of_dataset(dataset: Any, labels: Any) -> OwnImages:
    """All items of a torch Dataset."""
    count = len(dataset)
    if count < 2:
        raise UserError(f"own dataset of {count} images: expected at least 2")
    found: list[np.ndarray] = []
    own: list[Any] = []
    for number in Progress("reading images", count).over(range(count)):
        item = dataset[number]
        image, *rest = item if isinstance(item, (tuple, list)) else (item,)
        found.append(_picture(image, number))
        own += [_plain(rest[0])] if rest else []
    channels = {image.ndim for image in found}
    if len(channels) > 1:  # grey pictures among coloured ones
        found = [image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2) for image in found]
    sizes = sorted({image.shape[:2] for image in found})
    if len(sizes) > 1:
        raise UserError(
            f"own dataset with images of {len(sizes)} sizes, {sizes[0]} to {sizes[-1]}: expected one; add Resize and "
            "CenterCrop to its transform, or save the pictures and name folder:PATH"
        )
    images = storage.empty((count, *found[0].shape))
    for row, image in zip(images, found, strict=True):
        row[...] = image
    given = labels if labels is not None else own if len(own) == count else None
    known = getattr(dataset, "classes", None)
    return OwnImages(_laid_out(images), *_labelled(given, count, known if labels is None else None))


def _picture(image: Any, number: int) -> np.ndarray:
    """One image of a torch Dataset as uint8 (H, W) or (H, W, 3)."""
    if hasattr(image, "convert"):  # Pillow's
        image = np.asarray(image.convert("L" if image.mode in ("1", "L", "LA") else "RGB"))
    if not is_array(image):
        raise UserError(f"own dataset, item {number}: {type(image).__name__}; expected an image, or (image, label)")
    pixels = _numpy(image)
    if pixels.dtype.kind == "f":
        if not np.all((pixels >= 0) & (pixels <= 1)):
            ends = f"{pixels.min():.3g} to {pixels.max():.3g}"
            raise UserError(
                f"own dataset, item {number}: numbers from {ends}; expected 0 to 1, as ToTensor makes them: leave out "
                "Normalize"
            )
        pixels = np.round(255 * pixels).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = pixels[None]
    try:
        return _laid_out(np.stack([pixels, pixels]))[0]
    except UserError as problem:
        raise UserError(f"own dataset, item {number}: {str(problem).replace('(2, ', '(')}") from None


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
