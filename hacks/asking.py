"""Asking by name: what fills a slot gets those things that its parameters are named after.

A penalty `(D, real)` is called with D and the real images, one `(real_logits, step)` with those. What a slot offers is
listed in `slots.py`; more can be offered at any time and changes no member. A parameter without a default has to be
given; one with a default keeps it where the thing is not there, `labels=None` on data without labels for instance.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from hacks.errors import HackError, did_you_mean

OF_LABELS = frozenset({"labels", "classes"})
"""What only data with labels have."""


def asks(function: Callable[..., Any]) -> dict[str, bool]:
    """The names that a callable asks for, and whether it must be given each."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise HackError(f"{called(function)}: expected something to call whose parameters have names") from None
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {each.name: each.default is each.empty for each in parameters if each.kind in kinds}


def names_for(function: Callable[..., Any], offered: set[str], owner: str = "") -> tuple[str, ...]:
    """Those of the offered names that the callable is to be given.

    Raises:
        HackError: it must be given something else.
    """
    wanted = asks(function)
    for name, required in wanted.items():
        if required and name not in offered:
            owner = owner or called(function)
            if name in OF_LABELS:
                raise HackError(f"{owner} asks for {name}: these data have no labels; take others or leave it out")
            known = ", ".join(sorted(offered))
            raise HackError(f"{owner} asks for {name!r}{did_you_mean(name, offered)}: it can have {known}")
    return tuple(name for name in wanted if name in offered)


def give(function: Callable[..., Any], **offered: Any) -> Any:
    """Call it once with what it asks for; what is offered as None counts as not there."""
    there = {name: value for name, value in offered.items() if value is not None}
    return function(**{name: there[name] for name in names_for(function, set(there))})


def action(owner: Any, slot: str) -> Callable[..., Any]:
    """What a slot calls of what fills it: its method of the slot's name (`loss.d`: d), or the thing itself."""
    method = getattr(owner, slot.rpartition(".")[2], None)
    return method if callable(method) else owner


def called(function: Any) -> str:
    """What to call a callable in a message."""
    owner = getattr(function, "__self__", function)
    return getattr(owner, "__name__", type(owner).__name__)
