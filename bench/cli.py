"""The `ganbench` command: thin, every verb is one call into a stage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer import Argument, Option
from typer.exceptions import TyperException

from bench.errors import Halted, UserError

app = typer.Typer(
    name="ganbench",
    help="Which GAN training tricks matter on your data: plan, train, score, compare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

LIST_OPTIONS = {"--datasets", "--hacks", "--hack", "--arms", "--set"}
"""Options that take every word up to the next option: `--datasets mnist5k shapes`."""

RESULTS, REPORTS = Path("results"), Path("reports")

Datasets = Annotated[list[str] | None, Option(help="Datasets to sweep; see `ganbench datasets`.")]
Hacks = Annotated[list[str] | None, Option(help="Hacks to sweep; the placebo is always added. Default: the core set.")]
Parameters = Annotated[list[str] | None, Option("--hack", help="A parameter of a hack: label_flips.rate=0.1")]
Preset = Annotated[str, Option(help="Budget to start from: default, quick or smoke.")]
Name = Annotated[str | None, Option(help="Name of the sweep and its folders. Default: the preset's.")]
Seeds = Annotated[int | None, Option(help="Seeds per cell.")]
Steps = Annotated[int | None, Option(help="Training steps per run.")]
Batch = Annotated[int | None, Option(help="Images per batch, real and fake each.")]
Width = Annotated[int | None, Option(help="Channels of the first layer; those further in are multiples.")]
Resolution = Annotated[int | None, Option(help="16, 28, 32 or 64 pixels. Default: each dataset's own.")]
Evaluations = Annotated[int | None, Option(help="How often each run is scored on its way.")]
Precision = Annotated[str | None, Option(help="auto, float32 or bf16.")]
Extractor = Annotated[str | None, Option(help="Feature extractor of the scores: domain, inception, random-conv.")]
Images = Annotated[int | None, Option("--n", help="Generated images per score.")]
Arms = Annotated[list[str] | None, Option(help="Extra cells: leave_one_out and/or add_one_in.")]
Levels = Annotated[list[str] | None, Option("--set", help="Levels: batch_norm=on label_flips=off; a bare name is on.")]
Sesoi = Annotated[float | None, Option(help="Smallest effect of interest, as a fraction of FID: 0.05 is 5 %.")]
Recipe = Annotated[str | None, Option(help="Recipe to start from; see `ganbench recipes`. Default: dcgan, the naive.")]
Claims = Annotated[bool, Option("--claims", help="Test what the recipe's source claims, instead of a screen.")]
Spec = Annotated[Path | None, Option(help="TOML file with the same fields.")]
Stage = Annotated[str | None, Option(help="follow-up or confirm: what comes after the sweep named by --from.")]
Parent = Annotated[str | None, Option("--from", help="The finished sweep that a stage follows.")]
Storage = Annotated[str | None, Option(help="Address of a database; default: a file in the sweep's folder.")]
Workers = Annotated[int | None, Option(help="Runs made at once. Default: one per core.")]
Quiet = Annotated[bool, Option("--quiet", help="Print nothing but problems and the report's place.")]
Json = Annotated[bool, Option("--json", help="One JSON object per line, for machines.")]
Lines = Annotated[bool, Option("--lines", help="A line for every finished run.")]
Changes = Annotated[bool, Option("--accept-changes", help="Go on with other versions or data, and record it.")]
Device = Annotated[str, Option(help="auto, cpu, cuda or mps.")]
DataRoot = Annotated[str | None, Option(help="Folder of downloaded datasets.")]
Results = Annotated[Path, Option(help="Folder of all sweeps.")]
Reports = Annotated[Path, Option(help="Folder of all reports.")]


@app.command("hacks")
def show_hacks(name: Annotated[str | None, Argument(help="Print this hack's card.")] = None) -> None:
    """List the hacks, or print the card of one."""
    import hacks as registry

    if name is not None:
        try:
            chosen = registry.get(name)
        except registry.HackError as problem:
            raise UserError(str(problem)) from None
        print(chosen.card)
        for parameter, default in chosen.parameters.items():
            print(f"Parameter: {name}.{parameter} = {default!r}")
        return
    for hack_name in registry.names():
        found = registry.get(hack_name)
        print(f"{hack_name:18} {found.title}{'' if found.core else '  (not in the default sweep)'}")


@app.command()
def datasets(data_root: DataRoot = None) -> None:
    """List the datasets, their sizes, and where each was found or how to get it."""
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
    from bench.describe_recipe import recipe_text
    from bench.gan import recipes

    for each in recipes.names() if name is None else [name]:
        print(recipe_text(recipes.get(each), whole=name is not None))


@app.command()
def plan(
    preset: Preset = "default",
    name: Name = None,
    datasets: Datasets = None,
    hacks: Hacks = None,
    recipe: Recipe = None,
    claims: Claims = False,
    hack: Parameters = None,
    seeds: Seeds = None,
    steps: Steps = None,
    batch: Batch = None,
    width: Width = None,
    resolution: Resolution = None,
    evaluations: Evaluations = None,
    precision: Precision = None,
    extractor: Extractor = None,
    n: Images = None,
    arms: Arms = None,
    sesoi: Sesoi = None,
    spec: Spec = None,
    stage: Stage = None,
    parent: Parent = None,
    device: Device = "auto",
    data_root: DataRoot = None,
    results: Results = RESULTS,
    write: Annotated[Path | None, Option(help="Write the plan to this file.")] = None,
) -> None:
    """Show a plan's cells and what it can detect; writes nothing unless asked."""
    from bench.describe import cell_table, plan_text
    from bench.earlier import known_spreads

    made = _plan(locals())
    print(plan_text(made, known_spreads(results, made)))
    print(cell_table(made))
    if write is not None:
        print(f"written: {made.save(write)}")


