"""Screen, follow-up, confirm: each a plan of its own that names its parent and runs on fresh seeds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from bench.errors import UserError
from bench.plan.designs import FULL_FACTORIAL_UP_TO
from bench.plan.make import lay_out
from bench.records.plan import ARMS, PLACEBO, Plan

STAGES = ("follow-up", "confirm")


def survivors(effects: pd.DataFrame, rule: Mapping[str, Any]) -> list[str]:
    """The hacks worth another look, by the rule their plan declared, strongest evidence first; never the placebo.

    `effects` is the table of `bench.analysis.effects`. A hack survives if on any dataset its verdict is among
    rule["verdicts"] or its p_adjusted is at most rule["p_adjusted"]; at most rule["at_most"] do.
    """
    chosen = effects["verdict"].isin(rule["verdicts"]) | (effects["p_adjusted"] <= rule["p_adjusted"])
    rows = effects[chosen & (effects["hack"] != PLACEBO)]
    smallest = rows[["p_adjusted", "failure_p_adjusted"]].min(axis=1)
    ranked = rows.assign(_p=smallest, _size=-rows["effect_log"].abs()).sort_values(["_p", "_size"], kind="stable")
    return list(dict.fromkeys(ranked["hack"]))[: rule["at_most"]]


def next_stage(
    parent: Plan, effects: pd.DataFrame, stage: str, name: str, seeds: int, order_seed: int | None = None
) -> Plan:
    """The plan that follows `parent`, given the effects that its runs showed.

    "follow-up" takes the survivors into a full factorial (up to 5 hacks) or a design of resolution V, where
    interactions can be told apart; "confirm" into a full factorial or a screen of their own together with the
    leave-one-out and add-one-in arms. (The arms alone would speak of two recipes: read as averages, effects that are
    not there were confirmed in 30 % of simulated sweeps with 5 seeds, see scripts/simulate_inference.py.) The placebo
    goes along, and so does whatever a survivor needs in order to act. All other hacks stay off. Seeds go on after the
    parent's. Raises UserError if the stage is unknown or no hack survived.
    """
    if stage not in STAGES:
        raise UserError(f"stage={stage!r} is unknown; expected one of {', '.join(STAGES)}")
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise UserError(f"seeds={seeds!r} leaves nothing to run; expected a count of at least 1: give e.g. seeds=2")
    chosen = survivors(effects, parent.survivor_rule)
    if not chosen:
        raise UserError(
            f"no hack of {parent.name!r} survived its rule {parent.survivor_rule}; there is nothing to {stage}: "
            "run a larger screen (more cells or seeds) instead"
        )
    needed = {need for hack in chosen for need in parent.prerequisites.get(hack, ())}
    kept = [hack for hack in parent.hacks if hack in {*chosen, *needed, PLACEBO}]
    if stage == "confirm":
        design, family, arms = "screen", "confirm", ("add_one_in",) if parent.exclusions else ARMS
    else:
        design, family, arms = ("factorial" if len(kept) <= FULL_FACTORIAL_UP_TO else "resolution_v"), "followup", ()
    first = max(parent.seeds) + 1
    draft = replace(
        parent,
        name=name,
        hacks=tuple(kept),
        seeds=tuple(range(first, first + seeds)),
        hack_parameters={hack: value for hack, value in parent.hack_parameters.items() if hack in kept},
        family=family,
        stage=stage,
        parent=f"{parent.name}@{parent.hash[:12]}",
        order_seed=parent.order_seed + 1 if order_seed is None else order_seed,
    )
    return lay_out(draft, design, arms)
