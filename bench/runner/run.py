"""Run spec -> record: one GAN trained and scored. A pure function of the spec on one machine."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import bench.torchvision_fix  # noqa: F401
import hacks
from bench.data import Dataset, load
from bench.errors import UserError
from bench.gan.backbone import Backbone, dcgan, mlp
from bench.gan.loop import CURVES, Game, advance, sample, to_range
from bench.gan.network import build_generator
from bench.gan.streams import Streams
from bench.metrics import mechanism, stability
from bench.metrics.score import Scorer
from bench.runner.environment import environment, resolve_device
from bench.runner.paths import cache_folder
from bench.runner.spec import RunRecord, RunSpec
from hacks import Recipe

GRID = 64
"""Images in a sample grid."""
GRID_SEED = 0
"""Seed of the grid's latent draws, the same for every run, so that grids can be compared image by image."""
GRADIENT_STEPS = (1, 10, 100)
"""When the gradients of first and last layers are looked at: early, where training is decided."""
PROBED = 64
"""Images and latents that a look at the mechanisms takes."""
CURVE_POINTS = 250
"""A curve keeps at most about this many steps; scores over the curve are taken from every step."""

OnCheckpoint = Callable[[int, float], None]


def run(spec: RunSpec, *, device: str = "auto", on_checkpoint: OnCheckpoint | None = None) -> RunRecord:
    """Train the spec's GAN, score it, and return everything it leaves.

    Args:
        spec: what to train.
        device: "auto", "cpu", "cuda" or "mps".
        on_checkpoint: called with (step, FID) after each evaluation.

    Raises:
        UserError: an unknown hack, dataset or value in the spec.
    """
    started = time.perf_counter()
    validate(spec)
    where = resolve_device(device)
    dataset = dataset_for(spec)
    scorer = scorer_for(spec)
    recipe = build_recipe(spec)
    game = Game(
        recipe,
        backbone_for(dataset, spec.width),
        dataset.images,
        seed=spec.seed,
        batch=spec.batch,
        device=where,
        precision=spec.precision,
    )
    training = _Training(game, scorer, spec, on_checkpoint)
    training.finish()

    images = training.images(spec.steps)
    scored = scorer.score(images) if not training.diverged else None
    status = "diverged" if training.diverged else "ok"
    values = dict(scored.values) if scored else {}
    if scored and values.get("modes", np.inf) < spec.collapse_below * len(dataset.classes):
        status = "collapsed"
    return RunRecord(
        spec=spec,
        status=status,
        scores={**values, **scorer.anchors, **training.stability(), **training.mechanism_scores()},
        reasons=dict(scored.reasons) if scored else {"fid": "the run diverged"},
        checkpoints=training.fids,
        curves=training.thinned(),
        samples=sample_grid(game),
        protocol={**scorer.protocol, "precision": spec.precision, "batch_norm_at_sampling": "running statistics"},
        recipe=recipe.describe(),
        environment=environment(where),
        timing={
            "seconds": time.perf_counter() - started,
            "training_seconds": training.training_seconds,
            "scoring_seconds": training.scoring_seconds,
        },
    )


def validate(spec: RunSpec) -> None:
    """Refuse a spec that cannot be run.

    Raises:
        UserError: names the value, what was expected and how to fix it.
    """
    limits = {"steps": 1, "batch": 2, "width": 1, "evaluations": 1, "n": 2, "seed": 0}
    for name, least in limits.items():
        value = getattr(spec, name)
        if not isinstance(value, int) or value < least:
            raise UserError(f"{name} {value!r}: expected a whole number of at least {least}")
    if spec.precision not in ("float32", "bf16"):
        raise UserError(f"precision {spec.precision!r}: expected float32 or bf16")
    build_recipe(spec)


def build_recipe(spec: RunSpec) -> Recipe:
    """The recipe the spec's levels give.

    Raises:
        UserError: an unknown hack, parameter or level.
    """
    try:
        return hacks.apply(Recipe(), spec.levels, spec.hack_parameters)
    except hacks.HackError as problem:
        raise UserError(str(problem)) from problem


def backbone_for(dataset: Dataset, width: int) -> Backbone:
    """The reference backbone for images of that kind: DCGAN, or small dense networks for points."""
    channels, resolution = dataset.images.shape[1], dataset.images.shape[2]
    return mlp(channels, width=8 * width) if dataset.kind == "points" else dcgan(resolution, channels, width)


def dataset_for(spec: RunSpec) -> Dataset:
    """The spec's dataset, kept for the next run of this process."""
    return _dataset(spec.dataset, spec.resolution, spec.data_root)


@lru_cache(maxsize=4)
def _dataset(name: str, resolution: int | None, root: str | None) -> Dataset:
    return load(name, resolution, Path(root) if root else None)


def scorer_for(spec: RunSpec) -> Scorer:
    """The scorer of the spec's dataset, kept for the next run of this process."""
    return _scorer(spec.dataset, spec.resolution, spec.data_root, spec.extractor, spec.n, spec.width)


@lru_cache(maxsize=4)
def _scorer(name: str, resolution: int | None, root: str | None, extractor: str, n: int, width: int) -> Scorer:
    dataset = _dataset(name, resolution, root)
    backbone = backbone_for(dataset, width)
    return Scorer(
        dataset,
        extractor=extractor,
        n=n,
        cache_dir=cache_folder(),
        untrained=lambda count: untrained_images(backbone, count),
    )


