"""Effects of two sweeps against each other."""

import numpy as np
import pandas as pd
import pytest

from bench.analysis import effect_differences


def table(rows) -> pd.DataFrame:
    columns = ["hack", "effect_log", "se_log", "df", "verdict", "bound"]
    return pd.DataFrame(rows, columns=columns).assign(dataset="d")


def test_differences_are_second_minus_first_as_behrens_and_fisher_have_it():
    first = table([("a", -0.5, 0.1, 8, "helps", ""), ("b", 0.1, 0.1, 8, "inconclusive", "")])
    second = table([("a", 0.5, 0.1, 8, "hurts", ""), ("b", 0.15, 0.1, 8, "inconclusive", "")])
    rows = effect_differences(first, second).set_index("hack")
    assert rows.loc["a", "difference_log"] == pytest.approx(1.0)
    # Fisher & Yates, table VI: equal errors on 8 degrees of freedom each, 5 % two-sided.
    assert rows.loc["a", "ci_high_log"] == pytest.approx(1.0 + 2.292 * np.sqrt(0.02), abs=1e-3)
    assert rows.loc["a", "ci_low_log"] == pytest.approx(1.0 - 2.292 * np.sqrt(0.02), abs=1e-3)
    assert list(rows["differs"]) == [True, False]
    assert list(rows["changed"]) == [True, False]


def test_p_is_that_of_the_interval_over_the_hacks_by_holm():
    rows = [(name, 0.0, 0.1, 8, "inconclusive", "") for name in "abc"]
    own = table([(*row[:1], size, *row[2:]) for row, size in zip(rows, (2.292 * np.sqrt(0.02), 0.2, 0.0), strict=True)])
    found = effect_differences(table(rows), own).set_index("hack")["p_adjusted"]
    assert found["a"] == pytest.approx(3 * 0.05, rel=2e-3)
    assert found["a"] < found["b"] < found["c"] == pytest.approx(1.0)


def test_the_degrees_of_freedom_are_those_of_each_table_s_intervals():
    """A local effect's t is that of its interval, where the table has one; an average's is the one it has."""
    average = table([("a", 0.0, 0.1, 12, "inconclusive", "")])
    local = table([("a", 0.3, 0.1, 40, "inconclusive", "")])
    (row,) = effect_differences(average, local.assign(df_interval=12.0)).to_dict("records")
    # As above, on 12 degrees of freedom.
    assert row["ci_high_log"] - row["difference_log"] == pytest.approx(2.167 * np.sqrt(0.02), abs=1e-3)


def test_a_bound_has_no_difference_but_a_verdict():
    first = table([("a", -2.0, 0.1, 10, "helps", "at most"), ("b", 0.1, 0.1, 10, "inconclusive", "")])
    second = table([("a", -0.1, 0.1, 10, "inconclusive", ""), ("c", 0.1, 0.1, 10, "inconclusive", "")])
    (row,) = effect_differences(first, second).to_dict("records")
    assert row["hack"] == "a"
    assert np.isnan(row["difference_log"])
    assert row["changed"]
    assert not row["differs"]
