"""The verb `train`: a sweep's best recipe or one of its cells, or a recipe by name or in a file, as long as wanted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import RESULTS, Machine, Results, with_options
from bench.errors import RunStopped, UserError
from bench.records.budget import DEFAULT_RECIPE
from bench.records.fields import check_fields
from bench.records.files import sweep_folder
from bench.records.run import RunSpec, check_spec

EVALUATIONS = 10
"""How often it is scored on its way, unless asked otherwise."""
STOPPED = 130


@app.command()
@with_options(given=RunSpec, machine=Machine)
def train(
    given: dict[str, Any],
    machine: Machine,
    out: Annotated[Path, Option(help="Folder for the generator, its recipe, checkpoints and grids.")],
    sweep: Annotated[
        str | None, Option("--from", help="Sweep whose best recipe is trained.", autocompletion=completion.sweeps)
    ] = None,
    cell: Annotated[str | None, Option(help="Train this cell of the sweep instead of its best recipe.")] = None,
    recipe_file: Annotated[
        Path | None, Option(help="TOML file with [levels], such as the recipe.toml of another training.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Train one recipe for as long as wanted, and keep its generator.

    The same command continues a stopped training; with more --steps it continues a finished one.
    `bench.load_generator(FOLDER)` gives the generator back.
    """
    given = machine.scored_by(given)
    check_fields(RunSpec, {name: value for name, value in given.items() if name != "precision"})
    machine.prepare()
    sources = {"--from": sweep, "--recipe-file": recipe_file}
    wanted = [name for name, value in sources.items() if value is not None]
    if len(wanted) > 1 or not (wanted or "recipe" in given):
        raise UserError("train needs one of --from SWEEP, --recipe-file FILE and --recipe NAME")
    warning = ""
    if recipe_file is not None:
        spec, source = _from_file(recipe_file, given)
    elif sweep is not None:
        spec, source, warning = _from_sweep(sweep_folder(results, sweep), cell, given)
    else:
        spec, source = _of_name(given)
    from bench.runner.train import train as make
    from bench.runner.train_view import TrainView

    spec = replace(spec, data_root=machine.data_root)
    check_spec(spec)
    print(f"{source}\n{_recipe_line(spec)}{warning}")
    with TrainView(spec.steps) as view:
        try:
            done = make(
                spec,
                out,
                source=source,
                device=machine.device,
                on_step=view.step,
                on_score=view.scored,
                should_stop=view.stopping.is_set,
            )
        except RunStopped:
            view.say(f"stopped; it is kept in {out}. The same command goes on from here")
            raise SystemExit(STOPPED) from None
    if done.diverged:
        raise UserError(f"the training diverged after step {done.steps}; {out} has what it was at its last evaluation")
    print(f"written: {out}")


def _from_sweep(folder: Path, cell: str | None, given: dict[str, Any]) -> tuple[RunSpec, str, str]:
    """What to train, where it comes from, and what is not known of so long a training."""
    from bench.cli.best import best_of, cell_of, datasets_of

    names = datasets_of(folder, given.get("dataset"))
    if len(names) > 1:
        raise UserError(f"sweep {folder.name!r} has {', '.join(names)}: name one with --dataset")
    found = cell_of(folder, names[0], cell) if cell else best_of(folder, names[0])
    settings = {**found.budget.to_dict(), **found.scoring.to_dict(), "evaluations": EVALUATIONS, **_resolved(given)}
    spec = RunSpec(levels=found.levels, hack_parameters=found.hack_parameters, **{**settings, "dataset": found.dataset})
    warning = ""
    if spec.steps > found.budget.steps:
        again = f": `ganbench show best --name {found.name}` names the sweep that asks" if found.longer else ""
        warning = f"\n  whether it lasts longer than the {found.budget.steps:,} steps of the sweep is not known{again}"
    return spec, f"sweep {found.name}, {found.dataset}: {found.source}", warning


def _from_file(file: Path, given: dict[str, Any]) -> tuple[RunSpec, str]:
    from bench.cli.hack_settings import check_parameters, known_hack
    from bench.records.recipe_file import RecipeFile

    about = RecipeFile.load(file)
    for hack in about.levels:
        known_hack(hack)
    own = {name: value for name, value in about.to_dict().items() if name in RunSpec.__dataclass_fields__}
    own |= {"hack_parameters": check_parameters(about.hack_parameters)}
    if about.trained:
        own["steps"] = about.trained
    return RunSpec(**{**own, "evaluations": EVALUATIONS, **_resolved(given)}), about.source or f"recipe {file}"


def _of_name(given: dict[str, Any]) -> tuple[RunSpec, str]:
    from bench.gan import recipes

    card = recipes.get(given["recipe"])
    return RunSpec(**{**card.settings, "evaluations": EVALUATIONS, **_resolved(given)}), card.title


def _resolved(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, with a precision of a run."""
    from bench.runner.environment import resolve_device, resolve_precision

    if "precision" not in given:
        return given
    return {**given, "precision": resolve_precision(given["precision"], resolve_device("auto"))}


def _recipe_line(spec: RunSpec) -> str:
    on = ", ".join(hack for hack, level in spec.levels.items() if level)
    on = on or ("no trick" if spec.recipe == DEFAULT_RECIPE else f"the recipe {spec.recipe} as it is")
    return f"  {spec.dataset}, {spec.steps:,} steps of batch {spec.batch}, width {spec.width}: {on}"
