"""The Optuna study that holds a sweep, and the plans it follows.

The storage is the one truth. A trial's params are the levels, the dataset and the seed; its user attributes the
scores; its intermediate values the FID at each evaluation; its artifact the sample grid. A study holds one plan per
stage of its sweep, in the order in which they were made, as its own user attributes.
"""

from __future__ import annotations

import json
from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection

from bench.errors import UserError
from bench.records.declaration import Declaration
from bench.records.outcome import outcome_of
from bench.records.plan import Plan
from bench.runner.storage import damaged

PLAN_ATTRIBUTE = "plan:"
"""What the attributes that hold plans are called, each followed by the plan's number."""


DECLARATION_ATTRIBUTE = "declaration"


def open_study(plan: Plan, storage: BaseStorage) -> optuna.Study:
    """The study of the sweep whose first plan this is, created if the storage has none of that name.

    Raises:
        UserError: the storage has a sweep of that name with another plan; the difference is named.
    """
    study = create_study(plan.name, plan.scoring.outcome, storage)
    found = plans_of(study)
    if not found:
        add_plan(study, plan)
    elif found[0].hash != plan.hash:
        refuse_other_plan(plan, found[0])
    return study


def create_study(name: str, outcome: str, storage: BaseStorage) -> optuna.Study:
    """The study of that name, made if the storage has none; its trials' values are y of the outcome."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = {"lower": StudyDirection.MINIMIZE, "higher": StudyDirection.MAXIMIZE}
    return optuna.create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        direction=direction[outcome_of(outcome).direction],
        sampler=RandomSampler(),
    )


def load_study(name: str, storage: BaseStorage) -> tuple[optuna.Study, tuple[Plan, ...]]:
    """A study that exists, and its plans.

    Raises:
        UserError: no sweep of that name, or a study that is none of ours.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        # Nothing is ever sampled; the default sampler would look at all trials to find that out.
        study = optuna.load_study(study_name=name, storage=storage, sampler=RandomSampler())
    except KeyError:
        names = ", ".join(optuna.get_all_study_names(storage)) or "none"
        raise UserError(f"no sweep named {name!r} in the storage: it has {names}") from None
    plans = plans_of(study)
    if not plans:
        raise UserError(f"study {name!r} holds no plan: expected a study made by `ganbench sweep`")
    return study, plans


def plans_of(study: optuna.Study) -> tuple[Plan, ...]:
    """The sweep's plans in the order in which they were made.

    Raises:
        UserError: one cannot be read.
    """
    attributes = study_attributes(study)
    found = {name: text for name, text in attributes.items() if name.startswith(PLAN_ATTRIBUTE)}
    try:
        return tuple(Plan.from_json(found[f"{PLAN_ATTRIBUTE}{number}"]) for number in range(len(found)))
    except (UserError, KeyError, TypeError) as problem:
        raise damaged(f"its plan: {problem}") from None


def declaration_of(study: optuna.Study) -> Declaration | None:
    """The declaration that a sweep of several stages follows; None for a sweep of one plan.

    Raises:
        UserError: it cannot be read.
    """
    text = study_attributes(study).get(DECLARATION_ATTRIBUTE)
    try:
        return None if text is None else Declaration.from_json(text)
    except UserError as problem:
        raise damaged(str(problem)) from None


def add_plan(study: optuna.Study, plan: Plan) -> None:
    """Have the sweep follow this plan too, after those it has. Call it under `claims_lock`."""
    plans = plans_of(study)
    if plan.hash not in {found.hash for found in plans}:
        study.set_user_attr(f"{PLAN_ATTRIBUTE}{len(plans)}", plan.to_json())


def study_attributes(study: optuna.Study) -> dict[str, Any]:
    """The study's user attributes.

    Raises:
        UserError: they cannot be read.
    """
    try:
        return study.user_attrs
    except ValueError as problem:
        raise damaged(f"an attribute cannot be read: {problem}") from None


def refuse_other_plan(wanted: Plan, found: Plan) -> None:
    """Raise the UserError that names what differs between two plans of one name."""
    ours, theirs = json.loads(wanted.to_json()), json.loads(found.to_json())
    differing = [name for name in ours if name not in ("hash", "name") and ours[name] != theirs[name]]
    shown = "; ".join(f"{name}: {_short(theirs[name])} there, {_short(ours[name])} here" for name in differing)
    raise UserError(
        f"sweep {wanted.name!r} exists with another plan ({shown}): give the new one another --name, "
        "or repeat the old command to continue it"
    )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
