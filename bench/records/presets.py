"""The budgets people start from. `ganbench sweep --preset NAME`; every value can be overridden."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Two datasets, one of them real, at a length where digits are recognisable: made for two cores and a coffee.
    "default": {
        "datasets": ["mnist5k", "shapes"],
        "seeds": 1,
        "steps": 800,
        "width": 16,
        "evaluations": 5,
        "n": 2000,
    },
    # The same screen on one real dataset, short: which tricks help early.
    "quick": {"datasets": ["mnist5k"], "seeds": 1, "steps": 300, "width": 16, "evaluations": 3, "n": 1000},
    # Everything runs, nothing is learnt: for trying the machinery.
    "smoke": {"datasets": ["digits"], "seeds": 1, "steps": 12, "width": 4, "evaluations": 2, "n": 300},
}
