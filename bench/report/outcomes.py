"""How the runs of a dataset ended, in one number."""

import pandas as pd

from bench.analysis import with_outcome


def share_at_ceiling(runs: pd.DataFrame) -> float:
    """Share of runs that say nothing but that they are bad: failed ones, and those no better than noise."""
    known = with_outcome(runs).dropna(subset=["y"]) if len(runs) else runs
    return float(known["at_noise"].mean()) if len(known) else 0.0
