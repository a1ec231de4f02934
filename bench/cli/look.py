"""The verbs that look and change nothing: `hacks`, `datasets`, `recipes`, `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from bench.cli.command import app
from bench.cli.options import RESULTS, DataRoot, HackFile, Results, load_hack_files


@app.command("hacks")
def show_hacks(
    name: Annotated[str | None, Argument(help="Print this hack's card.")] = None, hack_file: HackFile = None
) -> None:
    """List the hacks, or print the card of one."""
    import hacks
    from bench.cli.hack_settings import known_hack

    load_hack_files(hack_file)
    if name is not None:
        chosen = known_hack(name)
        print(chosen.card)
        for parameter, default in chosen.parameters.items():
            print(f"Parameter: {name}.{parameter} = {default!r}")
        return
    for each in map(hacks.get, hacks.names()):
        print(f"{each.name:18} {each.title}{'' if each.core else '  (not in the default sweep)'}")


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
def show_recipes(name: Annotated[str | None, Argument(help="Print all that is known of this one.")] = None) -> None:
    """List the recipes with the parameters of their networks and what their sources claim, or describe one."""
    from bench.cli.recipe_summary import recipe_summary
    from bench.gan import recipes

    for each in recipes.names() if name is None else [name]:
        print(recipe_summary(recipes.get(each), whole=name is not None))


@app.command()
def show(
    key: Annotated[str, Argument(help="best, the key of a run (or its beginning), or DATASET/CELL/SEED.")],
    name: Annotated[str, Option(help="Name of the sweep.")] = "default",
    dataset: Annotated[str | None, Option(help="With best: this dataset alone.")] = None,
    results: Results = RESULTS,
) -> None:
    """Show the best recipe of a sweep, or one of its runs: levels, status, scores, sample grid."""
    from bench.records.files import sweep_folder

    folder = sweep_folder(results, name)
    if key == "best":
        from bench.cli.best import best_of, best_text, datasets_of

        print("\n".join(best_text(best_of(folder, each)) for each in datasets_of(folder, dataset)))
        return
    from bench.cli.run_summary import row_summary
    from bench.records.frames import load_runs

    print(row_summary(load_runs(folder), key, folder))
