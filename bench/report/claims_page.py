"""The report of several sweeps of claims: what each source says, and what came out, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from bench.analysis.claims import HOLDS, HOLDS_NOT, OPEN
from bench.records.files import RUNS
from bench.records.frames import load_runs
from bench.records.plan import PLACEBO
from bench.records.sweep import read_sweep
from bench.report.blocks import Figure, File, Files, Folded, Points, Section, Table, Text, code
from bench.report.canvas import drawing, finished
from bench.report.estimates import effect, estimate
from bench.report.findings import Findings, findings
from bench.report.forest import draw_intervals, verdict_ink
from bench.report.formatting import NOTHING, counted, listed, number, share, spelled
from bench.report.render import VERDICTS, Report
from bench.report.sections import claims, machine, samples

TABLE = "claims.csv"
QUESTION = (
    "Each sentence of a tutorial that a trick stands for, tried on the tutorial's own recipe: is the recipe worse "
    "without it, and how sure is that?"
)
_WORDS = {HOLDS: ("holds", "hold"), HOLDS_NOT: ("does not", "do not"), OPEN: ("cannot be told",) * 2}
_CURES = {**_WORDS, HOLDS: ("cures", "cure")}


class Sweep(NamedTuple):
    """One sweep of claims, and the answers to them."""

    found: Findings
    answers: list[claims.Answered]

    @property
    def title(self) -> str:
        """What the recipe is called on the page: the sweep's name, since a recipe may be tried in several."""
        return self.found.records.name.removesuffix("-claims")

    def recipe(self, name: str) -> str:
        """A field of its recipe's card; empty where that was not kept."""
        return str(self.found.records.about.recipe.get(name) or "")


def sweeps_in(folder: Path) -> list[Sweep]:
    """The sweeps kept in a folder that have a run, those of recipes with a trouble last."""
    found = [findings(read_sweep(path.parent)) for path in sorted(folder.glob(f"*/{RUNS}")) if len(load_runs(path))]
    return sorted((Sweep(each, claims.answered(each)) for each in found), key=lambda each: bool(each.recipe("trouble")))


def compose(name: str, sweeps: Sequence[Sweep]) -> Report:
    """Everything on the page in reading order."""
    tutorials = [each for each in sweeps if not each.recipe("trouble")]
    troubles = [each for each in sweeps if each.recipe("trouble")]
    sections = (
        _table("claims", "What they claim, and what came out", tutorials, claims.READING),
        _cures(troubles),
        _how_far(sweeps),
        Section("samples", "What the images look like", tuple(_pictures(sweeps))),
        Section("placebo", "What a useless trick looks like here", (_placebos(sweeps),)),
        _machine(sweeps),
        Section("files", "The numbers behind this page", (_files(),)),
    )
    return Report(
        sweep=name,
        title=_title(tutorials),
        question=QUESTION,
        facts=_facts(sweeps),
        opening=Section("answer", "The answer", tuple(filter(None, (*_opening(tutorials, troubles), _forest(sweeps))))),
        sections=tuple(section for section in sections if section and any(section.blocks)),
    )


def _title(tutorials: Sequence[Sweep]) -> str:
    """Of the page; where only recipes with a trouble were tried so far, that of what was tried in them."""
    sources = len({each.recipe("source") for each in tutorials})
    if not sources:
        return "What a lesson says cures, and what came out"
    claim = "tutorial claims" if sources == 1 else "tutorials claim"
    return f"What {spelled(sources)} {claim}, and what came out"


def table_of(sweeps: Sequence[Sweep]) -> pd.DataFrame:
    """One row per claim: recipe, source, sentence, what came out and why; for the table beside the page."""
    rows = []
    for sweep in sweeps:
        about = {name: sweep.recipe(name) for name in ("name", "source", "trouble")}
        for each in sweep.answers:
            numbers = each.local[["effect_log", "effect_pct", "ci_low_pct", "ci_high_pct", "p_adjusted", "verdict"]]
            why, moved = (
                claims.why(sweep.found, each),
                "; ".join(f"{moved.words}: {moved.judged}" for moved in each.moved),
            )
            rows.append({**about, "claim": each.claim["text"], **each.row, **numbers, "why": why, "moved": moved})
    return pd.DataFrame(rows)


