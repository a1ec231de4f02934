"""What is printed before the first run: at most fifteen lines of eighty columns, whatever is asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli.folding import listing, some
from bench.cli.plan_summary import announcement
from bench.cli.previous_sweeps import SpreadEstimate
from bench.cli.stages_summary import stages_announcement
from bench.plan import make_plan
from bench.plan.expected import Expected
from bench.records.budget import Budget, Scoring
from bench.records.declaration import Declaration
from bench.records.run import specs_of
from bench.runner.pace import Pace
from bench.runner.staged import first_plan
from bench.runner.state import State

CORE = (
    *("strided_conv", "leaky_relu", "batch_norm", "normal_init", "adam_beta1", "tanh_scaling", "gaussian_latent"),
    *("split_batches", "label_smoothing", "label_flips", "divisible_kernel", "placebo"),
)
BUDGET = Budget(steps=450, resolution=16, evaluations=9, late=6)
DEFAULT = Declaration(
    name="default", hacks=CORE, datasets=("digits", "mnist5k"), budget=BUDGET, scoring=Scoring(n=1000)
)


def announced(declaration, there=0, workers=2):
    plan = first_plan(replace(declaration, datasets=declaration.datasets[:1]))
    later = {plan.datasets[0]: Expected(100.0, 150)}
    state = State(specs_of(plan), Pace(dict.fromkeys(plan.datasets, 10.0)), workers, later=later)
    return stages_announcement(declaration, state, there, Path("results") / declaration.name, "auto").splitlines()


def test_the_default_sweep_is_announced():
    assert announced(DEFAULT, there=75) == [
        f"sweep default ({DEFAULT.hash[:12]}): at most 428 runs on digits, mnist5k",
        "  hacks:    strided_conv, leaky_relu, batch_norm, normal_init, adam_beta1,",
        "            tanh_scaling, gaussian_latent, split_batches, label_smoothing,",
        "            label_flips, divisible_kernel, placebo",
        "  each run: 450 steps of batch 64, width 16, float32; scored on 1,000 images",
        "  screen:   54 runs each, recipes at large",
        "  search:   35 runs each, better recipes and a race of the best",
        "  settle:   at most 125 runs each, every trick flipped in the winner",
        "  can see:  a screen sees ×1.6, the settled star about ±11 % after 8 seeds",
        "  continues: 75 runs are there",
        "  will take: about 13 min, at most 17 min, on 2 workers (auto)",
        "  writes:   results/default",
    ]


def test_eighty_four_tricks_on_eight_long_names_fit_too():
    others = tuple(f"a_trick_with_a_long_name_{number}" for number in range(72))
    wide = replace(
        DEFAULT,
        hacks=(*CORE, *others),
        screened=CORE,
        flipped=(*CORE, *others),
        datasets=tuple(f"folder:/home/somebody/{number}/pictures/of/everything" for number in range(8)),
        runs=400,
    )
    lines = announced(wide, there=3)
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 80
    assert " more" in "".join(lines[:3])
    assert any(line.startswith("  varied:   12 of them") for line in lines)


@pytest.mark.parametrize("datasets", [1, 2, 6])
def test_a_sweep_of_one_stage_is_announced_as_briefly(datasets):
    names = [f"dataset{number}" for number in range(datasets)]
    plan = make_plan("arms", CORE, names, seeds=2, design="arms")
    state = State(specs_of(plan), Pace(dict.fromkeys(names, 10.0)), 2)
    spreads = {name: SpreadEstimate(0.12, 0.5, "assumed") for name in names}
    lines = announcement(plan, spreads, state, Path("results/arms"), "cpu").splitlines()
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 80
    assert lines[0].endswith(f"{len(plan.runs())} runs on {some(names)}")
    assert lines[-2].startswith("  will take: about ")


@given(st.lists(st.from_regex(r"[a-z_]{1,60}", fullmatch=True), min_size=1, max_size=90), st.integers(1, 3))
def test_a_listing_counts_what_it_leaves_out(names, most):
    lines = listing("hacks", names, most)
    told = " ".join(line.strip() for line in lines)
    left = int(told.rsplit(" and ", 1)[1].split()[0]) if told.endswith(" more") else 0
    assert told.count(",") + 1 + left == len(names)
    assert len(lines) <= max(most, 1) or left == len(names) - 1
    assert max(map(len, lines)) <= 80