@app.command()
def sweep(
    preset: Preset = "default",
    name: Name = None,
    datasets: Datasets = None,
    hacks: Hacks = None,
    recipe: Recipe = None,
    claims: Claims = False,
    hack: Parameters = None,
    seeds: Seeds = None,
    steps: Steps = None,
    batch: Batch = None,
    width: Width = None,
    resolution: Resolution = None,
    evaluations: Evaluations = None,
    precision: Precision = None,
    extractor: Extractor = None,
    n: Images = None,
    arms: Arms = None,
    sesoi: Sesoi = None,
    spec: Spec = None,
    stage: Stage = None,
    parent: Parent = None,
    device: Device = "auto",
    data_root: DataRoot = None,
    workers: Workers = None,
    storage: Storage = None,
    accept_changes: Changes = False,
    results: Results = RESULTS,
    reports: Reports = REPORTS,
    quiet: Quiet = False,
    as_json: Json = False,
    every: Lines = False,
) -> None:
    """Train every cell of a plan, score it, and write the report. The same command continues a stopped sweep."""
    from bench.describe import announcement
    from bench.earlier import known_spreads
    from bench.runner.paths import sweep_folder
    from bench.runner.place import Place
    from bench.runner.sweep import Sweep, worker_count
    from bench.runner.view import make_view
    from bench.runner.work import COMPLETE, INCOMPLETE, carry_out

    made = _plan(locals())
    folder = sweep_folder(results, made.name)
    view = make_view(quiet=quiet, as_json=as_json, every=every)
    job = Sweep(made, Place(folder, storage), worker_count(workers, device), device, view, data_root, accept_changes)
    job.check()
    spreads = known_spreads(results, made)

    def announce(state) -> None:
        if not quiet:
            view.message(announcement(made, spreads, state, folder, device))

    code = carry_out(job, announce)
    if code in (COMPLETE, INCOMPLETE):
        _report(folder, reports / made.name, view.message)
    raise typer.Exit(code)


@app.command()
def work(
    name: Annotated[str, Argument(help="Name of the sweep.")],
    storage: Annotated[str, Option(help="Address of the database that the sweep is in.")],
    wait: Annotated[int, Option(help="Seconds to wait for the sweep to be begun elsewhere.", min=0)] = 0,
    device: Device = "auto",
    data_root: DataRoot = None,
    workers: Workers = None,
    accept_changes: Changes = False,
    results: Results = RESULTS,
    quiet: Quiet = False,
    as_json: Json = False,
    every: Lines = False,
) -> None:
    """Help with a sweep that `ganbench sweep --storage` has begun, on this or any other machine."""
    from bench.runner.paths import sweep_folder
    from bench.runner.place import Place
    from bench.runner.sweep import Sweep, worker_count
    from bench.runner.view import make_view, summary
    from bench.runner.work import COMPLETE, await_plan, carry_out

    folder = sweep_folder(results, name)
    count = worker_count(workers, device)
    view = make_view(quiet=quiet, as_json=as_json, every=every)
    found = await_plan(name, storage, wait)
    job = Sweep(found, Place(folder, storage), count, device, view, data_root, accept_changes, home=False)
    code = carry_out(job, lambda state: None if quiet else view.message(summary(state)))
    if code == COMPLETE:
        view.message(f"done; `ganbench export {name} --storage ...` brings the records home")
    raise typer.Exit(code)


