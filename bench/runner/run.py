"""Run spec -> record: one GAN trained and scored. A pure function of the spec on one machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from bench.data import Dataset, load
from bench.errors import UserError
from bench.gan import recipes
from bench.gan.backbone import Backbone, mlp
from bench.gan.game import Game
from bench.gan.network import build_discriminator, build_generator, parameter_count
from bench.gan.sampling import sample
from bench.gan.streams import Streams
from bench.records.budget import DEFAULT_RECIPE
from bench.records.files import cache_folder
from bench.records.outcome import last_third
from bench.records.run import RunRecord, RunSpec, check_spec
from bench.runner.environment import environment, resolve_device
from bench.runner.grids import sample_grid
from bench.runner.room import check_fits, memory_told
from hacks import HackError, Recipe

if TYPE_CHECKING:
    from bench.metrics.score import Scorer
    from bench.runner.training import OnCheckpoint, Training


def run(
    spec: RunSpec,
    *,
    device: str = "auto",
    on_checkpoint: OnCheckpoint | None = None,
    keep: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Train the spec's GAN, score it, and return everything it leaves.

    Args:
        spec: what to train.
        device: "auto", "cpu", "cuda" or "mps".
        on_checkpoint: called with (step, FID) after each evaluation; again for those made before a resume.
        keep: file that holds the training on its way. If it is there and belongs to this spec the run goes on from
            it, and ends bit-identical to one that was never interrupted.
        should_stop: asked every few seconds; True saves to `keep` and stops.

    Raises:
        UserError: an unknown hack, dataset or value in the spec, too few pictures to score it, or no memory left.
        RunStopped: `should_stop` said so.
    """
    # Scores need libraries that take seconds to load, which whoever only looks at specs does without.
    from bench.runner.training import Training

    validate(spec)
    with memory_told(spec):
        game = new_game(spec, device)
        scorer = scorer_for(spec)
        scorer.check()
        training = Training(game, scorer, spec, on_checkpoint, keep, should_stop)
        training.finish()
    return record_of(training)


def record_of(training: Training) -> RunRecord:
    """What a training that is at its end leaves."""
    spec, game, scorer, scored = training.spec, training.game, training.scorer, training.scored
    values = {} if scored is None else dict(scored.values)
    if "fid" in values:
        values["fid_last_third"] = last_third(training.fids, scorer.anchors["fid_ceiling"], spec.steps)
    return RunRecord(
        spec=spec,
        status=status_of(spec, values, training.diverged),
        scores={**values, **scorer.anchors, **training.stability(), **training.mechanism_scores()},
        reasons={"fid": "the run diverged"} if scored is None else dict(scored.reasons),
        checkpoints=training.fids,
        curves=training.thinned(),
        samples=sample_grid(game),
        protocol={**scorer.protocol, "arithmetic": spec.precision, "batch_norm_at_sampling": "running statistics"},
        recipe=game.recipe.describe(),
        environment=environment(game.device),
        timing={
            "seconds": training.seconds(),
            "training_seconds": training.training_seconds,
            "scoring_seconds": training.scoring_seconds,
        },
    )


def new_game(spec: RunSpec, device: str) -> Game:
    """The spec's networks, data and streams before their first step."""
    dataset = dataset_for(spec)
    try:
        return Game(
            build_recipe(spec),
            backbone_for(dataset, spec.width, spec.recipe),
            dataset.images,
            labels=dataset.labels,
            classes=len(dataset.classes),
            seed=spec.seed,
            steps=spec.steps,
            batch=spec.batch,
            device=resolve_device(device),
            precision=spec.precision,
        )
    except HackError as problem:
        raise UserError(f"dataset {spec.dataset}: {problem}") from problem


def status_of(spec: RunSpec, scores: dict[str, float], diverged: bool) -> str:
    """ "diverged", "collapsed" where the images repeat themselves and cover little by the spec's measure, or "ok".

    Either alone is no collapse: a classifier's features take different blurred images for near-duplicates, and images
    unlike any real one cover little however different they are.
    """
    if diverged:
        return "diverged"
    repeated = scores["duplicates"] > spec.collapse_duplicates
    return "collapsed" if repeated and scores.get("coverage", 0.0) < spec.collapse_coverage else "ok"


