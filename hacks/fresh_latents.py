"""G's step draws latents of its own.

Off: G learns from the images that D has just learned from.
On: G draws new latents and makes new images for its own step. Costs one more pass through G:
    a step takes about a fifth longer.
Source: Goodfellow et al. 2014, arXiv 1406.2661, algorithm 1; what all teaching codes with Keras do.
Claim: none of its own; it is how their steps are written.
Needs: nothing.
Clashes: nothing.
Mechanism: D has not just been fitted to the very images that G learns from.
Measured: none
"""

from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1750, family="balance", sets=("teaching",))
def fresh_latents(recipe: Recipe) -> Recipe:
    """Switch on G's own latents."""
    return recipe.fill(fresh_latents=True)
