"""`cifar10`, `cifar100`, `svhn`, `celeba` through torchvision, which downloads them into the data root by itself.

torchvision checks the MD5 sum of every file before it reads it. That check is what makes its unpickling of the CIFAR
batches safe, so no file reaches a reader here without it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.data.download import downloading, torchvision_datasets
from bench.data.folder import read_pictures
from bench.data.layout import Layout
from bench.data.registry import Request, Source, Splits, register
from bench.data.resize import fit
from bench.data.split import permutation


def _read_cifar(name: str, class_name: str, archive: str, request: Request) -> Splits:
    with downloading(name, request.root, f"put {archive} into {str(request.root)!r}"):
        cifar = getattr(torchvision_datasets(), class_name)
        train, test = (cifar(request.root, train=part, download=True) for part in (True, False))
    return Splits(
        images=fit(train.data, request.resolution),
        labels=np.array(train.targets, dtype=np.int64),
        classes=tuple(train.classes),
        reference_images=fit(test.data, request.resolution),
        reference_labels=np.array(test.targets, dtype=np.int64),
        split=f"published split: {len(train):,} train / {len(test):,} test as reference",
        source=f"{class_name} (Krizhevsky 2009), torchvision's files in {request.root}",
        classifier="cifar10" if name == "cifar10" else None,
    )


def _read_svhn(request: Request) -> Splits:
    remedy = f"put train_32x32.mat and test_32x32.mat into {str(request.root)!r}"
    with downloading("svhn", request.root, remedy):
        svhn = torchvision_datasets().SVHN
        train, test = (svhn(request.root, split=part, download=True) for part in ("train", "test"))
    return Splits(
        images=fit(train.data.transpose(0, 2, 3, 1), request.resolution),
        labels=train.labels,
        classes=tuple("0123456789"),
        reference_images=fit(test.data.transpose(0, 2, 3, 1), request.resolution),
        reference_labels=test.labels,
        split=f"published split: {len(train):,} train / {len(test):,} test as reference",
        source=f"SVHN, cropped digits (Netzer et al. 2011), torchvision's files in {request.root}",
    )


def _read_celeba(request: Request) -> Splits:
    folder = request.root / "celeba"
    remedy = f"put img_align_celeba/ (pictures) and the five lists (*.txt) into {str(folder)!r}, or pip install gdown"
    with downloading("celeba", request.root, remedy):
        celeba = torchvision_datasets().CelebA
        names = {part: celeba(request.root, split=part, download=True).filename for part in ("train", "test")}
    train, test = (tuple(names[part][row] for row in permutation(len(names[part]))) for part in ("train", "test"))
    layout = Layout(
        train=train,
        reference=test,
        train_labels=None,
        reference_labels=None,
        classes=(),
        split=f"published split: {len(train):,} train / {len(test):,} test as reference, validation left out",
    )
    source = f"CelebA, aligned (Liu et al. 2015), central square of 178 pixels, torchvision's files in {request.root}"
    return read_pictures(
        layout, lambda name: (folder / "img_align_celeba" / name).read_bytes(), request, "celeba", source
    )


def _register(
    name: str,
    read: Callable[[Request], Splits],
    marker: str,
    size: str,
    classes: int | str,
    obtain: str = "downloads by itself",
    resolution: int = 32,
) -> None:
    def find(root: Path) -> str | None:
        return str(root / marker) if (root / marker).exists() else None

    register(
        Source(
            name=name,
            read=read,
            resolution=resolution,
            size=size,
            channels=3,
            classes=classes,
            obtain=obtain,
            find=find,
        )
    )


_register(
    "cifar10",
    lambda request: _read_cifar("cifar10", "CIFAR10", "cifar-10-python.tar.gz", request),
    marker="cifar-10-batches-py",
    size="50000 + 10000",
    classes=10,
)
_register(
    "cifar100",
    lambda request: _read_cifar("cifar100", "CIFAR100", "cifar-100-python.tar.gz", request),
    marker="cifar-100-python",
    size="50000 + 10000",
    classes=100,
)
_register("svhn", _read_svhn, marker="train_32x32.mat", size="73257 + 26032", classes=10)
_register(
    "celeba",
    _read_celeba,
    marker="celeba",
    size="162770 + 19962",
    classes="none",
    obtain="downloads by itself where gdown is installed",
    resolution=64,
)
