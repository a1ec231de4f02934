"""What a report says of hacks and recipes, taken down when the sweep is made, so that no page reads source code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optuna

import hacks
from bench.data import Dataset
from bench.errors import UserError
from bench.gan import recipes
from bench.records.plan import Plan
from bench.records.quantities import QUANTITIES
from bench.runner.study import study_attributes

ABOUT = "about"
DATASETS = "datasets"


def about(plan: Plan) -> dict[str, Any]:
    """The part of environment.json that describes what was swept, as plain JSON values.

    Returns:
        `hacks`: name -> card (title, off, on, source, claim, needs, clashes, mechanism, measured, parameters);
        `recipe`: the card of the plan's recipe, networks and settings left out; `quantities`: what the
        recorded quantities are called. A hack or recipe that is not here is left out.
    """
    return {
        "hacks": {name: card for name in plan.hacks if (card := _card(name))},
        "recipe": _recipe(plan.budget.recipe),
        "quantities": dict(QUANTITIES),
    }


def about_of(study: optuna.Study, plan: Plan) -> dict[str, Any]:
    """What the study was first described with: a card that is edited afterwards does not change its report.

    With `datasets`, what each was like for whoever worked on the sweep with the data at hand.
    """
    attributes = study_attributes(study)
    kept = attributes.get(ABOUT)
    if kept is None:
        kept = about(plan)
        study.set_user_attr(ABOUT, kept)
    return {**kept, DATASETS: attributes.get(DATASETS) or {}}


def note_datasets(study: optuna.Study, datasets: Mapping[str, Dataset]) -> None:
    """Take down what the data are like, for pages that are written where they are not."""
    facts = {name: dataset.facts for name, dataset in datasets.items()}
    if study_attributes(study).get(DATASETS) != facts:
        study.set_user_attr(DATASETS, facts)


def _card(name: str) -> dict[str, Any]:
    try:
        return hacks.get(name).describe()
    except hacks.HackError:
        return {}


def _recipe(name: str) -> dict[str, Any]:
    try:
        card = recipes.get(name)
    except UserError:
        return {"name": name}
    return {
        "name": card.name,
        "title": card.title,
        "source": card.source,
        "claims": [claim._asdict() for claim in card.claims],
        "notes": list(card.notes),
        "trouble": card.trouble,
        **{name: getattr(card, name) for name in ("width", "batch", "steps", "steps_stated")},
    }
