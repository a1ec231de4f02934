"""Spectral normalisation of D, of G or of both.

Off: weights are used as they are.
On: every weight of D is divided by its largest singular value, followed by one power iteration per forward pass. `nets`
    may have it in G, or in both.
Source: Miyato, Kataoka, Koyama & Yoshida 2018, arXiv 1802.05957; in G too: Zhang et al. 2018, arXiv 1805.08318.
Claim: a D of bounded Lipschitz constant trains stably, at little cost and without tuning.
Needs: nothing.
Clashes: another bound on the same network. BatchNorm in D undoes the bound; the source leaves it out.
Mechanism: D's slope in its input is bounded, so G's gradient neither explodes nor vanishes.
Measured: none
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrizations

from hacks.parameters import Nets
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class SpectralNorm:
    """Divide the weights of a network's layers by their spectral norm."""

    def __call__(self, network: nn.Module, seed_of: Callable[[str], int]) -> nn.Module:
        """The network, its layers parametrised in place; first singular vectors come from a seed for each of them."""
        for path, layer in list(network.named_modules()):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(seed_of(path))
                    parametrizations.spectral_norm(layer)
        return network


@hack(order=220, family="bound", sets=("modern",))
def spectral_norm(recipe: Recipe, nets: Nets = "d") -> Recipe:
    """Switch on spectral normalisation of every convolution and dense layer of D, of G, or of both."""
    return recipe.fill_nets(nets, d={"d_bound": SpectralNorm()}, g={"g_bound": SpectralNorm()})
