"""Equalised learning rates.

Off: PyTorch's default initialisation of each layer (Kaiming-uniform), which sets the scale of its weights once.
On: the weights of every convolution and dense layer are drawn from N(0, 1), and at every use multiplied by He's
    constant of their layer, √2 / √(numbers that an output is the sum of); biases 0; a norm's scale 1, shift 0.
Source: Karras, Aila, Laine & Lehtinen 2017, arXiv 1710.10196, section 4.1.
Claim: every weight has the same dynamic range, and so the same learning speed, under optimisers like Adam whose steps
    do not know its scale.
Needs: nothing.
Clashes: N(0, 0.02) and every other initialisation. Spectral norm takes the constant out again, of the weights but not
    of their learning rate; a clipping of weights clips them before the constant.
Mechanism: a step of Adam changes every weight by the same share of its scale. With the scale of N(0, 1) and this
    project's learning rates that is a small share: higher ones are worth a try.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack

SCALED = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


class Scaled(nn.Module):
    """Weights times a constant."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant = constant

    def forward(self, weights: Tensor) -> Tensor:
        """What the layer uses."""
        return weights * self.constant


def fan_in(layer: nn.Module) -> float:
    """How many numbers an output of the layer is the sum of; on average over places for a transposed stride."""
    if isinstance(layer, nn.ConvTranspose2d):
        return layer.weight[:, 0].numel() / (layer.stride[0] * layer.stride[1])
    return layer.weight[0].numel()


@dataclass(frozen=True)
class EqualisedLearningRate:
    """N(0, 1) for weights, which a parametrisation scales; 1 for the scale of a norm, 0 for biases and shifts."""

    gain: float

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Set the parameters of one layer in place, from that seed alone, and scale them from now on."""
        if layer.weight.ndim == 1:  # the scale of a norm
            nn.init.ones_(layer.weight)
        else:
            nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(seed))
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)
        if isinstance(layer, SCALED):
            parametrize.register_parametrization(layer, "weight", Scaled(self.gain * fan_in(layer) ** -0.5))


@hack(order=1410, family="init", sets=("modern",))
def equalised_learning_rate(
    recipe: Recipe, gain: Annotated[float, Range(0, open_low=True, log=True, search=(0.1, 4))] = 2**0.5
) -> Recipe:
    """Switch on weights that are scaled at run time, by He's constant with that gain."""
    return recipe.fill(init=EqualisedLearningRate(gain))
