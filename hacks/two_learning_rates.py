"""Different learning rates for D and G.

Off: the same learning rate for both, 2e-4.
On: D learns at 4e-4, G at 1e-4.
Source: Heusel et al. 2017, "GANs trained by a two time-scale update rule", arXiv 1706.08500; the rates are those of
    Zhang et al. 2019, arXiv 1805.08318.
Claim: a D that learns faster stays near its best answer, and the game then converges to a local equilibrium.
Needs: nothing.
Clashes: every other choice of learning rates.
Mechanism: on the slow time scale of G, D has converged.
Measured: none
"""

from typing import Annotated

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack

Rate = Annotated[float, Range(0, open_low=True, log=True, search=(1e-5, 1e-2))]


@hack(order=280, family="rates", sets=("modern", "teaching"))
def two_learning_rates(recipe: Recipe, d_lr: Rate = 4e-4, g_lr: Rate = 1e-4) -> Recipe:
    """Switch on the two rates."""
    return recipe.fill(d_lr=d_lr, g_lr=g_lr)
