"""Which cells a design has: its levels as a frame, and the design in words."""

import pandas as pd

from bench.errors import UserError
from bench.plan.factorial import full_factorial, resolution_v
from bench.plan.optimal import d_optimal, variance_cost
from bench.plan.paley import screening
from bench.records.plan import DESIGNS

FULL_FACTORIAL_UP_TO = 5
"""Up to here a screen is the full factorial: the folded Paley design repeats cells, and a repeat is the same run."""


def design_levels(
    design: str, hacks: tuple[str, ...], exclusions: tuple[tuple[str, ...], ...], seed: int
) -> tuple[pd.DataFrame, str]:
    """Bool frame of the cells in an order drawn from `seed`, and the design in words.

    With `exclusions` the design is D-optimal, with as many cells as it would have without them; its words say what
    that costs. "arms" has no cells of its own. Raises UserError for an unknown design.
    """
    if design not in DESIGNS:
        raise UserError(f"design={design!r} is unknown; expected one of {', '.join(DESIGNS)}")
    if design == "arms":
        levels = pd.DataFrame(columns=list(hacks), dtype=bool)
        return levels, f"arms around the full and the bare recipe for {len(hacks)} hacks"
    levels, words = _unconstrained(design, hacks, seed)
    if not exclusions:
        return levels, words
    levels = d_optimal(hacks, exclusions, len(levels), pairs=design != "screen", seed=seed)
    worst, cost = max(variance_cost(levels).items(), key=lambda item: item[1])
    groups = "; ".join(" or ".join(group) for group in exclusions)
    return levels, (
        f"D-optimal design of {len(levels)} cells for {len(hacks)} hacks, never together: {groups}; it costs up to "
        f"{cost:.2f} times the variance of an orthogonal design ({worst})"
    )


def _unconstrained(design: str, hacks: tuple[str, ...], seed: int) -> tuple[pd.DataFrame, str]:
    if design == "screen" and len(hacks) > FULL_FACTORIAL_UP_TO:
        levels = screening(hacks, seed)
        spare = len(levels) // 2 - len(hacks)
        words = f"folded Paley (Plackett–Burman) design of {len(levels)} cells for {len(hacks)} hacks"
        return levels, f"{words}, {spare} columns to spare"
    if design == "resolution_v":
        levels = resolution_v(hacks).sample(frac=1, random_state=seed, ignore_index=True)
        return levels, f"two-level design of resolution V, {len(levels)} cells for {len(hacks)} hacks"
    levels = full_factorial(hacks).sample(frac=1, random_state=seed, ignore_index=True)
    return levels, f"full factorial of {len(levels)} cells for {len(hacks)} hacks"
