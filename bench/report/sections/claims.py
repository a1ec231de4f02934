"""Does it hold? What the swept recipe's source claims, each sentence beside what came out of the flip that tests it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench import analysis
from bench.analysis.claims import HOLDS, HOLDS_NOT, OPEN
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import estimate, reach, value
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, number, share
from bench.report.sections.mechanisms import column_of, judged, told_of

FAMILY = "confirm"
READING = (
    "Each claim is one flip of the recipe, everything else as it is, several seeds; an arrow leads from the recipe to "
    "its flip. The change is that of the outcome when the trick is **on**, with its 95 % interval over all planned "
    "looks. A claim that a trick is good holds where "
    "it helps, beyond chance over all claims of the recipe (Holm); it does not where it hurts, makes runs fail more "
    "often, or does nothing within the smallest effect of interest. A claim that nothing is learnt without a trick "
    "holds where most runs without it fail (collapse, diverge, or are no better than noise) and most with it do not, "
    "by exact intervals that are right 95 times in a hundred at either end."
)


CURES = {HOLDS: "cures", HOLDS_NOT: "does not cure"}
"""What an answer is called where the claim is a remedy."""
COUNTED = {HOLDS: "hold", HOLDS_NOT: "do not hold", OPEN: "cannot be told"}
ALIGN = "lllrrrl"
MOVED_COLUMNS, MOVED_ALIGN = ("flip", "it is said that", "without it", "with it", "it does"), "llrrl"


@dataclass(frozen=True)
class Moved:
    """A quantity that a claim names: what is said of it, its means without and with the trick, whether it did."""

    words: str
    without: str
    with_it: str
    judged: str


@dataclass(frozen=True)
class Answered:
    """One claim on one dataset: its sentence, the row of `claim_answers`, the local effect, and what it moved."""

    claim: Mapping[str, Any]
    row: pd.Series
    local: pd.Series
    moved: tuple[Moved, ...]

    @property
    def flip(self) -> str:
        """The trick with a sign: + where the recipe gets it, − where it loses it."""
        return code(f"{'+' if self.claim['level'] else '−'}{self.row['hack']}")


def columns(findings: Findings) -> tuple[str, ...]:
    """Of the table of answers, whose cells are aligned by `ALIGN`."""
    kind = "the remedy" if _trouble(findings) else "the claim"
    return ("the source says", kind, "flip", f"{findings.scale.label} came out", "when it is on", "failed runs", "why")


def _trouble(findings: Findings) -> str:
    return str(findings.records.about.recipe.get("trouble") or "")


def section(findings: Findings) -> Section | None:
    """Every claim of the swept recipe that a flip of this sweep tests; None where there is none."""
    found = answered(findings)
    if not found:
        return None
    trouble = _trouble(findings)
    blocks = [Text(f"What goes wrong in this recipe: {trouble}.")] if trouble else []
    blocks.append(Table(columns(findings), tuple(cells(findings, each) for each in found), ALIGN))
    moved = [row for each in found for row in moved_cells(each)]
    if moved:
        blocks.append(Table(MOVED_COLUMNS, tuple(moved), MOVED_ALIGN, "What it is said to move"))
    title = "Does it cure?" if trouble else "Does it hold?"
    answers = [str(each.row["answer"]) for each in found]
    counts = listed(f"{answers.count(word)} {told}" for word, told in COUNTED.items() if word in answers)
    finding = f"Of {counted(len(found), 'claim')} of its source {counts}."
    return Section("claims", title, (*blocks, Text(READING, "reading")), finding)


def answered(findings: Findings) -> list[Answered]:
    """The claims of the swept recipe that have a flip, in the order of the recipe's card, dataset by dataset.

    None where the sweep stands on another recipe than its source's own: a claim is about that one.
    """
    records = findings.records
    as_it_is = records.declaration and records.declaration.as_it_is and findings.given
    claims = [claim for claim in records.about.recipe.get("claims") or () if claim["hack"] in records.asked_about]
    if not as_it_is or not claims or findings.local.empty:
        return []
    table = analysis.claim_answers(records.star, findings.local, claims, records.outcome, records.looks[0])
    moved = _moved(findings, claims)
    local = findings.local.set_index(["dataset", "hack"])
    return [
        Answered(claim, row, local.loc[(row["dataset"], row["hack"])], moved[(row["dataset"], row["hack"])])
        for dataset in records.datasets
        for claim in claims
        for _, row in table[(table["dataset"] == dataset) & (table["hack"] == claim["hack"])].iterrows()
    ]


def shown_by(findings: Findings, claim: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(quantity, way): what the claim says that the trick moves, else what the trick's card names."""
    own = claim.get("shown_by") or findings.records.about.measured(claim["hack"])
    return [(str(quantity), str(way)) for quantity, way in own]


