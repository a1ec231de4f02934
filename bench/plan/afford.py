"""A budget as a person asks for it, in runs or in time, and how many runs that is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import UserError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Asked:
    """What a sweep may take over all its datasets: runs or seconds, the other one is None."""

    text: str
    runs: int | None = None
    seconds: float | None = None


def parse_budget(text: str) -> Asked:
    """`"200"` -> 200 runs, `"30m"` -> half an hour; s, m, h and d are units, and `"1h30m"` is one and a half hours.

    Raises:
        UserError: neither of the two, or nothing to spend.
    """
    words = text.strip().lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", words)
    if words.isdecimal() and int(words) > 0:
        return Asked(text, runs=int(words))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds <= 0 or "".join(number + unit for number, unit in parts) != words:
        raise UserError(f"budget {text!r}: expected runs, such as 200, or a time, such as 30m or 1h30m")
    return Asked(text, seconds=seconds)


def affordable(asked: Asked, seconds: Mapping[str, float], workers: int) -> int:
    """Runs of every dataset that the budget pays for.

    Args:
        asked: the budget.
        seconds: dataset -> wall seconds of one of its runs, with all workers busy.
        workers: runs made at once.
    """
    if asked.runs is not None:
        return asked.runs // len(seconds)
    return int(asked.seconds * workers / sum(seconds.values()))
