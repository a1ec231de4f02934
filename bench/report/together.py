"""Sweeps of the same question on different datasets, on one page: what holds on all of them and what depends on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.errors import UserError
from bench.records.files import LOCAL_EFFECTS
from bench.records.plan import PLACEBO
from bench.records.sweep import SweepRecords, read_sweep
from bench.records.together import together
from bench.report.blocks import File, Files, Section, Table, Text, code
from bench.report.comparison import differing, write_compared
from bench.report.estimates import effect, order_of_hacks, reach, with_spread
from bench.report.facts import computing_time, counts
from bench.report.findings import Findings, findings
from bench.report.formatting import NOTHING, foremost, listed, spelled
from bench.report.links import own_pages
from bench.report.render import Report, write_files
from bench.report.scale import Scale
from bench.report.sections import (
    across_datasets,
    along,
    buys_and_costs,
    equal_time,
    every_trick,
    half_way,
    local_effects,
)
from bench.report.setting import with_settings

TITLE = "Which tricks hold everywhere?"
FOREMOST = 6
"""Of more tricks than anybody reads in a sentence, how many are named; the table has all."""


def write_several(folders: Sequence[Path], report_dir: Path) -> Path:
    """Write the page of several sweeps: two that share a dataset are compared, others put together.

    Raises:
        UserError: as `write_comparison` and `write_together` say.
    """
    sweeps = [read_sweep(Path(folder)) for folder in folders]
    if len(sweeps) == 2 and set(sweeps[0].datasets) & set(sweeps[1].datasets):
        return write_compared(*sweeps, Path(report_dir))
    return _write(sweeps, Path(report_dir))


def write_together(folders: Sequence[Path], report_dir: Path) -> Path:
    """Write the page of several sweeps and return its path.

    Args:
        folders: of the sweeps, each on datasets of its own.
        report_dir: where index.html, report.md, figures/ and the table of effects go; made if it is not there.

    Raises:
        UserError: a folder cannot be read, sweeps that cannot be put together, or none that settled its answers.
    """
    return _write([read_sweep(Path(folder)) for folder in folders], Path(report_dir))


def _write(sweeps: Sequence[SweepRecords], target: Path) -> Path:
    found = findings(together(sweeps, target.name))
    if found.local.empty or not found.local["effect_log"].notna().any():
        raise UserError(
            f"{listed(repr(each.name) for each in sweeps)} have settled no trick in a recipe: expected sweeps that end "
            "with settling"
        )
    target.mkdir(parents=True, exist_ok=True)
    with_settings(found.local, sweeps).to_csv(target / LOCAL_EFFECTS, index=False, lineterminator="\n")
    return write_files(
        compose(found, sweeps, own_pages([each.folder.resolve().name for each in sweeps], target)), target
    )


def compose(found: Findings, sweeps: Sequence[SweepRecords], pages: Sequence[File] = ()) -> Report:
    """Everything on the page, in reading order; `pages` are the sweeps' own."""
    records, odd = found.records, differing(sweeps)
    opening = (
        *(Text(sentence, "answer") for sentence in (*in_short(found), *on_each(found))),
        Text(f"The runs of these sweeps differ in {odd}: datasets may differ for that.", "warning") if odd else None,
        replace(local_effects.figure(found), on_page=True),
        short_table(found),
        Text(_words(found), "reading"),
    )
    parts = (
        across_datasets.local_section(found),
        along.section(found),
        recipes(found),
        every_trick.section(found),
        *(part.section(found) for part in (local_effects, equal_time, half_way, buys_and_costs)),
        Section("files", "The sweeps' own pages", (Files(tuple(pages)),)) if pages else None,
    )
    return Report(
        sweep=records.name,
        title=heading(found),
        question=f"What does each trick do to {found.scale.label} in {found.middle}, on each of "
        f"{spelled(len(records.datasets))} datasets, and what does it do on all of them?",
        facts=(*counts(records), *computing_time(records)),
        opening=Section("answer", "In short", tuple(filter(None, opening))),
        sections=tuple(filter(None, parts)),
    )


