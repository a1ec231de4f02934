"""Picture files of any kind to one uint8 array: decoding, what counts as broken, and the cache of decoded arrays.

Every picture becomes RGB: turned upright by its EXIF orientation, cut to its central square, shrunk by a box filter to
no less than twice the resolution (JPEG does that inside its own decoder) and then by Pillow's antialiased bilinear
filter. Transparency is laid over white, 16-bit grey is scaled to 8 bits, CMYK is converted, of an animation the first
frame counts. Files are never executed or unpickled; Pillow is held to the formats listed here.
"""

import contextlib
import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from PIL import ExifTags, Image, UnidentifiedImageError

from bench.data import storage
from bench.progress import Progress

EXTENSIONS = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm")
)
MAX_FILE_BYTES = 256 * 2**20
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_THREADS = min(8, os.cpu_count() or 1)  # Pillow decodes without holding the interpreter's lock
_READER = "1"  # part of the cache key: raise it when decoding changes
_BROKEN, _GREY, _COLOUR = 0, 1, 2
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pictures in the order asked for, without the broken ones.

    `images`: uint8 (N, C, resolution, resolution), C = 1 where every picture is stored as grey, else 3. `rows`: which
    of the pictures asked for they are, int64 (N,). `broken`: name and reason of each that could not be read.
    """

    images: np.ndarray
    rows: np.ndarray
    broken: dict[str, str]


def is_picture(name: str) -> bool:
    """Whether a file name ends as a picture's does; hidden files (such as macOS's `._` twins) are none."""
    base = name.rsplit("/", 1)[-1]
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in EXTENSIONS


def decode(content: bytes, resolution: int) -> tuple[np.ndarray, bool]:
    """The bytes of one picture file -> (uint8 (3, resolution, resolution), whether it is stored as grey).

    Raises:
        Exception: whatever Pillow's parsers meet in a damaged file.
    """
    with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
        picture.draft(None, (2 * resolution, 2 * resolution))
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
        plain = _eight_bit(picture)
    width, height = plain.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = (left, top, left + side, top + side)
    factor = side // (2 * resolution)
    plain = plain.reduce(factor, box=square) if factor > 1 else plain.crop(square)
    plain = plain.resize((resolution, resolution), Image.Resampling.BILINEAR)
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
    is_grey = plain.mode in ("L", "LA")
    if plain.mode in ("LA", "RGBA"):
        plain = Image.alpha_composite(Image.new("RGBA", plain.size, "white"), plain.convert("RGBA"))
    return np.asarray(plain.convert("RGB")).transpose(2, 0, 1), is_grey


def _eight_bit(picture: Image.Image) -> Image.Image:
    """The picture in mode L, LA, RGB or RGBA, at its own size."""
    mode = picture.mode
    if mode.startswith("I"):
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("integer pixels beyond 16 bits")
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    if mode == "F":
        raise ValueError("floating-point pixels have no fixed range")
    grey = mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        return picture.convert("LA" if grey else "RGBA")
    return picture.convert("L" if grey else "RGB")


def decode_all(
    names: Sequence[str], read: Callable[[str], bytes], resolution: int, fingerprint: str | None = None
) -> Decoded:
    """Decode pictures, in parallel, or take them from the cache if exactly these bytes were decoded before.

    Args:
        names: the pictures, in the order of the rows wanted.
        read: name -> bytes of the file, callable from several threads; what it raises counts as a broken picture.
        resolution: side in pixels of the result.
        fingerprint: a digest of all the bytes behind `read`, where one is cheaper than reading every picture.
    """
    with ThreadPoolExecutor(_THREADS) as pool, warnings.catch_warnings():
        # What a parser only warns of was read all the same; a picture of absurd size is a broken one.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        contents = fingerprint or _digest(names, read, pool.map)
        key = hashlib.sha256(
            "\n".join((_READER, PIL.__version__, str(resolution), contents, *names)).encode(errors="backslashreplace")
        )
        cached = storage.cache_dir() / "pictures" / key.hexdigest()
        shape = (len(names), 3, resolution, resolution)
        loaded = _from_cache(cached, shape)
        if loaded is None:
            pixels = storage.empty(shape)
            status, reasons = _decode_into(pixels, names, read, pool.map)
            _to_cache(cached, pixels, status)
        else:
            pixels, status = loaded
            broken = [names[row] for row in np.flatnonzero(status == _BROKEN)]
            _, reasons = _decode_into(np.empty((len(broken), *shape[1:]), np.uint8), broken, read, pool.map)
    rows = np.flatnonzero(status != _BROKEN)
    if len(rows) < len(names):
        pixels = storage.take(pixels, rows)
    if np.all(status[rows] == _GREY):
        pixels = storage.take(pixels[:, :1], np.arange(len(rows)))
    return Decoded(pixels, rows, reasons)


def _decode_into(
    pixels: np.ndarray, names: Sequence[str], read: Callable[[str], bytes], parallel: Callable
) -> tuple[np.ndarray, dict[str, str]]:
    """Fill pixels row by row; returns the status of each row, uint8 (N,), and the reasons of the broken ones."""
    status = np.zeros(len(names), dtype=np.uint8)
    reasons: dict[str, str] = {}

    def one(row: int) -> None:
        try:
            pixels[row], is_grey = decode(read(names[row]), pixels.shape[-1])
        except UnidentifiedImageError:
            reasons[names[row]] = "not a picture of a known format"
            return
        except Exception as error:  # a damaged file makes Pillow's parsers raise nearly anything
            reasons[names[row]] = " ".join(str(error).split()) or type(error).__name__
            return
        status[row] = _GREY if is_grey else _COLOUR

    for _ in Progress("reading pictures", len(names)).over(parallel(one, range(len(names)))):
        pass
    return status, {name: reasons[name] for name in names if name in reasons}


def _digest(names: Sequence[str], read: Callable[[str], bytes], parallel: Callable) -> str:
    """sha256 (hex) over the bytes of every picture."""

    def of_file(name: str) -> bytes:
        try:
            return hashlib.sha256(read(name)).digest()
        except Exception as error:  # as in decoding: an unreadable file is one kind of content
            return hashlib.sha256(repr(error).encode()).digest()

    digest = hashlib.sha256()
    for one in Progress("looking for changed pictures", len(names)).over(parallel(of_file, names)):
        digest.update(one)
    return digest.hexdigest()


def _from_cache(path: Path, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        status = np.load(path.with_suffix(".status.npy"), allow_pickle=False)
        mode = "c" if storage.is_large(int(np.prod(shape))) else None
        pixels = np.load(path.with_suffix(".npy"), mmap_mode=mode, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = pixels.shape == shape and pixels.dtype == np.uint8 and status.shape == shape[:1]
    return (pixels, status) if fits else None


def _to_cache(path: Path, pixels: np.ndarray, status: np.ndarray) -> None:
    """Keep the arrays; a full or read-only disk only costs the next load its time."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, array in ((".npy", pixels), (".status.npy", status)):
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                try:
                    np.save(file, array, allow_pickle=False)
                    os.replace(file.name, path.with_suffix(suffix))
                except OSError:
                    os.unlink(file.name)
                    raise
