"""Plain facts, as two columns of names and values."""

import numpy as np

from bench.report.blocks import Table


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
