"""The options of the `ganbench` command, each declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from typer import Option

LIST_OPTIONS = {"--datasets", "--hacks", "--hack", "--arms", "--set", "--widths", "--resolutions"}
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
Design = Annotated[str | None, Option(help="Cells: screen, arms, factorial or resolution_v. Default: screen.")]
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
SkipBroken = Annotated[
    bool, Option("--skip-broken", help="Leave out the unreadable pictures of a folder or archive, and name them.")
]
InceptionWeights = Annotated[
    Path | None, Option(help="File of FID's Inception weights; scores on its features, in place of --extractor.")
]


@dataclass
class PlanOptions:
    """What describes a plan, for `plan` and `sweep` alike."""

    preset: Preset = "default"
    name: Name = None
    datasets: Datasets = None
    hacks: Hacks = None
    recipe: Recipe = None
    claims: Claims = False
    hack: Parameters = None
    seeds: Seeds = None
    steps: Steps = None
    batch: Batch = None
    width: Width = None
    resolution: Resolution = None
    evaluations: Evaluations = None
    precision: Precision = None
    extractor: Extractor = None
    inception_weights: InceptionWeights = None
    n: Images = None
    design: Design = None
    arms: Arms = None
    sesoi: Sesoi = None
    spec: Spec = None
    stage: Stage = None
    parent: Parent = None
    device: Device = "auto"
    data_root: DataRoot = None
    skip_broken: SkipBroken = False
    results: Results = RESULTS


def with_plan_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb whose first parameter is a `PlanOptions` those options as its own, before the rest."""
    names = {field.name for field in fields(PlanOptions)}

    @functools.wraps(verb)
    def called(**values: Any) -> None:
        shared = {name: values.pop(name) for name in names}
        verb(PlanOptions(**shared), **values)

    def described(function: Callable[..., Any]) -> list[inspect.Parameter]:
        hints = get_type_hints(function if inspect.isfunction(function) else PlanOptions, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        return [p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY) for p in parameters]

    parameters = [*described(PlanOptions), *described(verb)[1:]]
    called.__signature__ = inspect.Signature(parameters)
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


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
