"""What a person asks for -> a plan. Preset, TOML file and command line are merged, checked, and laid out."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

import hacks as registry
from bench.cli.presets import PRESETS
from bench.data import Dataset, load
from bench.errors import UserError
from bench.gan import recipes
from bench.metrics.extractors import get_extractor
from bench.plan import Plan, make_plan
from bench.records.budget import DEFAULT_EXTRACTOR, DEFAULT_RECIPE, Budget, Scoring
from bench.records.files import cache_folder
from bench.runner.environment import resolve_device, resolve_precision
from bench.runner.run import backbone_for

PLACEBO = "placebo"
CLAIM_ARMS = {True: "leave_one_out", False: "add_one_in"}
"""The arms that test a claim, by whether the recipe has what is claimed to be crucial."""


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
    extractor: str = DEFAULT_EXTRACTOR
    n: int = Field(ge=2)
    collapse_below: float = Field(default=0.2, ge=0, le=1)
    design: Literal["screen", "arms", "factorial", "resolution_v"] = "screen"
    arms: list[Literal["leave_one_out", "add_one_in"]] = Field(default_factory=list)
    sesoi: float = Field(default=0.05, gt=0, lt=1)
    recipe: str = DEFAULT_RECIPE
    claims: bool = False


def build_request(preset: str, file: Path | None, given: Mapping[str, Any]) -> Request:
    """Merge the preset, the recipe's own settings, the TOML file, and what was given on the command line.

    Raises:
        UserError: an unknown preset, recipe or field, an unreadable file, a value out of range.
    """
    if preset not in PRESETS:
        raise UserError(f"preset {preset!r}{_closest(preset, PRESETS)}: expected one of {', '.join(PRESETS)}")
    wanted = _read_toml(file) if file else {}
    wanted.update({name: value for name, value in given.items() if value is not None})
    merged = {"name": preset, **PRESETS[preset], **_recipe_settings(wanted), **wanted}
    try:
        return Request(**merged)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{place} {first['input']!r}: {_lower(first['msg'])}; see `ganbench sweep --help`") from None


def _recipe_settings(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a sweep takes from the recipe it names: all but the steps, which are the sweep's budget."""
    name, claims = wanted.get("recipe", DEFAULT_RECIPE), wanted.get("claims") is True
    if not isinstance(name, str) or (name == DEFAULT_RECIPE and not claims):
        return {}
    card = recipes.get(name)
    title = f"{name}-claims" if claims else name
    if name == DEFAULT_RECIPE:
        return {"name": title}
    own = {"batch": card.batch, "width": card.width, "resolution": card.resolution, "datasets": [card.dataset]}
    return {"name": title, **own}


def build_plan(request: Request, *, device: str, data_root: str | None = None) -> Plan:
    """Check the names in the request and lay out its cells.

    Raises:
        UserError: an unknown hack, parameter or dataset; hacks that exclude each other.
    """
    card = recipes.get(request.recipe)
    names = _hack_names(request)
    given = check_parameters(request.hack)
    parameters = {name: settings for name, settings in card.merged(given).items() if name in {*names, *given}}
    exclusions = registry.conflicts(names, parameters)
    for dataset in request.datasets:
        found = load(dataset, request.resolution, Path(data_root) if data_root else None)
        backbone_for(found, request.width, request.recipe)
        _check_scorable(found, request)
    made = make_plan(
        request.name,
        names,
        request.datasets,
        request.seeds,
        design="arms" if request.claims else request.design,
        arms=[CLAIM_ARMS[card.level(names[0])]] if request.claims else request.arms,
        hack_parameters=parameters,
        budget=replace(Budget.of(request), precision=resolve_precision(request.precision, resolve_device(device))),
        scoring=Scoring.of(request),
        sesoi=request.sesoi,
        base="naive" if request.recipe == DEFAULT_RECIPE else request.recipe,
        prerequisites=_prerequisites(names),
        exclusions=exclusions,
    )
    return around_base(made) if request.claims else made


def around_base(plan: Plan) -> Plan:
    """The plan of one recipe's arms with its cells named after that recipe: `base`, `base-HACK` or `base+HACK`."""
    cells = [replace(cell, name=re.sub(r"^(full|bare)", "base", cell.name)) for cell in plan.cells]
    return replace(plan, cells=tuple(cells), design=f"arms around the recipe {plan.base}")


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
    if request.claims:
        chosen = _claimed(request)
    try:
        for name in chosen:
            registry.get(name)
    except registry.HackError as problem:
        raise UserError(str(problem)) from None
    for name in chosen:
        if chosen.count(name) > 1:
            raise UserError(f"hack {name!r} is named twice: name it once")
    return [name for name in registry.names() if name in chosen or name == PLACEBO]


def _claimed(request: Request) -> list[str]:
    """The hacks that the recipe's source calls crucial, or those of them that the person names."""
    claimed = [claim.hack for claim in recipes.get(request.recipe).claims]
    if not claimed:
        raise UserError(
            f"recipe {request.recipe}: its source claims nothing that a hack stands for; leave out --claims"
        )
    if request.arms:
        raise UserError(f"arms {request.arms[0]!r}: claims bring their own arms; leave one of the two out")
    if request.design != "screen":
        raise UserError(f"design {request.design!r}: claims bring their own cells; leave one of the two out")
    for name in request.hacks or ():
        if name not in (*claimed, PLACEBO):
            raise UserError(f"hack {name!r}: recipe {request.recipe} claims {', '.join(claimed)}; leave out --claims")
    return [name for name in claimed if request.hacks is None or name in request.hacks]


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
