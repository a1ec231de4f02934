"""Plain facts, as two columns of names and values."""

import numpy as np

from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords
from bench.report.blocks import Table
from bench.report.formatting import listed


def counts(records: SweepRecords) -> list[tuple[str, str]]:
    """How many runs and tricks, and which datasets, for the head of a page."""
    return [
        ("Runs", f"{len(records.runs):,}"),
        ("Tricks", str(len(records.tricks)) + (" and a placebo" if PLACEBO in records.hacks else "")),
        ("Datasets", listed(records.datasets) or "none"),
    ]


def computing_time(records: SweepRecords) -> list[tuple[str, str]]:
    """How long all runs took, for the head of a page; nothing where that was not kept."""
    if "seconds" not in records.runs or not records.runs["seconds"].notna().any():
        return []
    return [("Computing time", _duration(float(records.runs["seconds"].sum())))]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def facts_table(facts: dict, caption: str = "") -> Table | None:
    """A dictionary as two columns, nested names joined by a dot; None when it is empty."""
    rows = tuple(flat(facts))
    return Table(("", ""), rows, "ll", caption) if rows else None


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
        else:
            rows.append((full, str(value)))
    return rows
