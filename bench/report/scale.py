"""How differences of the outcome are written and where they stand on an axis: per cent of FID, points of recall …"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bench.records.outcome import Outcome, outcome_of
from bench.report.formatting import NOTHING, known, number, percent

_LARGE = 900
"""Per cent from which a ratio is told as a factor."""
_SMALLEST, _LARGEST = -99, 100 * 99
"""Per cent beyond which the end of an interval is told as open."""
_PERCENT_TICKS = (-95, -90, -80, -65, -50, -35, -20, -10, 0, 10, 25, 50, 100, 200, 400, 900, 1900)


@dataclass(frozen=True)
class Scale:
    """Differences of one outcome, as the tables of effects tell them (their columns `_pct`)."""

    outcome: Outcome

    @property
    def label(self) -> str:
        """What the outcome is called."""
        return self.outcome.label

    @property
    def ratios(self) -> bool:
        """Whether differences are ratios, told in per cent."""
        return self.outcome.transform == "log"

    @property
    def unit(self) -> str:
        """What follows a number, with the space before it."""
        return " %" if self.ratios else f" {self.outcome.unit}" if self.outcome.unit else ""

    def size(self, told: object, signed: bool = True, unit: bool = True) -> str:
        """A difference: +12 %, −3.4 points; a ratio of ten and more as such, × 12."""
        after = self.unit if unit else ""
        if self.ratios and known(told) and told >= _LARGE:
            return f"× {number(1 + told / 100, 2)}" if told < 100 * _LARGE else f"> × {_LARGE:,}"
        if self.ratios or self.outcome.unit == "points":
            return percent(told, signed, after)
        text = number(told if signed or not known(told) else abs(told))
        return text if text == NOTHING else f"{'+' if signed and told > 0 else ''}{text}{after}"

    def span(self, low: object, high: object) -> str:
        """An interval: −12 to +3.1 %; an end that is open is said."""
        if low is None or high is None or math.isnan(low) or math.isnan(high):
            return NOTHING
        # A ratio beyond a hundred either way is no number to read: that end is as good as open.
        below = low < _SMALLEST if self.ratios else low == -math.inf
        above = high > _LARGEST if self.ratios else high == math.inf
        if below and above:
            return "anything"
        if below or above:
            return f"{'up to' if below else 'from'} {self.size(high if below else low)}"
        shared = not self.ratios or high < _LARGE
        return f"{self.size(low, unit=not shared)} to {self.size(high)}"

    def change(self, told: float, bound: str = "") -> str:
        """A change in words: falls by 88 %, rises by at least 12 points (`bound` is that of a row of effects)."""
        verb, outwards = ("falls", "at most") if told < 0 else ("rises", "at least")
        limit = "" if not bound else "at least " if bound == outwards else "at most "
        if self.ratios and told >= _LARGE:
            return f"{self.label} becomes {limit}{number(1 + told / 100, 2)} times as large"
        return f"{self.label} {verb} by {limit}{self.size(abs(told), signed=False)}"

    def within(self, reach: float) -> str:
        """How far an effect may go either way; `reach` on the axis: at most 18 % either way, a factor of up to 2.6."""
        if not self.ratios:
            return f"at most {self.size(self.told(reach), signed=False)} either way"
        factor = math.exp(reach)
        if factor <= 1.5:
            return f"at most {percent(100 * (factor - 1), signed=False)} either way"
        return f"a factor of up to {number(factor, 2)} either way" if factor < 100 else "any factor"

    def place(self, told: object) -> float:
        """Where a difference stands on the axis; NaN where there is none, an infinite one at the end of it."""
        return math.nan if told is None or math.isnan(told) else self.outcome.y_of(told)

    def told(self, place: float) -> float:
        """The difference at a place on the axis."""
        if self.ratios:
            return 100 * math.expm1(place)
        return 100 * place if self.outcome.unit == "points" else place

    def ticks(self, limit: float, apart: float = 0.14) -> list[float]:
        """Differences for an axis from −limit to limit, zero among them, none closer than a label is wide."""
        if not self.ratios:
            step = 10 ** math.floor(math.log10(limit)) if limit > 0 else 1.0
            step = next(s * step for s in (0.2, 0.5, 1, 2, 5) if limit / (s * step) <= 3.5)
            return [self.told(step * place) for place in range(-int(limit / step), int(limit / step) + 1)]
        ticks = [0]
        for side in (1, -1):
            last = 0.0
            for tick in sorted((t for t in _PERCENT_TICKS if t * side > 0), key=abs):
                place = abs(self.place(tick))
                if place <= limit and place - last >= apart * limit:
                    ticks.append(tick)
                    last = place
        return sorted(ticks)

    def limits(self, sesoi: float) -> tuple[float, float]:
        """Where on the axis effects begin to be of interest; NaN where the outcome's range has no ends."""
        return self.outcome.limits(sesoi, np.empty(0))

    def smallest(self, sesoi: float) -> str:
        """The smallest effect of interest in words: 10 %, 10 points; a fraction where the range has no ends."""
        high = self.limits(sesoi)[1]
        return f"{self.told(high):.3g}{self.unit}" if known(high) else f"{100 * sesoi:g} % of its mean size"

    @property
    def widest(self) -> float:
        """The farthest place that an axis shows; intervals may leave it."""
        return math.log(8) if self.ratios else math.inf

    @property
    def narrowest(self) -> float:
        """The nearest place that an axis ends at."""
        return 0.12 if self.ratios else 1e-9

    @property
    def axis(self) -> str:
        """What stands below an axis of differences."""
        ways = "better ← 0 → worse" if self.outcome.direction == "lower" else "worse ← 0 → better"
        unit = "" if self.ratios or not self.outcome.unit else f", {self.outcome.unit}"
        return f"change of {self.label}{unit} when the trick is on ({ways})"

    def tick(self, told: float) -> str:
        """The label of a tick: whole per cent, or a number."""
        if not known(told):
            return ""
        if not self.ratios:
            return self.size(told, unit=False) if told else "0"
        whole = round(told)
        return f"{whole:+,d} %".replace("-", "−") if whole else "0 %"


PERCENT = Scale(outcome_of("fid"))
"""Of FID, and of every table that is about it whatever the outcome is."""
