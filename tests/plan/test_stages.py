import pandas as pd
import pytest

from bench.errors import UserError
from bench.plan import make_plan, next_stage, survivors
from bench.records.budget import Budget

HACKS = ["a", "b", "c", "d", "e", "f", "g", "placebo"]
RULE = {"p_adjusted": 0.10, "verdicts": ["helps", "hurts", "fragile"], "at_most": 3}


def table(rows):
    columns = ["dataset", "hack", "effect_log", "p_adjusted", "failure_p_adjusted", "verdict"]
    return pd.DataFrame(rows, columns=columns)


EFFECTS = table(
    [
        ("x", "a", -0.5, 0.001, 1.0, "helps"),
        ("x", "b", 0.1, 0.60, 1.0, "inconclusive"),
        ("x", "c", 0.0, 0.90, 0.02, "fragile"),
        ("x", "d", 0.04, 0.08, 1.0, "inconclusive"),
        ("x", "placebo", 0.2, 0.0001, 1.0, "hurts"),
        ("y", "b", 0.3, 0.01, 1.0, "hurts"),
        ("y", "a", 0.3, 0.70, 1.0, "inconclusive"),
        ("y", "e", None, None, None, "inconclusive"),
    ]
)


def test_survivors_follow_the_rule_strongest_first_and_never_the_placebo():
    assert survivors(EFFECTS, RULE) == ["a", "b", "c"]
    assert survivors(EFFECTS, {**RULE, "at_most": 9}) == ["a", "b", "c", "d"]
    assert survivors(EFFECTS, {**RULE, "p_adjusted": 0.0, "verdicts": ["helps"]}) == ["a"]


def screen(**changes):
    return make_plan("s", HACKS, ["x", "y"], 2, survivor_rule=RULE, budget=Budget(steps=9),
                     hack_parameters={"b": 1, "g": 2}, prerequisites={"c": ["g"]}, **changes)  # fmt: skip


def test_follow_up_keeps_survivors_prerequisites_and_placebo_on_fresh_seeds():
    parent = screen()
    plan = next_stage(parent, EFFECTS, "follow-up", "t", seeds=3)
    assert plan.hacks == ("a", "b", "c", "g", "placebo")
    assert plan.seeds == (2, 3, 4)
    assert (plan.family, plan.stage) == ("followup", "follow-up")
    assert plan.parent == f"s@{parent.hash[:12]}"
    assert len(plan.cells) == 32
    assert {cell.arm for cell in plan.cells} == {"factorial", "full", "bare"}
    assert plan.hack_parameters == {"b": 1, "g": 2}
    assert plan.budget == parent.budget
    assert plan.prerequisites == {"c": ("g",)}


def test_six_survivors_take_a_design_of_resolution_v():
    rows = [("x", hack, 0.5, 0.001, 1.0, "hurts") for hack in "abdef"]
    plan = next_stage(make_plan("s", HACKS, ["x"], 1), table(rows), "follow-up", "t", seeds=1)
    assert len(plan.hacks) == 6
    assert len(plan.cells) == 32
    assert "resolution V" in plan.design


def test_confirmation_is_a_design_with_all_arms_on_seeds_after_those_of_the_follow_up():
    follow = next_stage(screen(), EFFECTS, "follow-up", "t", seeds=3)
    plan = next_stage(follow, EFFECTS, "confirm", "u", seeds=5)
    assert plan.seeds == (5, 6, 7, 8, 9)
    assert plan.family == "confirm"
    assert len(plan.cells) == 32, "the full factorial of five hacks holds every arm"
    rows = [("x", hack, 0.5, 0.001, 1.0, "hurts") for hack in "abdef"]
    six = next_stage(make_plan("s", HACKS, ["x"], 1), table(rows), "confirm", "t", seeds=1)
    assert sum(cell.arm in ("screen", "full", "bare") for cell in six.cells) == 40
    levels = {tuple(cell.levels.values()) for cell in six.cells}
    for index in range(6):
        assert tuple(i != index for i in range(6)) in levels
        assert tuple(i == index for i in range(6)) in levels
    assert plan.parent.startswith("t@")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage": "encore"}, "stage='encore' is unknown; expected one of follow-up, confirm"),
        ({"seeds": 0}, "seeds=0"),
        ({"effects": EFFECTS.iloc[4:5]}, "no hack of 's' survived"),
    ],
)
def test_what_cannot_follow_is_refused(changes, message):
    settings = {"parent": screen(), "effects": EFFECTS, "stage": "confirm", "name": "u", "seeds": 2, **changes}
    with pytest.raises(UserError, match=message):
        next_stage(**settings)
