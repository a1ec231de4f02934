import pandas as pd

from bench.analysis.outcome import arm_of, in_design


def test_arms_come_from_the_column_or_else_from_the_names_of_cells():
    runs = pd.DataFrame({"cell": ["c00", "full", "full-x", "bare+x", "full-unknown"]})
    assert arm_of(runs, ["x"]).tolist() == ["screen", "screen", "leave_one_out", "add_one_in", "screen"]
    assert in_design(runs, ["x"]).tolist() == [True, True, False, False, True]
    given = runs.assign(arm=["screen", "full", "leave_one_out", None, "factorial"])
    assert in_design(given, ["x"]).tolist() == [True, True, False, True, True]
