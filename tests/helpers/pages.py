"""What README and docs/ say, as tests read it."""

from pathlib import Path

import numpy as np

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
