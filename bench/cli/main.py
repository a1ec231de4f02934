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

from bench.cli.options import (
    REPORTS,
    RESULTS,
    Batch,
    Changes,
    DataRoot,
    Device,
    Extractor,
    Images,
    InceptionWeights,
    Json,
    Levels,
    Lines,
    Parameters,
    PlanOptions,
    Quiet,
    Recipe,
    Reports,
    Resolution,
    Results,
    SkipBroken,
    Storage,
    Width,
    Workers,
    spread,
    with_plan_options,
)
from bench.errors import Halted, UserError

app = typer.Typer(
    name="ganbench",
    help="Which GAN training tricks matter on your data: plan, train, score, compare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    from bench.cli.describe_recipe import recipe_text
    from bench.gan import recipes

    for each in recipes.names() if name is None else [name]:
        print(recipe_text(recipes.get(each), whole=name is not None))


@app.command()
@with_plan_options
def plan(
    options: PlanOptions,
    write: Annotated[Path | None, Option(help="Write the plan to this file.")] = None,
) -> None:
    """Show a plan's cells and what it can detect; writes nothing unless asked."""
    from bench.cli.describe import cell_table, plan_text
    from bench.cli.earlier import known_spreads

    made = _plan(options)
    print(plan_text(made, known_spreads(options.results, made)))
    print(cell_table(made))
    if write is not None:
        print(f"written: {made.save(write)}")


@app.command()
@with_plan_options
def sweep(
    options: PlanOptions,
    workers: Workers = None,
    storage: Storage = None,
    accept_changes: Changes = False,
    reports: Reports = REPORTS,
    quiet: Quiet = False,
    as_json: Json = False,
    every: Lines = False,
) -> None:
    """Train every cell of a plan, score it, and write the report. The same command continues a stopped sweep."""
    from bench.cli.describe import announcement
    from bench.cli.earlier import known_spreads
    from bench.records.files import sweep_folder
    from bench.runner.place import Place
    from bench.runner.sweep import Sweep, worker_count
    from bench.runner.view import make_view
    from bench.runner.work import COMPLETE, INCOMPLETE, carry_out

    made, device = _plan(options), options.device
    folder = sweep_folder(options.results, made.name)
    view = make_view(quiet=quiet, as_json=as_json, every=every)
    count = worker_count(workers, device)
    job = Sweep(made, Place(folder, storage), count, device, view, options.data_root, accept_changes)
    job.check()
    spreads = known_spreads(options.results, made)

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
    skip_broken: SkipBroken = False,
    workers: Workers = None,
    accept_changes: Changes = False,
    inception_weights: InceptionWeights = None,
    results: Results = RESULTS,
    quiet: Quiet = False,
    as_json: Json = False,
    every: Lines = False,
) -> None:
    """Help with a sweep that `ganbench sweep --storage` has begun, on this or any other machine."""
    from bench.records.files import sweep_folder
    from bench.runner.place import Place
    from bench.runner.sweep import Sweep, worker_count
    from bench.runner.view import make_view, summary
    from bench.runner.work import COMPLETE, await_plan, carry_out

    _extractor(None, inception_weights)
    _leniency(skip_broken)
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
    extractor: Extractor = None,
    inception_weights: InceptionWeights = None,
    n: Images = 2000,
    device: Device = "auto",
    data_root: DataRoot = None,
    skip_broken: SkipBroken = False,
    out: Annotated[Path, Option(help="Folder for the record and the sample grid.")] = RESULTS / "runs",
) -> None:
    """Make one run by hand and keep its record, curves and sample grid."""
    import hacks as registry
    from bench.cli.describe import record_text, save_record_files
    from bench.cli.request import check_parameters, parse_levels, parse_parameters
    from bench.gan import recipes
    from bench.records.budget import DEFAULT_EXTRACTOR, DEFAULT_RECIPE
    from bench.records.run import RunSpec
    from bench.runner.environment import resolve_device, resolve_precision
    from bench.runner.run import run as make_run

    _leniency(skip_broken)
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
        extractor=_extractor(extractor, inception_weights) or DEFAULT_EXTRACTOR,
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
    from bench.cli.describe import row_text
    from bench.records.files import sweep_folder
    from bench.records.frames import load_runs

    folder = sweep_folder(results, name)
    print(row_text(load_runs(folder), key, folder))


