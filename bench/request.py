"""What a person asks for -> a plan. Preset, TOML file and command line are merged, checked, and laid out."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

import hacks as registry
from bench.data import Dataset, load
from bench.errors import UserError
from bench.metrics.extractors import get_extractor
from bench.plan import Plan, make_plan
from bench.presets import PRESETS
from bench.runner.environment import resolve_device, resolve_precision
from bench.runner.paths import cache_folder

PLACEBO = "placebo"


class Request(BaseModel):
    """A sweep as a person describes it; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    datasets: list[str] = Field(min_length=1)
    hacks: list[str] | None = None
    hack: dict[str, dict[str, Any]] = Field(default_factory=dict)
    seeds: int = Field(ge=1, le=10_000)
    steps: int = Field(ge=1)
    batch: int = Field(default=64, ge=2)
    width: int = Field(ge=1)
    resolution: Literal[16, 28, 32, 64] | None = None
    evaluations: int = Field(ge=1)
    precision: Literal["auto", "float32", "bf16"] = "auto"
    extractor: str = "domain"
    n: int = Field(ge=2)
    collapse_below: float = Field(default=0.2, ge=0, le=1)
    arms: list[Literal["leave_one_out", "add_one_in"]] = Field(default_factory=list)
    sesoi: float = Field(default=0.05, gt=0, lt=1)


def build_request(preset: str, file: Path | None, given: Mapping[str, Any]) -> Request:
    """Merge the preset, then the TOML file, then what was given on the command line.

    Raises:
        UserError: an unknown preset or field, an unreadable file, a value out of range.
    """
    if preset not in PRESETS:
        raise UserError(f"preset {preset!r}{_closest(preset, PRESETS)}: expected one of {', '.join(PRESETS)}")
    merged = {"name": preset, **PRESETS[preset], **(_read_toml(file) if file else {})}
    merged.update({name: value for name, value in given.items() if value is not None})
    try:
        return Request(**merged)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{place} {first['input']!r}: {_lower(first['msg'])}; see `ganbench sweep --help`") from None


def build_plan(request: Request, *, device: str, data_root: str | None = None) -> Plan:
    """Check the names in the request and lay out its cells.

    Raises:
        UserError: an unknown hack, parameter or dataset; hacks that exclude each other.
    """
    names = _hack_names(request)
    parameters = check_parameters(request.hack)
    exclusions = registry.conflicts(names, parameters)
    for dataset in request.datasets:
        _check_scorable(load(dataset, request.resolution, Path(data_root) if data_root else None), request)
    return make_plan(
        request.name,
        names,
        request.datasets,
        request.seeds,
        arms=request.arms,
        hack_parameters=parameters,
        budget={
            "steps": request.steps,
            "batch": request.batch,
            "width": request.width,
            "resolution": request.resolution,
            "evaluations": request.evaluations,
            "precision": resolve_precision(request.precision, resolve_device(device)),
        },
        scoring={"extractor": request.extractor, "n": request.n, "collapse_below": request.collapse_below},
        sesoi=request.sesoi,
        prerequisites=_prerequisites(names),
        exclusions=exclusions,
    )


def _check_scorable(dataset: Dataset, request: Request) -> None:
    """Have the extractor ready before the first run, and refuse fewer images than it has features."""
    extractor = get_extractor(request.extractor, dataset, cache_folder())
    n = min(request.n, len(dataset.reference_images))
    if n <= extractor.dim:
        raise UserError(
            f"n {n} on {dataset.name}: FID needs more images than the {extractor.dim} features of {extractor.name}; "
            f"the reference split has {len(dataset.reference_images)}"
        )


def _prerequisites(names: list[str]) -> dict[str, tuple[str, ...]]:
    """What hacks of the sweep need in order to act, where the sweep has it as a toggle too."""
    needs = {name: registry.get(name).needs for name in names}
    return {name: needed for name, needed in needs.items() if needed and set(needed) <= set(names)}


def _hack_names(request: Request) -> list[str]:
    """The hacks of the sweep in listing order; the placebo is always among them."""
    chosen = registry.names(core=True) if request.hacks is None else request.hacks
    try:
        for name in chosen:
            registry.get(name)
    except registry.HackError as problem:
        raise UserError(str(problem)) from None
    for name in chosen:
        if chosen.count(name) > 1:
            raise UserError(f"hack {name!r} is named twice: name it once")
    return [name for name in registry.names() if name in chosen or name == PLACEBO]


def check_parameters(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The parameters of hacks, converted to their declared types.

    Raises:
        UserError: an unknown hack or parameter, or a value of the wrong kind or out of range.
    """
    checked: dict[str, dict[str, Any]] = {}
    for name, settings in given.items():
        try:
            types = registry.get(name).parameter_types
            for parameter, value in settings.items():
                if parameter not in types:
                    registry.get(name).on(registry.Recipe(), **{parameter: value})
                converted = TypeAdapter(types[parameter]).validate_python(value)
                checked.setdefault(name, {})[parameter] = converted
            registry.get(name).on(registry.Recipe(), **checked.get(name, {}))
        except registry.HackError as problem:
            raise UserError(str(problem)) from None
        except ValidationError as problem:
            reason = _lower(problem.errors()[0]["msg"])
            raise UserError(f"{name}.{parameter}={value!r}: {reason}; see `ganbench hacks {name}`") from None
    return checked


def parse_parameters(settings: list[str]) -> dict[str, dict[str, Any]]:
    """`["label_flips.rate=0.1"]` -> {"label_flips": {"rate": 0.1}}; values are read as TOML, else as text.

    Raises:
        UserError: a setting that has not the form HACK.PARAMETER=VALUE.
    """
    parsed: dict[str, dict[str, Any]] = {}
    for setting in settings:
        target, equals, text = setting.partition("=")
        name, dot, parameter = target.partition(".")
        if not (equals and dot and name and parameter and text):
            raise UserError(f"--hack {setting!r}: expected HACK.PARAMETER=VALUE, for example label_flips.rate=0.1")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        parsed.setdefault(name, {})[parameter] = value
    return parsed


def parse_levels(settings: list[str]) -> dict[str, bool]:
    """`["batch_norm=on", "leaky_relu=off"]` -> levels; a bare name is on.

    Raises:
        UserError: a level that is no boolean, or an unknown hack.
    """
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    levels = {}
    for setting in settings:
        name, _, word = setting.partition("=")
        level = words.get((word or "on").lower())
        if level is None:
            raise UserError(f"level {word!r} of hack {name}: expected on or off")
        try:
            levels[registry.get(name).name] = level
        except registry.HackError as problem:
            raise UserError(str(problem)) from None
    return levels


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UserError(f"--spec {str(file)!r}: cannot be read ({problem.strerror}); expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UserError(f"--spec {str(file)!r}: no valid TOML ({problem}); see the README for an example") from None


def _closest(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
