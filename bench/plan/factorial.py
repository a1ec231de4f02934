"""Designs that tell interactions apart: the full factorial, and the smallest regular fraction of resolution V."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from bench.plan.names import checked_hacks

FULL_FACTORIAL_AT_MOST = 12
RESOLUTION_V_AT_MOST = 12


def full_factorial(hacks: Sequence[str]) -> pd.DataFrame:
    """All 2^k combinations: bool frame, one row per cell, the bare recipe first and the full one last (k <= 12)."""
    names = checked_hacks(hacks, at_most=FULL_FACTORIAL_AT_MOST)
    codes = np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1
    return pd.DataFrame(codes.astype(bool), columns=list(names))


def resolution_v(hacks: Sequence[str]) -> pd.DataFrame:
    """Smallest regular two-level fraction in which main effects and two-way interactions are all clear of each other.

    Bool frame, one row per cell. Up to four hacks it is the full factorial; 5, 6, 7, 8 hacks take 16, 32, 64, 64
    cells. The construction is pydoe's `fracfact_by_res`; its aliasing is verified here, because versions before
    1.6 were wrong. Signs are chosen so that the bare recipe is a cell. Raises UserError above 12 hacks.
    """
    names = checked_hacks(hacks, at_most=RESOLUTION_V_AT_MOST)
    if len(names) < 5:
        return full_factorial(names)
    from pydoe import fracfact_by_res  # slow to import, and only this design needs it

    signs = np.asarray(fracfact_by_res(len(names), 5))
    # Multiplying columns by the signs of one row keeps every orthogonality and turns that row into the bare cell.
    signs = -signs * signs[0]
    if not clear_of_two_way(signs):
        raise RuntimeError(f"pydoe returned a design for {len(names)} factors that is not of resolution V; use >= 1.6")
    return pd.DataFrame(signs > 0, columns=list(names))


def clear_of_two_way(signs: np.ndarray) -> bool:
    """Whether intercept, main effects and two-way interactions of a ±1 matrix (cells, hacks) are all orthogonal."""
    pairs = [signs[:, a] * signs[:, b] for a, b in combinations(range(signs.shape[1]), 2)]
    terms = np.column_stack([np.ones(len(signs)), signs, *pairs])
    gram = terms.T @ terms
    return bool(np.abs(gram - len(signs) * np.eye(len(gram))).max() < 1e-9)
