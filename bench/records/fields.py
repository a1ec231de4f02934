"""What a person may ask of a field, declared once beside it: help, range, choices; and the check against that.

Options of the command line, fields of TOML files and arguments in Python are all read from these declarations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from bench.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Asked:
    """Written into a field's type: `steps: Annotated[int, Asked("Training steps per run.", least=1)]`.

    Attributes:
        help: what the field is, in a sentence.
        least, most: the ends of its range, or of its elements' where it is a list; None where there is none.
        between: whether the ends themselves are outside.
        choices: the only values it takes.
    """

    help: str
    least: float | None = None
    most: float | None = None
    between: bool = False
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field that a person may set: its name, its type (without None), whether it may be None, what it takes."""

    name: str
    kind: Any
    optional: bool
    asked: Asked

    def expected(self) -> str:
        """What the field takes, in words."""
        asked = self.asked
        if asked.choices:
            return f"one of {', '.join(map(str, asked.choices))}"
        words = _KINDS.get(self.kind, "a list of names" if get_origin(self.kind) is list else "a table")
        if asked.least is None or asked.most is None:
            return words if asked.least is None else f"{words} of at least {asked.least:,}"
        least, most = f"{asked.least:,}", f"{asked.most:,}"
        return f"{words} between {least} and {most}" if asked.between else f"{words} from {least} to {most}"

    def takes(self, value: Any) -> bool:
        """Whether the value is of the field's type and within its range."""
        if value is None:
            return self.optional
        if get_origin(self.kind) is list:
            return isinstance(value, list | tuple) and all(self._takes_one(get_args(self.kind)[0], v) for v in value)
        return self._takes_one(self.kind, value)

    def _takes_one(self, kind: Any, value: Any) -> bool:
        asked = self.asked
        if not isinstance(value, _ACCEPTED.get(kind, dict)) or (isinstance(value, bool) and kind is not bool):
            return False
        if asked.choices:
            return value in asked.choices
        if isinstance(value, str | bool | dict):
            return True
        try:
            if not math.isfinite(value):
                return False
        except OverflowError:  # a whole number that no float can hold
            return False
        if asked.least is None:
            return True
        most = math.inf if asked.most is None else asked.most
        return asked.least < value < most if asked.between else asked.least <= value <= most


_KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
_ACCEPTED: dict[Any, Any] = {int: int, float: (int, float), str: str, bool: bool}


@lru_cache
def fields_asked(cls: type) -> dict[str, Field]:
    """The fields of a class that declare what may be asked of them, by name: its own first, then its bases'."""
    hints = get_type_hints(cls, include_extras=True)
    found = {}
    for name in dict.fromkeys(name for base in cls.__mro__ for name in get_annotations(base)):
        asked = next((part for part in getattr(hints[name], "__metadata__", ()) if isinstance(part, Asked)), None)
        if asked is not None:
            kinds = _alternatives(hints[name].__origin__)
            found[name] = Field(name, next(kind for kind in kinds if kind is not NoneType), NoneType in kinds, asked)
    return found


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def check_fields(cls: type, values: Mapping[str, Any], *, closed: bool = False) -> None:
    """Refuse values that the fields of a class do not take; names that are no such field are passed over.

    Args:
        cls: the class that declares the fields.
        values: name -> value.
        closed: refuse other names too.

    Raises:
        UserError: names the value, what was expected, and the nearest name where the name is the problem.
    """
    known = fields_asked(cls)
    for name, value in values.items():
        if name in known and not known[name].takes(value):
            raise UserError(f"{name} {value!r}: expected {known[name].expected()}")
        if closed and name not in known:
            raise UserError(f"{name} {value!r}: no such field{did_you_mean(name, known)}; known: {', '.join(known)}")
