"""Adam with β1 = 0.5.

Off: Adam with β1 = 0.9, the framework's default.
On: Adam with β1 = 0.5. The learning rate is the same at both levels, so only the momentum moves.
Source: Radford, Metz & Chintala 2015, arXiv 1511.06434, section 4.
Claim: the usual momentum makes training oscillate and unstable; 0.5 steadies it.
Needs: an optimiser with momentum; inert under plain RMSprop.
Clashes: another value of β1.
Mechanism: less momentum damps the rotation of the two players around the equilibrium.
Measured: d_loss_oscillation down, g_loss_oscillation down
"""

from typing import Annotated

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=50, core=True, family="optimizer")
def adam_beta1(recipe: Recipe, beta1: Annotated[float, Range(0, 1, open_high=True)] = 0.5) -> Recipe:
    """Switch on the smaller decay rate of Adam's first moment in both optimisers."""
    return recipe.fill(beta1=beta1)
