"""More steps of D for each of G.

Off: one step of D, one of G.
On: two steps of D, each on a batch of its own, for each of G. Each further step of D takes half as long as a plain step
    of both: compare at equal steps of G, and at equal time.
Source: Goodfellow et al. 2014, arXiv 1406.2661, algorithm 1 (k steps of D, k = 1 in their experiments); Arjovsky et al.
    2017, arXiv 1701.07875, with 5; Chintala et al. 2016, "How to train a GAN", point 14.
Claim: a D kept near its best answer gives G a better gradient (Arjovsky 2017, of the Wasserstein distance).
Needs: nothing.
Clashes: extragradient, which has one update of D a step.
Mechanism: G descends the distance that D measures, and not a stale view of it.
Measured: d_real_confidence up
"""

from typing import Annotated

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1730, family="balance")
def more_d_steps(recipe: Recipe, steps: Annotated[int, Range(2, 100, search=(2, 5))] = 2) -> Recipe:
    """Switch on that many steps of D for each of G."""
    return recipe.fill(d_steps=steps)
