"""The same estimates for outcomes other than FID: mechanisms, scores, and what a hack costs in time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bench.analysis.cells import cell_means
from bench.analysis.intervals import adjusted, two_sided_p
from bench.analysis.linear import main_effects
from bench.analysis.outcome import check_runs, in_design

FEWEST_VALUES = 2


def mechanism_effects(
    runs: pd.DataFrame, quantities: Sequence[str], hacks: Sequence[str], family: str = "screen"
) -> pd.DataFrame:
    """Average effect of every hack on every quantity, in the quantity's own unit, per dataset.

    `quantities` are numeric columns of `runs` (mechanisms, scores, stability). Runs without a value are left out and
    counted in `note`; so a quantity that failed runs lack describes the survivors only. Columns: dataset, quantity,
    hack, mean_off, effect, ci_low, ci_high, p, p_adjusted (over the hacks of one quantity), runs, note.
    """
    names = check_runs(runs, hacks, ("dataset", "cell", "seed", *quantities))
    design = runs[in_design(runs, names)]
    rows = []
    for dataset, group in design.groupby("dataset"):
        for quantity in quantities:
            rows += _rows(dataset, quantity, group, names, family)
    return pd.DataFrame(rows, columns=["dataset", "quantity", "hack", "mean_off", "effect", "ci_low", "ci_high", "p",
                                       "p_adjusted", "runs", "note"])  # fmt: skip


def cost_ratio(runs: pd.DataFrame, hacks: Sequence[str]) -> pd.DataFrame:
    """Wall-clock time with a hack over without it, averaged geometrically over the other hacks, per dataset.

    From the column `seconds` of runs with status "ok" (a diverged run stops early and would look cheap). Columns:
    dataset, hack, ratio, ci_low, ci_high (95 %), runs, note.
    """
    names = check_runs(runs, hacks, ("dataset", "cell", "seed", "status", "seconds"))
    finished = runs[(runs["status"] == "ok") & (runs["seconds"] > 0)]
    logs = finished.assign(_log_seconds=np.log(finished["seconds"].astype(float)))
    table = mechanism_effects(logs, ["_log_seconds"], names)
    table["ratio"] = np.exp(table["effect"])
    table[["ci_low", "ci_high"]] = np.exp(table[["ci_low", "ci_high"]])
    return table[["dataset", "hack", "ratio", "ci_low", "ci_high", "runs", "note"]]


def _rows(dataset: str, quantity: str, group: pd.DataFrame, hacks: list[str], family: str) -> list[dict]:
    values = pd.to_numeric(group[quantity], errors="coerce").astype(float)
    known = np.isfinite(values)
    lacking = int((~known).sum())
    note = f"{lacking} runs left out, without this quantity" if lacking else ""
    group, values = group[known], values[known].to_numpy()
    base = {"dataset": dataset, "quantity": quantity, "runs": len(group)}
    if len(group) < FEWEST_VALUES:
        return [{**base, "hack": hack, "note": "; ".join(filter(None, ["no runs to compare", note]))} for hack in hacks]
    estimates = main_effects(cell_means(group, hacks, values), hacks, group, values)
    same = "the same in every run" if estimates.source == "constant" else ""
    p = two_sided_p(estimates.effect, estimates.error, estimates.free)
    p_adjusted = adjusted(p, family)
    half = stats.t.isf(0.025, np.where(estimates.free > 0, estimates.free, np.nan)) * estimates.error
    return [
        {
            **base,
            "hack": hack,
            "mean_off": float(values[~group[hack].to_numpy(dtype=bool)].mean()) if not group[hack].all() else np.nan,
            "effect": estimates.effect[index],
            "ci_low": estimates.effect[index] - half[index],
            "ci_high": estimates.effect[index] + half[index],
            "p": p[index],
            "p_adjusted": p_adjusted[index],
            "note": "; ".join(filter(None, [estimates.reason[index], same, note])),
        }
        for index, hack in enumerate(hacks)
    ]