def untrained_images(backbone: Backbone, n: int) -> Tensor:
    """Images of the naive generator before its first step, the least an honest score must beat."""
    recipe, streams = Recipe(), Streams(0)
    generator = build_generator(backbone, recipe, seed=0).eval()
    return sample(generator, recipe, recipe.latent(n, recipe.latent_dim, streams("untrained")))


def sample_grid(game: Game) -> bytes:
    """PNG bytes of an 8 × 8 grid of the game's images."""
    z = game.recipe.latent(GRID, game.recipe.latent_dim, Streams(GRID_SEED, game.device)("grid"))
    return grid_png(sample(game.sampler(), game.recipe, z))


def grid_png(images: Tensor) -> bytes:
    """PNG bytes of up to 64 images (uint8 (n, C, H, W), or points (n, 2, 1, 1)) in rows of eight."""
    from PIL import Image
    from torchvision.utils import make_grid

    if images.shape[2:] == (1, 1):
        images = _scatter(images)
    grid = make_grid(images[:GRID], nrow=8, padding=1, pad_value=64)
    buffer = io.BytesIO()
    Image.fromarray(grid.permute(1, 2, 0).numpy()).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _scatter(points: Tensor) -> Tensor:
    """Points in [0, 1]² as white dots in one 128 × 128 picture: uint8 (1, 3, 128, 128)."""
    picture = torch.zeros(1, 3, 128, 128, dtype=torch.uint8)
    places = (points.flatten(1) * 127).round().long()
    picture[0, :, 127 - places[:, 1], places[:, 0]] = 255
    return picture


@dataclass
class _Training:
    """The training of one run up to its last step, with the evaluations on the way."""

    game: Game
    scorer: Scorer
    spec: RunSpec
    on_checkpoint: OnCheckpoint | None
    rows: list[np.ndarray] = field(default_factory=list)
    fids: dict[int, float] = field(default_factory=dict)
    mechanisms: dict[str, float] = field(default_factory=dict)
    training_seconds: float = 0.0
    scoring_seconds: float = 0.0
    diverged: bool = False

    def finish(self) -> None:
        """Train from where the game stands to the last step, scoring at every checkpoint."""
        checkpoints = self.spec.checkpoints
        for stop in sorted({*checkpoints, *(step for step in GRADIENT_STEPS if step <= self.spec.steps)}):
            if stop <= self.game.step_number:
                continue
            started = time.perf_counter()
            rows = advance(self.game, stop).double().numpy()
            self.training_seconds += time.perf_counter() - started
            self.rows.append(rows)
            if not np.isfinite(rows[-1]).all():
                self.diverged = True
                return
            if stop in GRADIENT_STEPS:
                found = mechanism.gradient_probe(*self._moment())
                self.mechanisms |= {f"{name}_{stop}": value for name, value in found.items()}
            if stop in checkpoints:
                self._evaluate(stop)
        self.mechanisms |= self._probe()

    def _moment(self) -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
        """G, D, real images and latents that every look at the mechanisms takes: the same images at every moment."""
        recipe, game = self.game.recipe, self.game
        streams = Streams(self.spec.seed, game.device)
        z = recipe.latent(PROBED, recipe.latent_dim, streams("mechanism"))
        real = game.seen(to_range(game.images[:PROBED], recipe.pixel_range), streams)
        return game.generator, game.discriminator, real, z

    def _probe(self) -> dict[str, float]:
        recipe = self.game.recipe
        return mechanism.probe(*self._moment(), recipe.pixel_range, recipe.batching)

    def _evaluate(self, step: int) -> None:
        started = time.perf_counter()
        fid = self.scorer.fid(self.images(step))
        self.scoring_seconds += time.perf_counter() - started
        self.fids[step] = fid
        if self.on_checkpoint:
            self.on_checkpoint(step, fid)

    def images(self, step: int) -> Tensor:
        """The images that are scored at that step, from a random stream of that step's own."""
        recipe = self.game.recipe
        stream = Streams(self.spec.seed, self.game.device)(f"scores/{step}")
        return sample(self.game.sampler(), recipe, recipe.latent(self.scorer.n, recipe.latent_dim, stream))

    def curves(self) -> dict[str, np.ndarray]:
        """Every step's losses, answers and gradient norms."""
        table = np.concatenate(self.rows)
        return {"step": np.arange(1, len(table) + 1), **{name: table[:, i] for i, name in enumerate(CURVES)}}

    def thinned(self) -> dict[str, list[float]]:
        """The curves at evenly spaced steps, first and last included."""
        curves = self.curves()
        last = len(curves["step"]) - 1
        kept = np.unique(np.linspace(0, last, min(CURVE_POINTS, last + 1)).round().astype(int))
        return {name: values[kept].tolist() for name, values in curves.items()}

    def mechanism_scores(self) -> dict[str, float]:
        """What the hacks' sources say they do, as measured here, each with the prefix `mechanism_`."""
        return {f"mechanism_{name}": value for name, value in self.mechanisms.items()}

    def stability(self) -> dict[str, float]:
        """The scores that follow from the curves alone."""
        return stability.summary(self.curves(), self.fids)