@app.command()
def report(
    name: Annotated[str, Argument(help="Name of the sweep.")] = "default",
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Write the report of a sweep again from its exported records."""
    from bench.records.files import sweep_folder

    _report(sweep_folder(results, name), reports / name, print)


@app.command()
def export(
    name: Annotated[str, Argument(help="Name of the sweep.")] = "default",
    storage: Storage = None,
    results: Results = RESULTS,
) -> None:
    """Write the tables and sample grids of a sweep again from its storage."""
    from bench.records.files import sweep_folder
    from bench.runner.export import export as export_study
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


@app.command()
def throughput(
    widths: Annotated[list[int] | None, Option(help="Widths of the networks. Default: 16 32 64.")] = None,
    resolutions: Annotated[list[int] | None, Option(help="Sizes of the pictures. Default: 32 64.")] = None,
    repeats: Annotated[int, Option(help="Paired measurements of each case.", min=1)] = 3,
    seconds: Annotated[float, Option(help="Length of one measurement.", min=0.1)] = 2.0,
    workers: Workers = None,
    device: Device = "auto",
    write: Annotated[Path | None, Option(help="Write every measurement to this CSV file.")] = None,
) -> None:
    """Measure how fast this machine trains, side by side with a plain PyTorch loop of the same networks."""
    from bench.runner.sweep import worker_count
    from bench.throughput import measure
    from bench.throughput.words import throughput_text, time_text

    cases = measure.cases(widths or [16, 32, 64], resolutions or [32, 64])
    count = worker_count(workers, device)
    say = lambda line: print(line, file=sys.stderr)  # noqa: E731
    found = measure.measure(cases, device=device, workers=count, repeats=repeats, seconds=seconds, say=say)
    print(throughput_text(measure.summary(found), count, repeats))
    print(time_text(measure.where_time_goes(cases, device, count)))
    if write is not None:
        found.to_csv(write, index=False)
        print(f"written: {write}")


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


def _fail(line: str, code: int = 2) -> None:
    print(f"ganbench: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(code)


def _plan(options: PlanOptions):
    """The plan that the options of `plan` and `sweep` describe."""
    from bench.cli.earlier import next_plan
    from bench.cli.request import Request, build_plan, build_request, parse_parameters

    if (options.stage is None) != (options.parent is None):
        raise UserError("--stage and --from belong together: --stage follow-up --from NAME")
    options.extractor = _extractor(options.extractor, options.inception_weights)
    _leniency(options.skip_broken)
    if options.stage is not None:
        return next_plan(options.results, options.parent, options.stage, options.name, options.seeds)
    given = {field: getattr(options, field, None) for field in Request.model_fields}
    given["hack"] = parse_parameters(options.hack) if options.hack else None
    given["claims"] = options.claims or None
    request = build_request(options.preset, options.spec, given)
    return build_plan(request, device=options.device, data_root=options.data_root)


def _extractor(name: str | None, weights: Path | None) -> str | None:
    """The extractor that the two options about it name together."""
    if weights is None:
        return name
    if name not in (None, "inception"):
        raise UserError(f"--inception-weights with --extractor {name}: leave one of the two out")
    from bench.metrics.extractors import use_inception_weights

    use_inception_weights(weights)
    return "inception"


def _leniency(skip_broken: bool) -> None:
    """Where asked for, have broken pictures be left out in this process and those it starts."""
    if skip_broken:
        from bench.data import skip_broken_pictures

        skip_broken_pictures()


def _report(folder: Path, target: Path, say) -> None:
    from bench.report import write

    say(f"report: {write(folder, target)}")
