"""How the runs of a dataset ended, in one number."""

import pandas as pd

from bench.analysis import with_outcome


def share_at_ceiling(runs: pd.DataFrame) -> float:
    """Share of runs of which nothing is known but that they are bad: diverged ones, and those at the ceiling of FID."""
    known = with_outcome(runs).dropna(subset=["y"]) if len(runs) else runs
    return float(known["at_ceiling"].mean()) if len(known) else 0.0
