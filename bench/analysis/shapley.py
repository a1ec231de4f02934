"""Shapley values by enumeration: an independent account of what each hack contributes."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

from bench.errors import UserError

MOST_HACKS = 16


def shapley(value: Callable[[frozenset[str]], float], hacks: Sequence[str]) -> dict[str, float]:
    """Exact Shapley value of every hack for `value`, a function of the set of hacks that are on.

    Where interactions stop at two hacks these are the main effects of the full factorial. Evaluates 2^k sets once
    each; raises UserError above 16 hacks.
    """
    names = list(hacks)
    if len(names) > MOST_HACKS:
        raise UserError(f"{len(names)} hacks give 2^{len(names)} sets; expected at most {MOST_HACKS}: name fewer hacks")
    known = {
        frozenset(chosen): float(value(frozenset(chosen)))
        for size in range(len(names) + 1)
        for chosen in combinations(names, size)
    }
    shares = dict.fromkeys(names, 0.0)
    for chosen, worth in known.items():
        for name in names:
            if name not in chosen:
                weight = 1 / (len(names) * comb(len(names) - 1, len(chosen)))
                shares[name] += weight * (known[chosen | {name}] - worth)
    return shares
