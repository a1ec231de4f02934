"""A budget as a person asks for it, in runs or in time, and how many runs that is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import UserError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_RUNS, MOST_DAYS = 1_000_000, 1000
"""More than anybody has made; what is laid out for so many runs fits in memory."""


@dataclass(frozen=True)
class Asked:
    """What a sweep may take over all its datasets: runs or seconds, the other one is None."""

    text: str
    runs: int | None = None
    seconds: float | None = None


def parse_budget(text: str) -> Asked:
    """`"200"` -> 200 runs, `"30m"` -> half an hour; s, m, h and d are units, and `"1h30m"` is one and a half hours.

    Raises:
        UserError: neither of the two, nothing to spend, or more than anybody has.
    """
    words = text.strip().lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", words)
    if words.isdecimal() and len(words) < 20 and 0 < int(words) <= MOST_RUNS:
        return Asked(text, runs=int(words))
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not 0 < seconds <= MOST_DAYS * _UNITS["d"] or "".join(number + unit for number, unit in parts) != words:
        raise UserError(
            f"budget {text!r}: expected runs, such as 200, or a time, such as 30m or 1h30m, of at most {MOST_RUNS:,} "
            f"runs or {MOST_DAYS:,} days"
        )
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
    return min(int(asked.seconds * workers / sum(seconds.values())), MOST_RUNS)
