"""The report of a sweep, from its folder to its page."""

import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from bench import analysis
from bench.records.files import RUNS
from bench.records.sweep import Sweep, read_sweep
from bench.report import answers, by_hand, sections_deeper, sections_effects, sections_records
from bench.report.blocks import Points, Text
from bench.report.claims import claims
from bench.report.render import Report, write_files
from bench.report.words import listed

QUESTION = (
    "When a GAN training trick is switched on, and everything else is varied by plan, how much does FID change, on "
    "which dataset, and how sure is that?"
)
# Columns of the effects that are no estimates.
_FACTS = ("dataset", "hack", "cells", "runs", "runs_needed", "verdict", "note")


def write(sweep_dir: Path, report_dir: Path) -> Path:
    """Write the report of a sweep and return the path of its page.

    Args:
        sweep_dir: results/<sweep>/, which holds runs.parquet and whatever else was kept; or a folder of runs made by
            hand, `ganbench run --out`, whose page puts them side by side.
        report_dir: where index.html, report.md, effects.csv and figures/ go; made if it is not there. The same records
            give the same tables and the same effects.csv, byte for byte.

    Raises:
        UserError: no runs.parquet, files that cannot be read, or runs whose scores come from different extractors.
    """
    home, folder = Path(sweep_dir), Path(report_dir)
    single = [] if (home / RUNS).is_file() else by_hand.runs_in(home)
    if single:
        folder.mkdir(parents=True, exist_ok=True)
        return write_files(by_hand.compose(home.resolve().name, single), folder)
    sweep = read_sweep(home)
    folder.mkdir(parents=True, exist_ok=True)
    effects = estimated(sweep)
    effects.to_csv(folder / "effects.csv", index=False, lineterminator="\n")
    relative = quote(Path(os.path.relpath(sweep.folder.resolve(), folder.resolve())).as_posix())
    return write_files(compose(sweep, effects, relative), folder)


def estimated(sweep: Sweep) -> pd.DataFrame:
    """The table of effects, one row per dataset and hack in the plan's order; empty where nothing ran."""
    if sweep.runs.empty or not sweep.hacks:
        return pd.DataFrame(columns=["dataset", "hack", "effect_log", "verdict", "note"])
    table = analysis.effects(sweep.runs, list(sweep.hacks), sesoi=sweep.sesoi, family=sweep.family)
    # Where every run is at the cap all outcomes are equal, and least squares would call each trick negligible for sure.
    silent = table["dataset"].map({name: answers.noise_share(sweep, name) == 1 for name in sweep.datasets})
    estimates = [name for name in table if name not in _FACTS and not name.startswith("failure")]
    table.loc[silent, estimates] = float("nan")
    table.loc[silent, "verdict"] = "inconclusive"
    table.loc[silent, "note"] = "no run got below the FID of noise"
    places = {name: place for place, name in enumerate(sweep.datasets)}
    return table.sort_values("dataset", key=lambda names: names.map(places), kind="stable", ignore_index=True)


def compose(sweep: Sweep, effects: pd.DataFrame, relative: str) -> Report:
    """Everything on the page in reading order; `relative` is the way from the report to the sweep's folder."""
    said = [*(answers.answer(sweep, effects, dataset) for dataset in sweep.datasets), answers.together(effects)]
    control = answers.placebo(sweep, effects)
    gaps = answers.missing(sweep)
    after: list = [block for block in control if block.tone == "warning"]
    if gaps:
        after += [Text("**What is missing here**"), Points(tuple(gaps))]
    sections = [
        sections_effects.what_helps(sweep, effects),
        sections_effects.disagreements(sweep, effects),
        sections_effects.placebo(sweep, effects),
        sections_records.training(sweep),
        sections_effects.failures(sweep, effects),
        sections_effects.arms(sweep, effects),
        claims(sweep, effects),
        sections_deeper.conditional(sweep, effects),
        sections_records.samples(sweep),
        sections_records.scores(sweep),
        sections_records.stability(sweep),
        sections_deeper.mechanisms(sweep),
        sections_deeper.cost(sweep),
        sections_deeper.robustness(sweep, effects),
        sections_deeper.interactions(sweep),
        sections_deeper.over_steps(sweep),
        sections_deeper.across(sweep, effects),
        sections_deeper.power(sweep, effects),
        sections_records.plan(sweep),
        sections_records.protocol(sweep),
        sections_records.departures(sweep),
        sections_records.machine(sweep),
        sections_records.files(sweep, relative),
    ]
    return Report(
        sweep=sweep.name,
        title="Which training tricks matter?",
        question=QUESTION,
        facts=_facts(sweep),
        answers=tuple(answer for answer in said if answer),
        after_answers=tuple(after),
        sections=tuple(section for section in sections if section),
    )


def _facts(sweep: Sweep) -> tuple[tuple[str, str], ...]:
    tricks = len([hack for hack in sweep.hacks if hack != "placebo"])
    facts = [
        ("Runs", f"{len(sweep.runs):,}"),
        ("Tricks", str(tricks) + (" and a placebo" if "placebo" in sweep.hacks else "")),
        ("Datasets", listed(sweep.datasets) or "none"),
        ("Seeds", str(sweep.runs["seed"].nunique())),
        ("Cells", str(sweep.runs["cell"].nunique())),
    ]
    if "seconds" in sweep.runs and sweep.runs["seconds"].notna().any():
        facts.append(("Computing time", _duration(float(sweep.runs["seconds"].sum()))))
    finished = [str(s.get("finished") or "") for s in sweep.environment.get("sessions") or [sweep.environment]]
    if any(finished):
        facts.append(("Finished", max(finished)[:16].replace("T", " ")))
    return tuple(facts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
