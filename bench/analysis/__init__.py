"""From the records of runs to verdicts on hacks: pandas in, pandas out; no torch, no Optuna.

`effects` is the table everything else rests on; the other functions look at one thing each. All of them take the
frame of runs (one row per run) and the names of the hacks, whose columns hold the levels.
"""

from bench.analysis.effects import effects

__all__ = ["effects"]
