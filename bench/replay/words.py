"""A tally in plain words: the table of real runs that the README and docs/trust.md show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bench.replay.tally import ALONE, NEAR_THE_BEST

BEGIN, END = "<!-- real runs: written by scripts/trust.py -->", "<!-- /real runs -->"
OURS = "ganbench"
RIVALS = {
    ALONE: "settling alone",
    "one at a time, t tests": "one at a time",
    "TPE with importances": "TPE",
}
"""Those that stand beside it, in a few words."""
MIDDLE = ("20% to 30%", "30% to 50%")
LARGE = ("above 50%",)
HALF = {"all": "", "calibration": " (rules were chosen on these runs)", "report": " (no rule was chosen on these runs)"}


def trust_table(tally: Mapping[str, Any]) -> str:
    """Markdown: at most a dozen rows, what was measured and how often; the tally's own numbers, rounded.

    Args:
        tally: as `bench.replay.whole.tallied` makes it, of FID and with rivals.
    """
    table, rules, rivals = tally["table"], tally["rules"], tally["against"]
    half = HALF[table["half"]]
    head = (
        f"{rules['sweeps']:,.0f} sweeps with the truth and the luck of {table['runs']:,} real runs, of all "
        f"{table['recipes']} recipes of {len(table['hacks'])} tricks on {table['dataset']}{half}"
    )
    beyond = f"{2 * tally['sesoi']:.0%}".replace("%", " %")
    rows = [
        ("a 95 % interval holds what the trick truly does in the recipe found", _share(rules["local_covered"])),
        ("… and what it does on average over recipes", _share(rules["average_covered"])),
        ("sweeps that say anything false of a trick", _share(rules["false_claim"])),
        ("sweeps that call the placebo helpful or hurtful", _share(rules["placebo_claimed"])),
        (f"sweeps that call an effect beyond {beyond} negligible", _share(rules["negligible_far"])),
        ("effects beyond 50 % that are found", _found(tally, LARGE)),
        ("effects of 20 to 50 % that are found", _found(tally, MIDDLE)),
        (f"the recipe to take is among the best {NEAR_THE_BEST} of {table['recipes']}", _share(rules["near_best"])),
        ("its FID, beside the best one's", f"× {math.exp(rules['regret']):.2f}"),
        ("runs a sweep", f"{rules['runs']:.0f}"),
        ("runs for each right claim", _beside(rivals, "runs per right claim", lambda runs: f"{runs:.0f}")),
        ("tries that claim anything false", _beside(rivals, "any false claim", _share)),
    ]
    return "\n".join([f"| {head} | |", "|---|---:|", *(f"| {words} | {value} |" for words, value in rows)])


def shown_in(page: str, block: str) -> str:
    """The page with the block between its two marks.

    Raises:
        ValueError: it has not both of them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"expected {BEGIN!r} and, below it, {END!r}")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _found(tally: Mapping[str, Any], sizes: tuple[str, ...]) -> str:
    """Of the answers about effects of these sizes, how many claim them and are right."""
    rows = [tally["power"][size] for size in sizes if size in tally["power"]]
    answers = sum(row["answers"] for row in rows)
    return _share(sum((row["claimed"] - row["wrong"]) * row["answers"] for row in rows) / answers) if answers else "–"


def _beside(rivals: Mapping[str, Any], column: str, told: Any) -> str:
    """Ours, and in brackets the rivals'."""
    others = ", ".join(f"{words} {told(rivals[way][column])}" for way, words in RIVALS.items() if way in rivals)
    return f"{told(rivals[OURS][column])} ({others})"