def _opening(tutorials: Sequence[Sweep], troubles: Sequence[Sweep]) -> list[Text]:
    told = [Text(_counted(tutorials, "claim"), "answer")] if tutorials else []
    if troubles:
        told.append(Text(_counted(troubles, "remedy", "remedies", cures=True), "answer"))
    return told


def _counted(sweeps: Sequence[Sweep], noun: str, plural: str | None = None, cures: bool = False) -> str:
    """Of 24 claims, 9 hold (…), 6 do not (…) and 9 cannot be told."""
    every = [(sweep, each) for sweep in sweeps for each in sweep.answers]
    parts = []
    for word, (one, many) in (_CURES if cures else _WORDS).items():
        own = [f"{code(each.row['hack'])} in {sweep.title}" for sweep, each in every if each.row["answer"] == word]
        parts.append(
            f"{len(own)} {one if len(own) == 1 else many}" + (f" ({listed(own)})" if own and word != OPEN else "")
        )
    several = len({(sweep.recipe("source"), each.claim["text"]) for sweep, each in every})
    tries = "" if several == len(every) or cures else f"{counted(len(every), 'try', 'tries')} of "
    return f"Of {tries}{counted(len(every) if cures else several, noun, plural)}, {listed(parts)}."


def _forest(sweeps: Sequence[Sweep]) -> Figure | None:
    """Every claim's effect on one axis, recipe by recipe; None where none could be estimated."""
    every = [(sweep, each) for sweep in sweeps for each in sweep.answers if pd.notna(each.local["effect_log"])]
    if not every:
        return None
    scale = every[0][0].found.scale
    names = [f"{sweep.title}: {each.row['hack']}" for sweep, each in every]
    answers = [claims.told(sweep.found, each) for sweep, each in every]
    labels = [
        (effect(each.local, scale), f"{answer} (by failed runs)" if each.claim.get("trains") else answer)
        for (_, each), answer in zip(every, answers, strict=True)
    ]
    colours = [verdict_ink("", VERDICTS[answer]) for answer in answers]
    rows = pd.DataFrame([each.local for _, each in every])
    with drawing(9.6, 1.15 + 0.27 * len(every)) as canvas:
        axis = canvas.subplots()
        draw_intervals(axis, rows, names, labels, colours, (("ci_low_pct", "ci_high_pct", 3.0),), scale)
        axis.set_yticks(axis.get_yticks(), names)
        return finished(
            canvas,
            "claims",
            "The effect of every claimed trick in its recipe, with 95 % intervals",
            f"Change of {scale.label} when the trick is on in its recipe, everything else as it is; line: 95 % "
            "interval over all planned looks, missing where one side was at the ceiling. The word is what became of "
            "the claim: one that nothing is learnt without the trick is answered by the runs that fail, not by this "
            "change.",
        )


def _table(anchor: str, title: str, sweeps: Sequence[Sweep], reading: str) -> Section | None:
    rows = _named((sweep.title, claims.cells(sweep.found, each)) for sweep in sweeps for each in sweep.answers)
    if not rows:
        return None
    moved = _named(
        (sweep.title, cells) for sweep in sweeps for each in sweep.answers for cells in claims.moved_cells(each)
    )
    blocks = [Table(("recipe", *claims.columns(sweeps[0].found)), rows, f"l{claims.ALIGN}")]
    if moved:
        heads = ("recipe", *claims.MOVED_COLUMNS)
        blocks.append(Table(heads, moved, f"l{claims.MOVED_ALIGN}", "What they are said to move"))
    return Section(anchor, title, (*blocks, Text(reading, "reading")))


