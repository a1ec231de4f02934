"""A placebo: the negative control.

Off: nothing.
On: the run is reseeded: its weights, data order, latents and every other draw are those of another seed.
Source: ours.
Claim: none. Its measured effect shows what a useless trick looks like in this sweep.
Needs: nothing.
Clashes: nothing.
Mechanism: none.
Measured: none
"""

from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1000, core=True, family="control")
def placebo(recipe: Recipe) -> Recipe:
    """Switch on another luck."""
    return recipe.fill(reseed="placebo")
