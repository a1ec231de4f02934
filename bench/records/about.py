"""What environment.json tells of a sweep: its hacks, its recipe, who worked on it and on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

COUNTS = ("channels", "classes", "pictures", "reference")
"""What is counted of a dataset."""


@dataclass(frozen=True)
class About:
    """The sweep's surroundings, as they were when it was made; what was not kept is empty.

    Attributes:
        hacks: hack name -> its card (`title`, `claim`, `mechanism`, `needs`, `measured`, `parameters` …).
        recipe: the swept recipe: `name`, `title`, `source`, `notes`, `trouble`, `width`, `batch`, `steps` and whether
            the source states these (`steps_stated`), and `claims` (`text`, `hack`, `level`, `trains`, `shown_by` each).
        datasets: name -> `kind`, `channels`, `classes`, `pictures` to train on, `reference` pictures.
        quantities: recorded quantity -> what it is called.
        sessions: versions and hardware of every session of work on the sweep, in order.
        departures: where the sweep left its plan, one sentence each.
        finished: when the last session ended.
        fingerprint: of the sources that decided the numbers.
    """

    hacks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    quantities: Mapping[str, str] = field(default_factory=dict)
    sessions: tuple[Mapping[str, Any], ...] = ()
    departures: tuple[str, ...] = ()
    finished: str | None = None
    fingerprint: str | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> About:
        """What environment.json holds; a key of another kind than expected counts as not kept."""
        parts = ("hacks", "recipe", "datasets", "quantities")
        kinds = {**dict.fromkeys(parts, dict), "finished": str, "fingerprint": str}
        known = {name: content[name] for name, kind in kinds.items() if isinstance(content.get(name), kind)}
        if "datasets" in known:
            known["datasets"] = {name: facts for name, facts in known["datasets"].items() if _tells(facts)}
        lists = {name: content[name] for name in ("sessions", "departures") if isinstance(content.get(name), list)}
        return cls(**known, **{name: tuple(values) for name, values in lists.items()})

    def needs(self, hack: str) -> tuple[str, ...]:
        """The hacks without which this one cannot act."""
        return tuple(self.hacks.get(hack, {}).get("needs") or ())

    def family(self, hack: str) -> str:
        """The family that the hack is listed with; empty where that was not kept."""
        return str(self.hacks.get(hack, {}).get("family") or "")

    def base(self, hack: str) -> str:
        """What the naive recipe has in the place of the hack's family; empty where that was not kept."""
        return str(self.hacks.get(hack, {}).get("base") or "")

    def measured(self, hack: str) -> tuple[tuple[str, str], ...]:
        """(quantity, "up" or "down"): what the hack's mechanism would move, and where to."""
        return tuple((str(quantity), str(way)) for quantity, way in self.hacks.get(hack, {}).get("measured") or ())


def _tells(facts: object) -> bool:
    return isinstance(facts, dict) and all(isinstance(facts.get(name), int) for name in COUNTS)
