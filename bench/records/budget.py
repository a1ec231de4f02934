"""What every run of a sweep shares: how long and how large it trains, and how it is scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

PRECISIONS = ("float32", "bf16")
DEFAULT_EXTRACTOR = "domain"
DEFAULT_RECIPE = "dcgan"


class _Fields:
    """Reading and writing as plain JSON values."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return dataclasses.asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any] | object) -> Self:
        """The part of `values`, a mapping or an object with these attributes, that this class describes."""
        names = [field.name for field in dataclasses.fields(cls)]
        found = values if isinstance(values, Mapping) else {name: getattr(values, name) for name in names}
        return cls(**{name: found[name] for name in names if name in found})


@dataclass(frozen=True, kw_only=True)
class Budget(_Fields):
    """How one run is trained.

    Attributes:
        steps: updates of G.
        batch: images per batch, real and fake each.
        width: channels of G's last hidden layer and of D's first.
        resolution: in pixels; None for the dataset's own.
        evaluations: how many times the run is scored, evenly spaced, the last one at the end.
        precision: "float32" or "bf16".
        recipe: the recipe that the levels are applied to; its networks have this budget's `width`.
    """

    steps: int = 1000
    batch: int = 64
    width: int = 16
    resolution: int | None = None
    evaluations: int = 5
    precision: str = "float32"
    recipe: str = DEFAULT_RECIPE


@dataclass(frozen=True, kw_only=True)
class Scoring(_Fields):
    """How one run is scored.

    Attributes:
        extractor: name of the feature extractor the scores use.
        n: generated images per score; never more than the reference set has.
        collapse_below: a run whose images fall into less than this share of the classes has collapsed.
    """

    extractor: str = DEFAULT_EXTRACTOR
    n: int = 2000
    collapse_below: float = 0.2
