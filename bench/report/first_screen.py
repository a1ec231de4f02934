"""What stands first on the page: a sentence per dataset, and one figure of tricks × datasets on a shared axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.verdicts import CLAIMS
from bench.records.files import SAMPLES
from bench.records.plan import PLACEBO
from bench.report.blocks import Tile, code, to_plain
from bench.report.estimates import effect, interval, order_of_hacks, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, known, listed, number
from bench.report.headline import headline
from bench.report.pictures import corner, real_grid
from bench.report.scale import Scale
from bench.report.sections.local_effects import why_not_flipped
from bench.report.shown import shown_runs
from bench.report.verdict_words import in_words

_WIDEST = math.log(30)
"""Intervals are cut here, with an arrow: what lies further out is not read off an axis."""
_SAMPLE = (4, 85)
"""Rows of images of a sample, and quality of its WebP."""
_FACTORS = (2, 10, 5, 3, 1.5, 1.25, 1.1, 20, 1.05)
_APART = 15.0
"""Per cent of the axis between two labels, at least."""


@dataclass(frozen=True)
class Mark:
    """One trick on one dataset: where its dot and interval stand, in per cent of the axis, and what they say."""

    dataset: str
    verdict: str
    text: str
    label: str
    at: float | None = None
    low: float = 0.0
    high: float = 0.0
    cut: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Row:
    """A trick with its mark on every dataset."""

    hack: str
    title: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Column:
    """A dataset: its sentence, samples of the best beside real images, and its bands in per cent of the axis."""

    dataset: str
    sentence: str
    pictures: tuple[Tile, ...]
    placebo: tuple[float, float] | None
    small: tuple[float, float] | None


@dataclass(frozen=True)
class Tick:
    """A label of the axis, `at` per cent of its width; `minor` where a narrow screen has no room for it."""

    at: float
    label: str
    minor: bool


@dataclass(frozen=True)
class FirstScreen:
    """The first screen; `verdicts` are those that occur, `lost` the tricks without any estimate, in words."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    lost: str
    ticks: tuple[Tick, ...]
    zero: float
    axis: str
    caption: str
    verdicts: tuple[str, ...]


def first_screen(findings: Findings) -> FirstScreen:
    """The sentences, and the figure where anything could be estimated."""
    shown = told(findings)
    axis = _Axis(shown, findings.scale)
    titles = {hack: str(card.get("title", "")) for hack, card in findings.records.about.hacks.items()}
    rows = [
        Row(hack, titles.get(hack, ""), _marks(findings, shown, hack, axis))
        for hack in (order_of_hacks(shown, findings.scale) if len(shown) else ())
    ]
    lost = [row for row in rows if all(mark.at is None for mark in row.marks)]
    verdicts = {mark.verdict for row in rows for mark in row.marks if mark.at is not None}
    return FirstScreen(
        columns=tuple(_column(findings, shown, dataset, axis) for dataset in findings.records.datasets),
        rows=tuple(row for row in rows if row not in lost),
        lost=_in_words_lost(lost),
        ticks=axis.ticks(len(findings.records.datasets)),
        zero=axis.percent(0),
        axis=axis.label,
        caption=_caption(findings),
        verdicts=tuple(word for word in (*CLAIMS, "negligible", "inconclusive") if word in verdicts),
    )


def told(findings: Findings) -> pd.DataFrame:
    """The effects that the page shows first: local ones where a dataset was settled, else average ones; `settled`."""
    parts = []
    for dataset in findings.records.datasets:
        local, average = (table[table["dataset"] == dataset] for table in (findings.local, findings.average))
        settled = len(local) > 0 and local["effect_log"].notna().any()
        own = local if settled else average
        if len(own) and own["effect_log"].notna().any():
            parts.append(own.assign(settled=settled))
    return pd.concat(parts, ignore_index=True) if parts else findings.average.iloc[:0].assign(settled=False)


