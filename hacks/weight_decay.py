"""Weight decay, as a penalty on D's weights.

Off: weights may grow.
On: D also pays 1e-4 times half the squared norm of its weights: L2 in the loss, so that the optimiser sees its
    gradient, and not decay beside the optimiser's step as in AdamW. Biases and the scales of norms are left out.
Source: Kurach, Lucic, Zhai, Michalski & Gelly 2019, "A large-scale study on regularization and normalization in GANs",
    arXiv 1807.04720; in their code it is L2 in D's loss on kernels alone, as the mean over layers; here it is the sum,
    as weight decay is usually given. The weight is our choice.
Claim: none; it is one of the penalties that they compare.
Needs: nothing.
Clashes: nothing. Before a norm, and under spectral norm, the size of weights changes how fast they turn, and no more.
Mechanism: small weights bound D's slope.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class WeightDecay:
    """weight / 2 · Σ‖W‖² over the weights of one network that have more than one dimension."""

    weight: float

    def penalties(self, d_optimizer: torch.optim.Optimizer) -> Tensor:
        """What D pays, a scalar."""
        return self._paid(d_optimizer)

    def g_penalties(self, g_optimizer: torch.optim.Optimizer) -> Tensor:
        """What G pays, a scalar."""
        return self._paid(g_optimizer)

    def _paid(self, optimizer: torch.optim.Optimizer) -> Tensor:
        weights: list[nn.Parameter] = [each for group in optimizer.param_groups for each in group["params"]]
        return self.weight / 2 * sum(each.square().sum() for each in weights if each.ndim > 1)


@hack(order=1640, family="penalty", sets=("modern",))
def weight_decay(
    recipe: Recipe,
    weight: Annotated[float, Range(0, log=True, open_low=True, search=(1e-6, 1e-2))] = 1e-4,
    nets: Nets = "d",
) -> Recipe:
    """Switch on the penalty of that weight for D, for G, or for both."""
    decay = WeightDecay(weight)
    recipe = recipe if nets == "g" else recipe.add("penalties", decay)
    return recipe if nets == "d" else recipe.add("g_penalties", decay)
