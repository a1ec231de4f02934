"""Features of points in the plane, for Gaussian mixtures whose modes are known."""

import hashlib

import numpy as np
import torch

from bench.metrics.extractor import Extractor


def points_extractor(modes) -> Extractor:
    """Features of points in the plane that see the known `modes` (`bench.data.MixtureModes`).

    The two coordinates over the extent, and per mode two Gaussian bumps exp(−r²/2w²) of the distance r to its centre:
    w = 3 standard deviations tells a sharp mode, w = half the distance between modes a nearby one. Coordinates alone
    would not do: eight modes on a circle have the mean and covariance of uniform noise.
    """
    centres = torch.from_numpy(np.ascontiguousarray(modes.centres))
    spacing = float(torch.pdist(centres).min())
    digest = hashlib.sha256(centres.numpy().tobytes() + np.float64([modes.sd, modes.extent]).tobytes())

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        points = modes.to_units(images)
        squared = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist").square()
        bumps = [torch.exp(-squared / (2 * width**2)) for width in (3 * modes.sd, spacing / 2)]
        return torch.cat([points / modes.extent, *bumps], dim=1), None, None

    return Extractor(
        name="points",
        hash=digest.hexdigest(),
        dim=2 + 2 * len(centres),
        classes=(),
        accuracy=None,
        forward=forward,
        about={"features": "coordinates and Gaussian bumps around the modes, widths 3 SD and half the spacing"},
        dtype=torch.float32,
    )
