"""A recipe in a file that a person can read and edit: levels, parameters, budget and what it was trained on."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from bench.errors import UserError
from bench.records.budget import Budget
from bench.records.files import replaced
from bench.records.levels import check_tables

RECIPE = "recipe.toml"


@dataclass(frozen=True, kw_only=True)
class RecipeFile(Budget):
    """What `ganbench train` leaves beside a generator and takes in place of one; budget fields are fields of it too.

    Attributes:
        dataset: what it is trained on.
        seed: of every random stream.
        kind: of the data, "image" or "points"; empty before it is trained.
        channels, pixels: of what the generator makes; 0 before it is trained.
        class_counts: training images of every class; empty where there are no labels.
        trained: steps made so far.
        fid: after the last of them, if it was scored.
        source: where the recipe comes from, in words.
        levels: hack name -> on or off.
        hack_parameters: hack name -> parameter -> value.
    """

    dataset: str
    seed: int = 0
    kind: str = ""
    channels: int = 0
    pixels: int = 0
    class_counts: list[int] = field(default_factory=list)
    trained: int = 0
    fid: float | None = None
    source: str = ""
    levels: dict[str, bool] = field(default_factory=dict)
    hack_parameters: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it as TOML; what is None or empty is left out."""
        tables = {name: value for name, value in asdict(self).items() if value not in (None, "", {}, [])}
        plain = [f"{name} = {_value(value)}" for name, value in tables.items() if not isinstance(value, dict)]
        levels = ["[levels]", *(f"{hack} = {_value(on)}" for hack, on in self.levels.items())]
        parameters = [
            line
            for hack, settings in self.hack_parameters.items()
            for line in ("", f"[hack_parameters.{hack}]", *(f"{name} = {_value(v)}" for name, v in settings.items()))
        ]
        text = "\n".join([*plain, "", *levels, *parameters]) + "\n"
        replaced(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: Path) -> RecipeFile:
        """Read one.

        Raises:
            UserError: there is none, it is no TOML, or it has fields or tables that are none of a recipe's.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as problem:
            raise UserError(f"recipe {str(path)!r} cannot be read ({problem.strerror}): expected a TOML file") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise UserError(f"recipe {str(path)!r} is no valid TOML ({problem})") from None
        known = {entry.name for entry in fields(cls)}
        for name in content:
            if name not in known:
                raise UserError(f"recipe {str(path)!r} has the field {name!r}: expected {', '.join(sorted(known))}")
        check_tables(content.get("levels", {}), content.get("hack_parameters", {}))
        try:
            return cls(**content)
        except TypeError:
            raise UserError(f'recipe {str(path)!r} names no dataset: add a line like dataset = "mnist5k"') from None


def _value(value: Any) -> str:
    """A TOML value."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
