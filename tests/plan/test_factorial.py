from itertools import combinations

import numpy as np
import pytest

from bench.errors import UserError
from bench.plan import alias_structure, alias_summary, full_factorial, resolution_v, screening
from bench.plan.factorial import clear_of_two_way


@pytest.mark.parametrize("count", [1, 2, 5])
def test_full_factorial_has_every_combination_once(count):
    frame = full_factorial([f"h{i}" for i in range(count)])
    assert len(frame.drop_duplicates()) == len(frame) == 2**count
    assert not frame.iloc[0].any()
    assert frame.iloc[-1].all()


@pytest.mark.parametrize(("count", "cells"), [(4, 16), (5, 16), (6, 32), (7, 64), (8, 64)])
def test_resolution_v_by_brute_force_over_all_words(count, cells):
    frame = resolution_v([f"h{i}" for i in range(count)])
    assert len(frame) == cells
    assert not frame.duplicated().any()
    signs = np.where(frame, 1, -1)
    words = [w for size in range(1, 5) for w in combinations(range(count), size)]
    for word in words:
        assert abs(signs[:, word].prod(axis=1).sum()) == 0, f"a defining word of length {len(word)}: {word}"
    assert (~frame).all(axis=1).sum() == 1, "the bare recipe is a cell"


def test_the_check_sees_a_design_of_lower_resolution():
    base = np.array(full_factorial(list("abc")), dtype=float) * 2 - 1
    four = np.column_stack([base, base.prod(axis=1)])
    assert clear_of_two_way(base)
    assert not clear_of_two_way(four), "d = abc is of resolution IV"


def test_alias_structure_of_a_textbook_half_fraction():
    base = full_factorial(list("abc"))
    design = base.assign(d=base.sum(axis=1) % 2 == 1)
    table = alias_structure(design)
    assert set(zip(table["effect"], table["alias"], strict=True)) == {
        ("a×b", "c×d"), ("c×d", "a×b"), ("a×c", "b×d"), ("b×d", "a×c"), ("a×d", "b×c"), ("b×c", "a×d")
    }  # fmt: skip
    assert (table["coefficient"].abs() == 1).all()
    assert alias_summary(design).startswith("Main effects are clear of all two-way interactions. 6 of 6")


def test_alias_structure_of_a_design_of_resolution_three():
    base = full_factorial(list("ab"))
    design = base.assign(c=base["a"] == base["b"])
    table = alias_structure(design)
    assert set(zip(table["effect"], table["alias"], table["coefficient"], strict=True)) == {
        ("a", "b×c", 1.0), ("b", "a×c", 1.0), ("c", "a×b", 1.0)
    }  # fmt: skip
    assert alias_summary(design).startswith("3 of 3 main effects are mixed")


def test_alias_summaries_of_the_designs_in_use():
    screen = alias_summary(screening(list("abcdefghijkl")))
    assert screen.startswith("Main effects are clear of all two-way interactions. 66 of 66 two-way")
    assert screen.endswith("12 contrasts see what main effects see and belong to no hack: they are the error.")
    factorial = alias_summary(full_factorial(list("abcde")))
    assert "All 10 two-way interactions can be told apart. 11 contrasts see" in factorial
    assert alias_summary(full_factorial(list("abcde")).iloc[1:]).endswith("so they show as sums only.")


def test_too_many_hacks_are_refused():
    with pytest.raises(UserError, match="13 hacks are too many"):
        resolution_v([f"h{i}" for i in range(13)])
