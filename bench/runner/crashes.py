"""Runs that crash: how often each is tried, and what those that always crash have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.records.run import RunSpec

ATTEMPTS = 3
"""How often one session tries a run that crashes before it is left out and reported."""
NO_LUCK = 3
"""From so many runs that fail with one error on, that error is no bad luck: a run it hits is not tried again."""


class Crashes:
    """The crashes of one session. Safe to use from several threads, each with runs of its own."""

    def __init__(self) -> None:
        self.specs: dict[str, RunSpec] = {}
        self.errors: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.killed: set[str] = set()

    def add(self, spec: RunSpec, error: str, killed: bool = False) -> bool:
        """Note a crash; returns whether the run is to be tried again.

        Args:
            spec: the run.
            error: its error, in a line.
            killed: whether its process died, for whatever reason, instead of raising something.
        """
        self.specs[spec.key], self.errors[spec.key] = spec, error
        if killed:
            self.killed.add(spec.key)
        self.counts[spec.key] += 1
        return spec.key not in self.left_out()

    def left_out(self) -> set[str]:
        """The keys of runs that are not tried again in this session."""
        alike = Counter(error for key, error in self.errors.items() if key not in self.killed)
        most = {key: 1 if alike[error] >= NO_LUCK else ATTEMPTS for key, error in self.errors.items()}
        return {key for key, count in self.counts.items() if count >= most[key]}

    def summary(self, made: Iterable[RunSpec]) -> str:
        """What is to be said of the runs left out, in a line; empty where there are none.

        Args:
            made: the runs that did not crash, from which those that did may differ.
        """
        out = [self.specs[key] for key in sorted(self.left_out())]
        if not out:
            return ""
        errors = Counter(self.errors[spec.key] for spec in out)
        error, count = errors.most_common(1)[0]
        if count < NO_LUCK:
            return f"{len(out)} runs crashed ({error}): the same command tries them again"
        alike = [spec for spec in out if self.errors[spec.key] == error]
        shared = _in_common(alike, list(made))
        have = f"; all {count} have {shared}" if shared else ""
        return f"{count} runs crashed with the same error ({error}){have}: the same command would crash again"


def _in_common(crashed: list[RunSpec], made: list[RunSpec]) -> str:
    """What all these runs share and none of the others has: a level, a dataset, a seed."""
    return ", ".join(sorted(set.intersection(*map(_features, crashed)) - set().union(*map(_features, made))))


def _features(spec: RunSpec) -> set[str]:
    levels = {f"{hack} {'on' if on else 'off'}" for hack, on in spec.levels.items()}
    return levels | {f"dataset {spec.dataset}", f"seed {spec.seed}"}
