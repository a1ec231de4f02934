"""Folded designs: every cell has its mirror image, so that what mirrors can be told from what does not.

Of all contrasts of N = 2n cells, n change sign when every hack is flipped (odd: main effects, interactions of three,
five, …) and n do not (even: the mean, interactions of two, four, …). Odd and even ones are orthogonal, so no
interaction of two hacks can disturb a main effect. With k hacks, n - k odd contrasts belong to no hack: they are fake
factors, that see exactly what main effects see. Miller & Sitter 2001; Jones & Nachtsheim 2017.
"""

from __future__ import annotations

import numpy as np

FEWEST_SPARE = 4
"""Columns to spare from which on they are used as the error: with fewer, t's tails cost more than pairs do."""


def mirror_pairs(signs: np.ndarray) -> np.ndarray | None:
    """The pairs of mirror images among cells.

    Args:
        signs: ±1, shape (cells, hacks).

    Returns:
        Row numbers (pairs, 2), the cell with more hacks on first (of equals the one whose first hack is on), in an
        order that does not depend on that of the cells; None where a row repeats or has no mirror image.
    """
    rows = {tuple(row): index for index, row in enumerate(signs > 0)}
    if len(rows) != len(signs) or len(signs) < 2:
        return None
    pairs = []
    for row in sorted(rows, key=lambda row: (sum(row), row), reverse=True):
        mirror = tuple(not level for level in row)
        if mirror not in rows:
            return None
        if (sum(row), row) > (sum(mirror), mirror):
            pairs.append((rows[row], rows[mirror]))
    return np.array(pairs)


def spare_columns(signs: np.ndarray) -> int:
    """Odd contrasts of a folded design that belong to no hack; 0 for any other design.

    Args:
        signs: ±1, shape (cells, hacks).
    """
    pairs = mirror_pairs(signs)
    if pairs is None:
        return 0
    return len(pairs) - int(np.linalg.matrix_rank(signs[pairs[:, 0]]))
