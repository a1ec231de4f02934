"""`arrays:NAME`: a user's own images out of memory, kept in the cache under what they hold.

Whoever has the name finds them there: the workers of a sweep, a session that goes on with it, `ganbench work` on a
machine that shares the cache. The name ends with a digest of pixels, labels and class names, so that it cannot come to
mean anything else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.data import resize, storage
from bench.data.dataset import content_hash
from bench.data.registry import Request, Source, Splits, register
from bench.data.split import split_words, two_thirds
from bench.errors import UserError
from bench.records.budget import RESOLUTIONS

HEAD = "arrays"
USUAL_RESOLUTION = 32
DIGITS = 12
"""Of the digest, in a name."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, eq=False)
class OwnImages:
    """Images and labels as they are kept.

    Attributes:
        images: uint8 (N, H, W) or (N, H, W, 3).
        labels: int64 (N,), indices into `classes`, or None.
        classes: in the order of the labels; empty without any.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The beginning of a SHA-256 over all of it, in hex."""
        import torch

        labels = None if self.labels is None else torch.from_numpy(self.labels)
        whole = content_hash((torch.from_numpy(self.images), labels)) + json.dumps(self.classes)
        return hashlib.sha256(whole.encode()).hexdigest()[:DIGITS]

    def named(self, name: str = "") -> str:
        """The dataset's name: `arrays:cells-3f2a91c07b5d`.

        Raises:
            UserError: a name that is none.
        """
        if name and not _NAME.fullmatch(name):
            raise UserError(f"dataset name {name!r}: expected letters, digits, '.', '_' and '-', at most 40")
        return f"{HEAD}:{name}{'-' if name else ''}{self.digest}"

    def keep(self, dataset: str) -> None:
        """Write it into the cache under that name, whole or not at all, if it is not there yet.

        Raises:
            UserError: the cache cannot be written in.
        """
        folder = _folder(dataset)
        if folder.is_dir():
            return
        partial = None
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix="."))
            np.save(partial / "images.npy", self.images, allow_pickle=False)
            if self.labels is not None:
                np.save(partial / "labels.npy", self.labels, allow_pickle=False)
            (partial / "classes.json").write_text(json.dumps(self.classes), encoding="utf-8")
            partial.chmod(0o755)  # others on the machine may read what is in a shared cache
            os.replace(partial, folder)
        except OSError as problem:
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)
            if folder.is_dir():  # another process kept the same images meanwhile
                return
            raise UserError(
                f"own images cannot be kept in {str(folder.parent)!r} ({problem.strerror}): make room there, or set "
                "GANBENCH_CACHE to another folder"
            ) from None


def _folder(dataset: str) -> Path:
    return storage.cache_dir() / HEAD / dataset.removeprefix(f"{HEAD}:")


def _kept(path: str) -> OwnImages:
    """What is kept under a name, without its head.

    Raises:
        UserError: nothing, or something else than was kept.
    """
    where, folder = f"{HEAD}:{path}", _folder(path)
    if not path or Path(path).name != path or not folder.is_dir():
        raise UserError(
            f"dataset {where!r}: these images are not in the cache {str(folder.parent)!r}; give them to bench.sweep or "
            "bench.own_data again, or copy their folder from the machine that has them"
        )
    try:
        images = np.load(folder / "images.npy", mmap_mode="c", allow_pickle=False)
        labels = folder / "labels.npy"
        classes = tuple(json.loads((folder / "classes.json").read_text(encoding="utf-8")))
        return OwnImages(images, np.load(labels, allow_pickle=False) if labels.is_file() else None, classes)
    except (OSError, ValueError, EOFError) as problem:
        raise UserError(
            f"dataset {where!r}: {str(folder)!r} is damaged ({problem}); remove it, and give the images again"
        ) from None


def _read(request: Request) -> Splits:
    where, found = f"{HEAD}:{request.path}", _kept(request.path)
    if not request.path.endswith(found.digest):
        changed = str(_folder(request.path))
        raise UserError(f"dataset {where!r}: {changed!r} was changed; remove it, and give the images again")
    train, rest = two_thirds(len(found.images), found.labels, where, "images", len(found.classes))
    high, wide = found.images.shape[1:3]
    side = min(high, wide)
    top, left = (high - side) // 2, (wide - side) // 2
    square = found.images[:, top : top + side, left : left + side]
    pixels = resize.fit(square, request.resolution)
    return Splits(
        images=storage.take(pixels, train),
        labels=None if found.labels is None else found.labels[train],
        classes=found.classes,
        reference_images=storage.take(pixels, rest),
        reference_labels=None if found.labels is None else found.labels[rest],
        split=split_words(len(train), len(rest), found.labels is not None),
        source=f"images of {high} × {wide} pixels given as arrays",
    )


def _own_resolution(path: str) -> int:
    """Of square images the side, where it is one that networks are built for."""
    try:
        shape = np.load(_folder(path) / "images.npy", mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError):
        return USUAL_RESOLUTION
    return shape[1] if shape[1] == shape[2] and shape[1] in RESOLUTIONS else USUAL_RESOLUTION


def kept_names() -> list[str]:
    """The own images that are kept on this machine, without the head of their names."""
    folder = storage.cache_dir() / HEAD
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


register(
    Source(
        name=HEAD,
        read=_read,
        resolution=USUAL_RESOLUTION,
        size="as found",
        channels="1 or 3",
        classes="labels",
        obtain="your images in Python: bench.own_data(images, labels)",
        find=lambda root: ", ".join(kept_names()) or None,
        takes_path=True,
        own_resolution=_own_resolution,
    )
)
