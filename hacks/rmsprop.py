"""RMSprop instead of Adam.

Off: Adam, in both players.
On: RMSprop with Keras' decay 0.9 and epsilon 1e-7, without momentum, in both players; the learning rates stay.
Source: Tieleman & Hinton 2012, lecture 6.5 of "Neural networks for machine learning"; Chollet 2017, "Deep learning with
    Python", section 8.5, trains both players with it; so do Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875.
Claim: without Adam's momentum training is steadier where D's loss is not stationary (Arjovsky 2017).
Needs: nothing.
Clashes: another optimiser of either player; adam_beta1 and adam_beta2 are inert under it.
Mechanism: every weight moves by its gradient over the running root mean square of it.
Measured: d_loss_oscillation down, g_loss_oscillation down
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
class RMSprop:
    """v <- decay · v + (1 − decay) · g², θ <- θ − lr · g / (√v + epsilon)."""

    decay: float
    epsilon: float

    def __call__(self, parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.RMSprop(parameters, lr=lr, alpha=self.decay, eps=self.epsilon)


@hack(order=1600, family="optimizer", sets=("teaching",))
def rmsprop(
    recipe: Recipe,
    decay: Annotated[float, Range(0, 1, open_high=True, search=(0.8, 0.999))] = 0.9,
    epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-8, 1e-3))] = 1e-7,
) -> Recipe:
    """Switch on RMSprop in both players."""
    optimizer = RMSprop(decay, epsilon)
    return recipe.fill(g_optimizer=optimizer, d_optimizer=optimizer)