def heading(found: Findings) -> str:
    """Of a few tricks people ask which hold; of a whole catalogue, what is in it at all."""
    if not every_trick.is_large(found):
        return TITLE
    tricks = found.local.loc[found.local["effect_log"].notna() & (found.local["hack"] != PLACEBO), "hack"].nunique()
    return f"What {tricks} tricks do to a recipe that works"


def on_each(found: Findings) -> list[str]:
    """Of many tricks, how many help, hurt, are bounded and open on each dataset; which help there, and not on all."""
    if not every_trick.is_large(found):
        return []
    helps = found.local[(found.local["verdict"] == "helps") & (found.local["hack"] != PLACEBO)]
    table = analysis.standing(found.local)
    everywhere = {row["hack"] for _, row in table.iterrows() if _group(row) == "helps"}
    beside = "beside those that help everywhere, " if everywhere else ""
    said = []
    for name in found.records.datasets:
        own = helps[(helps["dataset"] == name) & ~helps["hack"].isin(everywhere)]
        which = [code(hack) for hack in order_of_hacks(own, found.scale)]
        more = f"; {beside}{listed(which)} {'helps' if len(which) == 1 else 'help'}" if which else ""
        said.append(f"On {code(name)}, {every_trick.tally(found, name)}{more}.")
    return said


def _words(found: Findings) -> str:
    mean = " The mean over datasets is told in full below." if len(found.records.datasets) > 2 else ""
    how = f" {every_trick.HOW}" if every_trick.is_large(found) else ""
    return (
        f"Change of {found.scale.label} when the trick is on and everything else is as in {found.middle} on that "
        "dataset. Bold: a verdict, beyond chance among all tricks. At most: no verdict, and no larger effect either "
        f"way by the 95 % interval. Open: no verdict, though the interval is clear of zero or has no end.{mean}{how}"
    )


def in_short(found: Findings) -> list[str]:
    """What holds on every dataset, what depends on it, and how much the rest may do; a sentence each."""
    table = analysis.standing(found.local)
    table = table[(table["hack"] != PLACEBO) & (table["datasets"] > 0)].set_index("hack")
    order = [hack for hack in order_of_hacks(found.local, found.scale) if hack in table.index]
    every = len(found.records.datasets)
    groups: dict[str, list[str]] = {}
    for hack in order:
        groups.setdefault(_group(table.loc[hack]), []).append(hack)
    said = []
    for group, verb in (("helps", "help"), ("hurts", "hurt")):
        if group in groups:
            names = groups[group] if group == "helps" else _worst_first(groups[group])
            which = [code(hack) + _fewer(int(table.loc[hack, "datasets"]), every) for hack in names]
            told = foremost(which, FOREMOST, every_trick.MANY)
            said.append(f"**On every dataset**, {told} {group if len(names) == 1 else verb}.")
    if "mixed" in groups and not every_trick.is_large(found):
        told = [f"{code(hack)} {in_how_many(table.loc[hack])}" for hack in groups["mixed"]]
        said.append(f"It depends on the data: {listed(told)}.")
    if "none" in groups:
        names = groups["none"]
        known = found.local[found.local["hack"].isin(names) & found.local["effect_log"].notna()]
        reaches = [reach(row, found.scale) for _, row in known.iterrows()]
        far = f", and change {found.scale.label} by {_on_any(reaches, found.scale)}" if None not in reaches else ""
        which = listed(map(code, names)) if len(names) <= every_trick.MANY else f"{len(names)} tricks"
        said.append(f"{which} {'has' if len(names) == 1 else 'have'} no verdict anywhere{far}.")
    return said


def _worst_first(names: Sequence[str]) -> Sequence[str]:
    """Of many that hurt, those to keep away from come first."""
    return names if len(names) <= every_trick.MANY else names[::-1]


