"""What a hack's parameters may be: a type and a range, declared where the parameter is.

    def label_flips(recipe: Recipe, rate: Annotated[float, Range(0, 1)] = 0.05) -> Recipe: ...

Choices are a `Literal`, a low and a high end a `tuple[float, float]` in the range. The declaration is checked whenever
the hack is switched on, and tells a search where to look.
"""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from hacks.errors import HackError

Nets = Literal["both", "d", "g"]
"""In which of the two networks a hack acts."""
Form = Literal["embedding", "one_hot"]
"""How a network is told a class: as learned numbers, or as one number for each class, 1 for the class and else 0."""


@dataclass(frozen=True)
class Range:
    """The numbers that a parameter may be.

    Attributes:
        low, high: the ends, which belong to it unless `open_low` or `open_high` says otherwise.
        log: whether a search steps by factors instead of by differences.
        multiple: whole numbers alone, and of these the multiples of it.
        search: the ends within which a search looks, where the range itself has none or is needlessly wide.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    log: bool = False
    multiple: int | None = None
    search: tuple[float, float] | None = None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Where a search looks; None where neither end was declared for one."""
        if self.search is not None:
            return self.search
        return (self.low, self.high) if math.isfinite(self.low) and math.isfinite(self.high) else None

    def holds(self, value: float) -> bool:
        """Whether it is one of these numbers; not-a-number, infinity and what no float can hold never are."""
        try:
            value + 0.0
        except OverflowError:
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return math.isfinite(value) and above and below and (self.multiple is None or value % self.multiple == 0)

    def __str__(self) -> str:
        ends = []
        if math.isfinite(self.low):
            ends.append(f"{'above' if self.open_low else 'at least'} {self.low:g}")
        if math.isfinite(self.high):
            ends.append(f"{'below' if self.open_high else 'at most'} {self.high:g}")
        if self.multiple is not None:
            ends.append(f"a multiple of {self.multiple}")
        return ", ".join(ends) or "finite"


def declared(annotation: Any) -> tuple[Any, Range | None]:
    """The type and the range of `Annotated[type, Range(...)]`; of any other annotation itself and None."""
    if typing.get_origin(annotation) is not Annotated:
        return annotation, None
    kind, *notes = typing.get_args(annotation)
    return kind, next((note for note in notes if isinstance(note, Range)), None)


def checked(name: str, value: Any, annotation: Any) -> Any:
    """The value as its declaration has it: a number for a `float`, a tuple for what JSON knows as a list.

    Args:
        name: hack.parameter, for the message.
        value: what a person or a plan gives.
        annotation: the parameter's, one of bool, int, float, str, Literal or tuple, alone or with a `Range`.

    Raises:
        HackError: it is not of the type, not finite or out of the range.
    """
    kind, limits = declared(annotation)
    made, expected = _converted(value, kind, limits)
    if made is None:
        raise HackError(f"{name}={value!r}: expected {expected}; see `ganbench hacks {name.partition('.')[0]}`")
    return made


def _converted(value: Any, kind: Any, limits: Range | None) -> tuple[Any, str]:
    """The value as that kind, or None; and what was expected."""
    limits = limits or Range()
    if kind is bool:
        return value if isinstance(value, bool) else None, "true or false"
    if kind in (int, float):
        number = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
        article = "a whole number" if kind is int else "a number"
        return kind(value) if number and limits.holds(value) else None, f"{article}, {limits}"
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        fits = any(value == choice and type(value) is type(choice) for choice in choices)
        return value if fits else None, "one of " + ", ".join(map(str, choices))
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        expected = f"{len(parts)} numbers, each {limits}, the lower first"
        if not isinstance(value, (list, tuple)) or len(value) != len(parts):
            return None, expected
        made = [_converted(each, part, limits)[0] for each, part in zip(value, parts, strict=True)]
        return (tuple(made) if None not in made and made == sorted(made) else None), expected
    return value if isinstance(value, kind) else None, f"of type {kind.__name__}"
