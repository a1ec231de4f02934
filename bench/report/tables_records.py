"""Tables straight from the records: scores, stability, what ran, the plan, the protocol, versions."""

import numpy as np
import pandas as pd

from bench.records.sweep import Sweep
from bench.report.blocks import Table, code
from bench.report.scores import direction, label, score_columns, shown_cells
from bench.report.words import NOTHING, counted, known, number, share

STATUSES = ("ok", "collapsed", "diverged")
# column of the runs frame, what it is called, how it is written
STABILITY = (
    ("last_over_best", "last FID over best FID of the run", number),
    ("divergence_step", "step of divergence, where a run diverged", number),
    ("d_loss_low_share", "share of steps with D loss below 0.01", share),
    ("grad_norm_high_share", "share of steps with a gradient norm above 100", share),
    ("d_loss_oscillation", "oscillation of D's loss", number),
    ("g_loss_oscillation", "oscillation of G's loss", number),
    ("log_fid_area", "area under the log-FID curve", number),
)
_PROTOCOL = {
    "extractor": "feature extractor",
    "extractor_hash": "SHA-256 of its weights",
    "extractor_accuracy": "its held-out accuracy",
    "reference_accuracy": "its accuracy on the real images scored against",
    "dimensions": "feature dimension",
    "n_real": "real images scored against",
    "n_fake": "fakes per score",
    "n_real_anchor": "real images behind FID of real",
    "inception_splits": "splits of the Inception score",
    "batch_norm_at_sampling": "BatchNorm of G when sampling",
    "ema": "averaging of G (EMA)",
    "arithmetic": "arithmetic of training",
    "split": "train and reference split",
    "source": "where the images come from",
    "dataset_hash": "SHA-256 of the images",
    "resolution": "resolution, pixels",
}


def runs_table(sweep: Sweep) -> Table:
    """How many runs of the plan were made on each dataset and how they ended, with the FID of noise and of real."""
    cells, seeds = len(sweep.plan.get("cells", [])), len(sweep.plan.get("seeds", []))
    rows = []
    for dataset in sweep.datasets:
        runs = sweep.of(dataset)
        ends = [str(int((runs["status"] == status).sum())) for status in STATUSES]
        anchors = [number(runs[name].median()) if len(runs) else NOTHING for name in ("fid_noise", "fid_real")]
        planned = f"{cells * seeds:,}" if cells * seeds else NOTHING
        rows.append((code(dataset), planned, f"{len(runs):,}", *ends, *anchors))
    columns = ("dataset", "planned runs", "recorded", *STATUSES, "FID of noise", "FID of real images")
    return Table(columns, tuple(rows), "lrrrrrrr")


def scores_table(sweep: Sweep, dataset: str) -> Table | None:
    """Every score at the best, median, worst, all-on and all-off cell, its direction and anchors; None without any."""
    chosen, scores = shown_cells(sweep, dataset), score_columns(sweep)
    if not chosen or not scores:
        return None
    runs = sweep.of(dataset)
    rows = []
    for score in scores:
        values = [runs.loc[runs["cell"] == cell, score].mean() for _, cell in chosen]
        anchors = [runs["fid_noise"].median(), runs["fid_real"].median()] if score == "fid" else [None, None]
        rows.append((label(score), direction(sweep, score), *map(number, values), *map(number, anchors)))
    ends = []
    for _, cell in chosen:
        status = runs.loc[runs["cell"] == cell, "status"]
        ends.append(f"{int((status == 'ok').sum())} of {len(status)}")
    rows.append(("runs that ended well", "higher", *ends, NOTHING, NOTHING))
    heads = [f"{role} {code(cell)}" for role, cell in chosen]
    columns = ("score", "better", *heads, "noise", "real images")
    return Table(columns, tuple(rows), "ll" + "r" * (len(chosen) + 2), f"Scores on {code(dataset)}")


def stability_table(sweep: Sweep, dataset: str) -> Table | None:
    """Each recorded sign of instability over all runs of a dataset: n, median, 10th and 90th percentile, largest."""
    runs = sweep.of(dataset)
    rows = []
    for column, words, written in STABILITY:
        values = runs[column].dropna().astype(float) if column in runs else pd.Series(dtype=float)
        if len(values):
            low, middle, high = values.quantile([0.1, 0.5, 0.9])
            rows.append((words, f"{len(values)}", *map(written, (low, middle, high, values.max()))))
    spread = seed_spread(runs)
    if known(spread):
        factor = f"× {number(float(spread), 3)}"
        n = int(runs[runs["status"] == "ok"].groupby("cell").size().gt(1).sum())
        rows.append(("typical factor between seeds of one cell (1 SD of log FID)", f"{n} cells", "", factor, "", ""))
    if not rows:
        return None
    columns = ("quantity", "n", "10th percentile", "median", "90th percentile", "largest")
    return Table(columns, tuple(rows), "lrrrrr", f"Stability on {code(dataset)}")


