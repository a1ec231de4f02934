"""A placebo: the negative control.

Off: nothing.
On: nothing, except that a random stream is drawn from that nobody reads.
Source: ours.
Claim: none. Its measured effect shows what a useless trick looks like in this sweep.
Needs: nothing.
Clashes: nothing.
Mechanism: none.
Measured: none
"""

from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=1000, core=True)
def placebo(recipe: Recipe) -> Recipe:
    """Switch on the stream that nobody reads."""
    return recipe.add("idle_streams", "placebo")
