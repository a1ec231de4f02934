"""Numbers and lists as a reader wants them: true minus signs, few digits, a dash where there is nothing."""

import math
from collections.abc import Iterable, Sequence

NOTHING = "–"


def known(value: object) -> bool:
    """Whether `value` is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def steady(value: float) -> float:
    """`value` to twelve digits: the last ones differ between processors, and 12.5 must be told alike by all."""
    return float(f"{value:.12g}")


def number(value: object, digits: int = 3) -> str:
    """`value` to `digits` significant digits without an exponent where it can be read without: 0.0123, 4.57, 1,234."""
    if not known(value):
        return NOTHING
    if abs(value) < 1e-12:
        return "0"
    value = steady(value)
    if abs(value) < 1e-4 or abs(value) >= 1e7:
        return f"{value:.{digits - 1}e}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 6)}f}".replace("-", "−")


def percent(value: object, signed: bool = True, unit: str = " %") -> str:
    """A percentage, signed by default: +12 %, −3.4 %; one decimal below ten."""
    if not known(value):
        return NOTHING
    value = steady(value)
    digits = 0 if abs(value) >= 9.95 or abs(value) < 0.05 else 1
    rounded = round(value, digits)
    text = f"{rounded:+,.{digits}f}" if signed and rounded else f"{abs(rounded) if signed else rounded:,.{digits}f}"
    return text.replace("-", "−") + unit


def share(value: object) -> str:
    """A fraction between 0 and 1 as an unsigned percentage."""
    return percent(100 * value, signed=False) if known(value) else NOTHING


def points(value: object) -> str:
    """A difference of two fractions in percentage points: +12 points."""
    return percent(100 * value, unit="") if known(value) else NOTHING


def p_value(value: object) -> str:
    """A p value to three decimals, never as zero."""
    if not known(value):
        return NOTHING
    value = steady(value)
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """`a`, `b` and `c`."""
    words: Sequence[str] = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def foremost(items: Sequence[str], most: int, fits: int | None = None) -> str:
    """`a`, `b` and 21 more: the first `most`, or all where there are no more than `fits`, one more than `most`."""
    if len(items) <= (most + 1 if fits is None else fits):
        return listed(items)
    return listed([*items[:most], f"{len(items) - most} more"])


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def spelled(n: int) -> str:
    """A small number as a word: three; 13 from thirteen on."""
    return _NUMBERS[n] if 0 <= n < len(_NUMBERS) else f"{n:,}"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """1 run, 2 runs."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
