"""`folder:PATH` and `zip:PATH`: a user's own pictures, in a folder or inside an archive (read in place)."""

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from bench.data.layout import Layout, arrange
from bench.data.pictures import MAX_FILE_BYTES, decode_all, is_picture
from bench.data.registry import Request, Source, Splits, register
from bench.errors import UserError

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""CIFAR-10's classes, which its packaged classifier knows in a folder of pictures too."""

_NAMED = 20  # broken pictures listed by name in one message


def _read_folder(request: Request) -> Splits:
    where = f"folder:{request.path}"
    root = Path(os.path.expanduser(request.path))
    if not os.path.isdir(root):  # Path's own checks raise on names no file system can hold
        hint = "a file; for an archive use zip:PATH" if os.path.exists(root) else "no such folder"
        raise UserError(f"dataset {where!r}: {hint}")

    def read(name: str) -> bytes:
        path = root / name
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES >> 20} MiB")
        return path.read_bytes()

    return read_pictures(arrange(_pictures_under(root, where), where), read, request, where, f"pictures in {root}")


def _pictures_under(root: Path, where: str) -> list[str]:
    """Relative posix paths of the picture files under root; linked folders are followed, each real folder once."""

    def refuse(error: OSError) -> None:
        raise UserError(f"dataset {where!r}: {error.filename!r} cannot be listed ({error.strerror}); check its rights")

    found, seen = [], set()
    for folder, folders, files in os.walk(root, onerror=refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(folder).relative_to(root)
        pictures = (name for name in files if is_picture(name) and os.path.isfile(os.path.join(folder, name)))
        found += [(below / name).as_posix() for name in pictures]
    return found


def _read_zip(request: Request) -> Splits:
    where = f"zip:{request.path}"
    path = Path(os.path.expanduser(request.path))
    if not os.path.isfile(path):
        hint = "a folder; use folder:PATH" if os.path.exists(path) else "no such file"
        raise UserError(f"dataset {where!r}: {hint}")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"dataset {where!r}: not a readable zip archive ({error}); make it again") from error
    with archive:
        members = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        for name in members:
            # Nothing is extracted, so a path cannot escape; but it would become a class, and no honest archive has one.
            if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
                raise UserError(f"dataset {where!r}: member {name!r} points outside the archive; make it again")

        def read(name: str) -> bytes:
            if members[name].file_size > MAX_FILE_BYTES:
                raise ValueError(f"larger than {MAX_FILE_BYTES >> 20} MiB")
            return archive.read(members[name])

        pictures = [name for name in members if is_picture(name) and not name.startswith("__MACOSX/")]
        with path.open("rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        return read_pictures(arrange(pictures, where), read, request, where, f"pictures in archive {path}", fingerprint)


def read_pictures(
    layout: Layout,
    read: Callable[[str], bytes],
    request: Request,
    where: str,
    source: str,
    fingerprint: str | None = None,
) -> Splits:
    """Decode the pictures of a layout; broken ones are refused by name, or left out and named if asked to skip them."""
    decoded = decode_all((*layout.train, *layout.reference), read, request.resolution, fingerprint)
    split = layout.split
    if decoded.broken:
        n_all = len(layout.train) + len(layout.reference)
        named = ", ".join(f"{_shown(name)} ({reason})" for name, reason in list(decoded.broken.items())[:_NAMED])
        named += f" and {len(decoded.broken) - _NAMED:,} more" if len(decoded.broken) > _NAMED else ""
        if not request.skip_broken or not len(decoded.rows):
            raise UserError(
                f"dataset {where!r}: {len(decoded.broken):,} of {n_all:,} pictures cannot be read: {named}; "
                "mend or remove them, or leave them out with --skip-broken"
            )
        split += f"; {len(decoded.broken):,} unreadable pictures skipped: {named}"
    in_train = decoded.rows < len(layout.train)
    n_train = int(in_train.sum())
    if n_train in (0, len(decoded.rows)):
        raise UserError(f"dataset {where!r}: every readable picture falls into one split; expected some in both")
    labels = reference_labels = None
    if layout.train_labels is not None and layout.reference_labels is not None:
        labels = layout.train_labels[decoded.rows[in_train]]
        reference_labels = layout.reference_labels[decoded.rows[~in_train] - len(layout.train)]
    return Splits(
        images=decoded.images[:n_train],
        labels=labels,
        classes=layout.classes,
        reference_images=decoded.images[n_train:],
        reference_labels=reference_labels,
        split=split,
        source=source,
        classifier="cifar10" if layout.classes == CIFAR10 else None,
    )


def _shown(name: str) -> str:
    """A file name on one line: quoted where it holds line breaks or bytes that are no text."""
    return name if name.isprintable() else ascii(name)


def _register(name: str, read: Callable[[Request], Splits], obtain: str) -> None:
    register(
        Source(
            name=name,
            read=read,
            resolution=32,
            size="as found",
            channels="1 or 3",
            classes="class folders",
            obtain=obtain,
            find=lambda root: "at PATH",
            takes_path=True,
        )
    )


_register("folder", _read_folder, "your pictures: class folders, train/ and test/, or flat")
_register("zip", _read_zip, "the same layouts inside a zip archive, read in place")
