"""What every score says at the cells that stand for a sweep."""

import json

import pandas as pd

from bench.records.scores import MIXTURE, SCORES, Score
from bench.records.sweep import SweepRecords
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, number, steady
from bench.report.shown import screen_runs, shown_cells


def section(findings: Findings) -> Section | None:
    """Every score with its direction and the anchors of FID; None where none was recorded."""
    records = findings.records
    tables = by_dataset({d: [_table(records, d), _not_computed(records, d)] for d in records.datasets})
    if not tables:
        return None
    words = (
        "Cells are ranked by their mean outcome; each number is the mean over the runs of that cell that have the "
        "score. The best of many cells is flattered by its luck. FID of noise and of real images against real images, "
        "at the same number of images, are the two ends that a FID can be read between. A score no run could have is "
        "not listed."
    )
    return Section("scores", "What every score says", (*tables, Text(words, "reading")), _finding(records))


def _finding(records: SweepRecords) -> str:
    """Which scores rank the runs as FID does, most and least."""
    agreement = rank_agreement(records)
    if len(agreement) < 2:
        return "Every score of the best, the middle and the worst recipe."
    most, least = agreement.index[0], agreement.index[-1]
    return (
        f"{SCORES[most].label} ranks runs most as FID does (rank correlation {steady(agreement[most]):.2f}), "
        f"{SCORES[least].label} least ({steady(agreement[least]):.2f})."
    ).replace("-", "−")


def rank_agreement(records: SweepRecords) -> pd.Series:
    """Spearman's correlation of each score with FID over the runs of a dataset, turned so that 1 is the same order;
    the mean over datasets, highest first. Scores that vary on all datasets, and no other forms of FID.
    """
    scores = [score for score in recorded(records.runs) if score.by and score.name not in ("fid", "is_std")]
    if not scores or "fid" not in records.runs:
        return pd.Series(dtype=float)
    names, signs = [score.name for score in scores], [1.0 if score.direction == "lower" else -1.0 for score in scores]
    own = [records.of(dataset) for dataset in records.datasets]
    own = [runs[[*names, "fid"]].mul([*signs, 1.0]) for runs in own if runs["fid"].nunique() > 1]
    found = [runs[runs.columns[runs.nunique() > 1]].corrwith(runs["fid"], method="spearman") for runs in own]
    means = pd.concat(found, axis=1).mean(axis=1, skipna=False) if found else pd.Series({"fid": 1.0})
    return means.drop("fid").dropna().sort_values(ascending=False, kind="stable")


def recorded(runs: pd.DataFrame) -> list[Score]:
    """The scores of images that the runs have, in the catalogue's order."""
    found = [score for score in SCORES.values() if score.by and score.name in runs and score.name != "is_std"]
    numeric = [score for score in found if pd.api.types.is_numeric_dtype(runs[score.name])]
    return [score for score in numeric if runs[score.name].notna().any()]


def _table(records: SweepRecords, dataset: str) -> Table | None:
    """Every score at the best, median, worst, all-on and all-off cell; None without any."""
    chosen, scores = shown_cells(records, dataset), recorded(records.runs)
    if not chosen or not scores:
        return None
    runs = records.of(dataset)
    rows = []
    for score in scores:
        means = [runs.loc[runs["cell"] == cell, score.name].mean() for _, cell in chosen]
        anchors = [runs["fid_noise"].median(), runs["fid_real"].median()] if score.name == "fid" else [None, None]
        rows.append((score.label, score.direction, *map(number, means), *map(number, anchors)))
    ends = []
    for _, cell in chosen:
        status = runs.loc[runs["cell"] == cell, "status"]
        ends.append(f"{int((status == 'ok').sum())} of {len(status)}")
    rows.append(("runs that ended well", "higher", *ends, NOTHING, NOTHING))
    total = len(screen_runs(records, dataset)["cell"].unique())
    heads = [
        f"{role} of {total}, {code(cell)}" if role == "best cell" else f"{role} {code(cell)}" for role, cell in chosen
    ]
    columns = ("score", "better", *heads, "noise", "real images")
    return Table(columns, tuple(rows), "ll" + "r" * (len(chosen) + 2), f"Scores on {code(dataset)}")


def _not_computed(records: SweepRecords, dataset: str) -> Text | None:
    """The scores that no run of a dataset has, with the reason of each."""
    runs = records.of(dataset)
    if "reasons" not in runs:
        return None
    given: dict[str, str] = {}
    for reasons in runs["reasons"].dropna().unique():
        given = {**json.loads(reasons), **given}
    known = {score.name for score in recorded(runs)}
    told: dict[str, list[str]] = {}
    for name, reason in given.items():
        score = SCORES.get(name)
        # What is asked of mixtures alone nobody misses elsewhere; the spread goes with its score.
        if score and name not in known and score.needs != MIXTURE and name != "is_std":
            told.setdefault(reason, []).append(score.label)
    listed = "; ".join(f"{', '.join(labels)} ({code(reason)})" for reason, labels in told.items())
    return Text(f"Not computed on {code(dataset)}: {listed}.", "note") if told else None
