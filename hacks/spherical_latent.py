"""A latent on a sphere.

Off: z ~ U(-1, 1), as in the original DCGAN.
On: z = √d · x / ‖x‖ for x ~ N(0, 1) in d dimensions: uniform on the sphere of radius √d.
Source: Chintala et al. 2016, "How to train a GAN", point 3; White 2016, "Sampling generative networks", arXiv
    1609.04468. The normalisation of z: Karras et al. 2017, arXiv 1710.10196.
Claim: latents should lie on a sphere, and interpolations go along great circles.
Needs: nothing.
Clashes: another latent distribution.
Mechanism: every point of a great circle between two draws is as likely as they are, so images along it stay near real
    ones.
Measured: interpolation_distance down
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from hacks.gaussian_latent import great_circle
from hacks.recipe import Recipe, Stream
from hacks.registry import hack


@dataclass(frozen=True)
class SphericalLatent:
    """z uniform on the sphere of radius √d."""

    def __call__(self, n: int, dim: int, stream: Stream) -> Tensor:
        """Draw n latent vectors: float32 (n, dim) on the stream's device."""
        return self.nearest(torch.randn(n, dim, generator=stream, device=stream.device))

    def between(self, start: Tensor, end: Tensor, share: float) -> Tensor:
        """On the great circle, which stays on the sphere."""
        return great_circle(start, end, share)

    def nearest(self, z: Tensor) -> Tensor:
        """The point of the sphere nearest to each of these (n, dim)."""
        return z.shape[1] ** 0.5 * F.normalize(z, dim=1)


@hack(order=1295, family="latent")
def spherical_latent(recipe: Recipe) -> Recipe:
    """Switch on the spherical latent; its dimension stays."""
    return recipe.fill(latent=SphericalLatent())
