"""The catalogue of scores: what each is called, its unit, its ends, which way is better, and what it needs.

One row per score; whoever computes, tests, pools or shows a score reads it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

Direction = Literal["lower", "higher"]
Transform = Literal["log", "none"]


@dataclass(frozen=True)
class Score:
    """One number of a run.

    Attributes:
        name: its column in the frame of runs.
        label: what it is called on a page.
        direction: which way is better.
        best, worst: the ends of its range; infinite where there is none.
        transform: what effects are differences of: `log` (they are ratios, told in per cent) or `none` (differences in
            its own unit).
        unit: of a difference, where that is not a ratio; empty for a pure number.
        needs: what the data must have for it to exist, in words; empty for any images.
        by: the function of bench.metrics that gives it, `module.function` (see `bench.metrics.score.computed`); rows
            that name one function take its results in turn. Empty for what is known of the training, not of images.
    """

    name: str
    label: str
    direction: Direction
    best: float
    worst: float
    transform: Transform = "none"
    unit: str = ""
    needs: str = ""
    by: str = ""


MIXTURE = "a mixture of known Gaussians"
"""What scores need that points alone can have."""
_LOGITS = "an extractor that classifies, two classes"
_CLASSES = "a classifier of the dataset's own classes"
_PICTURES = "images of more than one pixel"
_BOTH = f"{_CLASSES}, {_PICTURES}"
_MAPS = "an extractor with feature maps"
_ROWS = (
    Score("fid", "FID", "lower", 0, inf, "log", by="fidelity.frechet_distance_of"),
    Score("kid", "KID", "lower", 0, inf, by="fidelity.kernel_distance"),
    Score("is", "Inception score", "higher", inf, 1, "log", needs=_LOGITS, by="fidelity.inception_score"),
    Score("is_std", "spread of the Inception score", "lower", 0, inf, needs=_LOGITS, by="fidelity.inception_score"),
    Score("precision", "precision", "higher", 1, 0, unit="points", by="fidelity.precision_recall"),
    Score("recall", "recall", "higher", 1, 0, unit="points", by="fidelity.precision_recall"),
    Score("density", "density", "higher", inf, 0, by="fidelity.density_coverage"),
    Score("coverage", "coverage", "higher", 1, 0, unit="points", by="fidelity.density_coverage"),
    Score("modes", "modes covered", "higher", inf, 0, unit="modes", needs=_CLASSES, by="collapse.covered_modes"),
    Score("modes_kl", "KL of modes to real", "lower", 0, inf, unit="nats", needs=_CLASSES, by="collapse.covered_modes"),
    Score(
        "high_quality",
        "share of high quality",
        "higher",
        1,
        0,
        unit="points",
        needs=MIXTURE,
        by="collapse.high_quality",
    ),
    Score("vendi", "Vendi score", "higher", inf, 1, "log", by="collapse.vendi"),
    Score("ssim_within_class", "SSIM within a class", "lower", 0, 1, needs=_BOTH, by="images.ssim_within_class"),
    Score("duplicates", "duplicates", "lower", 0, 1, unit="points", by="collapse.duplicates"),
    Score("texture", "texture distance", "lower", 0, inf, needs=_MAPS, by="images.texture_distance"),
    Score(
        "total_variation_ratio",
        "total variation, times off real",
        "lower",
        0,
        inf,
        needs=_PICTURES,
        by="images.total_variation_ratio",
    ),
    Score("fid_best", "best FID on the way", "lower", 0, inf, "log"),
    Score("last_over_best", "last FID over best", "lower", 1, inf, "log"),
    Score("log_fid_area", "mean log FID over training", "lower", -inf, inf),
    Score("d_loss_low_share", "share of steps with D's loss below 0.01", "lower", 0, 1, unit="points"),
    Score("grad_norm_high_share", "steps with a gradient norm over 100", "lower", 0, 1, unit="points"),
    Score("d_loss_oscillation", "oscillation of D's loss", "lower", 0, inf, unit="nats"),
    Score("g_loss_oscillation", "oscillation of G's loss", "lower", 0, inf, unit="nats"),
    Score("seconds", "wall time of a run", "lower", 0, inf, "log"),
)
SCORES: dict[str, Score] = {score.name: score for score in _ROWS}
DIRECTIONS: dict[str, Direction] = {score.name: score.direction for score in _ROWS if score.by}
