"""Verdicts in words, as the first screen and its panel say them."""

from __future__ import annotations

import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.estimates import is_clear, reach, value
from bench.report.findings import Findings
from bench.report.formatting import points


def in_words(row: pd.Series, findings: Findings) -> str:
    """One sentence: what a row's verdict means for the person who has to decide."""
    scale, verdict = findings.scale, str(row["verdict"])
    size = scale.smallest(findings.records.sesoi)
    if row["hack"] == PLACEBO:
        return "A trick that can do nothing: what it shows is noise."
    if verdict in ("helps", "hurts"):
        better = "better" if verdict == "helps" else "worse"
        return f"{verdict.capitalize()}: {scale.label} is {better} with it, beyond chance and by more than {size}."
    if verdict == "fragile":
        return f"Fragile: {points(value(row, 'failure_difference'))} points more runs fail with it."
    if verdict == "negligible":
        return f"Makes no difference that matters: less than {size} either way."
    far = reach(row, scale)
    if is_clear(row):
        return "May matter: its own interval is clear of zero, but not beyond chance among all tricks."
    return f"Undecided: it may change {scale.label} by {scale.within(far)}." if far is not None else "Undecided."
