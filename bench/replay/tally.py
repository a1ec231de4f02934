"""What thousands of replayed sweeps come to, in a few tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from bench.records.plan import PLACEBO
from bench.replay.answers import AVERAGE, CLAIMS, LOCAL, Told, frame_of
from bench.replay.rivals import Claimed
from bench.replay.table import Table

SIZES = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Ends of the classes of true effects: the change of the score as a fraction, whichever way."""
NEAR_THE_BEST = 5


def rules(sweeps: Sequence[Told], table: Table, sesoi: float) -> dict[str, float]:
    """How often the promises hold, over all sweeps: shares in [0, 1] except for the runs."""
    answers = frame_of(list(sweeps), table, sesoi)
    local, average = answers[answers["kind"] == LOCAL], answers[answers["kind"] == AVERAGE]
    claimed = local[local["verdict"].isin(CLAIMS)]
    correct = local["done"] & ~local["wrong"] & (local["verdict"] != "inconclusive")
    placebo = local[local["hack"] == PLACEBO]
    ranks = np.array([table.rank(sweep.recipe) for sweep in sweeps])
    regrets = np.array([table.regret(sweep.recipe) for sweep in sweeps])
    tricks = local["hack"] != PLACEBO
    return {
        "sweeps": float(len(sweeps)),
        "runs a sweep": float(np.mean([sweep.runs for sweep in sweeps])),
        "local effects: coverage, pointwise": float(local["covered"].mean()),
        "local effects: coverage over all looks": float(local["covered_all"].mean()),
        "average effects: coverage": float(average["covered"].mean()),
        "sweeps with any false verdict": _any(local, local["wrong"]),
        "sweeps with any false claim": _any(local, local["wrong"] & (local["verdict"] != "negligible")),
        "sweeps that claim the placebo": _any(local, (local["hack"] == PLACEBO) & local.index.isin(claimed.index)),
        "placebo's verdicts that are negligible": float((placebo["verdict"] == "negligible").mean()),
        "negligible given wrongly": _any(local, local["wrong"] & (local["verdict"] == "negligible")),
        "screens that claim the placebo": _any(average, (average["hack"] == PLACEBO) & average["verdict"].isin(CLAIMS)),
        "screens with any false claim": _any(average, average["wrong"] & (average["verdict"] != "negligible")),
        "tricks with a verdict": float((local["verdict"] != "inconclusive")[tricks].mean()),
        "runs per correct verdict": float(
            np.sum([sweep.runs for sweep in sweeps]) / max(int((correct & tricks).sum()), 1)
        ),
        "recipe: median rank": float(np.median(ranks)),
        f"recipe: share within the best {NEAR_THE_BEST}": float((ranks <= NEAR_THE_BEST).mean()),
        "recipe: mean regret": float(regrets.mean()),
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
    """Each rival's recipe and claims; a claim is false if its sign is not that of the true effect in that recipe."""
    rows = {}
    for name, found in rivals.items():
        judged = [_judged(table, each) for each in found]
        right, false, placebo = (np.array(column) for column in zip(*judged, strict=True))
        runs = np.array([each.runs for each in found])
        ranks = np.array([table.rank(each.recipe) for each in found])
        rows[name] = {
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
            sweep.recipe,
            {
                answer.hack: signs[answer.verdict]
                for answer in sweep.answers
                if answer.kind == LOCAL and answer.verdict in signs
            },
            sweep.runs,
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
    tricks = {hack: sign for hack, sign in found.signs.items() if hack != PLACEBO}
    right = sum(np.sign(table.local(found.recipe, hack)) == sign for hack, sign in tricks.items())
    return right, len(found.signs) - right, PLACEBO in found.signs


def _any(answers: pd.DataFrame, which: pd.Series) -> float:
    """Share of sweeps with any such answer."""
    return float(which.groupby(answers["sweep"]).any().mean())
