"""What README, docs/ and published pages say, as tests read it."""

from pathlib import Path

import numpy as np
import pandas as pd

from bench.records.files import EFFECTS, LOCAL_EFFECTS

ROOT = Path(__file__).parents[2]


def text_of(page):
    """A page on one line, so that a sentence is found wherever its lines break."""
    return " ".join((ROOT / page).read_text().split())


def told(number, digits=0, sign=""):
    """A number as pages write it, with a true minus; `sign="+"` writes a plus as well."""
    return f"{number:{sign}.{digits}f}".replace("-", "−")


def per_cent(log_effect):
    """An effect on the logarithm, in per cent."""
    return 100 * np.expm1(log_effect)


def same_effects(rebuilt, published):
    """Hold the tables of effects beside a page to those beside another; a page without any has none in both."""
    for name in (EFFECTS, LOCAL_EFFECTS):
        assert (rebuilt / name).is_file() == (published / name).is_file()
        if (published / name).is_file():
            # Another processor may round the last digit of an unrounded number differently.
            ours, theirs = (pd.read_csv(folder / name) for folder in (rebuilt, published))
            pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=1e-12)
