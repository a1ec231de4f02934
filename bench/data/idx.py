"""`mnist` and `fashion-mnist`: 70,000 images of 28x28 in four idx files (LeCun's format), gzipped or plain.

The files are looked for in ROOT/NAME, in ROOT, in torchvision's own folder under ROOT, and where Debian's package
puts them; failing all, torchvision downloads them.
"""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.data.download import downloading, torchvision_datasets
from bench.data.mnist5k import DIGITS
from bench.data.registry import Request, Source, Splits, register
from bench.data.resize import fit_28
from bench.errors import UserError

_DEBIAN = Path("/usr/share/datasets")
_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_UNSIGNED_BYTE = 0x08
_MAX_BYTES = 2**30  # a header is a claim; what it claims is not allocated beyond this


@dataclass(frozen=True)
class _Family:
    """What tells the two sets apart: torchvision's name, class names, and the first ten test labels."""

    torchvision_name: str
    classes: tuple[str, ...]
    fingerprint: tuple[int, ...]
    origin: str


_FAMILIES = {
    "mnist": _Family("MNIST", DIGITS, (7, 2, 1, 0, 4, 1, 4, 9, 5, 9), "MNIST (LeCun et al. 1998)"),
    "fashion-mnist": _Family(
        "FashionMNIST",
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        (9, 2, 1, 1, 6, 1, 4, 6, 5, 7),
        "Fashion-MNIST (Xiao et al. 2017)",
    ),
}


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file of unsigned bytes, gzipped if it ends in .gz, as a uint8 array of the shape it declares.

    Raises:
        UserError: not idx, not unsigned bytes, truncated, longer than it declares, or damaged compression.
    """

    def broken(reason: str) -> UserError:
        return UserError(f"idx file {str(path)!r}: {reason}; fetch the file again")

    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            magic = file.read(4)
            if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTE or not 1 <= magic[3] <= 4:
                raise broken(f"starts with {magic.hex() or 'nothing'}, expected 000008 and 1 to 4 dimensions")
            header = file.read(4 * magic[3])
            if len(header) < 4 * magic[3]:
                raise broken("ends inside its header")
            shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
            expected = int(np.prod(shape, dtype=object))
            if expected > _MAX_BYTES:
                raise broken(f"declares {shape}, more than {_MAX_BYTES:,} bytes")
            content = file.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise broken(f"cannot be read ({error})") from error
    if len(content) != expected:
        found = "more" if len(content) > expected else f"{len(content):,}"
        raise broken(f"declares {shape} = {expected:,} bytes, holds {found}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _in_folder(folder: Path) -> list[Path] | None:
    """The four files of a folder in the order of `_FILES`, or None where one is missing."""
    found = []
    for name in _FILES:
        # Kaggle's copies have a dot before "idx".
        spellings = [name, f"{name}.gz", name.replace("-idx", ".idx"), name.replace("-idx", ".idx") + ".gz"]
        present = [folder / spelling for spelling in spellings if (folder / spelling).is_file()]
        if not present:
            return None
        found.append(present[0])
    return found


def _find(name: str, root: Path) -> list[Path] | None:
    folders = [root / name, root, root / _FAMILIES[name].torchvision_name / "raw", _DEBIAN / name]
    return next((files for files in map(_in_folder, folders) if files), None)


def _download(name: str, root: Path) -> list[Path]:
    remedy = f"put {', '.join(_FILES)} (.gz or not) into {str(root / name)!r}"
    if name == "fashion-mnist":
        remedy += ", or install Debian's dataset-fashion-mnist"
    with downloading(name, root, remedy):
        getattr(torchvision_datasets(), _FAMILIES[name].torchvision_name)(root, download=True)
    files = _find(name, root)
    if files is None:
        raise UserError(f"dataset {name!r}: torchvision's download left no idx files under {str(root)!r}; {remedy}")
    return files


def _pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """One split: images uint8 (N, 28, 28) and labels uint8 (N,), checked against each other."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or len(images) == 0:
        raise UserError(f"idx file {str(images_path)!r}: shape {images.shape}, expected (N, 28, 28); replace the file")
    if labels.shape != (len(images),):
        raise UserError(
            f"idx file {str(labels_path)!r}: shape {labels.shape} beside {len(images):,} images; replace the file"
        )
    if labels.max() > 9:
        raise UserError(f"idx file {str(labels_path)!r}: label {labels.max()}, expected 0 to 9; replace the file")
    return images, labels


def read(name: str, request: Request) -> Splits:
    """Read `mnist` or `fashion-mnist` at the resolution asked for."""
    family = _FAMILIES[name]
    files = _find(name, request.root) or _download(name, request.root)
    (images, labels), (test_images, test_labels) = _pair(*files[:2]), _pair(*files[2:])
    for other, known in _FAMILIES.items():
        if other != name and tuple(test_labels[:10]) == known.fingerprint:
            raise UserError(
                f"dataset {name!r}: the files in {str(files[0].parent)!r} are {other}; move them to a folder {other!r}"
            )
    return Splits(
        images=fit_28(images, request.resolution),
        labels=labels.astype(np.int64),
        classes=family.classes,
        reference_images=fit_28(test_images, request.resolution),
        reference_labels=test_labels.astype(np.int64),
        split=f"published split: {len(images):,} train / {len(test_images):,} test as reference",
        source=f"{family.origin}, idx files in {files[0].parent}",
        classifier=name,
    )


def find(name: str, root: Path) -> str | None:
    """The folder in which the four files of `mnist` or `fashion-mnist` are, or None."""
    files = _find(name, root)
    return str(files[0].parent) if files else None


def _register(name: str) -> None:
    register(
        Source(
            name=name,
            read=lambda request: read(name, request),
            resolution=32,
            size="60000 + 10000",
            channels=1,
            classes=10,
            obtain="downloads by itself, or four idx files in the data root",
            find=lambda root: find(name, root),
        )
    )


for _name in _FAMILIES:
    _register(_name)
