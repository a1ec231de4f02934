"""The screening design: a folded Paley (Plackett–Burman) matrix.

Sources: Paley 1933, "On orthogonal matrices"; Plackett & Burman 1946; Box & Wilson 1951 for the fold, which
makes every main effect orthogonal to every two-way interaction.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.plan.names import checked_hacks

ORDERS = (12, 20, 24, 32, 44, 48)
"""Orders n of the Hadamard matrices offered: n - 1 is a prime that leaves 3 on division by 4 (Paley's first kind)."""


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
    """Folded Paley design: bool frame, one row per cell, one column per hack, rows in an order drawn from `seed`.

    Has 2n rows for the smallest n in `ORDERS` that is at least the number of hacks (24 rows carry up to 12 hacks).
    Each hack is on in half of the rows, hacks are orthogonal to each other and to all two-way interactions, and
    both the bare (all off) and the full recipe (all on) are rows. Fewer than 6 hacks repeat rows; `make_plan` takes
    the full factorial there. Raises UserError for no hack, more than 48, or a hack named twice.
    """
    names = checked_hacks(hacks, at_most=ORDERS[-1])
    order = next(order for order in ORDERS if order >= len(names))
    half = hadamard(order)[:, : len(names)]
    rows = np.vstack([half, -half]) > 0
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    return pd.DataFrame(rows[shuffled], columns=list(names))
