"""A lower learning rate.

Off: both players learn at 2e-4.
On: both learn at 5e-5, a quarter of it; how much lower is our choice.
Source: named by courses and tutorials as a remedy for unstable training; Radford, Metz & Chintala 2015, arXiv
    1511.06434, section 4, found 0.001 too high and took 0.0002.
Claim: training that oscillates or diverges becomes stable at a lower rate.
Needs: nothing.
Clashes: two_learning_rates.
Mechanism: smaller steps follow the game's flow more closely.
Measured: d_loss_oscillation down, g_loss_oscillation down
"""

from typing import Annotated

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1700, family="rates", sets=("teaching",))
def lower_learning_rate(
    recipe: Recipe, lr: Annotated[float, Range(0, open_low=True, log=True, search=(1e-6, 2e-4))] = 5e-5
) -> Recipe:
    """Switch on that learning rate for both players."""
    return recipe.fill(d_lr=lr, g_lr=lr)
