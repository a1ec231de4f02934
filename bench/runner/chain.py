"""The whole of a sweep as one rule: from the declaration and the records so far to the next plan."""

from __future__ import annotations

from bench.plan.history import History
from bench.plan.race import race_plan
from bench.plan.screen import screen_plan
from bench.plan.settle import Judge, settle_plan
from bench.plan.shares import shares
from bench.records.plan import Plan
from bench.runner.search import search_plan


def next_plan(history: History, judge: Judge) -> Plan | None:
    """The plan that follows, once the runs of those before it are there; None at the end.

    A function of the declaration, the plans and the records alone: whoever derives it, whenever, derives the same one.
    Runs that are missing, because they crash again and again, are done without.

    Args:
        history: the declaration, the plans made so far and their runs.
        judge: what a look at a star says; `bench.analysis` is not known here.
    """
    stages = history.declaration.stages
    begun = {plan.stage for plan in history.plans}
    if "screen" in stages and not begun:
        share = shares(history.declaration)
        return screen_plan(history.declaration, share.seeds, share.anchors)
    if "search" in stages and "settle" not in begun:
        found = None if "race" in begun else search_plan(history)
        found = found or race_plan(history)
        if found is not None:
            return found
    return settle_plan(history, judge) if "settle" in stages else None
