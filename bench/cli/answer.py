"""The answer of a sweep as a table: trick, effect, interval and verdict, for the terminal and for a notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.text import Text

from bench.records.plan import PLACEBO
from bench.records.sweep import read_sweep
from bench.report.estimates import effect, interval, order_of_hacks, value
from bench.report.findings import Findings, findings
from bench.report.formatting import number
from bench.runner.view import View, shortened

ENDING = 14
"""Lines of the answer at a sweep's end; the one that says where the report is follows."""
COLOURS = {"helps": "bold green", "hurts": "bold red", "fragile": "bold magenta", "negligible": "dim"}
AVERAGE = "on average over recipes"
NAME_WIDTH = 32


@dataclass(frozen=True)
class Row:
    """What a trick does on a dataset; `effect` and `interval` are words, empty where it was not looked at."""

    effect: str
    interval: str
    verdict: str


@dataclass(frozen=True)
class Answer:
    """The tables of a sweep, as words.

    Attributes:
        where: what the effects hold for: the best recipe found, or recipes on average.
        label, unit: of the score that they are about, and of its differences.
        datasets: those that something is known of, each with the score of its best recipe in words, or nothing.
        tricks: from the most helpful to the most harmful, the placebo last.
        rows: (trick, dataset) -> what it does there.
    """

    where: str
    label: str
    unit: str
    datasets: dict[str, str]
    tricks: tuple[str, ...]
    rows: dict[tuple[str, str], Row]


def answer_of(found: Findings, dataset: str | None = None) -> Answer | None:
    """The local effects of a sweep, or for want of any its average ones; None where neither is known."""
    local, scale = found.local, found.scale
    settled = bool(len(local)) and bool(local["effect_log"].notna().any())
    table = local if settled else found.average
    table = table[table["dataset"] == dataset] if dataset is not None and len(table) else table
    if table.empty or table["effect_log"].isna().all():
        return None
    datasets = [name for name in found.records.datasets if name in set(table["dataset"])]
    rows = {(str(row["hack"]), str(row["dataset"])): _row(row, found) for _, row in table.iterrows()}
    return Answer(
        f"in {found.middle}" if settled else AVERAGE,
        scale.label,
        scale.unit,
        {name: _best(found, name) for name in datasets},
        tuple(order_of_hacks(table, scale)),
        rows,
    )


def tell_answer(folder: Path, view: View, most: int | None = None, dataset: str | None = None) -> None:
    """Show a sweep's answer: a line on what it is about, and the table, in at most so many lines together.

    Raises:
        UserError: no records there, or damaged ones.
    """
    found = findings(read_sweep(folder))
    answer = answer_of(found, dataset)
    runs, again = f"{folder.name}, {len(found.records.runs):,} runs", f"ganbench show {folder.name}"
    if answer is None:
        view.message(f"{runs}: they cannot tell yet what any trick does")
        return
    told = f"{answer.label}{f' in{answer.unit}' if answer.unit else ''}"
    view.message(f"{runs}: what each trick does to {told}, {answer.where} (`{again}`)")
    view.message(answer_text(answer, view.width, None if most is None else most - 1, again))


def _row(row: pd.Series, found: Findings) -> Row:
    if value(row, "effect_log") is None:
        return Row("", "", "not looked at" if not row.get("runs") else str(row["verdict"]))
    return Row(effect(row, found.scale), interval(row, found.scale), str(row["verdict"]))


def _best(found: Findings, dataset: str) -> str:
    """FID 0.42: of the recipe that the tricks were settled in, on seeds that did not choose it."""
    incumbent = found.incumbent(dataset)
    y = None if incumbent is None else incumbent.runs["y"].dropna()
    if y is None or y.empty:
        return ""
    mean = float(y.mean())
    return f"{found.scale.label} {number(math.exp(mean) if found.scale.ratios else mean)}"


def answer_text(answer: Answer, width: int, most: int | None = None, more: str = "") -> Text:
    """The table, as wide as there is room for: roomy, dense, without intervals, or one dataset below the other.

    Args:
        answer: what is told.
        width: characters of a line.
        most: lines, at most; None for all.
        more: where the rest is to be found.
    """
    names = list(answer.datasets)
    shapes = [ROOMY, DENSE] if most is None else [ROOMY, DENSE, SHORT]
    tables = (_table(answer, names, shape) for shape in shapes)
    lines = next((table for table in tables if max(map(len, table)) <= width), None)
    if lines is None:
        lines = [line for name in names for line in _table(answer, [name], ROOMY)]
    if most is not None and len(lines) > most:
        left = len(lines) - most + 1
        lines = [*lines[: most - 1], Text(f"… and {left} lines more: {more}")]
    return Text("\n").join(lines)


@dataclass(frozen=True)
class _Shape:
    """How a table is set: the parts of a cell, what stands between columns, and whether every number has its unit."""

    parts: tuple[str, ...]
    gap: str
    units: bool


ROOMY = _Shape(("effect", "interval", "verdict"), "  ", True)
DENSE = _Shape(("effect", "interval", "verdict"), " ", False)
SHORT = _Shape(("effect", "verdict"), "  ", True)


def _table(answer: Answer, datasets: Sequence[str], shape: _Shape) -> list[Text]:
    """A heading and a line for each trick."""
    columns = [[Text("trick", "bold"), *(Text(name, "dim" if name == PLACEBO else "") for name in answer.tricks)]]
    for dataset in datasets:
        rows = [answer.rows.get((trick, dataset), Row("", "", "–")) for trick in answer.tricks]
        cells = [_column(rows, part, "" if shape.units else answer.unit) for part in shape.parts]
        head = Text(shortened(dataset, NAME_WIDTH), "bold")
        best = answer.datasets[dataset]
        head.append(f", {best}" if best else "", "not bold")
        columns.append([head, *(Text(shape.gap).join(parts) for parts in zip(*cells, strict=True))])
    lines = [Text(shape.gap).join(cells) for cells in zip(*map(_even, columns), strict=True)]
    for line in lines:
        line.rstrip()
    return lines


def _column(rows: Sequence[Row], part: str, unit: str) -> list[Text]:
    """One part of a dataset's cells, all of one width."""
    words = [getattr(row, part).removesuffix(unit) for row in rows]
    if part == "effect":
        size = max(map(len, words))
        return [Text(word.rjust(size)) for word in words]
    return _even([Text(word, COLOURS.get(word, "")) for word in words])


def _even(texts: Sequence[Text]) -> list[Text]:
    """The texts, each as long as the longest."""
    size, made = max(map(len, texts)), [text.copy() for text in texts]
    for text in made:
        text.append(" " * (size - len(text)))
    return made
