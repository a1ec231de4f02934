"""Levels and parameters of hacks as people write them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import hacks
from bench.errors import UserError


def known_hack(name: str) -> hacks.Hack:
    """The hack of that name.

    Raises:
        UserError: there is none.
    """
    try:
        return hacks.get(name)
    except hacks.HackError as problem:
        raise UserError(str(problem)) from None


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


def check_parameters(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The parameters of hacks, as they are declared.

    Raises:
        UserError: an unknown hack or parameter, or a value of the wrong kind or out of range.
    """
    made = {}
    for name, settings in given.items():
        if not isinstance(settings, Mapping):
            raise UserError(f"hack.{name} {settings!r}: expected a table of parameters, such as [hack.{name}]")
        try:
            made[name] = known_hack(name).checked(**settings)
        except hacks.HackError as problem:
            raise UserError(str(problem)) from None
    return made


_LEVELS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


def parse_levels(settings: list[str]) -> dict[str, bool]:
    """`["batch_norm=on", "leaky_relu=off"]` -> levels; a bare name is on.

    Raises:
        UserError: a level that is no boolean, or an unknown hack.
    """
    levels = {}
    for setting in settings:
        name, _, word = setting.partition("=")
        level = _LEVELS.get((word or "on").lower())
        if level is None:
            raise UserError(f"level {word!r} of hack {name}: expected on or off")
        levels[known_hack(name).name] = level
    return levels
