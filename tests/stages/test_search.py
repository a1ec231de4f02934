from dataclasses import replace

import optuna
import pandas as pd
import pytest
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from bench.plan.history import History
from bench.plan.screen import screen_plan
from bench.plan.step import drawn
from bench.records.declaration import Declaration, Range
from bench.runner import search
from bench.runner.search import propose

HACKS = (*"abcdefghijk", "placebo")


@pytest.fixture
def declared():
    return Declaration(
        name="n",
        hacks=HACKS,
        datasets=("one",),
        hack_parameters={"b": {"other": 3}},
        exclusions=(("e", "f"), ("f", "g")),
        prerequisites={"d": ("c",)},
        tune={"a.rate": Range(0.001, 1.0, log=True, usual=0.1), "b.size": Range(1, 9, step=2, usual=5)},
    )


@pytest.fixture
def seen(declared, trainer):
    plan = screen_plan(declared, 1, 0)
    return History.of(declared, [plan], trainer.train(plan))


def test_proposals_are_possible_and_tuned_within_their_ranges(declared, seen):
    made = propose(seen, "one", 12)
    assert len(made) == 12
    for levels, parameters in made:
        assert set(levels) == set(HACKS)
        assert not levels["placebo"]
        assert not (levels["d"] and not levels["c"])
        assert not (levels["f"] and (levels["e"] or levels["g"]))
        assert set(parameters) == {hack for hack in "ab" if levels[hack]}
        if levels["a"]:
            assert 0.001 <= parameters["a"]["rate"] <= 1
        if levels["b"]:
            assert parameters["b"]["size"] in (1, 3, 5, 7, 9)
            assert parameters["b"]["other"] == 3
    assert sum(levels["a"] for levels, _ in made) >= 10


def test_proposals_follow_from_the_records_alone(declared, seen):
    assert propose(seen, "one", 6) == propose(seen, "one", 6)
    backwards = History.of(declared, seen.plans, seen.runs[["dataset", "cell", "seed", "y"]].iloc[::-1])
    assert propose(backwards, "one", 6) == propose(seen, "one", 6)
    other = History.of(replace(declared, seed=1), seen.plans, seen.runs[["dataset", "cell", "seed", "y"]])
    assert propose(other, "one", 6) != propose(seen, "one", 6)


def test_without_parameters_no_recipe_is_proposed_twice(declared, trainer):
    plain = replace(declared, tune={})
    plan = screen_plan(plain, 1, 0)
    seen = History.of(plain, [plan], trainer.train(plan))
    made = [tuple(levels.values()) for levels, _ in propose(seen, "one", 30)]
    assert len(set(made)) == 30


def test_it_searches_without_a_screen(declared):
    empty = History.of(declared, [], pd.DataFrame(columns=["dataset", "cell", "seed", "y"]))
    assert len(propose(empty, "one", 5)) == 5


def plainly(history, dataset, count):
    """`propose` as Optuna's manual has it: a trial of the study for every draw, those that were run already failed."""
    space = search._Space(history.declaration)
    seed = drawn(history.declaration, "search", dataset, len(history.plans_of("search")))
    sampler = TPESampler(multivariate=True, group=True, constant_liar=True, seed=seed)
    study, made = optuna.create_study(sampler=sampler), []
    for params, loss in search._runs(history, dataset, space):
        study.add_trial(optuna.create_trial(params=params, distributions=space.distributions(params), value=loss))
    known = [space.recipe(trial.params) for trial in study.trials]
    for _ in range(count):
        for attempt in range(search.ATTEMPTS):
            trial = study.ask()
            found = space.suggested(trial)
            if attempt == search.ATTEMPTS - 1 or found not in [*known, *made]:
                break
            study.tell(trial, state=TrialState.FAIL)
        made.append(found)
    return made, len(study.trials) - len(known)


@pytest.mark.parametrize("tune", [{}, {"a.rate": Range(1, 2, step=1), "b.size": Range(0.5, 1)}])
@pytest.mark.parametrize("stage", ["screen", "nothing"])
def test_drawing_again_proposes_what_a_trial_for_every_draw_does(trainer, tune, stage):
    """Eight recipes, half of them known: most draws are of what was run."""
    few = Declaration(name="n", hacks=("a", "b", "c", "placebo"), datasets=("one",), tune=tune)
    plan = screen_plan(few, 1, 0)
    runs = trainer.train(plan)
    known = runs[runs["cell"].isin([cell.name for cell in plan.cells if not cell.levels["c"]])]
    seen = History.of(few, [plan], pd.concat([known if stage == "screen" else known.iloc[:0]]))
    made, trials = plainly(seen, "one", 6)
    assert propose(seen, "one", 6) == made
    assert trials > 6 or tune
