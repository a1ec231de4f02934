"""Reading rows of estimates: what may be missing, in which order hacks stand, and how a row is written."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.formatting import NOTHING, known, percent, percent_range


def value(row: pd.Series, name: str) -> float | None:
    """A number of a row; None where the row has none."""
    found = row.get(name)
    return None if found is None or pd.isna(found) else float(found)


def order_of_hacks(effects: pd.DataFrame) -> list[str]:
    """Hacks from the most helpful on average to the most harmful, those without estimate next, the placebo last."""
    means = effects.groupby("hack", sort=False)["effect_log"].mean().round(9)
    names = sorted(means.index, key=lambda hack: (hack == PLACEBO, not known(float(means[hack])), means[hack], hack))
    return [str(name) for name in names]


def rows_of(effects: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """One dataset's rows in the order of hacks."""
    rows = effects[effects["dataset"] == dataset] if len(effects) else effects
    return rows.set_index("hack", drop=False).loc[order_of_hacks(rows)] if len(rows) else rows


def is_clear(row: pd.Series, low: str = "ci_low_pct", high: str = "ci_high_pct") -> bool:
    """Whether a row's interval lies on one side of zero."""
    bounds = value(row, low), value(row, high)
    return known(bounds[0]) and known(bounds[1]) and (bounds[0] > 0 or bounds[1] < 0)


def effect(row: pd.Series) -> str:
    """The estimate of a row, with "at least" or "at most" where it was measured against the ceiling."""
    bound = row.get("bound")
    size = percent(value(row, "effect_pct"))
    return f"{bound} {size}" if isinstance(bound, str) and bound and size != NOTHING else size


def interval(row: pd.Series, low: str = "ci_low_pct", high: str = "ci_high_pct") -> str:
    """An interval of a row: −12 to +3.1 %."""
    return percent_range(value(row, low), value(row, high))


def estimate(row: pd.Series) -> str:
    """Estimate and 95 % interval of a row: −23 % (−31 to −14 %)."""
    span = interval(row)
    return effect(row) if span == NOTHING else f"{effect(row)} ({span})"


def reach(row: pd.Series) -> float | None:
    """How far the effect may go either way by its 95 % interval, on the log scale; None where there is no interval."""
    bounds = [abs(to_log(value(row, name))) for name in ("ci_low_pct", "ci_high_pct")]
    return max(bounds) if all(known(bound) for bound in bounds) else None


def to_log(pct: object) -> float:
    """100(e^Δ − 1) back to Δ; NaN where there is none."""
    return float(np.log1p(pct / 100)) if known(pct) and pct > -100 else float("nan")
