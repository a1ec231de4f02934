"""Effects against properties of the data: Spearman's correlation, and all orders of the datasets counted."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.analysis import along
from bench.analysis.along import COLUMNS

SETS = list("abcde")


def effects(**by_hack) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"dataset": name, "hack": hack, "effect_log": size}
            for hack, sizes in by_hack.items()
            for name, size in zip(SETS, sizes, strict=True)
        ]
    )


def facts(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns, index=SETS)


@pytest.mark.parametrize("column", [[1, 2, 3, 4, 5], [0, 0, 0, 1, 1], [3, 1, 1, 2, 9]])
def test_the_correlation_is_spearmans_and_p_counts_all_orders(column):
    sizes = [-0.4, 0.1, -0.2, 0.3, 0.9]
    (row,) = along(effects(x=sizes), facts(pictures=column)).to_dict("records")
    expected = stats.spearmanr(sizes, column).statistic
    assert row["correlation"] == pytest.approx(expected)
    every = [abs(stats.spearmanr(order, column).statistic) for order in permutations(sizes)]
    assert row["p"] == pytest.approx(np.mean([each >= abs(expected) - 1e-12 for each in every]))
    assert (row["hack"], row["property"], row["datasets"]) == ("x", "pictures", 5)


def test_what_cannot_be_asked_has_no_row():
    table = effects(x=[-0.4, 0.1, -0.2, 0.3, 0.9], same=[0.1] * 5, few=[0.1, 0.2, 0.3, np.nan, np.nan])
    found = along(table, facts(pictures=[1, 2, 3, 4, 5], colour=[1] * 5))
    assert found[["hack", "property"]].to_numpy().tolist() == [["x", "pictures"]]
    bounds = table.assign(bound=np.where(table["dataset"].isin(["a", "b"]), "at most", ""))
    assert along(bounds, facts(pictures=[1, 2, 3, 4, 5])).empty
    assert list(along(table, facts()).columns) == COLUMNS
    assert along(table, facts(pictures=[1, 2, 3, 4, 5]).iloc[:3]).empty


def test_many_datasets_are_sampled_alike_each_time():
    names = [f"d{place}" for place in range(9)]
    table = pd.DataFrame({"dataset": names, "hack": "x", "effect_log": np.linspace(0, 1, 9)})
    twice = [along(table, pd.DataFrame({"pictures": range(9)}, index=names)) for _ in range(2)]
    pd.testing.assert_frame_equal(*twice)
    assert twice[0]["correlation"].item() == pytest.approx(1)
    assert twice[0]["p"].item() < 0.01
