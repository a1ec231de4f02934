"""Two sweeps on one page: which verdicts changed, and every effect of one against that of the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench import analysis
from bench.errors import UserError
from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords, read_sweep
from bench.report.blocks import Figure, File, Files, Points, Section, Table, Text, code
from bench.report.canvas import INK, PLACEBO_INK, QUIET, VERDICT_INK, VERDICT_MARK, drawing, finished, shortened
from bench.report.estimates import difference, estimate, order_of_hacks, value
from bench.report.findings import Findings, findings
from bench.report.first_screen import told
from bench.report.forest import set_span
from bench.report.formatting import counted, listed, p_value
from bench.report.links import own_pages
from bench.report.render import Report, write_files

TITLE = "Do two sweeps say the same?"


def write_comparison(first: Path, second: Path, report_dir: Path) -> Path:
    """Write the page of two sweeps and return its path.

    Args:
        first, second: folders of the sweeps, results/<sweep>/.
        report_dir: where index.html, report.md and figures/ go; made if it is not there.

    Raises:
        UserError: a folder cannot be read, or the sweeps share no effect of the same outcome.
    """
    return write_compared(*(read_sweep(Path(folder)) for folder in (first, second)), report_dir)


def write_compared(first: SweepRecords, second: SweepRecords, report_dir: Path) -> Path:
    """`write_comparison` of sweeps that have been read."""
    pages = own_pages([each.folder.resolve().name for each in (first, second)], report_dir)
    report = compare(findings(first), findings(second), pages)
    report_dir.mkdir(parents=True, exist_ok=True)
    return write_files(report, report_dir)


def compare(first: Findings, second: Findings, pages: tuple[File, ...] = ()) -> Report:
    """Everything on the page, in reading order; `pages` are the sweeps' own."""
    names = tuple(found.records.folder.resolve().name for found in (first, second))
    if first.records.outcome != second.records.outcome:
        asked = listed(found.records.outcome.label for found in (first, second))
        raise UserError(f"{names[0]!r} and {names[1]!r} ask about {asked}: sweeps of one outcome can be compared")
    tables = [told(found) for found in (first, second)]
    rows = analysis.effect_differences(*tables)
    if rows.empty:
        raise UserError(f"{names[0]!r} and {names[1]!r} have no effect of the same trick on the same dataset")
    here, there = (table.set_index(["dataset", "hack"]) for table in tables)
    keys = zip(rows["dataset"], rows["hack"], strict=True)
    rows = rows[[any(pd.notna(table.loc[key, "effect_log"]) for table in (here, there)) for key in keys]]
    datasets = [name for name in first.records.datasets if name in set(rows["dataset"])]
    kinds = [_kind(table, found) for table, found in zip(tables, (first, second), strict=True)]
    opening = Section("answer", "In one look", (*_answer(rows, here, there), *_apart(first, second)))
    sections = [
        Section("effects", "Every effect of both", (Text(_WORDS, "reading"), *_tables(rows, here, there, names, first)))
    ]
    figure = _figure(rows, here, there, names, datasets, first)
    if figure:
        sections.insert(0, Section("against", "The effects against each other", (figure,)))
    if pages:
        sections.append(Section("files", "The sweeps' own pages", (Files(pages),)))
    return Report(
        sweep=f"{names[0]} and {names[1]}",
        title=TITLE,
        question=f"What {names[0]} says {kinds[0]}, beside what {names[1]} says {kinds[1]}, on the same datasets.",
        facts=tuple(
            (name, counted(len(found.records.runs), "run")) for name, found in zip(names, (first, second), strict=True)
        ),
        opening=opening,
        sections=tuple(sections),
    )


_WORDS = (
    "The difference is the second sweep's effect over the first one's, with its 95 % interval, as if the two had "
    "nothing in common but the trick; p is corrected for the number of tricks. A verdict may change though the effects "
    "do not differ: one of the two may only have seen less."
)


_LINE = 9.0
"""Points from one name to the next."""


def _kind(table: pd.DataFrame, found: Findings) -> str:
    settled = table["settled"].unique()
    if len(settled) > 1:
        return "in the best recipe where it found one"
    return "in the best recipe it found" if settled[0] else "around the corners" if found.only_corners else "on average"


