"""A look at a game from outside, between two steps. It takes from streams of its own and leaves nothing changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bench.gan.loop import Game, batching, objectives
from bench.gan.sampling import to_range
from bench.gan.streams import Streams
from hacks.recipe import Logits


class Look(NamedTuple):
    """What there is to see.

    Attributes:
        generator, discriminator: as they are.
        real: images (n, C, H, W) as D sees them; z: latents (n, dim).
        batching: how the game runs D over both sides, `(D, real, fake) -> logits of each` for every update of D.
        d_loss, g_loss: what the players pay, of (real logits, fake logits) with hard targets, penalties aside.
        between: the way from one latent to another, `(start, end, share)`.
    """

    generator: nn.Module
    discriminator: nn.Module
    real: Tensor
    z: Tensor
    batching: Callable[[nn.Module, Tensor, Tensor], Iterator[Logits]]
    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor, Tensor], Tensor]
    between: Callable[[Tensor, Tensor, float], Tensor]


@contextmanager
def looked_at(game: Game, n: int, streams: Streams) -> Iterator[Look]:
    """The first n images and n latents from the stream `mechanism`: the same at every look."""
    recipe, members = game.recipe, game.members
    with members.unchanged():
        view = game.view(streams, None if game.labels is None else game.labels[:n])
        z = recipe.draw(n, streams("mechanism"))
        real = game.seen(to_range(game.images[:n], recipe.pixel_range), view)
        between = getattr(recipe.latent, "between", torch.lerp)
        yield Look(game.generator, game.discriminator, real, z, batching(game, view), *objectives(game, view), between)
