"""The hacks: what can be changed about a GAN's training. One file per trick, each a toggle on a `Recipe`.

>>> import hacks
>>> hacks.apply(hacks.Recipe(), {"leaky_relu": True}).d_activation
LeakyRelu(slope=0.2)
"""

from typing import Any

from hacks.choosing import Chosen, choose, family_members, members, sets_of
from hacks.errors import HackError
from hacks.loading import discover, load_file, loaded_files
from hacks.parameters import Range
from hacks.registry import PLACEBO, Hack, apply, conflicts, get, hack, names


def __getattr__(name: str) -> Any:
    """`Recipe` on first use, since it imports PyTorch."""
    if name == "Recipe":
        from hacks.recipe import Recipe

        return Recipe
    raise AttributeError(f"module 'hacks' has no attribute {name!r}")


__all__ = [
    "PLACEBO",
    "Chosen",
    "Hack",
    "HackError",
    "Range",
    "Recipe",
    "apply",
    "choose",
    "conflicts",
    "family_members",
    "get",
    "hack",
    "load_file",
    "loaded_files",
    "members",
    "names",
    "sets_of",
]

# Last: files that a person names import from here.
discover()
