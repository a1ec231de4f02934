"""Effects of two sweeps against each other."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import effect_differences


def table(rows) -> pd.DataFrame:
    columns = ["hack", "effect_log", "se_log", "df", "verdict", "bound"]
    return pd.DataFrame(rows, columns=columns).assign(dataset="d")


def test_differences_are_second_minus_first_by_welch():
    first = table([("a", -0.5, 0.1, 10, "helps", ""), ("b", 0.1, 0.1, 10, "inconclusive", "")])
    second = table([("a", 0.5, 0.1, 10, "hurts", ""), ("b", 0.15, 0.1, 10, "inconclusive", "")])
    rows = effect_differences(first, second).set_index("hack")
    assert rows.loc["a", "difference_log"] == pytest.approx(1.0)
    # Equal errors on 10 degrees of freedom each: t with 20, 2.086 times the root of .02.
    assert rows.loc["a", "ci_high_log"] == pytest.approx(1.0 + 2.0860 * np.sqrt(0.02), abs=1e-3)
    assert list(rows["differs"]) == [True, False]
    assert list(rows["changed"]) == [True, False]


def test_a_bound_has_no_difference_but_a_verdict():
    first = table([("a", -2.0, 0.1, 10, "helps", "at most"), ("b", 0.1, 0.1, 10, "inconclusive", "")])
    second = table([("a", -0.1, 0.1, 10, "inconclusive", ""), ("c", 0.1, 0.1, 10, "inconclusive", "")])
    (row,) = effect_differences(first, second).to_dict("records")
    assert row["hack"] == "a"
    assert np.isnan(row["difference_log"])
    assert row["changed"]
    assert not row["differs"]
