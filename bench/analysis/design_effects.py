"""Effects from the cells of a design: by its fake columns where it has any, else by the residual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.analysis.cells import CellMeans
from bench.analysis.estimates import Estimates, without_error
from bench.analysis.folded import folded_effects, why_not_folded
from bench.analysis.linear import holds_pairs, reasons, residual_effects

SAME = "every run ended the same: there is nothing to compare"


def design_effects(
    means: CellMeans,
    hacks: Sequence[str],
    runs: pd.DataFrame,
    values: np.ndarray,
    pairs: bool = False,
    needs: Mapping[str, Sequence[str]] | None = None,
) -> Estimates:
    """Effects of `hacks` on `values` (runs,), whose cell means are `means`.

    Args:
        means: of `values` over the cells of `runs`.
        hacks: names of the hack columns of `runs`.
        runs: one dataset's runs of a design.
        values: the outcome of each.
        pairs: whether all two-way interactions enter the model where the cells can hold them.
        needs: hack -> what it needs on; its effect is then the one given those.

    Returns:
        Where all values are equal there is no noise to see, and a t test would be certain of nothing at all: effects of
        zero without an error.
    """
    if np.ptp(values) == 0:
        reason = reasons(means.signs, hacks)
        known = np.array([not text for text in reason])
        notes = [SAME] if len(values) > 1 else []
        return without_error(np.where(known, 0.0, np.nan), reason, float(means.counts.mean()), notes)
    if not (pairs and holds_pairs(means.signs)):
        found = folded_effects(means, hacks, needs)
        if found is not None:
            return found
    estimates = residual_effects(means, hacks, runs, values, pairs, needs)
    estimates.notes.extend(why_not_folded(means))
    return estimates
