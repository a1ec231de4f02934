"""Many hacks at once: sets and families by name, as people write them after `--hacks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hacks.checklist import CHECKLIST
from hacks.errors import HackError, did_you_mean
from hacks.families import FAMILIES, SETS
from hacks.registry import PLACEBO, get, names

WORDS = {
    "core": "the default sweep",
    "checklist": 'the 17 points of "How to train a GAN?"',
    **SETS,
    "all": "every hack there is",
}
"""The sets, and what each holds."""
LEVELS = ":all"
"""After the name of a family: all of its hacks."""


class Chosen(NamedTuple):
    """Which hacks were asked for.

    Attributes:
        names: all of them in listing order, each once, without the placebo unless it was named.
        by_name: those that were named themselves.
        wide: whether a set other than the core one, or a family, was named.
    """

    names: tuple[str, ...]
    by_name: tuple[str, ...]
    wide: bool


def members(word: str) -> list[str]:
    """The hacks of a set, in listing order; the placebo, which is in every sweep, belongs to none but `core` and `all`.

    Raises:
        HackError: no set has that name.
    """
    if word not in WORDS:
        raise HackError(f"unknown set {word!r}{did_you_mean(word, WORDS)}: expected one of {', '.join(WORDS)}")
    return [name for name in names() if word in sets_of(name)]


def family_members(family: str) -> list[str]:
    """The hacks of a family, in listing order.

    Raises:
        HackError: there is no such family, or it has no hack.
    """
    known = {each: own for each in FAMILIES if (own := [n for n in names() if get(n).family == each])}
    if family not in known:
        raise HackError(f"unknown family {family!r}{did_you_mean(family, known)}: expected one of {', '.join(known)}")
    return known[family]


def sets_of(name: str) -> tuple[str, ...]:
    """The sets that a hack is in, `all` among them."""
    hack = get(name)
    own = {"core": hack.core, "checklist": name in CHECKLIST, **{each: each in hack.sets for each in SETS}, "all": True}
    return tuple(word for word in WORDS if own[word])


def choose(words: Sequence[str]) -> Chosen:
    """The hacks that words stand for: names of hacks, names of sets, and `FAMILY:all`.

    Raises:
        HackError: a word that is none of them, or a hack named twice.
    """
    found: set[str] = set()
    by_name: list[str] = []
    wide = False
    for word in words:
        if word in WORDS:
            found |= set(members(word)) - {PLACEBO}
            wide = wide or word != "core"
        elif ":" in word:
            family, _, level = word.partition(":")
            if f":{level}" != LEVELS:
                raise HackError(f"hacks {word!r}: expected FAMILY{LEVELS}, for example loss{LEVELS}")
            found |= set(family_members(family))
            wide = True
        elif word in names():
            if word in by_name:
                raise HackError(f"hack {word!r} is named twice: name it once")
            by_name.append(word)
        else:
            near = did_you_mean(word, [*names(), *WORDS, *(f"{family}{LEVELS}" for family in FAMILIES)])
            raise HackError(
                f"unknown hack {word!r}{near}: expected names of `ganbench hacks`, a set ({', '.join(WORDS)}) or a "
                f"family, such as loss{LEVELS}"
            )
    chosen = tuple(name for name in names() if name in found or name in by_name)
    return Chosen(chosen, tuple(name for name in chosen if name in by_name), wide)
