"""A run's levels, whatever they are read from: a cell, a row of the frame of runs, a trial's parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.errors import UserError

_NONE: dict[str, bool] = {}


def levels_of(values: Mapping[str, Any], hacks: Iterable[str], base: Mapping[str, bool] = _NONE) -> dict[str, bool]:
    """The levels of these hacks in their order; what `values` does not name has the level of `base`, else is off."""
    return {hack: bool(values.get(hack, base.get(hack, False))) for hack in hacks}


def pattern(values: Mapping[str, Any], hacks: Iterable[str]) -> tuple[bool, ...]:
    """The levels as a key: equal for two runs of the same levels."""
    return tuple(levels_of(values, hacks).values())


def check_tables(levels: Any, parameters: Any) -> None:
    """Refuse levels and parameters of hacks that are no tables; which hacks there are is not asked.

    Raises:
        UserError: names the value.
    """
    for name, value in (("levels", levels), ("hack_parameters", parameters)):
        if not isinstance(value, Mapping):
            raise UserError(f"{name} {value!r}: expected a table with names of hacks")
    for hack, settings in parameters.items():
        if not isinstance(settings, Mapping):
            raise UserError(f"hack_parameters.{hack} {settings!r}: expected a table of parameters")
