"""What a sweep's folder says is the best recipe, or what one of its cells is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.cli.longer import as_name, longer
from bench.errors import UserError, did_you_mean
from bench.plan.history import History, merged
from bench.plan.incumbent import incumbent, mean_and_margin
from bench.plan.settle import current_star, star_runs_of
from bench.records.budget import Budget, Scoring
from bench.records.declaration import load_declaration
from bench.records.frames import load_runs
from bench.records.outcome import Outcome, outcome_of, with_outcome
from bench.records.plan import PLACEBO, Plan, load_plans


@dataclass(frozen=True)
class Found:
    """A recipe of a sweep.

    Attributes:
        name: of the sweep.
        dataset: that it is for.
        levels: hack name -> on or off.
        hack_parameters: hack name -> parameter -> value, where they are not the hacks' own.
        source: where it comes from, in words.
        y: its outcome on seeds that did not choose it, or, if `chosen_by_it`, on those that did.
        chosen_by_it: whether these runs are what made it the best.
        plan: whose budget and scoring it has.
        likely: which of its flips is most likely better still, in words; empty where none is.
        longer: the words of the command that asks about it after longer training; empty for a cell, and where nothing
            was declared.
    """

    name: str
    dataset: str
    levels: dict[str, bool]
    hack_parameters: dict[str, dict[str, Any]]
    source: str
    y: pd.Series
    chosen_by_it: bool
    plan: Plan
    likely: str = ""
    longer: tuple[str, ...] = ()

    @property
    def budget(self) -> Budget:
        """How its runs were trained."""
        return self.plan.budget

    @property
    def scoring(self) -> Scoring:
        """How its runs were scored."""
        return self.plan.scoring

    @property
    def outcome(self) -> Outcome:
        """The score that it is best by."""
        return outcome_of(self.plan.scoring.outcome)


def datasets_of(folder: Path, wanted: str | None) -> list[str]:
    """The datasets of a sweep, or the one that is wanted.

    Raises:
        UserError: there is no such sweep, or it has no such dataset.
    """
    known = load_plans(folder)[0].datasets
    if wanted is None:
        return list(known)
    if wanted not in known:
        hint = did_you_mean(wanted, known)
        raise UserError(f"dataset {wanted!r}{hint}: sweep {folder.name!r} has {', '.join(known)}")
    return [wanted]


def best_of(folder: Path, dataset: str) -> Found:
    """The best recipe that a sweep has found on a dataset.

    Raises:
        UserError: there is none yet.
    """
    plans, declaration = load_plans(folder), load_declaration(folder)
    outcome = outcome_of(plans[0].scoring.outcome)
    runs = with_outcome(load_runs(folder), outcome)
    if declaration is not None:
        history = History.of(declaration, plans, runs, outcome.direction)
        best = incumbent(history, dataset)
        if best is None:
            raise UserError(f"sweep {folder.name!r} has no finished run on {dataset} yet; continue it first")
        own = (folder.name, dataset, best.levels, best.hack_parameters, best.source)
        asked = tuple(longer(declaration, dataset, best.levels, best.hack_parameters))
        return Found(*own, best.fresh["y"], False, plans[0], _likely(history, dataset, outcome), asked)
    means = runs[(runs["dataset"] == dataset) & runs["y"].notna()].groupby("cell")["y"].mean()
    if means.empty:
        raise UserError(f"sweep {folder.name!r} has no finished run on {dataset} yet; continue it first")
    found = cell_of(folder, dataset, str(means.idxmin() if outcome.direction == "lower" else means.idxmax()))
    return Found(**{**vars(found), "source": f"the best of its {len(means)} cells, chosen by its own score"})


def _likely(history: History, dataset: str, outcome: Outcome) -> str:
    """Without leaky_relu (FID +6.1 % with it, not proven): --cell best0-leaky_relu."""
    from bench.analysis import flip_to_take, local_effects
    from bench.report.estimates import effect
    from bench.report.scale import Scale

    star, declaration = current_star(history, dataset), history.declaration
    if star is None:
        return ""
    runs = star_runs_of(history, star)
    table = local_effects(runs, list(star.counts), declaration.sesoi, outcome=outcome, looks=declaration.looks)
    hack = flip_to_take(table, outcome.sign)
    if hack is None:
        return ""
    row = table.set_index("hack").loc[hack]
    what = f"{'without' if row['incumbent_level'] else 'with'} {hack}"
    proven = "" if row["verdict"] in ("helps", "hurts") else ", not proven"
    size = f"{outcome.label} {effect(row, Scale(outcome))} with it{proven}"
    return f"{what} ({size}): --cell {runs.loc[runs['flipped'] == hack, 'cell'].iloc[0]}"


def cell_of(folder: Path, dataset: str, name: str) -> Found:
    """One of a sweep's cells.

    Raises:
        UserError: it has none of that name on that dataset.
    """
    plans = load_plans(folder)
    cells = {
        cell.name: (plan, cell) for plan in plans for cell in plan.cells if dataset in (cell.datasets or plan.datasets)
    }
    if name not in cells:
        raise UserError(
            f"cell {name!r}{did_you_mean(name, cells)}: sweep {folder.name!r} has none of that name on {dataset}; see "
            "the column `cell` of its runs.csv"
        )
    plan, cell = cells[name]
    runs = with_outcome(load_runs(folder), plan.scoring.outcome)
    y = runs.loc[(runs["dataset"] == dataset) & (runs["cell"] == name), "y"]
    parameters = merged(plan.hack_parameters, cell.hack_parameters)
    return Found(folder.name, dataset, cell.levels, parameters, f"its cell {name}", y, True, plan)


def best_text(found: Found) -> str:
    """The best recipe on a dataset in words, with the commands that train it, and ask about it once more."""
    hacks = [hack for hack in found.plan.hacks if hack != PLACEBO]
    on = [hack for hack in hacks if found.levels[hack]]
    off = [hack for hack in hacks if not found.levels[hack]]
    settings = [
        f"{hack}.{name} = {value!r}" for hack in on for name, value in found.hack_parameters.get(hack, {}).items()
    ]
    lines = [
        f"{found.dataset}: {found.source}",
        f"  on:       {', '.join(on) or 'nothing'}",
        f"  off:      {', '.join(off) or 'nothing'}",
        *([f"  with:     {', '.join(settings)}"] if settings else []),
        f"  score:    {_score(found)}",
        *([f"  likely better still: {found.likely}"] if found.likely else []),
        f"  train it: {shlex.join(_trained(found))}",
        *([f"  does it last: {shlex.join(found.longer)}"] if found.longer else []),
    ]
    return "\n".join(lines)


def _trained(found: Found) -> list[str]:
    """The words of the command that trains it, into a folder whose name a shell takes as it is."""
    words = ["ganbench", "train", "--from", found.name, "--dataset", found.dataset]
    return [*words, "--out", f"my-{as_name(found.dataset)}"]


def _score(found: Found) -> str:
    count = int(found.y.notna().sum())
    if not count:
        return "none yet on seeds that did not choose it"
    mean, margin = mean_and_margin(found.y, found.outcome)
    seeds = f"{count} seed{'s' if count > 1 else ''}"
    that = "that chose it, so it is flattered" if found.chosen_by_it else "that did not choose it"
    spread = "" if pd.isna(margin) else f" ± {margin:.2g}"
    return f"{found.outcome.label} {mean:.3g}{spread} on {seeds} {that}, after {found.budget.steps:,} steps"
