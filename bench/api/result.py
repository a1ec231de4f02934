"""A sweep as an object: its runs, effects and best recipes as frames, and itself as the answer's table and figure."""

from __future__ import annotations

import math
from base64 import b64encode
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bench.cli.answer import AVERAGE, Answer, answer_of, answer_text
from bench.cli.best import Found, best_of, best_text, datasets_of
from bench.errors import UserError
from bench.records.sweep import read_sweep
from bench.report.findings import Findings, findings

if TYPE_CHECKING:
    from bench.report.blocks import Figure

TEXT_WIDTH = 100
FIRST = ("dataset", "hack", "where", "effect_pct", "ci_low_pct", "ci_high_pct", "verdict", "runs")
"""The columns of the effects that stand first."""
INK = {"helps": "#1a7f37", "hurts": "#d1242f", "fragile": "#c026d3", "negligible": "#6b7280"}
"""Of verdicts, which are words as well: a contrast of at least 4.7 on white and 3.6 on a dark notebook's #111111."""


@dataclass(frozen=True)
class Best:
    """The best recipe that a sweep has found on a dataset; shows itself in words.

    Attributes:
        dataset: where.
        levels: hack -> on or off.
        hack_parameters: hack -> parameter -> value, where they are not the hacks' own.
        score: mean of the outcome on its own scale, on seeds that did not choose it; NaN where there are none yet.
    """

    dataset: str
    levels: dict[str, bool]
    hack_parameters: dict[str, dict[str, object]]
    score: float
    words: str

    def __repr__(self) -> str:
        return self.words


class Sweep:
    """What a sweep left. It shows itself as the answer's table, in a notebook with the figure.

    Args:
        folder: results/<name>.
        reports: the folder of all reports.

    Raises:
        UserError: there is no such sweep.
    """

    def __init__(self, folder: Path | str, reports: Path | str = "reports") -> None:
        self.folder, self.reports = Path(folder), Path(reports)
        if not self.folder.is_dir():
            raise UserError(f"no sweep at {str(folder)!r}: expected a folder such as results/default")

    @property
    def name(self) -> str:
        """The sweep's."""
        return self.folder.name

    @cached_property
    def findings(self) -> Findings:
        """The records and all that follows from them."""
        return findings(read_sweep(self.folder))

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run, one bool column per hack."""
        return self.findings.records.runs

    @cached_property
    def complete(self) -> bool:
        """Whether all runs of its plans are there."""
        records = self.findings.records
        return len(records.runs) >= sum(len(plan.runs()) for plan in records.plans)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One row per dataset and hack: the effect in the best recipe found, or where that is not known on average.

        The columns are those of `bench.analysis.local_effects` and `effects`, and `where`, "best recipe" or "average".
        """
        local, average = self.findings.local, self.findings.average
        local = local[local["effect_log"].notna()].assign(where="best recipe")
        known = set(zip(local["dataset"], local["hack"], strict=True))
        others = [pair not in known for pair in zip(average["dataset"], average["hack"], strict=True)]
        parts = [part for part in (local, average[others].assign(where="average")) if len(part)]
        table = pd.concat(parts, ignore_index=True) if parts else local
        return table[[*(name for name in FIRST if name in table), *(name for name in table if name not in FIRST)]]

    @cached_property
    def best(self) -> dict[str, Best]:
        """Dataset -> the best recipe found there; a dataset without a finished run is left out."""
        found = {}
        for dataset in datasets_of(self.folder, None):
            try:
                found[dataset] = _best(best_of(self.folder, dataset))
            except UserError:
                continue
        return found

    @cached_property
    def answer(self) -> Answer | None:
        """The answer's table as words; None where nothing can be told yet."""
        return answer_of(self.findings)

    def report(self) -> Path:
        """Write the report, and return the path of its page."""
        from bench.report import write

        return write(self.folder, self.reports / self.name)

    def __repr__(self) -> str:
        table = "" if self.answer is None else f"\n{answer_text(self.answer, TEXT_WIDTH).plain}"
        return f"{self._title()}{table}"

    def _repr_html_(self) -> str:
        figure = self._figure()
        picture = "" if figure is None else _image(figure)
        table = "" if self.answer is None else _html_table(self.answer)
        return f"<p>{escape(self._title())}</p>{table}{picture}"

    def _title(self) -> str:
        runs = f"sweep {self.name}, {len(self.runs):,} runs{'' if self.complete else ' so far'}"
        if self.answer is None:
            return f"{runs}: they cannot tell yet what any trick does"
        return f"{runs}: what each trick does to {self.answer.label}, {self.answer.where}"

    def _figure(self) -> Figure | None:
        from bench.report.sections import local_effects

        if self.answer is None:
            return None
        drawn = replace(self.findings, local=self.findings.average) if self.answer.where == AVERAGE else self.findings
        return local_effects.figure(drawn)


def load_sweep(folder: Path | str, reports: Path | str = "reports") -> Sweep:
    """A sweep that was made before, by whichever way.

    Args:
        folder: such as results/default.
        reports: the folder of all reports.

    Raises:
        UserError: there is no such sweep, or its records cannot be read.
    """
    found = Sweep(folder, reports)
    found.runs  # noqa: B018 - what cannot be read is said here
    return found


def _best(found: Found) -> Best:
    y = found.y.dropna()
    mean = float(y.mean()) if len(y) else math.nan
    score = math.exp(mean) if found.outcome.transform == "log" else mean
    return Best(found.dataset, dict(found.levels), dict(found.hack_parameters), score, best_text(found))


def _image(figure: Figure) -> str:
    data = b64encode(figure.png).decode("ascii")
    style = f"max-width: 100%; width: {figure.width}px; background: white"
    return f'<img alt="{escape(figure.alt)}" style="{style}" src="data:image/png;base64,{data}">'


def _html_table(answer: Answer) -> str:
    """The table with a heading for each dataset."""
    names = list(answer.datasets)
    told = [f"{name}, {best}" if best else name for name, best in answer.datasets.items()]
    head = "".join(f'<th colspan="3" style="text-align: left">{escape(words)}</th>' for words in told)
    rows = [
        f'<tr><td style="text-align: left">{escape(trick)}</td>'
        + "".join(_html_cells(answer, trick, name) for name in names)
        + "</tr>"
        for trick in answer.tricks
    ]
    top = f'<tr><th style="text-align: left">trick</th>{head}</tr>'
    return f"<table><thead>{top}</thead><tbody>{''.join(rows)}</tbody></table>"


def _html_cells(answer: Answer, trick: str, dataset: str) -> str:
    row = answer.rows.get((trick, dataset))
    if row is None:
        return "<td></td><td></td><td></td>"
    ink = INK.get(row.verdict)
    style = f"text-align: left{f'; color: {ink}; font-weight: bold' if ink else ''}"
    return f'<td>{escape(row.effect)}</td><td>{escape(row.interval)}</td><td style="{style}">{escape(row.verdict)}</td>'
