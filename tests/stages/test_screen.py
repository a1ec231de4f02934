import numpy as np
import pandas as pd
import pytest

from bench.plan.screen import mirrored, screen_levels, screen_plan
from bench.records.declaration import Declaration

HACKS = (*"abcdefghijk", "placebo")


@pytest.fixture
def declared():
    return Declaration(name="n", hacks=HACKS, datasets=("one", "two"))


def test_a_recipe_and_its_mirror_image_share_their_seed(declared):
    plan = screen_plan(declared, seeds=1, anchors=0)
    for dataset in declared.datasets:
        cells = [cell for cell in plan.cells if cell.datasets == (dataset,)]
        by_seed = {}
        for cell in cells:
            by_seed.setdefault(cell.seeds, []).append(cell.levels)
        assert sorted(by_seed) == [(seed,) for seed in range(len(cells) // 2)]
        for one, other in by_seed.values():
            assert all(one[hack] != other[hack] for hack in HACKS)


def test_tricks_are_orthogonal_and_each_dataset_has_its_own_columns(declared):
    signs = {}
    for dataset in declared.datasets:
        levels, _ = screen_levels(declared, dataset)
        assert list(levels.columns) == list(HACKS)
        signs[dataset] = np.where(levels.to_numpy(), 1, -1)
        assert (signs[dataset].T @ signs[dataset] == len(levels) * np.eye(len(HACKS))).all()
    rows = {dataset: {tuple(row) for row in matrix} for dataset, matrix in signs.items()}
    assert rows["one"] != rows["two"]


def test_the_sweep_seed_draws_another_screen_and_other_run_seeds(declared):
    other = Declaration(name="n", hacks=HACKS, datasets=("one", "two"), seed=1)
    assert not screen_levels(declared, "one")[0].equals(screen_levels(other, "one")[0])
    assert not set(screen_plan(declared, 1, 3).seeds) & set(screen_plan(other, 1, 3).seeds)


def test_anchors_have_fresh_seeds_and_an_arm_of_their_own(declared):
    plan = screen_plan(declared, seeds=2, anchors=3)
    anchors = [cell for cell in plan.cells if cell.arm == "anchor" and cell.datasets == ("one",)]
    half = len(screen_levels(declared, "one")[0]) // 2
    assert {cell.name: cell.seeds for cell in anchors} == dict.fromkeys(
        ["anchor-bare", "anchor-full"], tuple(range(2 * half, 2 * half + 3))
    )
    assert plan.parent == declared.hash
    assert plan.stage == "screen"
    assert sum(cell.arm in ("full", "bare") for cell in plan.cells) == 4


def test_few_hacks_give_every_recipe_and_exclusions_never_meet():
    few = Declaration(name="n", hacks=("a", "b", "placebo"), datasets=("one",))
    assert len(screen_plan(few, 1, 0).cells) == 8
    apart = Declaration(name="n", hacks=HACKS, datasets=("one",), exclusions=(("a", "b"),))
    plan = screen_plan(apart, 1, 3)
    assert not any(cell.levels["a"] and cell.levels["b"] for cell in plan.cells)


def test_numbers_of_mirror_pairs():
    rows = pd.DataFrame([[1, 0], [1, 1], [0, 1], [0, 0], [1, 0]], dtype=bool)
    assert mirrored(rows) == [0, 1, 0, 1, 2]
