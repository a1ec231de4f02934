"""Spectral normalisation of D.

Off: D's weights are used as they are.
On: every weight of D is divided by its largest singular value, followed by one power iteration per forward pass.
Source: Miyato, Kataoka, Koyama & Yoshida 2018, arXiv 1802.05957.
Claim: a D of bounded Lipschitz constant trains stably, at little cost and without tuning.
Needs: nothing.
Clashes: another way of normalising D's weights. BatchNorm in D undoes the bound; the source leaves it out.
Mechanism: D's slope in its input is bounded, so G's gradient neither explodes nor vanishes.
Measured: none
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrizations

from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class SpectralNorm:
    """Divide a layer's weight by its spectral norm."""

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Parametrise the layer in place; its first singular vectors are drawn from that seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            parametrizations.spectral_norm(layer)


@hack(order=220)
def spectral_norm(recipe: Recipe) -> Recipe:
    """Switch on spectral normalisation of every convolution and dense layer of D."""
    return recipe.fill(d_weight_norm=SpectralNorm())
