"""Cell means: the unit of inference. Seeds of one cell share its configuration, so runs are not independent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class CellMeans:
    """Means over the runs of each cell.

    `signs` (cells, hacks) are ±1, `values` (cells,) the mean outcomes, `counts` (cells,) the runs behind them,
    `index` (runs,) the cell of each run.
    """

    signs: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    index: np.ndarray

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Cell means of another value of the same runs (runs,)."""
        return np.bincount(self.index, weights=values, minlength=len(self.counts)) / self.counts

    def median(self, values: np.ndarray) -> np.ndarray:
        """Cell medians of a value of the same runs (runs,)."""
        return pd.Series(np.asarray(values, dtype=float)).groupby(self.index).median().to_numpy()


def cell_means(runs: pd.DataFrame, hacks: Sequence[str], values: np.ndarray) -> CellMeans:
    """Average `values` (runs,) over the runs of each cell; rows that share a name but not the levels are kept apart.

    Cells are in an order of their own, so that nothing depends on the order of the runs.
    """
    levels = runs[list(hacks)].to_numpy(dtype=bool)
    codes, _ = pd.factorize(runs["cell"].astype(str), sort=True)
    keys = np.column_stack([codes.astype(np.int64), np.packbits(levels, axis=1).astype(np.int64)])
    _, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    index = index.ravel()
    counts = np.bincount(index)
    means = np.bincount(index, weights=np.asarray(values, dtype=float)) / counts
    return CellMeans(np.where(levels[first], 1.0, -1.0), means, counts, index)
