"""The outcome of a run: one number from its FIDs, held under the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

SMALLEST = 1e-12
"""An FID of zero counts as this, so that it has a logarithm."""


def last_third(checkpoints: Mapping[int, float], ceiling: float, steps: int) -> float:
    """exp of the mean of log min(FID, ceiling) over the evaluations in the last third of training.

    Args:
        checkpoints: FID by evaluated step, at least one.
        ceiling: see `bench.metrics.Scorer.anchors`.
        steps: of the whole training; where none of the evaluations lies beyond two thirds of them, the last one counts.
    """
    late = [fid for step, fid in checkpoints.items() if 3 * step > 2 * steps] or [checkpoints[max(checkpoints)]]
    return exp(sum(log(max(min(fid, ceiling), SMALLEST)) for fid in late) / len(late))
