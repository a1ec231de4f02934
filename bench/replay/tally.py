"""What thousands of replayed sweeps come to, in a few tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from bench.analysis.verdicts import CLAIMS
from bench.records.plan import PLACEBO
from bench.replay.answers import AVERAGE, LOCAL, Told, frame_of
from bench.replay.rivals import Claimed
from bench.replay.table import Table

SIZES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Ends of the classes of true effects: the change of the score as a fraction, whichever way."""
NEAR_THE_BEST = 5
ALONE = "ganbench, settling alone"
"""What a sweep of as many runs without screen and search, around the full recipe, is called beside the others."""
FAR = 2
"""An effect beyond so many times the smallest one of interest must never be called negligible."""
RULES = {
    "sweeps": "sweeps",
    "runs": "runs a sweep",
    "local_covered": "local effects: coverage, pointwise",
    "local_covered_all": "local effects: coverage over all looks",
    "average_covered": "average effects: coverage",
    "false_verdict": "sweeps with any false verdict",
    "false_claim": "sweeps with any false claim",
    "placebo_claimed": "sweeps that claim the placebo",
    "placebo_negligible": "placebo's verdicts that are negligible",
    "negligible_wrong": "sweeps with negligible given wrongly",
    "negligible_far": f"sweeps with negligible given beyond {FAR} times the smallest effect of interest",
    "screen_placebo": "screens that claim the placebo",
    "screen_false": "screens with any false claim",
    "verdicts": "tricks with a verdict",
    "runs_per_verdict": "runs per correct verdict",
    "rank": "recipe to take: median rank",
    "near_best": f"recipe to take: share within the best {NEAR_THE_BEST}",
    "regret": "recipe to take: mean regret, in y",
}
"""What `rules` counts, in words."""


def rules(sweeps: Sequence[Told], table: Table, sesoi: float) -> dict[str, float]:
    """How often the promises hold over all sweeps, by the names in `RULES`: shares in [0, 1] except for the runs."""
    answers = frame_of(list(sweeps), table, sesoi)
    local, average = answers[answers["kind"] == LOCAL], answers[answers["kind"] == AVERAGE]
    correct = local["done"] & ~local["wrong"] & (local["verdict"] != "inconclusive")
    placebo = local[local["hack"] == PLACEBO]
    ranks = np.array([table.rank(sweep.taken) for sweep in sweeps])
    regrets = np.array([table.regret(sweep.taken) for sweep in sweeps])
    tricks = local["hack"] != PLACEBO
    low, high = table.outcome.limits(min(FAR * sesoi, 0.99), table.truth)
    negligible = local["verdict"] == "negligible"
    return {
        "sweeps": float(len(sweeps)),
        "runs": float(np.mean([sweep.runs for sweep in sweeps])),
        "local_covered": float(local["covered"].mean()),
        "local_covered_all": float(local["covered_all"].mean()),
        "average_covered": float(average["covered"].mean()),
        "false_verdict": _any(local, local["wrong"]),
        "false_claim": _any(local, local["wrong"] & ~negligible),
        "placebo_claimed": _any(local, _claims_the_placebo(local)),
        "placebo_negligible": float((placebo["verdict"] == "negligible").mean()),
        "negligible_wrong": _any(local, local["wrong"] & negligible),
        "negligible_far": _any(local, negligible & ~local["truth"].between(low, high)),
        "screen_placebo": _any(average, _claims_the_placebo(average)),
        "screen_false": _any(average, average["wrong"] & (average["verdict"] != "negligible")),
        "verdicts": float((local["verdict"] != "inconclusive")[tricks].mean()),
        "runs_per_verdict": float(np.sum([sweep.runs for sweep in sweeps]) / max(int((correct & tricks).sum()), 1)),
        "rank": float(np.median(ranks)),
        "near_best": float((ranks <= NEAR_THE_BEST).mean()),
        "regret": float(regrets.mean()),
    }