def _moved(findings: Findings, claims: list[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[Moved, ...]]:
    """(dataset, hack) -> what became of each quantity that a claim names."""
    records = findings.records
    asked = {claim["hack"]: shown_by(findings, claim) for claim in claims}
    columns = {
        name: column for pairs in asked.values() for name, _ in pairs if (column := column_of(records.runs, name))
    }
    found = analysis.local_mechanism_effects(
        records.star, list(dict.fromkeys(columns.values())), list(records.hacks), FAMILY
    ).set_index(["dataset", "hack", "quantity"])
    labels = records.about.quantities
    return {
        (dataset, hack): tuple(
            _told(found.loc[key], told_of(name, way, labels), way)
            for name, way in pairs
            if (key := (dataset, hack, columns.get(name))) in found.index
        )
        for dataset in records.datasets
        for hack, pairs in asked.items()
    }


def _told(row: pd.Series, words: str, way: str) -> Moved:
    off, on = (number(value(row, name)) for name in ("mean_off", "mean_on"))
    return Moved(words, off, on, judged(row, way, FAMILY))


def told(findings: Findings, each: Answered) -> str:
    """What became of a claim, or of a remedy, in a word or two."""
    answer = str(each.row["answer"])
    return CURES.get(answer, answer) if _trouble(findings) else answer


def cells(findings: Findings, each: Answered) -> tuple[str, ...]:
    """One answer: sentence, the word, flip, outcome of recipe and flip, the change, runs that failed, and why."""
    row, scale = each.row, findings.scale
    failed = (f"{row[f'failed_{side}']} of {row[f'runs_{side}']}" for side in ("as_is", "changed"))
    return (
        each.claim["text"],
        told(findings, each),
        each.flip,
        f"{number(row['as_is'])} → {number(row['changed'])}",
        estimate(each.local, scale),
        " → ".join(failed),
        why(findings, each),
    )


def moved_cells(each: Answered) -> list[tuple[str, ...]]:
    """One row for every quantity that the claim names."""
    return [(each.flip, moved.words, moved.without, moved.with_it, moved.judged) for moved in each.moved]


def why(findings: Findings, each: Answered) -> str:
    """What the answer rests on; of one that cannot be told, what it is bound by."""
    row, local, scale, first = each.row, each.local, findings.scale, findings.records.looks[0]
    if row["runs_changed"] < first:
        return f"{row['runs_changed']} of the first {counted(first, 'seed')} so far"
    if each.claim.get("trains"):
        failing = f"{share(row['failing_low'])} to {share(row['failing_high'])} of runs without it fail"
        better = local["verdict"] == "helps" and row["answer"] != HOLDS
        return f"{failing}; {scale.label} is better with it" if better else failing
    word = str(local["verdict"])
    if row["answer"] == HOLDS:
        return "it helps, beyond chance"
    if row["answer"] != OPEN:
        smallest = scale.smallest(findings.records.sesoi)
        return {
            "hurts": "the opposite: it hurts",
            "fragile": "runs fail more often with it",
            "negligible": f"no difference beyond ± {smallest}",
        }[word]
    bound = reach(local, scale)
    return scale.within(bound) if bound is not None else str(local["note"]) or "one side is at the ceiling"
