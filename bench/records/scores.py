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
        fidelity: whether it judges images, as opposed to how training went.
    """

    name: str
    label: str
    direction: Direction
    best: float
    worst: float
    transform: Transform = "none"
    unit: str = ""
    needs: str = ""
    fidelity: bool = True


_LOGITS = "an extractor that classifies, two classes"
_CLASSES = "a classifier of the dataset's own classes"
_PICTURES = "images of more than one pixel"
_ROWS = (
    Score("fid", "FID", "lower", 0, inf, "log"),
    Score("kid", "KID", "lower", 0, inf),
    Score("is", "Inception score", "higher", inf, 1, "log", needs=_LOGITS),
    Score("is_std", "spread of the Inception score", "lower", 0, inf, needs=_LOGITS),
    Score("precision", "precision", "higher", 1, 0, unit="points"),
    Score("recall", "recall", "higher", 1, 0, unit="points"),
    Score("density", "density", "higher", inf, 0),
    Score("coverage", "coverage", "higher", 1, 0, unit="points"),
    Score("modes", "modes covered", "higher", inf, 0, unit="modes", needs=_CLASSES),
    Score("modes_kl", "KL of modes to real", "lower", 0, inf, unit="nats", needs=_CLASSES),
    Score("high_quality", "share of high quality", "higher", 1, 0, unit="points", needs="a mixture of known Gaussians"),
    Score("vendi", "Vendi score", "higher", inf, 1, "log"),
    Score("ssim_within_class", "SSIM within a class", "lower", 0, 1, needs=f"{_CLASSES}, {_PICTURES}"),
    Score("duplicates", "duplicates", "lower", 0, 1, unit="points"),
    Score("texture", "texture distance", "lower", 0, inf, needs="an extractor with feature maps"),
    Score("total_variation_ratio", "total variation, times off real", "lower", 0, inf, needs=_PICTURES),
    Score("fid_best", "best FID on the way", "lower", 0, inf, "log", fidelity=False),
    Score("last_over_best", "last FID over best", "lower", 1, inf, "log", fidelity=False),
    Score("log_fid_area", "mean log FID over training", "lower", -inf, inf, fidelity=False),
    Score("d_loss_low_share", "steps with D's loss below 0.01", "lower", 0, 1, unit="points", fidelity=False),
    Score("grad_norm_high_share", "steps with a gradient norm over 100", "lower", 0, 1, unit="points", fidelity=False),
    Score("d_loss_oscillation", "oscillation of D's loss", "lower", 0, inf, unit="nats", fidelity=False),
    Score("g_loss_oscillation", "oscillation of G's loss", "lower", 0, inf, unit="nats", fidelity=False),
    Score("seconds", "wall time of a run", "lower", 0, inf, "log", fidelity=False),
)
SCORES: dict[str, Score] = {score.name: score for score in _ROWS}
DIRECTIONS: dict[str, Direction] = {score.name: score.direction for score in _ROWS if score.fidelity}