def power(sweeps: Sequence[Told], table: Table, sesoi: float) -> pd.DataFrame:
    """By size of the true local effect: answers, how many claim it, call it negligible, leave it open, or are wrong."""
    answers = frame_of(list(sweeps), table, sesoi)
    local = answers[answers["kind"] == LOCAL]
    size = np.expm1(np.abs(local["truth"])) if table.outcome.transform == "log" else np.abs(local["truth"])
    names = [f"up to {SIZES[0]:.0%}", *(f"{a:.0%} to {b:.0%}" for a, b in pairwise(SIZES))]
    kind = pd.cut(size, [-np.inf, *SIZES, np.inf], labels=[*names, f"above {SIZES[-1]:.0%}"])
    grouped = local.assign(
        claimed=local["verdict"].isin(["helps", "hurts"]),
        fragile=local["verdict"] == "fragile",
        negligible=local["verdict"] == "negligible",
        inconclusive=local["verdict"] == "inconclusive",
    ).groupby(kind, observed=True)
    shares = grouped[["claimed", "fragile", "negligible", "inconclusive", "wrong", "covered"]].mean()
    return shares.assign(answers=grouped.size()).rename_axis("true effect")


def against(rivals: Mapping[str, Sequence[Claimed]], table: Table) -> pd.DataFrame:
    """Each rival's recipe and claims; a claim is false if its sign is not that of the true effect that it is about."""
    rows = {}
    for name, found in rivals.items():
        judged = [_judged(table, each) for each in found]
        right, false, placebo = (np.array(column) for column in zip(*judged, strict=True))
        runs = np.array([each.runs for each in found])
        ranks = np.array([table.rank(each.recipe) for each in found])
        rows[name] = {
            "tries": len(found),
            "runs": runs.mean(),
            "right claims": right.mean(),
            "any false claim": (false > 0).mean(),
            "claims the placebo": placebo.mean(),
            "runs per right claim": runs.sum() / max(right.sum(), 1),
            "median rank": np.median(ranks),
            "in best 5": (ranks <= NEAR_THE_BEST).mean(),
            "mean regret": np.mean([table.regret(each.recipe) for each in found]),
        }
    return pd.DataFrame(rows).T.rename_axis("way")


def ours(sweeps: Sequence[Told], table: Table) -> list[Claimed]:
    """Our own sweeps in the same terms: claims alone, without what was shown to be negligible."""
    sign = table.outcome.sign
    signs = {"helps": sign, "hurts": -sign}
    return [
        Claimed(
            sweep.taken,
            {
                answer.hack: signs[answer.verdict]
                for answer in sweep.answers
                if answer.kind == LOCAL and answer.verdict in signs
            },
            sweep.runs,
            sweep.recipe,
        )
        for sweep in sweeps
    ]


def true_effects(table: Table) -> pd.DataFrame:
    """Every trick's true effects: in the best recipe, in the full one, and on average."""
    best, full = int(np.argmin(table.loss)), table.recipes - 1
    needs = table.plan.prerequisites
    rows = {
        hack: {
            "in the best recipe": hack in (name for name, on in table.levels(best).items() if on),
            "effect in it": table.local(best, hack),
            "effect in the full recipe": table.local(full, hack),
            "average effect": table.average(hack, tuple(needs.get(hack, ()))),
        }
        for hack in table.hacks
    }
    return pd.DataFrame(rows).T.rename_axis("trick")


def _judged(table: Table, found: Claimed) -> tuple[int, int, bool]:
    def true(hack: str) -> float:
        return table.average(hack) if found.about is None else table.local(found.about, hack)

    tricks = {hack: sign for hack, sign in found.signs.items() if hack != PLACEBO}
    right = sum(np.sign(true(hack)) == sign for hack, sign in tricks.items())
    return right, len(found.signs) - right, PLACEBO in found.signs


def _claims_the_placebo(answers: pd.DataFrame) -> pd.Series:
    return (answers["hack"] == PLACEBO) & answers["verdict"].isin(CLAIMS)


def _any(answers: pd.DataFrame, which: pd.Series) -> float:
    """Share of sweeps with any such answer."""
    return float(which.groupby(answers["sweep"]).any().mean())
