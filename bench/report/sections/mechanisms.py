"""Do the tricks do what they are said to do? Each claimed mechanism beside the quantity that would show it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from bench import analysis
from bench.analysis.verdicts import verdict
from bench.records.scores import SCORES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Section, Table, Text, by_dataset, code
from bench.report.estimates import value
from bench.report.findings import Findings
from bench.report.formatting import listed, number, p_value

TITLE = "Do the tricks do what they are said to do?"
_MOVES = {"down": "falls", "up": "rises"}


@dataclass(frozen=True)
class Claimed:
    """A hack's claim, a quantity that its mechanism would move, its column, and the way it would move it."""

    hack: str
    claim: str
    quantity: str
    column: str
    way: str


def section(findings: Findings) -> Section | None:
    """The quantities behind the claimed mechanisms; None where none was recorded or could be compared.

    Averages where a screen ran, else what the flips of a star moved.
    """
    records = findings.records
    claims = _claims(records)
    local = findings.average.empty
    if not claims or (local and findings.local.empty):
        return None
    columns = list(dict.fromkeys(claim.column for claim in claims))
    family = "confirm" if local else records.family
    if local:
        measured = analysis.local_mechanism_effects(records.star, columns, list(records.hacks), family)
        how = f"The changes are those of a flip in {findings.middle}, corrected for all of these questions."
    else:
        measured = analysis.mechanism_effects(
            records.screened, columns, list(records.varied), records.family, records.needs
        )
        how = (
            "Means and changes are averages over the other tricks, tested like the effects on FID and given what a "
            "trick needs in order to act."
        )
    labels = records.about.quantities
    own = {name: _table(measured, claims, name, family, labels) for name in records.datasets}
    tables = by_dataset({name: [table] for name, table in own.items()})
    if not tables:
        return None
    words = (
        "Each source claims a mechanism; the third column is a quantity that it would move and the way it would move "
        f"it. {how} A trick may do what it is said to do and not help, or help for another reason. Runs that failed "
        "before the quantity existed are not in it."
    )
    words_of = [row[-1] for table in own.values() if table for row in table.rows]
    counts = listed(f"{word} {words_of.count(word)} times" for word in dict.fromkeys(sorted(words_of)))
    return Section("mechanisms", TITLE, (*tables, Text(words, "reading")), f"Of {len(words_of)} claims: {counts}.")


def _claims(records: SweepRecords) -> list[Claimed]:
    found = []
    for hack in records.hacks:
        claim = str(records.about.hacks.get(hack, {}).get("claim", ""))
        for quantity, way in records.about.measured(hack):
            if column := column_of(records.runs, quantity):
                found.append(Claimed(hack, claim, quantity, column, way))
    return found


def column_of(runs: pd.DataFrame, quantity: str) -> str | None:
    """The column of a quantity, which may be a score; None where no number was recorded."""
    column = next((name for name in (f"mechanism_{quantity}", quantity) if name in runs), None)
    return column if column and pd.api.types.is_numeric_dtype(runs[column]) else None


def told_of(quantity: str, way: str, labels: Mapping[str, str]) -> str:
    """A quantity and the way that it is said to move: "oscillation of D's loss falls"."""
    known = SCORES[quantity].label if quantity in SCORES else quantity.replace("_", " ")
    return f"{labels.get(quantity, known)} {_MOVES.get(way, 'moves')}"


def _table(
    measured: pd.DataFrame, claims: list[Claimed], dataset: str, family: str, labels: Mapping[str, str]
) -> Table | None:
    """What each trick is said to do and whether the quantity moved so."""
    own = measured[measured["dataset"] == dataset].set_index(["hack", "quantity"])
    rows, before = [], None
    for claim in claims:
        if (claim.hack, claim.column) not in own.index:
            continue
        row = own.loc[(claim.hack, claim.column)]
        off, change = value(row, "mean_off"), value(row, "effect")
        if change is None:
            continue
        low, high = (number(value(row, name), 2) for name in ("ci_low", "ci_high"))
        first = claim.hack != before
        rows.append(
            (
                code(claim.hack) if first else "",
                claim.claim if first else "",
                told_of(claim.quantity, claim.way, labels),
                number(off),
                f"{'+' if change > 0 else ''}{number(change)}",
                f"{low} to {high}",
                p_value(value(row, "p_adjusted")),
                judged(row, claim.way, family),
            )
        )
        before = claim.hack
    if not rows:
        return None
    columns = (
        *("trick", "it is said that", "then", "without it", "change", "95 % of the change", "p adjusted"),
        "it does",
    )
    return Table(columns, tuple(rows), "lllrrrrl", f"Mechanisms on {code(dataset)}")


def judged(row: pd.Series, way: str, family: str) -> str:
    """as said, the opposite, moves (where no direction is claimed) or not shown, by the tests that effects use."""
    p, p_adjusted, change = value(row, "p"), value(row, "p_adjusted"), value(row, "effect")
    if p is None or p_adjusted is None or change is None:
        return "not shown"
    # Every change is of interest and none is negligible: only the two tests decide.
    word = verdict(effect=change, p=p, p_adjusted=p_adjusted, family=family)
    if word == "inconclusive":
        return "not shown"
    moved = "down" if word == "helps" else "up"
    return "moves" if way not in _MOVES else "as said" if way == moved else "the opposite"
