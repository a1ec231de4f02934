"""One recipe trained for as long as a person wants: `ganbench train`.

Its folder holds a checkpoint that the same command continues from, with more steps too, a sample grid per evaluation
beside one of real images, after each evaluation the generator as it is then, and at the end the record of the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.gan import recipes
from bench.records.files import REAL, SAMPLES, replaced
from bench.records.recipe_file import RecipeFile
from bench.records.results import write_record
from bench.records.run import RunSpec
from bench.runner.generator import save_generator
from bench.runner.grids import grid_png, sample_grid
from bench.runner.room import memory_told
from bench.runner.run import check_memory, dataset_for, new_game, parameter_counts, record_of, scorer_for
from bench.runner.training import Training

CHECKPOINT, GRID = "checkpoint.pt", "samples.png"


class Long(Training):
    """A training whose end may be moved: a checkpoint is continued however many steps were asked for when it was made.

    What follows its share of the whole way, as a schedule does, follows the new way from there.
    """

    def _identity(self) -> list[str]:
        unbound = replace(self.spec, steps=1, evaluations=1)
        return [repr(unbound), *super()._identity()[1:]]


@dataclass(frozen=True)
class Trained:
    """What a training came to: steps made, FID at the evaluations, and whether it diverged."""

    steps: int
    fids: dict[int, float]
    diverged: bool


def train(
    spec: RunSpec,
    folder: Path,
    *,
    source: str = "",
    device: str = "auto",
    on_step: Callable[[int], None] = lambda step: None,
    on_score: Callable[[int, float], None] = lambda step, fid: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train the spec's recipe to its last step, from where the folder's checkpoint stands if there is one.

    Args:
        spec: what to train.
        folder: where everything goes.
        source: where the recipe comes from, for its file.
        device: "auto", "cpu", "cuda" or "mps".
        on_step: called with the step it is at, every hundred steps or so.
        on_score: called with (step, FID) after each evaluation, and again for those made before a resume.
        should_stop: asked as often as `on_step` is called; True keeps the training and stops.

    Raises:
        UserError: an unknown hack, dataset or value in the spec.
        RunStopped: `should_stop` said so.
    """
    check_memory(spec, device)
    scorer = scorer_for(spec)
    scorer.check()
    with memory_told(spec):
        game, dataset = new_game(spec, device), dataset_for(spec)

    def scored(step: int, fid: float) -> None:
        if step == game.step_number:  # not one that an earlier session told of
            grid = sample_grid(game)
            for path in (folder / SAMPLES / f"{step:07d}.png", folder / GRID):
                path.parent.mkdir(parents=True, exist_ok=True)
                replaced(path, lambda partial: partial.write_bytes(grid))
            about = RecipeFile.of(spec.to_dict())
            counts = [] if dataset.labels is None else dataset.labels.bincount(minlength=len(dataset.classes)).tolist()
            data = {"kind": dataset.kind, "channels": dataset.channels, "pixels": dataset.resolution}
            now = {"class_counts": counts, "trained": step, "fid": fid, "source": source}
            save_generator(game, replace(about, **data, **now), folder)
        on_score(step, fid)

    def asked() -> bool:
        on_step(game.step_number)
        return should_stop()

    training = Long(game, scorer, spec, scored, folder / CHECKPOINT, asked)
    with memory_told(spec):
        training.finish()
    if not training.diverged:
        training.save()
    card = recipes.get(spec.recipe)
    source_steps = card.steps if card.steps_stated else None
    write_record(folder, record_of(training), parameter_counts(spec), source_steps)
    (folder / REAL).write_bytes(grid_png(dataset.reference_images))
    return Trained(game.step_number, training.fids, training.diverged)
