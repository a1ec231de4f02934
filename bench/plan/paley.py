"""The screening design: a folded Paley (Plackett–Burman) matrix with columns to spare.

Sources: Paley 1933, "On orthogonal matrices"; Plackett & Burman 1946; Box & Wilson 1951 for the fold, which
makes every main effect orthogonal to every two-way interaction.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.plan.names import checked_hacks

ORDERS = (12, 20, 24, 32, 44, 48, 60)
"""Orders n of the Hadamard matrices offered: n - 1 is a prime that leaves 3 on division by 4 (Paley's first kind)."""
SPARE = 8
"""Columns that stay free at least: they are the fake factors that give an effect its error."""
MOST_HACKS = ORDERS[-1] - 1 - SPARE
NO_REPEATS_FROM = 6
"""From this many hacks on some choice of columns has no cell twice."""


def hadamard(order: int) -> np.ndarray:
    """The Paley matrix of the first kind: integers ±1, shape (order, order), orthogonal columns, first row all +1.

    `order` - 1 must be a prime congruent to 3 modulo 4, as the orders in `ORDERS` are; ValueError otherwise.
    """
    prime = order - 1
    if prime % 4 != 3 or any(prime % divisor == 0 for divisor in range(2, int(prime**0.5) + 1)):
        raise ValueError(f"order {order} has no Paley matrix of the first kind: {prime} is not a prime 3 mod 4")
    legendre = np.full(prime, -1)
    legendre[np.arange(1, prime) ** 2 % prime] = 1
    legendre[0] = 0
    index = np.arange(prime)
    residues = legendre[(index[None, :] - index[:, None]) % prime]
    matrix = np.ones((order, order), dtype=int)
    matrix[1:, 1:] = -(residues + np.eye(prime, dtype=int))
    return matrix


def screening(hacks: Sequence[str], seed: int = 0) -> pd.DataFrame:
    """Folded Hadamard design with columns to spare: bool frame, one row per cell, one column per hack.

    Has 2n rows for the smallest n in `ORDERS` whose matrix leaves `SPARE` columns free beside its constant one: 48 rows
    for 12 hacks, 40 for 6 to 11. Each hack is on in half of the rows, hacks are orthogonal to each other and to all
    two-way interactions, and both the bare (all off) and the full recipe (all on) are rows; the rest of the n odd
    contrasts see what hacks see and nothing else. `seed` draws which columns the hacks get (so that two datasets need
    not share what three-way interactions do to a hack) and the order of the rows. No row repeats from 6 hacks on;
    below, where it cannot be helped, `make_plan` takes the full factorial. Raises UserError for no hack, more than 51,
    or a hack named twice.
    """
    names = checked_hacks(hacks, at_most=MOST_HACKS)
    order = next(order for order in ORDERS if order - 1 - SPARE >= len(names))
    matrix, generator = hadamard(order), np.random.default_rng(seed)
    while True:
        half = matrix[:, 1 + generator.permutation(order - 1)[: len(names)]]
        rows = np.vstack([half, -half]) > 0
        if len(names) < NO_REPEATS_FROM or len(np.unique(rows, axis=0)) == len(rows):
            break
    return pd.DataFrame(rows[generator.permutation(len(rows))], columns=list(names))
