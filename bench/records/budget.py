"""What every run of a sweep shares: how long and how large it trains, and how it is scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from bench.records.fields import Asked

PRECISIONS = ("float32", "bf16")
DEFAULT_EXTRACTOR = "domain"
DEFAULT_RECIPE = "dcgan"
DEFAULT_OUTCOME = "fid"
RESOLUTIONS = (16, 28, 32, 64)


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
    """How one run is trained. Each field says what it is, and what it takes.

    `recipe`'s networks have this budget's `width`. Checkpoints are evenly spaced, the last one at the end, but for the
    `late` ones: these share the last third, whose mean is the outcome. FID there goes up and down within some 30 steps
    by an SD of .4 in log where a recipe is restless, so that more looks make it quieter for less than longer training.
    """

    steps: Annotated[int, Asked("Updates of G per run.", least=1, most=100_000_000)] = 1000
    batch: Annotated[int, Asked("Images per batch, real and fake each.", least=2, most=65_536)] = 64
    width: Annotated[
        int, Asked("Channels next to the image; layers further in have multiples.", least=1, most=4096)
    ] = 16
    resolution: Annotated[
        int | None, Asked("Pixels: 16, 28, 32 or 64. Default: the dataset's own.", choices=RESOLUTIONS)
    ] = None
    evaluations: Annotated[int, Asked("How often a run is scored on its way.", least=1, most=10_000)] = 5
    late: Annotated[
        int, Asked("How many of these lie in the last third of training; 0 spaces all evenly.", least=0, most=10_000)
    ] = 0
    precision: Annotated[str, Asked("auto, float32 or bf16.", choices=PRECISIONS)] = "float32"
    recipe: Annotated[str, Asked("Recipe to start from; see `ganbench recipes`.")] = DEFAULT_RECIPE

    def scored(self) -> str:
        """How often, in words: "9 times, 6 of them in the last third"."""
        often = f"{self.evaluations} time{'s' if self.evaluations > 1 else ''}"
        return f"{often}, {min(self.late, self.evaluations)} of them in the last third," if self.late else often


@dataclass(frozen=True, kw_only=True)
class Scoring(_Fields):
    """How one run is scored, and which score effects are about. `n` is never more than the reference set has.

    A run collapsed where more than `collapse_duplicates` of its images have a near-duplicate among them and fewer than
    `collapse_coverage` of the real ones have one of them near: chosen and judged on sample grids labelled by eye, see
    tests/metrics/test_collapse_rule.py.
    """

    extractor: Annotated[str, Asked("Feature extractor of the scores: domain, inception, random-conv.")] = (
        DEFAULT_EXTRACTOR
    )
    n: Annotated[int, Asked("Generated images per score.", least=2, most=1_000_000)] = 2000
    collapse_duplicates: Annotated[
        float, Asked("A run that covers little collapsed if more of its images than this repeat.", least=0, most=1)
    ] = 0.3
    collapse_coverage: Annotated[
        float, Asked("To cover little: to come near less than this share of real images.", least=0, most=1)
    ] = 0.1
    outcome: Annotated[str, Asked("The score that effects, search and report are about: fid, recall, kid, …")] = (
        DEFAULT_OUTCOME
    )
