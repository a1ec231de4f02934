"""The training of one run: to its last step, scored on its way, kept on disk, and taken up again exactly."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.errors import RunStopped
from bench.gan.look import looked_at
from bench.gan.loop import CURVES, Game, advance
from bench.gan.streams import Streams
from bench.metrics import mechanism, stability
from bench.metrics.score import Scorer, Scores
from bench.records.run import RunSpec

OnCheckpoint = Callable[[int, float], None]

GRADIENT_STEPS = (1, 10, 100)
"""When the gradients of first and last layers are looked at: early, where training is decided."""
PROBED = 64
"""Images and latents that a look at the mechanisms takes."""
CURVE_POINTS = 250
"""A curve keeps at most about this many steps; scores over the curve are taken from every step."""
STRIDE, STRIDE_SECONDS = 100, 20.0
"""Steps between two looks at the clock and at whether to stop; fewer where so many take longer than that."""
SAVE_SECONDS = 30.0
"""A longer stretch of training than this is kept on disk."""
DIGEST = sha256().digest_size
"""A kept training starts with this many bytes of digest over the rest, so that no damage goes unnoticed."""


@dataclass
class Training:
    """A game on its way to the spec's last step. See `run` for the arguments."""

    game: Game
    scorer: Scorer
    spec: RunSpec
    on_checkpoint: OnCheckpoint | None = None
    keep: Path | None = None
    should_stop: Callable[[], bool] = lambda: False
    rows: list[np.ndarray] = field(default_factory=list)
    fids: dict[int, float] = field(default_factory=dict)
    mechanisms: dict[str, float] = field(default_factory=dict)
    scored: Scores | None = None
    training_seconds: float = 0.0
    scoring_seconds: float = 0.0
    earlier_seconds: float = 0.0
    diverged: bool = False

    def __post_init__(self) -> None:
        self._started = self._saved = time.perf_counter()

    def finish(self) -> None:
        """Train from where the game stands to the last step, scoring at every checkpoint.

        Raises:
            RunStopped: the owner asked to stop.
        """
        self._take_up()
        last, checkpoints = self.spec.steps, self.spec.checkpoints
        stops = {*checkpoints, *range(STRIDE, last, STRIDE), *(step for step in GRADIENT_STEPS if step <= last)}
        for stop in sorted(step for step in stops if step > self.game.step_number):
            self._train(stop)
            if self.diverged:
                return
            if stop in GRADIENT_STEPS:
                found = self._probed(mechanism.gradient_probe)
                self.mechanisms |= {f"{name}_{stop}": value for name, value in found.items()}
            if stop in checkpoints and stop != last:
                self._evaluate(stop, self.scorer.fid)
            self._pause(stop)
        self._evaluate(last, self._score)
        self.mechanisms |= self._probed(mechanism.probe)

    def _train(self, until: int) -> None:
        while (step := self.game.step_number) < until:
            pace = self.training_seconds / max(step, 1)
            stride = STRIDE if pace * STRIDE <= STRIDE_SECONDS else max(int(STRIDE_SECONDS / pace), 1)
            started = time.perf_counter()
            rows = advance(self.game, min(until, step + stride)).double().numpy()
            self.training_seconds += time.perf_counter() - started
            self.rows.append(rows)
            if self.game.step_number < until:
                self._pause(self.game.step_number)
        # Looked at where a fast machine looks too, so that a record does not tell how fast its machine was.
        self.diverged = not np.isfinite(rows[-1]).all()

    def _evaluate(self, step: int, score: Callable[[Tensor], float]) -> None:
        started = time.perf_counter()
        self.fids[step] = score(self.images(step))
        self.scoring_seconds += time.perf_counter() - started
        if self.on_checkpoint:
            self.on_checkpoint(step, self.fids[step])

    def _score(self, images: Tensor) -> float:
        self.scored = self.scorer.score(images)
        return self.scored.values["fid"]

    def images(self, step: int) -> Tensor:
        """The images that are scored at that step, from a random stream of that step's own."""
        stream = Streams(self.game.seed, self.game.device)(f"scores/{step}")
        return self.game.samples(self.scorer.n, stream)

    def _probed(self, probe: Callable[..., dict[str, float]]) -> dict[str, float]:
        """What a probe of the mechanisms finds now, with the same images and latents at every moment."""
        game = self.game
        with looked_at(game, PROBED, Streams(game.seed, game.device)) as seen:
            rules = mechanism.Rules(seen.batching, seen.d_loss, seen.g_loss, seen.between, game.recipe.pixel_range)
            return probe(seen.generator, seen.discriminator, seen.real, seen.z, rules)

    def _pause(self, step: int) -> None:
        """Keep the training if it is asked to stop, or if much would be lost."""
        stopping = self.should_stop()
        if stopping or time.perf_counter() - self._saved > SAVE_SECONDS:
            self.save()
        if stopping:
            raise RunStopped(f"stopped after step {step}")

    def save(self) -> None:
        """Write everything the training needs to go on; whole or not at all."""
        self._saved = time.perf_counter()
        if self.keep is None:
            return
        state = {
            "identity": self._identity(),
            "game": self.game.state_dict(),
            "rows": torch.from_numpy(np.concatenate(self.rows)),
            "fids": self.fids,
            "mechanisms": self.mechanisms,
            "seconds": [self.seconds(), self.training_seconds, self.scoring_seconds],
        }
        self.keep.parent.mkdir(parents=True, exist_ok=True)
        # Through memory, because torch reports a full disk as an error of its own kind.
        content = io.BytesIO()
        torch.save(state, content)
        partial = self.keep.with_suffix(f".{os.getpid()}")
        try:
            partial.write_bytes(sha256(content.getbuffer()).digest() + content.getbuffer())
            partial.replace(self.keep)
        finally:
            partial.unlink(missing_ok=True)

    def _take_up(self) -> None:
        """Go to where a kept training of this very spec stands. A file that is another's or damaged is left alone."""
        state = _read(self.keep)
        if state is None or state.get("identity") != self._identity():
            return
        self.game.load_state_dict(state["game"])
        self.rows = [state["rows"].numpy()]
        self.fids, self.mechanisms = dict(state["fids"]), dict(state["mechanisms"])
        self.earlier_seconds, self.training_seconds, self.scoring_seconds = state["seconds"]
        for step, fid in self.fids.items():
            if self.on_checkpoint:
                self.on_checkpoint(step, fid)

    def _identity(self) -> list[str]:
        """What must agree for a kept training to be this one."""
        versions = [str(torch.__version__), version("ganbench"), self.scorer.trained_on.content_hash]
        return [repr(self.spec), repr(self.game.recipe), self.game.device.type, *versions]

    def seconds(self) -> float:
        """Wall seconds spent on the run, earlier sessions included."""
        return self.earlier_seconds + time.perf_counter() - self._started

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


def _read(path: Path | None) -> dict[str, Any] | None:
    """A kept training, read without running any code that the file might bring; None where there is none to use."""
    if path is None or not path.is_file():
        return None
    content = path.read_bytes()
    if sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        return None
    try:
        state = torch.load(io.BytesIO(content[DIGEST:]), map_location="cpu", weights_only=True)
    except Exception:  # whatever a damaged or foreign file raises, the run is made from its beginning
        return None
    return state if isinstance(state, dict) else None
