"""What a person asks for: preset, recipe, TOML file and command line merged and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from bench.errors import UserError, did_you_mean
from bench.records.budget import DEFAULT_RECIPE, PRECISIONS, Budget, Scoring
from bench.records.declaration import STAGES
from bench.records.fields import Asked, check_fields
from bench.records.plan import ARMS, DESIGNS, SESOI, Sesoi
from bench.records.presets import PRESETS

BARE = "bare"
"""Stands for no hack at all in `around`."""


@dataclass(frozen=True, kw_only=True)
class Request(Budget, Scoring):
    """A sweep as a person describes it: the one list of options of `plan` and `sweep` and of fields of a TOML file."""

    name: Annotated[str, Asked("Name of the sweep and its folders. Default: the preset's.")]
    datasets: Annotated[list[str], Asked("Datasets to sweep; see `ganbench datasets`.")]
    hacks: Annotated[
        list[str] | None,
        Asked(
            "Hacks to sweep, by name, set (core, checklist, modern, teaching, all) or family (loss:all); the placebo "
            "is always added. Default: core."
        ),
    ] = None
    hack: Annotated[dict[str, dict[str, Any]], Asked("A parameter of a hack: label_flips.rate=0.1")] = field(
        default_factory=dict
    )
    stages: Annotated[list[str], Asked(f"What a sweep goes through: {','.join(STAGES)}.", choices=STAGES)] = field(
        default_factory=lambda: list(STAGES)
    )
    around: Annotated[
        list[str] | None,
        Asked("With --stages settle: the hacks of the recipe that each is flipped in, or bare. Default: all of them."),
    ] = None
    budget: Annotated[str | None, Asked("What it may take: runs, such as 200, or a time, such as 30m or 2h.")] = None
    seeds: Annotated[int, Asked("Seeds per cell of the screen.", least=1, most=10_000)] = 1
    seed: Annotated[int, Asked("Of all that the sweep draws, its runs' seeds included.", least=0, most=20_000)] = 0
    tune: Annotated[list[str], Asked("Parameters that the search may set: label_flips.rate adam_beta1.beta1")] = field(
        default_factory=list
    )
    precision: Annotated[str, Asked("auto, float32 or bf16.", choices=("auto", *PRECISIONS))] = "auto"
    design: Annotated[
        str, Asked(f"Cells: {', '.join(DESIGNS)}. All but the first have a single stage.", choices=DESIGNS)
    ] = "screen"
    arms: Annotated[list[str], Asked(f"Of the design arms: {' and/or '.join(ARMS)}.", choices=ARMS)] = field(
        default_factory=list
    )
    sesoi: Sesoi = SESOI
    claims: Annotated[
        bool, Asked("Settle what the recipe's source claims, each claim flipped in the recipe as it is.")
    ] = False

    @property
    def staged(self) -> bool:
        """Whether it goes through stages, the screen first; other designs are one plan."""
        return self.design == "screen"


def build_request(preset: str, file: Path | None, given: Mapping[str, Any]) -> Request:
    """Merge the preset, the recipe's own settings, the TOML file, and what was given on the command line.

    Raises:
        UserError: an unknown preset, recipe or field, an unreadable file, a value out of range.
    """
    if preset not in PRESETS:
        raise UserError(f"preset {preset!r}{did_you_mean(preset, PRESETS)}: expected one of {', '.join(PRESETS)}")
    wanted = {**(_read_toml(file) if file else {}), **given}
    if isinstance(wanted.get("stages"), list | tuple):  # --stages screen,search
        wanted["stages"] = apart(wanted["stages"])
    check_fields(Request, wanted, closed=True)
    request = Request(**{"name": preset, **PRESETS[preset], **_recipe_settings(wanted), **wanted})
    if not request.datasets:
        raise UserError("datasets []: expected at least one; see `ganbench datasets`")
    refused = ("arms",) if request.staged else ("stages", "around", "budget", "tune")
    for name in (*refused, *(("stages", "around", "tune", "seeds") if request.claims else ())):
        if name in wanted:
            kind = "a sweep of claims" if request.claims else f"design {request.design!r}"
            raise UserError(f"{name} {wanted[name]!r}: {kind} has none; leave one of the two out")
    return request


def apart(words: Sequence[object]) -> list[str]:
    """The words of a list in which some may be joined by commas."""
    return [part for word in words for part in str(word).split(",")]


def check_names(request: Request) -> None:
    """Refuse what can be refused before libraries are imported and data are loaded.

    Raises:
        UserError: an unknown hack, parameter, dataset or score, a parameter out of its range.
    """
    from bench.cli.hack_sets import chosen_hacks
    from bench.cli.hack_settings import check_parameters
    from bench.data import check_name

    chosen_hacks(request.hacks or ())
    check_parameters(request.hack)
    for name in request.datasets:
        check_name(name)
    from bench.records.outcome import outcome_of

    outcome_of(request.outcome)


def _recipe_settings(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a sweep takes from the recipe it names: all but the steps, which are the sweep's budget."""
    name, claims = wanted.get("recipe", DEFAULT_RECIPE), wanted.get("claims", False)
    if name == DEFAULT_RECIPE and not claims:
        return {}
    from bench.gan import recipes

    card = recipes.get(name)
    title = f"{name}-claims" if claims else name
    if name == DEFAULT_RECIPE:
        return {"name": title, "hacks": None}
    own = {name: value for name, value in card.settings.items() if name in ("batch", "width", "resolution")}
    return {"name": title, "hacks": None, "datasets": [card.dataset], **own}


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise UserError(f"--spec {str(file)!r}: cannot be read ({problem.strerror}); expected a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UserError(f"--spec {str(file)!r}: no valid TOML ({problem}); see the README for an example") from None