class _Axis:
    """From differences of y to per cent of the axis' width."""

    def __init__(self, shown: pd.DataFrame, scale: Scale) -> None:
        ends = [scale.place(value(row, name)) for name in ("ci_low_pct", "ci_high_pct") for _, row in shown.iterrows()]
        places = np.array([*ends, *shown["effect_log"].astype(float)])
        places = places[np.isfinite(places)]
        widest = _WIDEST if scale.ratios else np.inf
        low, high = (float(np.clip(end, -widest, widest)) for end in (places.min(initial=0), places.max(initial=0)))
        least = 2 * scale.narrowest
        margin = 0.04 * max(high - low, least)
        self.low, self.high, self.scale = min(low, -least) - margin, max(high, least) + margin, scale

    def percent(self, place: float) -> float:
        return round(100 * (float(np.clip(place, self.low, self.high)) - self.low) / (self.high - self.low), 2)

    def span(self, low: float, high: float) -> tuple[float, float] | None:
        ends = self.percent(low), self.percent(high)
        return ends if np.isfinite([low, high]).all() and ends[1] > ends[0] else None

    def ticks(self, columns: int) -> tuple[Tick, ...]:
        """Labels no closer than they are wide where so many axes stand side by side: zero first, then the roundest."""
        apart = max(_APART, 8.0 * columns)
        if self.scale.ratios:
            signs = (("×", 1), ("÷", -1))
            wanted = [(sign * math.log(factor), f"{word}{factor:g}") for factor in _FACTORS for word, sign in signs]
            wanted.insert(0, (0.0, "same"))
        else:
            reach = max(-self.low, self.high)
            wanted = [(self.scale.place(tick), self.scale.tick(tick)) for tick in self.scale.ticks(reach)]
            wanted.sort(key=lambda tick: abs(tick[0]))
        found: list[Tick] = []
        for place, label in wanted:
            at = self.percent(place)
            gaps = [abs(at - other.at) for other in found]
            wide = [abs(at - other.at) for other in found if not other.minor]
            if self.low < place < self.high and 4 < at < 96 and min(gaps, default=100) >= apart:
                found.append(Tick(at, label, min(wide, default=100) < 2 * apart))
        return tuple(sorted(found, key=lambda tick: tick.at))

    @property
    def label(self) -> str:
        lower = self.scale.outcome.direction == "lower"
        left, right = ("better", "worse") if lower else ("worse", "better")
        unit = f" ({self.scale.outcome.unit})" if not self.scale.ratios and self.scale.outcome.unit else ""
        return f"← {left} · {self.scale.label} with the trick on{unit} · {right} →"


def _in_words_lost(rows: Sequence[Row]) -> str:
    """Cannot act here: `a`. Not flipped: `b` and `c`."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        words = " or ".join(dict.fromkeys(mark.text for mark in row.marks if mark.text != NOTHING)) or "not asked here"
        reasons.setdefault(words, []).append(code(row.hack))
    return " ".join(f"{words[:1].upper()}{words[1:]}: {listed(hacks)}." for words, hacks in reasons.items())


def _marks(findings: Findings, shown: pd.DataFrame, hack: str, axis: _Axis) -> tuple[Mark, ...]:
    marks = []
    for dataset in findings.records.datasets:
        rows = shown[(shown["dataset"] == dataset) & (shown["hack"] == hack)]
        marks.append(_mark(findings, rows.iloc[0], axis) if len(rows) else Mark(dataset, "", NOTHING, "not asked here"))
    return tuple(marks)


def _mark(findings: Findings, row: pd.Series, axis: _Axis) -> Mark:
    scale, dataset, middle = findings.scale, str(row["dataset"]), value(row, "effect_log")
    if middle is None or not known(middle):
        flipped = bool(row["settled"]) and not row.get("runs")
        words = why_not_flipped(findings, str(row["hack"]), dataset) if flipped else "not estimable"
        return Mark(dataset, "", words, words)
    ends = [scale.place(value(row, name)) for name in ("ci_low_pct", "ci_high_pct")]
    ends = [middle if np.isnan(end) else end for end in ends]
    bound = str(row.get("bound") or "")
    return Mark(
        dataset=dataset,
        verdict=str(row["verdict"]),
        text=effect(row, scale),
        label=to_plain(f"{effect(row, scale)}, 95 % interval {interval(row, scale)}. {in_words(row, findings)}"),
        at=axis.percent(middle),
        low=axis.percent(ends[0]),
        high=axis.percent(ends[1]),
        cut=(ends[0] < axis.low or bound == "at most", ends[1] > axis.high or bound == "at least"),
    )


def _column(findings: Findings, shown: pd.DataFrame, dataset: str, axis: _Axis) -> Column:
    own = shown[shown["dataset"] == dataset]
    placebo = own[(own["hack"] == PLACEBO) & own["effect_log"].notna()]
    scale, band = findings.scale, None
    if len(placebo):
        band = axis.span(*(scale.place(value(placebo.iloc[0], name)) for name in ("ci_low_pct", "ci_high_pct")))
    return Column(
        dataset=dataset,
        sentence=headline(findings, dataset, own),
        pictures=_samples(findings, dataset),
        placebo=band,
        small=axis.span(*scale.limits(findings.records.sesoi)),
    )


def _samples(findings: Findings, dataset: str) -> tuple[Tile, ...]:
    """The middle run of the best recipe, or the best run where none was settled, and real images; what is there."""
    folder = findings.records.folder / SAMPLES
    choices = shown_runs(findings.records, dataset).choices
    tiles = []
    if choices and (found := corner(folder, f"{choices[0].run['key']}.png", *_SAMPLE)):
        tiles.append(Tile("best", found, "webp", choices[0].role, f"FID {number(choices[0].run['fid'])}"))
    if found := corner(folder, real_grid(dataset), *_SAMPLE):
        tiles.append(Tile("real", found, "webp", "real images", ""))
    return tuple(tiles)


def _kind(findings: Findings, settled: bool) -> str:
    if settled:
        return f"in {findings.middle}"
    return "around the full and the bare recipe" if findings.only_corners else "on average over recipes good and bad"


def _caption(findings: Findings) -> str:
    kinds = {_kind(findings, bool(settled)) for settled in told(findings)["settled"].unique()}
    where = kinds.pop() if len(kinds) == 1 else f"in {findings.middle}, or on average where none was settled"
    return f"What each trick does to {findings.scale.label} {where}"
