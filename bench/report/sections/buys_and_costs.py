"""What each trick buys and what it costs: its effect on the other scores and on the time of a run."""

from __future__ import annotations

import pandas as pd

from bench.records.outcome import outcome_of
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import order_of_hacks, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING
from bench.report.scale import Scale
from bench.report.summary import tricks_of

_WORDS = (
    "The change of each score when the trick is switched on, {where}; bold where it is beyond chance, corrected for "
    "{many}. Points are hundredths. A run that diverged counts with a score's worst value where it has one."
)


def section(findings: Findings) -> Section | None:
    """A table trick × score per dataset, local where tricks were settled; None where no other score was recorded."""
    found = findings.other_scores
    if found.empty:
        return None
    local = len(findings.local) > 0
    where, many = (
        (f"in {findings.middle}", "asking about every trick and score of a dataset")
        if local
        else ("on average over the other tricks", "the number of tricks")
    )
    order = order_of_hacks(findings.local if local else findings.average, findings.scale)
    tables = by_dataset(
        {name: [_table(found[found["dataset"] == name], name, order)] for name in findings.records.datasets}
    )
    reading = Text(_WORDS.format(where=where, many=many), "reading")
    clear = tricks_of(found[found["clear"]].drop_duplicates(["dataset", "hack"]), findings.records.datasets)
    finding = f"Other scores or the time of a run change beyond chance with {clear or 'no trick'}."
    return Section("buys-and-costs", "What each trick buys and costs", (*tables, reading), finding) if tables else None


def _table(found: pd.DataFrame, dataset: str, order: list[str]) -> Table | None:
    """Effects on every score, one row per trick; None where none is known."""
    if not found["effect"].notna().any():
        return None
    own, scores = found.set_index(["hack", "score"]), list(dict.fromkeys(found["score"]))
    scales = {score: Scale(outcome_of(score)) for score in scores}
    rows = tuple((code(hack), *(cell(own, (hack, score), scale) for score, scale in scales.items())) for hack in order)
    heads = [scale.label for scale in scales.values()]
    return Table(("trick", *heads), rows, "l" + "r" * len(heads), f"Other scores on {code(dataset)}")


def cell(own: pd.DataFrame, key: tuple[str, str], scale: Scale) -> str:
    """The effect of a (trick, score) on that score's scale, bold where it is clear of chance.

    Args:
        own: a dataset's rows of `Findings.other_scores`, by hack and score.
    """
    if key not in own.index or value(own.loc[key], "effect") is None:
        return NOTHING
    text = scale.size(value(own.loc[key], "effect"))
    return f"**{text}**" if own.loc[key, "clear"] else text