def _answer(rows: pd.DataFrame, here: pd.DataFrame, there: pd.DataFrame) -> list[Text | Points]:
    tried = rows[rows["hack"] != PLACEBO]
    changed, differs = tried[tried["changed"]], tried[tried["differs"]]
    verb = "differs" if len(differs) == 1 else "differ"
    told_first = f"Of {counted(len(tried), 'verdict')}, {len(changed)} changed, and {counted(len(differs), 'effect')}"
    which = listed(f"{code(row['hack'])} on {code(row['dataset'])}" for _, row in differs.iterrows())
    blocks = [Text(f"{told_first} {verb} beyond chance{f': {which}' if which else ''}.", "answer")]
    keys = list(zip(changed["dataset"], changed["hack"], strict=True))
    verdicts = {key: (str(here.loc[key, "verdict"]), str(there.loc[key, "verdict"])) for key in keys}
    told = {key: f"{code(key[1])} on {code(key[0])}" for key in keys}
    opposite = [told[key] for key in keys if set(verdicts[key]) == {"helps", "hurts"}]
    if opposite:
        blocks.append(Text(f"The two say the opposite of {listed(opposite)}.", "warning"))
    if keys:
        blocks.append(Points(tuple(f"{told[key]}: {' → '.join(verdicts[key])}" for key in keys)))
    return blocks


def _apart(first: Findings, second: Findings) -> list[Text]:
    """In what the runs of the two sweeps differ beside their levels."""
    odd = differing([first.records, second.records])
    return [Text(f"The runs of the two differ in {odd}: effects may differ for that.", "warning")] if odd else []


def differing(sweeps: Sequence[SweepRecords]) -> str:
    """Which settings of the runs are not the same in all sweeps, and what they are; empty where a plan was not kept."""
    plans = [each.plan for each in sweeps]
    if None in plans:
        return ""
    known = [{**plan.budget.to_dict(), "extractor": plan.scoring.extractor, "n": plan.scoring.n} for plan in plans]
    odd = [name for name in known[0] if any(each[name] != known[0][name] for each in known[1:])]
    return listed(f"{name} ({listed(str(each[name]) for each in known)})" for name in odd)


def _tables(rows, here, there, names, found: Findings) -> list[Table]:
    scale, tables = found.scale, []
    for dataset, own in rows.groupby("dataset", sort=False):
        order = order_of_hacks(here.loc[[dataset]].reset_index(), scale)
        own = own.set_index("hack").loc[[hack for hack in order if hack in set(own["hack"])]]
        cells = []
        for hack, row in own.iterrows():
            one, other = here.loc[(dataset, hack)], there.loc[(dataset, hack)]
            cells.append(
                (
                    code(hack),
                    estimate(one, scale),
                    estimate(other, scale),
                    difference(row, scale),
                    p_value(value(row, "p_adjusted")),
                    str(one["verdict"]),
                    str(other["verdict"]),
                    "changed" if row["changed"] else "",
                )
            )
        heads = ("trick", names[0], names[1], "second over first", "p", names[0], names[1], "verdict")
        tables.append(Table(heads, tuple(cells), "lrrrrlll", f"Effects on {scale.label} on {code(dataset)}"))
    return tables


