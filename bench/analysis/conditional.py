"""The effect of one hack where it can act, as a question of its own; `effects(needs=…)` has it in the main table."""

from collections.abc import Sequence

import pandas as pd

from bench.analysis.effects import effects
from bench.analysis.outcome import check_runs
from bench.errors import UserError


def conditional_effects(
    runs: pd.DataFrame, hack: str, given: str | Sequence[str], hacks: Sequence[str], sesoi: float = 0.10
) -> pd.DataFrame:
    """The rows of `hack` of `effects()` with every hack of `given` on; `cells` and `runs` are those that have them on.

    Raises UserError if a name is not among `hacks`.
    """
    names = check_runs(runs, hacks)
    needs = [given] if isinstance(given, str) else list(given)
    for name in (hack, *needs):
        if name not in names:
            raise UserError(f"hack {name!r} is not among the hacks of these runs; expected one of {', '.join(names)}")
    if not needs or hack in needs:
        raise UserError(f"given={needs} must name at least one hack other than {hack!r}")
    table = effects(runs, names, sesoi, "screen", needs={hack: needs})
    acting = runs[runs[needs].all(axis=1)].groupby("dataset")
    rows = table[table["hack"] == hack].reset_index(drop=True)
    return rows.assign(
        given="+".join(needs),
        cells=rows["dataset"].map(acting["cell"].nunique()).fillna(0).astype(int),
        runs=rows["dataset"].map(acting.size()).fillna(0).astype(int),
    )
