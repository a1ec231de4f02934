"""The verbs that look and change nothing: `hacks`, `datasets`, `recipes`, `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from bench.cli import completion
from bench.cli.command import app
from bench.cli.options import REPORTS, RESULTS, DataRoot, HackFile, Reports, Results, load_hack_files
from bench.errors import UserError


@app.command("hacks")
def show_hacks(
    name: Annotated[
        str | None,
        Argument(help="Print this hack's card; `checklist`: the 17 points.", autocompletion=completion.one_hack),
    ] = None,
    of_set: Annotated[
        str | None,
        Option("--set", help="Those of a set: core, checklist, modern, teaching.", autocompletion=completion.sets),
    ] = None,
    family: Annotated[
        str | None, Option(help="Those of a family, such as loss.", autocompletion=completion.families)
    ] = None,
    measure: Annotated[bool, Option("--costs", help="Measure here what each costs: a second for each.")] = False,
    new: Annotated[str | None, Option(help="Write NAME.py here, a hack of your own to start from.")] = None,
    hack_file: HackFile = None,
    reports: Reports = REPORTS,
) -> None:
    """List the hacks by family, with year, sets, needs and published verdicts; or print the card of one."""
    import hacks
    from bench.cli import catalogue
    from bench.cli.hack_settings import known_hack

    if new is not None:
        from bench.cli.template import write_template

        path = write_template(new, Path())
        print(f"written: {path}; try it: ganbench sweep --hack-file {path} --hacks core {new}")
        return
    load_hack_files(hack_file)
    if name == "checklist":
        print(catalogue.checklist())
        return
    verdicts = catalogue.published(reports)
    if name is not None:
        print(catalogue.card(known_hack(name), verdicts.get(name, [])))
        return
    chosen = _those_of(of_set, family)
    costs = {}
    if measure:
        from bench.cli.costs import costs as measured

        costs = measured(chosen)
    print(catalogue.listing(chosen, verdicts, costs))
    print(f"\n{len(chosen)} of {len(hacks.names())} hacks; `ganbench hacks NAME` prints the card of one")


def _those_of(of_set: str | None, family: str | None) -> list[str]:
    """The hacks of a set and of a family, where these are asked for."""
    import hacks

    try:
        own = hacks.names() if of_set is None else hacks.members(of_set)
        return [name for name in own if family is None or name in hacks.family_members(family)]
    except hacks.HackError as problem:
        raise UserError(str(problem)) from None


@app.command()
def datasets(data_root: DataRoot = None) -> None:
    """List the datasets, their sizes, and where each was found or how to get it."""
    from rich.console import Console
    from rich.table import Table

    from bench.data import describe

    table = Table(box=None)
    columns = ("name", "resolution", "channels", "classes", "size", "found")
    for column in columns:
        table.add_column(column)
    for row in describe(Path(data_root) if data_root else None):
        found = row["found"] or f"not found: {row['obtain']}"
        table.add_row(*(str(row[c]) for c in columns[:-1]), found)
    Console().print(table)


@app.command("recipes")
def show_recipes(
    name: Annotated[
        str | None, Argument(help="Print all that is known of this one.", autocompletion=completion.recipes)
    ] = None,
) -> None:
    """List the recipes with the parameters of their networks and what their sources claim, or describe one."""
    from bench.cli.recipe_summary import recipe_summary
    from bench.gan import recipes

    for each in recipes.names() if name is None else [name]:
        print(recipe_summary(recipes.get(each), whole=name is not None))


@app.command()
def show(
    key: Annotated[
        str | None,
        Argument(
            help="A sweep's name; or best, the key of a run (or its beginning), or DATASET/CELL/SEED with --name.",
            autocompletion=completion.to_show,
        ),
    ] = None,
    name: Annotated[str, Option(help="Name of the sweep.", autocompletion=completion.sweeps)] = "default",
    dataset: Annotated[str | None, Option(help="This dataset alone.", autocompletion=completion.datasets)] = None,
    results: Results = RESULTS,
) -> None:
    """Show a sweep's answer, its best recipe, or one of its runs: levels, status, scores, sample grid."""
    from bench.records.files import RUNS, sweep_folder

    folder = sweep_folder(results, name)
    if key is not None and (results / key / RUNS).is_file():
        folder, key = sweep_folder(results, key), None
    if key is None:
        from bench.cli.answer import tell_answer
        from bench.cli.best import datasets_of
        from bench.runner.view import make_view

        if dataset is not None:
            datasets_of(folder, dataset)
        tell_answer(folder, make_view(quiet=False, as_json=False, every=False), dataset=dataset)
        return
    if key == "best":
        from bench.cli.best import best_of, best_text, datasets_of

        print("\n".join(best_text(best_of(folder, each)) for each in datasets_of(folder, dataset)))
        return
    from bench.cli.run_summary import row_summary
    from bench.records.frames import load_runs

    print(row_summary(load_runs(folder), key, folder))