def seed_spread(runs: pd.DataFrame) -> float | None:
    """exp of the pooled SD of log FID between seeds of one cell (runs that ended well); None with one seed."""
    fine = runs[(runs["status"] == "ok") & (runs["fid"] > 0)]
    logs = np.log(fine["fid"].astype(float))
    groups = logs.groupby(fine["cell"])
    freedom = int((groups.size() - 1).sum())
    if freedom < 1:
        return None
    squares = float((logs - groups.transform("mean")).pow(2).sum())
    return float(np.exp((squares / freedom) ** 0.5))


def plan_table(sweep: Sweep) -> Table | None:
    """Levels of every hack in every planned cell; a dot is off. None without a plan."""
    cells = sweep.plan.get("cells") or []
    hacks = list(sweep.plan.get("hacks") or sweep.hacks)
    if not cells or not hacks:
        return None
    rows = [
        (
            code(cell["name"]),
            str(cell.get("arm", "")).replace("_", " "),
            *("on" if cell["levels"].get(h) else "·" for h in hacks),
        )
        for cell in cells
    ]
    return Table(("cell", "arm", *map(code, hacks)), tuple(rows), "ll" + "l" * len(hacks))


def facts_table(facts: dict, caption: str = "") -> Table | None:
    """A dictionary as two columns, nested names joined by a dot; None when it is empty."""
    rows = [(name, value) for name, value in flat(facts)]
    return Table(("", ""), tuple(rows), "ll", caption) if rows else None


def protocol_facts(sweep: Sweep, dataset: str) -> dict:
    """What is recorded of how a dataset was scored, by the names a reader knows."""
    recorded = sweep.environment.get("protocol") or {}
    own = recorded.get(dataset) if isinstance(recorded.get(dataset), dict) else None
    facts = dict(own if own is not None else {k: v for k, v in recorded.items() if not isinstance(v, dict)})
    runs = sweep.of(dataset)
    for column in _PROTOCOL:
        if column not in facts and column in runs and runs[column].notna().any():
            values = sorted(runs[column].dropna().unique())
            facts[column] = values[0] if len(values) == 1 else " / ".join(map(str, values))
    return {_PROTOCOL.get(name, str(name).replace("_", " ")): value for name, value in facts.items()}


def protocol_table(sweep: Sweep) -> Table | None:
    """How each dataset was scored, one column per dataset; None where nothing of it is recorded."""
    columns = {dataset: dict(flat(protocol_facts(sweep, dataset))) for dataset in sweep.datasets}
    names = list(dict.fromkeys(name for facts in columns.values() for name in facts))
    rows = tuple((name, *(facts.get(name, NOTHING) for facts in columns.values())) for name in names)
    return Table(("", *map(code, columns)), rows, "l" * (1 + len(columns))) if rows else None


def flat(facts: dict, prefix: str = "") -> list[tuple[str, str]]:
    """(name, value) pairs of a nested dictionary in its own order, values as a reader writes them."""
    rows = []
    for name, value in facts.items():
        full = f"{prefix}{name}"
        if isinstance(value, dict):
            rows += flat(value, f"{full}.")
        elif isinstance(value, (list, tuple)):
            rows.append((full, ", ".join(map(str, value)) if value else "none"))
        elif isinstance(value, bool) or value is None:
            rows.append((full, {True: "yes", False: "no", None: "none"}[value]))
        elif isinstance(value, (float, np.floating)):
            rows.append((full, f"{value:.6g}"))
        elif isinstance(value, int):
            rows.append((full, str(value)))
        else:
            rows.append((full, str(value)))
    return rows


def failures_in_words(sweep: Sweep, dataset: str) -> str:
    """One sentence on how many runs of a dataset failed and how."""
    runs = sweep.of(dataset)
    counts = {status: int((runs["status"] == status).sum()) for status in ("diverged", "collapsed")}
    failed = sum(counts.values())
    if runs.empty:
        return f"No run on {code(dataset)} has been recorded."
    if not failed:
        return f"On {code(dataset)} none of {counted(len(runs), 'run')} failed."
    ways = " and ".join(f"{n} {status}" for status, n in counts.items() if n)
    return f"On {code(dataset)} {failed} of {counted(len(runs), 'run')} failed ({ways}, {share(failed / len(runs))})."