def _figure(rows, here, there, names, datasets: list[str], found: Findings) -> Figure | None:
    """One sweep's effects against the other's, with both intervals; None where no effect is known in both."""
    scale = found.scale
    known = [key for key in zip(rows["dataset"], rows["hack"], strict=True)
             if np.isfinite([here.loc[key, "effect_log"], there.loc[key, "effect_log"]]).all()]  # fmt: skip
    if not known:
        return None
    low, high = _ends(pd.concat([table.loc[known] for table in (here, there)]), scale)
    columns = min(len(datasets), 3)
    lines = math.ceil(len(datasets) / columns)
    with drawing(min(4.6 * columns, 10.4), 0.5 + (4.3 if columns < 3 else 3.6) * lines) as canvas:
        axes = np.atleast_1d(canvas.subplots(lines, columns, sharex=True, sharey=True)).ravel()
        for axis, dataset in zip(axes, datasets, strict=False):
            axis.plot([-low, high], [-low, high], color=QUIET, linewidth=0.8, linestyle=":")
            axis.axhline(0, color=INK, linewidth=0.6)
            axis.axvline(0, color=INK, linewidth=0.6)
            for name, hack in known:
                if name == dataset:
                    _draw_point(axis, here.loc[(name, hack)], there.loc[(name, hack)], hack, scale)
            axis.set_title(shortened(dataset, 30))
            for side in (axis.xaxis, axis.yaxis):
                set_span(side, scale, low, high, apart=0.15)
            _name_points(axis, here.loc[[dataset]].droplevel(0), there.loc[[dataset]].droplevel(0))
        for axis in axes[len(datasets) :]:
            axis.set_visible(False)
        canvas.supxlabel(f"effect on {scale.label} in {shortened(names[0], 30)}", fontsize=9, color=QUIET)
        canvas.supylabel(f"in {shortened(names[1], 30)}", fontsize=9, color=QUIET)
        return finished(
            canvas,
            "effects-against-effects",
            f"Effects of every trick in {names[0]} against those in {names[1]}, with 95 % intervals",
            "On the dotted line both sweeps say the same. Lines are 95 % intervals of each; shape and colour are the "
            "verdict of the second sweep. Named are the tricks that help or hurt in either, in bold where the two "
            "verdicts differ.",
        )


def _draw_point(axis, one: pd.Series, other: pd.Series, hack: str, scale) -> None:
    verdict = str(other["verdict"])
    colour = PLACEBO_INK if hack == PLACEBO else VERDICT_INK.get(verdict, INK)
    x, y = float(one["effect_log"]), float(other["effect_log"])
    spans = [[scale.place(value(row, name)) for name in ("ci_low_pct", "ci_high_pct")] for row in (one, other)]
    if np.isfinite(spans[0]).all():
        axis.plot(spans[0], [y, y], color=colour, linewidth=1.1, alpha=0.7)
    if np.isfinite(spans[1]).all():
        axis.plot([x, x], spans[1], color=colour, linewidth=1.1, alpha=0.7)
    axis.scatter(x, y, s=34, marker=VERDICT_MARK.get(verdict, "o"), color=colour, zorder=3)


def _ends(rows: pd.DataFrame, scale) -> tuple[float, float]:
    """How far below and above zero the axes reach: beyond the intervals, of which a long one may leave the picture."""
    ends, effects = [], rows["effect_log"].to_numpy(float)
    for sign, bound in ((-1, "ci_low_pct"), (1, "ci_high_pct")):
        bounds = np.array([scale.place(value(row, bound)) for _, row in rows.iterrows()], dtype=float)
        far, size = (float(np.max(sign * found[np.isfinite(found)], initial=0.0)) for found in (bounds, effects))
        ends.append(max(min(1.1 * far, 1.5 * size), 1.25 * size, 2 * scale.narrowest))
    return ends[0], ends[1]


def _name_points(axis, here: pd.DataFrame, there: pd.DataFrame) -> None:
    """Name the tricks that help or hurt in either sweep, away from the dotted line and from each other.

    Names above the line stand left of their points and give way upwards, those below it right of them and downwards.
    """
    points = []
    for hack in here.index.intersection(there.index).drop(PLACEBO, errors="ignore"):
        one, other = here.loc[hack], there.loc[hack]
        place = np.array([one["effect_log"], other["effect_log"]], dtype=float)
        if np.isfinite(place).all() and {one["verdict"], other["verdict"]} & {"helps", "hurts"}:
            points.append((hack, place, one["verdict"] != other["verdict"]))
    per_point = axis.figure.dpi / 72
    for above in (True, False):
        sign, side = (1, "right") if above else (-1, "left")
        own = [point for point in points if (point[1][1] >= point[1][0]) == above]
        last = -np.inf
        for hack, place, changed in sorted(own, key=lambda point: sign * point[1][1]):
            level = sign * axis.transData.transform(place)[1] / per_point
            last = max(level + 6, last + _LINE)
            axis.annotate(
                shortened(hack, 22),
                place,
                (-6 * sign, sign * (last - level)),
                textcoords="offset points",
                fontsize=7.5,
                fontweight="bold" if changed else "normal",
                ha=side,
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.4},
            )
