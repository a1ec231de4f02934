"""The budgets people start from. `ganbench sweep --preset NAME`; every value can be overridden."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    # Two sets of real digits, small and short enough that a sweep of the core hacks ends with answers within 25 minutes
    # on two cores.
    "default": {
        "datasets": ["digits", "mnist5k"],
        "resolution": 16,
        "steps": 450,
        "width": 16,
        "evaluations": 9,
        "late": 6,
        "n": 1000,
    },
    # The same on one of them, shorter: which tricks help early.
    "quick": {
        "datasets": ["mnist5k"],
        "resolution": 16,
        "steps": 150,
        "width": 16,
        "evaluations": 6,
        "late": 4,
        "n": 500,
    },
    # Everything runs, nothing is learnt: for trying the machinery.
    "smoke": {
        "datasets": ["digits"],
        "hacks": ["batch_norm", "split_batches", "label_flips"],
        "steps": 12,
        "width": 4,
        "evaluations": 2,
        "n": 300,
    },
}