@app.command()
def run(
    dataset: Annotated[str | None, Option(help="Dataset to train on. Default: the recipe's.")] = None,
    recipe: Recipe = None,
    levels: Levels = None,
    full: Annotated[bool, Option("--full", help="Switch every core hack on; --set changes single ones.")] = False,
    hack: Parameters = None,
    seed: Annotated[int, Option(help="Seed of every random stream.")] = 0,
    steps: Annotated[int | None, Option(help="Training steps. Default: the recipe's.")] = None,
    batch: Batch = None,
    width: Width = None,
    resolution: Resolution = None,
    evaluations: Annotated[int, Option(help="How often the run is scored on its way.")] = 5,
    precision: Annotated[str, Option(help="auto, float32 or bf16.")] = "auto",
    extractor: Annotated[str, Option(help="Feature extractor.")] = "domain",
    n: Images = 2000,
    device: Device = "auto",
    data_root: DataRoot = None,
    out: Annotated[Path, Option(help="Folder for the record and the sample grid.")] = RESULTS / "runs",
) -> None:
    """Make one run by hand and keep its record, curves and sample grid."""
    import hacks as registry
    from bench.describe import record_text, save_record_files
    from bench.gan import recipes
    from bench.request import check_parameters, parse_levels, parse_parameters
    from bench.runner.environment import resolve_device, resolve_precision
    from bench.runner.run import run as make_run
    from bench.runner.spec import DEFAULT_RECIPE, RunSpec

    chosen = dict.fromkeys(registry.names(core=True), True) if full else {}
    card = recipes.get(recipe or DEFAULT_RECIPE)
    spec = RunSpec(
        dataset=card.dataset if dataset is None else dataset,
        levels={**chosen, **parse_levels(levels or [])},
        hack_parameters=check_parameters(parse_parameters(hack or [])),
        seed=seed,
        steps=card.steps if steps is None else steps,
        batch=card.batch if batch is None else batch,
        width=card.width if width is None else width,
        resolution=resolution or (None if card.name == DEFAULT_RECIPE else card.resolution),
        recipe=card.name,
        evaluations=evaluations,
        precision=resolve_precision(precision, resolve_device(device)),
        extractor=extractor,
        n=n,
        data_root=data_root,
    )
    record = make_run(spec, device=device, on_checkpoint=lambda step, fid: print(f"step {step}: FID {fid:.4g}"))
    print(record_text(record))
    print(f"written: {save_record_files(record, out / spec.key)}")


@app.command()
def show(
    key: Annotated[str, Argument(help="Key of a run (or its beginning), or DATASET/CELL/SEED.")],
    name: Annotated[str, Option(help="Name of the sweep.")] = "default",
    results: Results = RESULTS,
) -> None:
    """Show one run of a sweep: levels, status, scores, and where its sample grid is."""
    from bench.describe import row_text
    from bench.runner.export import load_runs
    from bench.runner.paths import sweep_folder

    folder = sweep_folder(results, name)
    print(row_text(load_runs(folder), key, folder))


@app.command()
def report(
    name: Annotated[str, Argument(help="Name of the sweep.")] = "default",
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Write the report of a sweep again from its exported records."""
    from bench.runner.paths import sweep_folder

    _report(sweep_folder(results, name), reports / name, print)


@app.command()
def export(
    name: Annotated[str, Argument(help="Name of the sweep.")] = "default",
    storage: Storage = None,
    results: Results = RESULTS,
) -> None:
    """Write the tables and sample grids of a sweep again from its storage."""
    from bench.runner.export import export as export_study
    from bench.runner.paths import sweep_folder
    from bench.runner.place import Place, halting
    from bench.runner.storage import DatabaseArtifactStore, open_storage
    from bench.runner.study import load_study

    folder = sweep_folder(results, name)
    place = Place(folder, storage)
    if place.database is not None and not place.database.is_file():
        raise UserError(f"no sweep named {name!r} in {str(results)!r}: expected {str(place.database)!r}")
    with halting():
        opened = open_storage(place.url)
        study, found = load_study(name, opened)
        runs = export_study(study, found, folder, DatabaseArtifactStore(opened))
    print(f"written: {len(runs)} of {len(found.runs())} runs to {folder}")


def main(arguments: list[str] | None = None) -> None:
    """Entry point: bad input ends with one line on standard error and exit code 2, never a traceback."""
    words = spread(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(words, standalone_mode=False)
    except UserError as problem:
        _fail(str(problem))
    except TyperException as problem:
        _fail(f"{problem.format_message()} See `ganbench --help`.")
    except Halted as problem:
        _fail(str(problem), code=1)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def spread(words: list[str]) -> list[str]:
    """`--datasets a b` -> `--datasets a --datasets b`, for the options that take lists."""
    out: list[str] = []
    current = None
    for word in words:
        if word.startswith("-"):
            current = word if word in LIST_OPTIONS else None
            fresh = current is not None
        elif current is not None:
            if not fresh:
                out.append(current)
            fresh = False
        out.append(word)
    return out


def _fail(line: str, code: int = 2) -> None:
    print(f"ganbench: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(code)


def _plan(options: dict):
    """The plan that the options of `plan` and `sweep` describe."""
    from bench.earlier import next_plan
    from bench.request import Request, build_plan, build_request, parse_parameters

    if (options["stage"] is None) != (options["parent"] is None):
        raise UserError("--stage and --from belong together: --stage follow-up --from NAME")
    if options["stage"] is not None:
        return next_plan(options["results"], options["parent"], options["stage"], options["name"], options["seeds"])
    given = {field: options.get(field) for field in Request.model_fields}
    given["hack"] = parse_parameters(options["hack"]) if options["hack"] else None
    given["claims"] = options["claims"] or None
    request = build_request(options["preset"], options["spec"], given)
    return build_plan(request, device=options["device"], data_root=options["data_root"])


def _report(folder: Path, target: Path, say) -> None:
    from bench.report import write

    say(f"report: {write(folder, target)}")
