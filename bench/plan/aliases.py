"""What a design mixes up: the alias structure of main effects and two-way interactions."""

from itertools import combinations

import numpy as np
import pandas as pd

from bench.plan.folded import spare_columns


def alias_structure(levels: pd.DataFrame) -> pd.DataFrame:
    """Every alias among main effects and two-way interactions: columns effect, alias, coefficient.

    `levels` is a bool frame, one row per cell. A row says: the estimate of `effect` (from a model of main effects,
    or of the pair added to one) contains `coefficient` times `alias`. ±1 is a full alias, values between a partial
    one; absent pairs are clear of each other. Hacks are named "a", pairs "a×b".
    """
    signs = np.where(levels.to_numpy(dtype=bool), 1.0, -1.0)
    names = list(levels.columns)
    pairs = list(combinations(range(len(names)), 2))
    labels = [f"{names[a]}×{names[b]}" for a, b in pairs]
    main = np.column_stack([np.ones(len(signs)), signs])
    if not pairs:
        return pd.DataFrame(columns=["effect", "alias", "coefficient"])
    products = np.column_stack([signs[:, a] * signs[:, b] for a, b in pairs])
    on_main = (np.linalg.pinv(main) @ products)[1:]
    clear = products - main @ (np.linalg.pinv(main) @ products)
    size = (clear**2).sum(axis=0)
    shown = size > 1e-8
    on_pairs = np.divide(clear.T @ clear, size[:, None], out=np.zeros((len(pairs), len(pairs))), where=shown[:, None])
    np.fill_diagonal(on_pairs, 0)
    table = np.vstack([on_main, on_pairs])
    effect, alias = np.nonzero(np.abs(table) > 1e-8)
    every = [*names, *labels]
    return pd.DataFrame(
        {
            "effect": [every[index] for index in effect],
            "alias": [labels[index] for index in alias],
            "coefficient": table[effect, alias].round(6),
        }
    )


def alias_summary(levels: pd.DataFrame) -> str:
    """The alias structure in two sentences, and a third where a folded design has columns to spare."""
    spare = spare_columns(np.where(levels.to_numpy(dtype=bool), 1.0, -1.0))
    free = f" {spare} contrasts see what main effects see and belong to no hack: they are the error." if spare else ""
    return _aliases(levels) + free


def _aliases(levels: pd.DataFrame) -> str:
    table = alias_structure(levels)
    names = list(levels.columns)
    mixed = table[table["effect"].isin(names)]
    if mixed.empty:
        first = "Main effects are clear of all two-way interactions."
    else:
        worst = mixed["coefficient"].abs().max()
        first = (
            f"{mixed['effect'].nunique()} of {len(names)} main effects are mixed with two-way interactions "
            f"(at most {worst:.2f} of one)."
        )
    pairs = table[~table["effect"].isin(names)]
    number = len(names) * (len(names) - 1) // 2
    if pairs.empty:
        return f"{first} All {number} two-way interactions can be told apart."
    others = pairs.groupby("effect").size()
    low, high = pairs["coefficient"].abs().min(), pairs["coefficient"].abs().max()
    size = f"{high:.2f}" if np.isclose(low, high) else f"{low:.2f} to {high:.2f}"
    return (
        f"{first} {len(others)} of {number} two-way interactions are mixed with up to {others.max()} others "
        f"(coefficients of size {size}), so they show as sums only."
    )
