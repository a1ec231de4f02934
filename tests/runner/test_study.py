"""The study of a sweep holds its plans, one per stage, and is refused for another sweep's."""

import optuna
import pytest

from bench.errors import UserError
from bench.plan import make_plan
from bench.runner.storage import open_storage
from bench.runner.study import add_plan, load_study, open_study, plans_of


def plan(**changes):
    return make_plan("small", ["batch_norm", "placebo"], ["digits"], **{"seeds": 2, **changes})


@pytest.fixture
def storage(tmp_path):
    return open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def test_plans_follow_each_other_once_each(storage):
    first, second = plan(), plan(seeds=[5], stage="settle")
    study = open_study(first, storage)
    for _ in range(2):
        add_plan(study, second)
        add_plan(study, first)
    assert plans_of(study) == load_study("small", storage)[1] == (first, second)
    assert open_study(first, storage).study_name == "small"
    study.set_user_attr("plan:1", "{}")
    with pytest.raises(UserError, match="storage is damaged"):
        plans_of(study)


def test_the_same_name_with_another_plan_is_refused_with_the_difference(storage):
    open_study(plan(), storage)
    open_study(plan(), storage)
    with pytest.raises(
        UserError, match=r"sweep 'small' exists with another plan \(.*seeds: \[0, 1\] there, \[0\] here"
    ):
        open_study(plan(seeds=1), storage)


def test_a_study_that_is_none_of_ours_is_refused(storage):
    optuna.create_study(study_name="foreign", storage=storage)
    with pytest.raises(UserError, match="study 'foreign' holds no plan"):
        load_study("foreign", storage)
    with pytest.raises(UserError, match=r"no sweep named 'nope' in the storage: it has .*foreign"):
        load_study("nope", storage)
