import numpy as np
import pandas as pd
import pytest

from bench.analysis.outcome import arm_of, in_design
from bench.records.outcome import with_outcome


def test_arms_come_from_the_column_or_else_from_the_names_of_cells():
    runs = pd.DataFrame({"cell": ["c00", "full", "full-x", "bare+x", "full-unknown"]})
    assert arm_of(runs, ["x"]).tolist() == ["screen", "screen", "leave_one_out", "add_one_in", "screen"]
    assert in_design(runs, ["x"]).tolist() == [True, True, False, False, True]
    given = runs.assign(arm=["screen", "full", "leave_one_out", None, "factorial"])
    assert in_design(given, ["x"]).tolist() == [True, True, False, True, True]


@pytest.mark.filterwarnings("error::pandas.errors.PerformanceWarning")
def test_a_frame_of_very_many_columns_is_no_matter():
    runs = pd.DataFrame({"dataset": ["x"], "status": ["ok"], "fid": [2.0], "fid_noise": [20.0]})
    wide = pd.concat([runs, *(pd.DataFrame({f"slot{n}": [1.0]}) for n in range(150))], axis=1)
    made = with_outcome(with_outcome(wide))
    assert made["y"].item() == pytest.approx(np.log(2))
    assert made.columns.is_unique