def validate(spec: RunSpec) -> None:
    """Refuse a spec that cannot be run.

    Raises:
        UserError: names the value, what was expected and how to fix it.
    """
    check_spec(spec)
    build_recipe(spec)


def check_memory(spec: RunSpec, device: str) -> None:
    """Refuse a spec that cannot fit into the device's memory; nothing is written or trained for it.

    Raises:
        UserError: it does not fit, or cannot be run at all.
    """
    validate(spec)
    dataset = dataset_for(spec)
    backbone = backbone_for(dataset, spec.width, spec.recipe)
    try:
        check_fits(backbone, build_recipe(spec), spec, resolve_device(device), classes=len(dataset.classes))
    except HackError as problem:
        raise UserError(f"dataset {spec.dataset}: {problem}") from problem


def build_recipe(spec: RunSpec) -> Recipe:
    """The recipe the spec's levels give.

    Raises:
        UserError: an unknown recipe, hack, parameter or level.
    """
    try:
        return recipes.get(spec.recipe).with_levels(spec.levels, spec.hack_parameters)
    except HackError as problem:
        raise UserError(str(problem)) from problem


def backbone_for(dataset: Dataset, width: int, recipe: str = DEFAULT_RECIPE) -> Backbone:
    """The recipe's backbone for images of that size and number of channels, or small dense networks for points.

    Raises:
        UserError: the recipe has no networks for such data.
    """
    channels, resolution = dataset.images.shape[1], dataset.images.shape[2]
    if dataset.kind == "points":
        if recipe != DEFAULT_RECIPE:
            raise UserError(f"dataset {dataset.name} for recipe {recipe}: expected images, these are points")
        return mlp(channels, width=8 * width)
    return recipes.get(recipe).backbone(resolution, channels, width)


def parameter_counts(spec: RunSpec) -> dict[str, int]:
    """Parameters of the spec's two networks, counted as the recipe's source counts them."""
    backbone, recipe = backbone_for(dataset_for(spec), spec.width, spec.recipe), build_recipe(spec)
    built = {"generator": build_generator, "discriminator": build_discriminator}
    keras = recipes.get(spec.recipe).keras
    classes = len(dataset_for(spec).classes)
    return {name: parameter_count(build(backbone, recipe, spec.seed, classes), keras) for name, build in built.items()}


def dataset_for(spec: RunSpec) -> Dataset:
    """The spec's dataset, kept for the next run of this process."""
    return _dataset(spec.dataset, spec.resolution, spec.data_root)


@lru_cache(maxsize=4)
def _dataset(name: str, resolution: int | None, root: str | None) -> Dataset:
    return load(name, resolution, Path(root) if root else None)


def scorer_for(spec: RunSpec) -> Scorer:
    """The scorer of the spec's dataset, kept for the next run of this process."""
    return _scorer(spec.dataset, spec.resolution, spec.data_root, spec.extractor, spec.n, spec.width, spec.recipe)


@lru_cache(maxsize=4)
def _scorer(
    name: str, resolution: int | None, root: str | None, extractor: str, n: int, width: int, recipe: str
) -> Scorer:
    from bench.metrics.score import Scorer

    dataset = _dataset(name, resolution, root)
    backbone = backbone_for(dataset, width, recipe)
    return Scorer(
        dataset,
        extractor=extractor,
        n=n,
        cache_dir=cache_folder(),
        untrained=lambda count: untrained_images(backbone, count),
    )


def untrained_images(backbone: Backbone, n: int) -> Tensor:
    """Images of the naive recipe's generator before its first step, the least an honest score must beat."""
    recipe, streams = Recipe(), Streams(0)
    generator = build_generator(backbone, recipe, seed=0).eval()
    return sample(generator, recipe, recipe.draw(n, streams("untrained")))
