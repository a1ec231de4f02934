"""`bench.sweep(...)`: what `ganbench sweep` does, as a call."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.api.own import named_datasets
from bench.api.result import Sweep
from bench.cli.jobs import job_of
from bench.cli.options import REPORTS, RESULTS, Machine, Session
from bench.cli.request import build_request
from bench.data.arrays import OwnImages
from bench.data.registry import SKIP_BROKEN
from bench.errors import UserError
from bench.metrics.extractors import INCEPTION_WEIGHTS
from bench.records.files import check_writable, sweep_folder


def sweep(
    datasets: Any = None,
    hacks: str | Sequence[str] | None = None,
    budget: str | int | None = None,
    *,
    name: str | None = None,
    preset: str = "default",
    spec: Path | str | None = None,
    results: Path | str = RESULTS,
    reports: Path | str = REPORTS,
    storage: str | None = None,
    workers: int | None = None,
    device: str = "auto",
    data_root: Path | str | None = None,
    hack_file: Path | str | Sequence[Path | str] = (),
    inception_weights: Path | str | None = None,
    skip_broken: bool = False,
    accept_changes: bool = False,
    progress: bool = True,
    **settings: Any,
) -> Sweep:
    """Screen the tricks, search the best recipe, settle each trick in it; the same call continues a stopped sweep.

    Args:
        datasets: a name or a list of names (`ganbench datasets`), own images as `bench.own_data` takes them, a list
            of both, or a mapping from names of one's own to images. Default: the preset's.
        hacks: names, sets (core, checklist, modern, teaching, all) or families (loss:all). Default: core.
        budget: runs, such as 200, or a time, such as "20m" or "2h".
        name: of the sweep and its folders. Default: the preset's.
        preset: the budget to start from: default, quick or smoke.
        spec: a TOML file with the same settings.
        results, reports: the folders of all sweeps and of all reports.
        storage: address of a database. Default: a file in the sweep's folder.
        workers: runs made at once, each by a process of its own. Default: one per core.
        device: auto, cpu, cuda or mps.
        data_root: folder of downloaded datasets.
        hack_file: files with hacks of one's own; worker processes see no hack that is defined in a notebook.
        inception_weights: file of FID's Inception weights; scores on its features.
        skip_broken: leave out the unreadable pictures of a folder or archive.
        accept_changes: go on with other versions or data than the sweep began with, and record it.
        progress: print what happens.
        settings: any other option of `ganbench sweep` by its name, such as `steps=450`, `seed=1`, `stages=["screen"]`,
            `hack={"label_flips": {"rate": 0.1}}`.

    Returns:
        The sweep: `.runs`, `.effects`, `.best`, `.report()`. It shows itself as the answer.

    Raises:
        UserError: something cannot be asked for, said in one line before anything is spent.
        KeyboardInterrupt: it was interrupted; what is finished is kept.
    """
    from bench.runner.location import Location
    from bench.runner.work import STOPPED, carry_out

    given = {**settings, **_given(hacks=hacks, budget=budget, name=name)}
    with _told_in_python(), _kept(SKIP_BROKEN, INCEPTION_WEIGHTS):
        _check_kinds(workers=workers, device=device, storage=storage, preset=preset)
        machine = _machine(device, data_root, hack_file, inception_weights, skip_broken)
        session = Session(workers, accept_changes, quiet=not progress)
        own: dict[str, OwnImages] = {}
        if datasets is not None:
            given["datasets"], own = named_datasets(datasets)
        given = machine.scored_by(given)
        machine.prepare()
        request = build_request(preset, None if spec is None else Path(spec), given)
        _refuse_hidden(request.hacks or ())
        folder, view = sweep_folder(Path(results), request.name), session.view()
        check_writable(Path(reports))
        for dataset, images in own.items():
            images.keep(dataset)
        job, work = job_of(request, Path(results), machine, session, Location(folder, storage), view)
        if carry_out(job, work) == STOPPED:
            raise KeyboardInterrupt(f"sweep {request.name!r} was stopped; the same call goes on from there")
        return Sweep(folder, reports)


def _given(**arguments: Any) -> dict[str, Any]:
    """The arguments that were given, as the command line would have them."""
    made = {name: value for name, value in arguments.items() if value is not None}
    if isinstance(made.get("hacks"), str):
        made["hacks"] = [made["hacks"]]
    if isinstance(made.get("budget"), int):
        made["budget"] = str(made["budget"])
    return made


def _machine(
    device: str,
    data_root: Path | str | None,
    hack_file: Path | str | Sequence[Path | str],
    inception_weights: Path | str | None,
    skip_broken: bool,
) -> Machine:
    files = [hack_file] if isinstance(hack_file, str | Path) else list(hack_file)
    return Machine(
        device,
        None if data_root is None else str(data_root),
        [Path(file) for file in files],
        None if inception_weights is None else Path(inception_weights),
        skip_broken,
    )


def _check_kinds(*, workers: object, **texts: object) -> None:
    """Refuse what typer refuses on the command line.

    Raises:
        UserError: workers that are no whole number, or a text that is none.
    """
    if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool)):
        raise UserError(f"workers {workers!r}: expected a whole number")
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise UserError(f"{name} {value!r}: expected a text")


@contextmanager
def _kept(*variables: str) -> Iterator[None]:
    """Leave these variables of the environment as they are: a call must not change what the next one means."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _told_in_python() -> Iterator[None]:
    """Errors name arguments (`budget=`) where the command line has options (`--budget`).

    Raises:
        UserError: in place of every error that is the person's to mend.
    """
    from hacks import HackError

    try:
        yield
    except (UserError, HackError) as problem:
        raise UserError(re.sub(r"--([a-z][a-z-]*)", _argument, str(problem))) from None


def _argument(option: re.Match[str]) -> str:
    return option[1].replace("-", "_") + "="


def _refuse_hidden(words: Sequence[str]) -> None:
    """Refuse hacks that worker processes cannot find.

    Raises:
        UserError: one is defined in the notebook or script itself.
    """
    import hacks

    for name in words:
        if name in hacks.names() and hacks.get(name).switch_on.__module__ == "__main__":
            raise UserError(
                f"hack {name!r} is defined in this notebook or script, where worker processes do not see it: put it "
                "into a file and give that as hack_file"
            )
