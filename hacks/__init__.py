"""The hacks: what can be changed about a GAN's training. One file per trick, each a toggle on a `Recipe`.

>>> import hacks
>>> hacks.apply(hacks.Recipe(), {"leaky_relu": True}).d_activation
LeakyRelu(slope=0.2)
"""

from hacks.recipe import Recipe
from hacks.registry import Hack, HackError, apply, conflicts, discover, get, hack, names

discover()

__all__ = ["Hack", "HackError", "Recipe", "apply", "conflicts", "get", "hack", "names"]
