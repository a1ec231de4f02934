"""`digits`: scikit-learn's 1,797 real handwritten digits, 8x8 with 17 grey levels."""

import numpy as np

from bench.data.mnist5k import DIGITS
from bench.data.registry import Request, Source, Splits, register
from bench.data.resize import fit
from bench.data.split import SPLIT_SEED, stratified


def _read(request: Request) -> Splits:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train, reference = stratified(labels, train_share=0.5)
    return Splits(
        images=fit(images[train], request.resolution),
        labels=labels[train],
        classes=DIGITS,
        reference_images=fit(images[reference], request.resolution),
        reference_labels=labels[reference],
        split=f"half train / half reference, stratified by class, seed {SPLIT_SEED}",
        source="Optical recognition of handwritten digits (UCI, Alpaydin & Kaynak 1998), shipped in scikit-learn",
        classifier="digits",
    )


register(
    Source(
        name="digits",
        read=_read,
        resolution=16,
        size="898 + 899",
        channels=1,
        classes=10,
        obtain="nothing to do",
        find=lambda root: "embedded (scikit-learn)",
    )
)
