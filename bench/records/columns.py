"""Columns beside those that a frame has."""

import pandas as pd


def beside(frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The frame with these columns, the last ones, in place of any of their names.

    `assign` puts them in one by one, and complains where a frame has more than a hundred columns that cannot be stored
    together, as one with every trick and slot of a recipe has.
    """
    kept = frame.drop(columns=[name for name in columns if name in frame.columns])
    return pd.concat([kept, pd.DataFrame(columns, index=frame.index)], axis=1)