def _on_any(reaches: Sequence[float], scale: Scale) -> str:
    """At most 31 % on any; the bound that the table tells of the least known."""
    return f"{scale.within(max(reaches)).removesuffix(' either way')} on any"


def _group(row: pd.Series) -> str:
    """One dataset of several is no "every": what is known there alone depends on the data."""
    if not row[list(CLAIMS)].sum():
        return "none"
    same = (word for word in ("helps", "hurts") if row[word] == row["datasets"] > 1)
    return next(same, "mixed")


def _fewer(count: int, every: int) -> str:
    """Where a trick could act on some datasets only."""
    return "" if count == every else f" ({spelled(count)} of {spelled(every)}, where it can act)"


def in_how_many(row: pd.Series) -> str:
    """Helps on two and hurts on one of five; helps on all five; a dash where it has no verdict."""
    if not row[list(CLAIMS)].sum():
        return NOTHING
    every = spelled(int(row["datasets"]))
    told = {"helps": "helps", "hurts": "hurts", "fragile": "makes more runs fail"}
    for word, verb in told.items():
        if row[word] == row["datasets"] == 1:
            return f"{verb} on the one where it can act"
        if row[word] == row["datasets"]:
            return f"{verb} on {'both' if every == 'two' else f'all {every}'}"
    return f"{listed(f'{verb} on {spelled(int(row[word]))}' for word, verb in told.items() if row[word])} of {every}"


def short_table(found: Findings) -> Table:
    """Trick × dataset, a short cell each, and what it does on all; of many tricks, what they are and claim as well."""
    here = found.local.set_index(["hack", "dataset"])
    pools, stands = (
        table.set_index("hack") for table in (analysis.pooled(found.local), analysis.standing(found.local))
    )
    datasets, rows = found.records.datasets, []
    many = len(datasets) > 2  # of two, nobody knows how datasets spread
    order = order_of_hacks(found.local, found.scale)
    many_rows = every_trick.is_large(found)
    for hack in order:
        cells = [local_effects.short_cell(here, (hack, dataset), found) for dataset in datasets]
        counts, known = stands.loc[hack], pools.loc[hack]
        mean = (effect(known, found.scale) if known["datasets"] > 2 else NOTHING,) if many else ()
        source = every_trick.source(found, hack) if many_rows else ()
        rows.append((code(hack), *cells, *mean, in_how_many(counts), *source))
    numbers = (*map(code, datasets), *(("mean",) if many else ()))
    words = ("verdicts", *(every_trick.SOURCE if many_rows else ()))
    heads, align = ("trick", *numbers, *words), "l" + "r" * len(numbers) + "l" * len(words)
    return Table(heads, tuple(rows), align, f"Change of {found.scale.label}", sortable=many_rows)


def recipes(found: Findings) -> Section:
    """The recipe that tricks were settled in on each dataset, and what it comes out at."""
    rows, title = [], f"{found.middle[0].upper()}{found.middle[1:]}"
    for dataset in found.records.datasets:
        middle = found.incumbent(dataset)
        if middle is None:
            continue
        y = middle.runs["y"].dropna()
        on = listed(code(hack) for hack in found.records.tricks if middle.levels[hack]) or "no trick"
        pixels = middle.runs["resolution"].iloc[0] if "resolution" in middle.runs else None
        rows.append(
            (
                code(dataset),
                along.told(found.records.about.datasets.get(dataset, {})),
                NOTHING if pixels is None or pd.isna(pixels) else str(int(pixels)),
                on,
                with_spread(y, found.scale),
                str(len(y)),
                f"{len(found.records.of(dataset)):,}",
            )
        )
    heads = ("dataset", "what it is", "pixels", "tricks in it", found.scale.label, "seeds of it", "runs in all")
    table = Table(heads, tuple(rows), "llrlrrr", f"{title} on each dataset")
    words = Text(
        "Mean and SD over seeds that did not choose the recipe. FIDs of different datasets do not compare.", "reading"
    )
    return Section("recipes", title, (table, words))
