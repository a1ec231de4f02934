"""Adam with β2 = 0.99.

Off: Adam with β2 = 0.999, the framework's default.
On: Adam with β2 = 0.99 in both players; the learning rates stay. Gulrajani et al. 2017, arXiv 1704.00028, take 0.9.
Source: Karras, Aila, Laine & Lehtinen 2017, "Progressive growing of GANs", arXiv 1710.10196, appendix A.
Claim: none of its own; it is the setting of their training.
Needs: an optimiser of Adam's kind; inert under rmsprop, which has a decay of its own.
Clashes: another value of β2.
Mechanism: the size of steps follows the size of gradients within some hundred steps instead of some thousand.
Measured: none
"""

from typing import Annotated

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1630, family="optimizer", sets=("modern",))
def adam_beta2(
    recipe: Recipe, beta2: Annotated[float, Range(0, 1, open_high=True, search=(0.9, 0.999))] = 0.99
) -> Recipe:
    """Switch on the smaller decay rate of Adam's second moment in both optimisers."""
    return recipe.fill(beta2=beta2)
