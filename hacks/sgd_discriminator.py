"""Gradient descent for D, Adam for G.

Off: Adam, in both players.
On: D descends its plain gradient, at 50 times its learning rate of the recipe (0.01 for 2e-4): an Adam step is about as
    long as its rate whatever the gradient, a plain one is not. The factor is our choice, the source gives no rate.
Source: Chintala et al. 2016, "How to train a GAN", point 9.
Claim: use SGD for the discriminator and Adam for the generator.
Needs: nothing.
Clashes: another optimiser of D.
Mechanism: D's steps shrink with its gradient, so it does not run ahead where it has won.
Measured: g_gradient_norm up
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class GradientDescent:
    """θ <- θ − factor · lr · m, m <- momentum · m + g."""

    factor: float
    momentum: float

    def __call__(self, parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.SGD(parameters, lr=self.factor * lr, momentum=self.momentum)


@hack(order=1610, family="optimizer")
def sgd_discriminator(
    recipe: Recipe,
    factor: Annotated[float, Range(0, open_low=True, log=True, search=(1, 1000))] = 50.0,
    momentum: Annotated[float, Range(0, 1, open_high=True, search=(0, 0.9))] = 0.0,
) -> Recipe:
    """Switch on gradient descent for D, at that multiple of its learning rate."""
    return recipe.fill(d_optimizer=GradientDescent(factor, momentum))
