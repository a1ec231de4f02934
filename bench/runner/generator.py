"""Trained generators on disk: written by `ganbench train`, read back as a function that makes images."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from bench.errors import UserError
from bench.gan import recipes
from bench.gan.backbone import Backbone, mlp
from bench.gan.game import Game
from bench.gan.network import build_generator, conditioned, give_streams
from bench.gan.sampling import sample
from bench.gan.streams import Streams
from bench.records.files import replaced
from bench.records.recipe_file import RECIPE, RecipeFile
from hacks import HackError, Recipe

GENERATOR = "generator.safetensors"


class Generator:
    """A trained generator: `generator(n, seed)` makes images.

    Args:
        network: G in evaluation mode, with its weights.
        recipe: what it was trained by; says how its latents are drawn and which range its pixels have.
        about: its recipe file.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, about: RecipeFile) -> None:
        self.network, self.recipe, self.about = network, recipe, about

    def __call__(self, n: int, seed: int = 0, labels: Tensor | None = None) -> Tensor:
        """Images uint8 (n, channels, resolution, resolution); points are float32 (n, 2, 1, 1) in [0, 1].

        The same n and seed give the same images.

        Args:
            n: how many.
            seed: of their latents.
            labels: int64 (n,), for a generator that is told classes; drawn as often as its data had them by default.
        """
        streams = Streams(seed)
        give_streams(self.network, streams)
        stream = streams("images")
        z = self.recipe.draw(n, stream)
        if not conditioned(self.network):
            return sample(self.network, self.recipe, z)
        if labels is None:
            shares = torch.tensor(self.about.class_counts, dtype=torch.float64)
            labels = torch.multinomial(shares, n, replacement=True, generator=stream)
        return sample(self.network, self.recipe, z, labels)


def load_generator(folder: Path | str) -> Generator:
    """The generator that `ganbench train --out FOLDER` left.

    Raises:
        UserError: there is none, its recipe cannot be built here, or its weights are another network's.
    """
    folder = Path(folder)
    about = RecipeFile.load(folder / RECIPE)
    try:
        recipe = recipes.get(about.recipe).with_levels(about.levels, about.hack_parameters)
        network = build_generator(_backbone(about), recipe, seed=0, classes=len(about.class_counts)).eval()
    except HackError as problem:
        raise UserError(f"{str(folder / RECIPE)!r}: {problem}") from None
    try:
        network.load_state_dict(load_file(folder / GENERATOR))
    except (OSError, SafetensorError, RuntimeError) as problem:
        reason = str(problem).splitlines()[0]
        raise UserError(f"no generator of this recipe in {str(folder)!r} ({reason}): train it again") from None
    return Generator(network, recipe, about)


def save_generator(game: Game, about: RecipeFile, folder: Path) -> None:
    """Write the game's generator as it would be sampled now, and its recipe beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous().clone() for name, value in game.sampler().state_dict().items()}
    content = save(weights, metadata={"format": "pt", "dataset": about.dataset})
    replaced(folder / GENERATOR, lambda path: path.write_bytes(content))
    about.save(folder / RECIPE)


def _backbone(about: RecipeFile) -> Backbone:
    if about.kind == "points":
        return mlp(about.channels, width=8 * about.width)
    return recipes.get(about.recipe).backbone(about.pixels, about.channels, about.width)
