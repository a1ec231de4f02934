"""The recipes people start from, by name: one file each, found by being there.

>>> from bench.gan import recipes
>>> recipes.get("chollet-frogs").counted
(6264579, 790913)
"""

import importlib
import pkgutil

from bench.gan.recipes.card import Claim, RecipeCard, get, names

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Claim", "RecipeCard", "get", "names"]
