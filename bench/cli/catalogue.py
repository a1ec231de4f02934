"""What `ganbench hacks` prints: the hacks by family, one hack's card, the points of the checklist."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import hacks
from bench.records.files import EFFECTS, LOCAL_EFFECTS
from hacks import Hack
from hacks import card as cards
from hacks.checklist import POINTS
from hacks.families import FAMILIES

TABLES = {LOCAL_EFFECTS: "in one recipe", EFFECTS: "on average"}
"""The tables of effects that a report has, and where their effects hold."""
SETTLED = ("helps", "hurts", "fragile", "negligible")
SETTING = {"resolution": "{} pixels", "width": "width {}", "steps": "{:,} steps"}
"""What of a setting a verdict is told with, where its table says so."""
_MOST_EFFECT = 900


@dataclass(frozen=True)
class Verdict:
    """What a report said of a hack on one dataset.

    Attributes:
        sweep: name of the report.
        dataset: that it is about.
        setting: pixels, width and steps, 0 where they are not told.
        where: in one recipe or on average.
        word: the verdict.
        effect: a change in per cent, or in the outcome's unit; None where it was not seen.
    """

    sweep: str
    dataset: str
    setting: tuple[int, ...]
    where: str
    word: str
    effect: float | None

    @property
    def size(self) -> str:
        """The effect in words; empty where it was not seen."""
        return "" if self.effect is None else _size(self.effect)

    @property
    def place(self) -> str:
        """On digits, 16 pixels, width 16, 1,000 steps."""
        told = [SETTING[name].format(value) for name, value in zip(SETTING, self.setting, strict=True) if value]
        return ", ".join([f"on {self.dataset}", *told])


def published(reports: Path) -> dict[str, list[Verdict]]:
    """Hack -> its verdicts in the reports of a folder, by dataset and setting, those in one recipe first.

    The tables are read as they are: no library, no records; what cannot be read is left out. A verdict that stands on
    the page of several sweeps as well as on that of its own counts once, as that of the smaller page.
    """
    found: dict[str, dict[tuple, Verdict]] = {}
    for name, where in TABLES.items():
        tables = {path.parent.name: _rows(path) for path in reports.glob(f"*/{name}")}
        for sweep, rows in sorted(tables.items(), key=lambda table: (len(table[1]), table[0])):
            for row in rows:
                if row.get("hack") and row.get("verdict"):
                    setting = tuple(int(_number(row, each) or 0) for each in SETTING)
                    about = (row.get("dataset") or "", setting, where, row["verdict"])
                    made = Verdict(sweep, *about, _number(row, "effect_pct"))
                    found.setdefault(row["hack"], {}).setdefault((*about, made.size), made)
    order = {where: place for place, where in enumerate(TABLES.values())}
    return {
        hack: sorted(verdicts.values(), key=lambda each: (order[each.where], each.dataset, each.setting))
        for hack, verdicts in found.items()
    }


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _number(row: Mapping[str, str], name: str) -> float | None:
    try:
        number = float(row.get(name) or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def listing(names: Sequence[str], verdicts: Mapping[str, list[Verdict]], costs: Mapping[str, str]) -> str:
    """Hacks by family: name, year, sets, title, needs, and the verdicts that reports gave.

    Args:
        names: which ones.
        verdicts: of `published`.
        costs: hack -> what it costs, in words.
    """
    lines: list[str] = []
    width = max(map(len, names), default=0)
    for family, title in FAMILIES.items():
        own = [hacks.get(name) for name in names if hacks.get(name).family == family]
        if own:
            lines += ["", f"{title} ({family})"]
            for each in own:
                told = [_facts(each), costs.get(each.name, ""), _summary(verdicts.get(each.name, []))]
                lines.append(f"  {each.name:{width}}  {each.year or '':4}  {each.title}{_joined(told)}")
    return "\n".join(lines[1:])


def _joined(parts: Iterable[str]) -> str:
    told = "; ".join(filter(None, parts))
    return f"  [{told}]" if told else ""


def _facts(hack: Hack) -> str:
    own = [word for word in hacks.sets_of(hack.name) if word != "all"]
    needs = [*hack.needs, *cards.needed(hack.card, ["labels"])]
    return "; ".join(filter(None, [", ".join(own), f"needs {', '.join(needs)}" if needs else ""]))


def _summary(verdicts: Sequence[Verdict]) -> str:
    """helps 2, inconclusive 5 of 7 published verdicts."""
    counts = Counter(verdict.word for verdict in verdicts)
    told = [f"{word} {counts[word]}" for word in (*SETTLED, "inconclusive") if counts[word]]
    return f"published: {', '.join(told)}" if told else ""


def card(hack: Hack, verdicts: Sequence[Verdict]) -> str:
    """All that is known of one hack."""
    lines = [hack.card]
    lines += [f"Parameter: {hack.name}.{parameter} = {default!r}" for parameter, default in hack.parameters.items()]
    lines.append(f"Family: {hack.family} ({FAMILIES[hack.family]})")
    lines.append(f"Sets: {', '.join(hacks.sets_of(hack.name))}")
    points = [f"{point.number}, {point.advice}" for point in POINTS if hack.name in point.hacks]
    lines += [f"Checklist: point {point}" for point in points]
    excluded = [name for name in hacks.names() if name != hack.name and hacks.conflicts([hack.name, name])]
    lines += [f"Takes the place of: {', '.join(excluded)}"] if excluded else []
    for verdict in verdicts:
        size = f" ({verdict.size})" if verdict.size else ""
        lines.append(f"Published: {verdict.word}{size} {verdict.place}, {verdict.where} [{verdict.sweep}]")
    return "\n".join(lines)


def _size(effect: float) -> str:
    sign = "−" if effect < 0 else "+"
    return f"{sign}{abs(effect):.0f} %" if effect < _MOST_EFFECT else f"× {1 + effect / 100:.0f}"


def checklist() -> str:
    """The 17 points, each with its toggles or with why it is none."""
    known = set(hacks.names())
    lines = []
    for point in POINTS:
        toggles = ", ".join(name if name in known else f"{name} (not here)" for name in point.hacks)
        lines.append(f"{point.number:2}  {point.advice}")
        lines.append(f"    {toggles or 'no toggle'}{f'; {point.instead}' if point.instead else ''}")
    return "\n".join(lines)