def _named(rows: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[tuple[str, ...], ...]:
    """Rows of a table with their recipe before the first of each."""
    made, before = [], None
    for title, cells in rows:
        made.append((title if title != before else "", *cells))
        before = title
    return tuple(made)


def _cures(troubles: Sequence[Sweep]) -> Section | None:
    """The remedies that a lesson names, in recipes that were made to have its troubles."""
    if not troubles:
        return None
    items = tuple(f"{code(each.title)}: {each.recipe('trouble')}." for each in troubles)
    words = (
        "A remedy cures where FID falls beyond chance over the remedies of a recipe. The second table says whether the "
        "trouble's own sign went too: a remedy may take the sign away and not cure."
    )
    made = _table("cures", "Do the remedies cure?", troubles, words)
    return made and Section(made.anchor, made.title, (Points(items), *made.blocks))


def _how_far(sweeps: Sequence[Sweep]) -> Section:
    """Data, size and length of the runs, beside the source's own."""
    rows = []
    for sweep in sweeps:
        records, recipe = sweep.found.records, sweep.found.records.about.recipe
        budget = records.plan.budget if records.plan else None
        if budget is None:
            continue
        own = recipe.get("steps") if recipe.get("steps_stated") else None
        part = f" of {own:,} ({share(budget.steps / own)})" if own else ""
        hours = float(records.runs["seconds"].sum()) / 3600 if "seconds" in records.runs else None
        rows.append(
            (
                sweep.title,
                listed(map(code, records.datasets)),
                f"{budget.resolution} px",
                _of(budget.width, recipe.get("width")),
                _of(budget.batch, recipe.get("batch")),
                f"{budget.steps:,}{part}",
                str(len(records.runs)),
                number(hours, 2) if hours is not None else NOTHING,
                str(recipe.get("source")),
            )
        )
    columns = ("recipe", "data", "size", "width", "batch", "steps", "runs", "hours of a core", "source")
    words = (
        "“Of” what the source has, where that is known and another number: most do not state how long they train. What "
        "came out holds for this much training; a claim may come true later."
    )
    return Section(
        "budgets", "How far the runs went", (Table(columns, tuple(rows), "llrrrrrrl"), Text(words, "reading"))
    )


def _of(here: int, own: object) -> str:
    """A size, and that of the source where it is another."""
    return str(here) if here == own else f"{here} of {own}"


def _pictures(sweeps: Sequence[Sweep]) -> list[Folded]:
    """The recipe and every flip of each sweep, under names that tell the sweeps apart; the first ones unfolded."""
    parts = {sweep.title: samples.section(sweep.found, prefix=f"{sweep.title}-") for sweep in sweeps}
    known = {title: part.blocks for title, part in parts.items() if part}
    return [Folded(title, blocks, open=not place) for place, (title, blocks) in enumerate(known.items())]


def _placebos(sweeps: Sequence[Sweep]) -> Points:
    items = [
        f"{sweep.title} on {code(row['dataset'])}: {estimate(row, sweep.found.scale)}"
        for sweep in sweeps
        for _, row in sweep.found.local[sweep.found.local["hack"] == PLACEBO].iterrows()
    ]
    return Points(tuple(items))


def _machine(sweeps: Sequence[Sweep]) -> Section | None:
    """The hardware of the last session of the last sweep; others are named where they differ."""
    parts = [machine.section(sweep.found) for sweep in sweeps]
    return next((part for part in reversed(parts) if part), None)


def _files() -> Files:
    return Files(
        (
            File(TABLE, TABLE, "every claim with its numbers, one row each"),
            File("report.md", "report.md", "this report as Markdown, its figures in figures/"),
        )
    )


def _facts(sweeps: Sequence[Sweep]) -> tuple[tuple[str, str], ...]:
    records = [sweep.found.records for sweep in sweeps]
    seconds = sum(float(each.runs["seconds"].sum()) for each in records if "seconds" in each.runs)
    sessions = [session for each in records for session in each.about.sessions]
    processors = sorted({str(session["processor"]) for session in sessions if session.get("processor")})
    return (
        ("Claims and remedies tried", str(sum(len(sweep.answers) for sweep in sweeps))),
        ("Runs", f"{sum(len(each.runs) for each in records):,}"),
        ("Computing time", f"{number(seconds / 3600)} hours of a core"),
        ("Processor", listed(processors) or NOTHING),
    )
