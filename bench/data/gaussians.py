"""`ring8` and `grid25`: Gaussian mixtures in the plane, whose modes are known exactly.

`ring8`: 8 components on a circle of radius 1, standard deviation 0.01 on each axis. `grid25`: components at
{-4, -2, 0, 2, 4}², standard deviation 0.05 (Srivastava et al. 2017, VEEGAN; Lin et al. 2018, PacGAN). A generated point
is of high quality within 3 standard deviations of the nearest centre. Points are kept as float32 (N, 2, 1, 1) scaled
to [0, 1], so that a generator with the range of images can make them.
"""

import numpy as np

from bench.data.dataset import MixtureModes
from bench.data.registry import Request, Source, Splits, register

TRAIN, REFERENCE = 100_000, 10_000

_TURN = 2 * np.pi * np.arange(8) / 8
_LINE = np.arange(-4, 5, 2, dtype=np.float64)
RING8 = MixtureModes(np.round(np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1), 12), sd=0.01, extent=1.25)
GRID25 = MixtureModes(np.stack(np.meshgrid(_LINE, _LINE, indexing="ij"), axis=-1).reshape(-1, 2), sd=0.05, extent=5.0)


def sample(modes: MixtureModes, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n points: float32 (n, 2, 1, 1) in [0, 1], and the component of each, int64 (n,), equally likely."""
    import torch

    rng = np.random.Generator(np.random.PCG64(seed))
    labels = (rng.random(n) * len(modes.centres)).astype(np.int64)
    points = modes.centres[labels] + modes.sd * rng.standard_normal((n, 2))
    return modes.from_units(torch.from_numpy(points)).numpy(), labels


def _register(name: str, modes: MixtureModes, seed: int, source: str) -> None:
    def read(request: Request) -> Splits:
        images, labels = sample(modes, TRAIN, seed)
        reference_images, reference_labels = sample(modes, REFERENCE, seed + 1)
        return Splits(
            images=images,
            labels=labels,
            classes=tuple(str(mode) for mode in range(len(modes.centres))),
            reference_images=reference_images,
            reference_labels=reference_labels,
            split=f"{TRAIN:,} train / {REFERENCE:,} reference points, independent draws with seeds {seed}, {seed + 1}",
            source=source,
            modes=modes,
        )

    register(
        Source(
            name=name,
            read=read,
            resolution=1,
            size=f"{TRAIN} + {REFERENCE}",
            channels=2,
            classes=len(modes.centres),
            obtain="nothing to do",
            find=lambda root: "embedded (procedural)",
            kind="points",
        )
    )


_register("ring8", RING8, seed=8, source="8 Gaussians on a circle of radius 1, SD 0.01")
_register("grid25", GRID25, seed=25, source="25 Gaussians on a grid of spacing 2, SD 0.05 (VEEGAN, PacGAN)")
