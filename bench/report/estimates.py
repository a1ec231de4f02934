"""Reading rows of estimates: what may be missing, in which order hacks stand, and how a row is written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.blocks import code
from bench.report.formatting import NOTHING, known, number
from bench.report.scale import PERCENT, Scale


def value(row: pd.Series, name: str) -> float | None:
    """A number of a row; None where the row has none."""
    found = row.get(name)
    return None if found is None or pd.isna(found) else float(found)


def order_of_hacks(effects: pd.DataFrame, scale: Scale = PERCENT) -> list[str]:
    """Hacks from the most helpful over datasets to the most harmful, those without estimate next, the placebo last."""
    means = -scale.outcome.sign * effects.groupby("hack", sort=False)["effect_log"].mean().round(9)
    names = sorted(means.index, key=lambda hack: (hack == PLACEBO, not known(float(means[hack])), means[hack], hack))
    return [str(name) for name in names]


def rows_of(effects: pd.DataFrame, dataset: str, scale: Scale = PERCENT) -> pd.DataFrame:
    """One dataset's rows in the order of hacks."""
    rows = effects[effects["dataset"] == dataset] if len(effects) else effects
    return rows.set_index("hack", drop=False).loc[order_of_hacks(rows, scale)] if len(rows) else rows


def named(row: pd.Series) -> str:
    """The trick of a row, and what its effect is given where it needs another one."""
    given = str(row.get("given") or "")
    return f"{code(row['hack'])} given {code(given)}" if given else code(row["hack"])


def is_clear(row: pd.Series, low: str = "ci_low_pct", high: str = "ci_high_pct") -> bool:
    """Whether a row's interval lies on one side of zero."""
    below, above = value(row, low), value(row, high)
    return below is not None and above is not None and (below > 0 or above < 0)


def effect(row: pd.Series, scale: Scale = PERCENT) -> str:
    """The estimate of a row; ≤ or ≥ where the truth lies beyond it, since one side was measured at the ceiling."""
    size = scale.size(value(row, "effect_pct"))
    sign = {"at least": "≥ ", "at most": "≤ "}.get(str(row.get("bound") or ""), "")
    return size if size == NOTHING else sign + size


def interval(row: pd.Series, scale: Scale = PERCENT, low: str = "ci_low_pct", high: str = "ci_high_pct") -> str:
    """An interval of a row: −12 to +3.1 %."""
    return scale.span(value(row, low), value(row, high))


def estimate(row: pd.Series, scale: Scale = PERCENT) -> str:
    """Estimate and 95 % interval of a row: −23 % (−31 to −14 %)."""
    span = interval(row, scale)
    return effect(row, scale) if span == NOTHING else f"{effect(row, scale)} ({span})"


def difference(row: pd.Series, scale: Scale) -> str:
    """One effect over another with its 95 % interval, bold beyond chance, of a row of `effect_differences()`."""
    size, low, high = (
        None if end is None else scale.told(end)
        for end in (value(row, name) for name in ("difference_log", "ci_low_log", "ci_high_log"))
    )
    if size is None:
        return NOTHING
    text = f"{scale.size(size)} ({scale.span(low, high)})"
    return f"**{text}**" if row["differs"] else text


def reach(row: pd.Series, scale: Scale = PERCENT) -> float | None:
    """How far the effect may go either way by its 95 % interval, on the scale's axis; None where it has no ends."""
    ends = [abs(scale.place(value(row, name))) for name in ("ci_low_pct", "ci_high_pct")]
    return max(ends) if all(np.isfinite(ends)) else None


def with_spread(y: pd.Series, scale: Scale) -> str:
    """The mean of some runs' outcome (geometric where effects are ratios) and the SD of their scores: 0.42 ± 0.03."""
    scores = np.exp(y) if scale.ratios else y
    mean = float(np.exp(y.mean()) if scale.ratios else y.mean())
    return number(mean) + (f" ± {number(float(scores.std()), 2)}" if len(y) > 1 else "")
