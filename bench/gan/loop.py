"""The adversarial loop. It reads the recipe's slots and knows no hack by name.

One step, in the order it happens:

    for each of recipe.d_steps:
        real, labels <- the next batch of the data stream, scaled to recipe.pixel_range
        fake         <- G(z), z drawn by recipe.latent and changed by recipe.latent_changes; with recipe.running_fakes
                        of G as it is scored
        real, fake   <- recipe.d_batches, then each through recipe.d_inputs
        for logits in recipe.batching(D, real, fake without its graph):
            targets <- recipe.targets applied to ones and zeros
            D steps on recipe.loss.d + each of recipe.penalties, between recipe.d_before and recipe.d_after
    D     <- recipe.g_opponents; its weights are frozen
    G steps on recipe.loss.g(D(fake)) + each of recipe.g_penalties, between recipe.g_before and recipe.g_after; the
        same fakes as D saw last, as G has not changed since, unless recipe.fresh_latents or recipe.running_fakes
    recipe.step_after, then recipe.averaging follows G

All lines but the last are gone through in each of recipe.rounds.
Whatever fills a slot gets what it asks for by name: `hacks/slots.py` lists what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from bench.gan.denormals import flushed_denormals
from bench.gan.game import CURVES, Game, Made
from bench.gan.members import View
from hacks.recipe import Batches, Logits, Targets

__all__ = ["CURVES", "Game", "advance", "batching", "objectives", "step"]


def step(game: Game) -> Tensor:
    """Updates of D, one of G; returns the step's row of `CURVES`, float32 (6,).

    With batches several times as large, as many steps pass with each of them.
    """
    if game.step_number % game.recipe.batch_factor == 0:
        for _ in range(game.recipe.rounds):
            for _ in range(game.recipe.d_steps):
                real, labels = game.next_real()
                view = game.view(game.streams, labels) | {"real": real}
                made = game.generate(game.batch, game.streams("latent"), view, game.recipe.running_fakes)
                d_paid, d_norm, answers = _train_discriminator(game, view, made)
            g_paid, g_norm = _train_generator(game, view, made)
        for act in game.members["step_after"]:
            act(view)
        for follow in game.members["averaging"]:
            follow(view | {"average": game.averaged})
        game.row = torch.stack([d_paid, g_paid, *answers, d_norm, g_norm])
    game.step_number += 1
    return game.row


def _train_discriminator(game: Game, view: View, made: Made) -> tuple[Tensor, Tensor, list[Tensor]]:
    """D's updates on a batch: its loss, the norm of its gradient, and its mean answers to real and fake images."""
    members, paid, answers = game.members, [], {}
    view["batches"] = Batches(view["real"], made.images.detach())
    for change in members["d_batches"]:
        view["batches"] = change(view)
    view["real"], view["fake"] = (game.seen(images, view) for images in view["batches"])
    updates = members.only("batching")(view)
    for left in reversed(range(getattr(game.recipe.batching, "updates", 1))):
        game.judge(view, ("real", "fake"), lambda: next(updates))
        logits = Logits(view["real_logits"], view["fake_logits"])
        view["targets"] = Targets(torch.ones_like(logits.real), torch.zeros_like(logits.fake))
        for change in members["targets"]:
            view["targets"] = change(view)
        loss = d_loss(game, view)
        for penalty in members["penalties"] if not left else ():
            loss = loss + penalty(view)
        norm = game.update("d", loss, view)
        paid.append(loss.detach())
        answers |= {number: side.detach().sigmoid().mean() for number, side in enumerate(logits) if len(side)}
    return reduce(add, paid), norm, [answers[0], answers[1]]


def d_loss(game: Game, view: View) -> Tensor:
    """What D pays for its logits, penalties aside: for the pair, or for each side that has any, as the loss asks.

    With `recipe.mean_of_all` each side counts by its share of the images, and a pair is two equal shares.
    """
    loss = game.members.only("loss.d")
    pair = view["real_logits"], view["fake_logits"]
    if "logits" not in loss.names:
        return loss(view) / (2 if game.recipe.mean_of_all and all(map(len, pair)) else 1)
    sides = [(side, target) for side, target in zip(pair, view["targets"], strict=True) if len(side)]
    paid = [loss({**view, "logits": side, "target": target}) for side, target in sides]
    if game.recipe.mean_of_all:
        paid = [each * (len(side) / sum(map(len, pair))) for each, (side, _) in zip(paid, sides, strict=True)]
    return reduce(add, paid)


def objectives(game: Game, view: View) -> tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]:
    """What D pays and what G pays, of (real logits, fake logits), with hard targets and without penalties."""

    def d_pays(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        targets = Targets(torch.ones_like(real_logits), torch.zeros_like(fake_logits))
        return d_loss(game, view | {"real_logits": real_logits, "fake_logits": fake_logits, "targets": targets})

    def g_pays(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return game.members.only("loss.g")(view | {"real_logits": real_logits, "fake_logits": fake_logits})

    return d_pays, g_pays


def batching(game: Game, view: View) -> Callable[[nn.Module, Tensor, Tensor], Iterator[Logits]]:
    """How the game runs a D over real and fake images: the logits of each of its updates."""

    def run(discriminator: nn.Module, real: Tensor, fake: Tensor) -> Iterator[Logits]:
        return game.members.only("batching")(view | {"D": discriminator, "real": real, "fake": fake})

    return run


def _train_generator(game: Game, view: View, made: Made) -> tuple[Tensor, Tensor]:
    """G's update: its loss and the norm of its gradient."""
    members = game.members
    if game.recipe.fresh_latents:
        made = game.generate(game.batch, game.streams("latent"), view)
    elif game.recipe.running_fakes:
        made = game.make(made.z)
    game.freeze_discriminator(True)
    view["fake"] = game.seen(made.images, view)
    for change in members["g_opponents"]:
        view["D"] = change(view | {"d_pays": objectives(game, view)[0], "batching": batching(game, view)})
    game.judge(view, ("fake",), lambda: [view["D"](view["fake"])])
    if game.g_sees_real:
        game.judge(view, ("real",), lambda: [view["D"](view["real"])])
    for change in members["g_logits"]:
        view["fake_logits"] = change(view)
    loss = members.only("loss.g")(view)
    for penalty in members["g_penalties"]:
        loss = loss + penalty(view)
    norm = game.update("g", loss, view)
    game.freeze_discriminator(False)
    return loss.detach(), norm


def advance(game: Game, until: int) -> Tensor:
    """Train to that step, or to the first step whose losses or gradients are not finite.

    Numbers below 1e-38 count as zero on the way. Where D wins, gradients fade into them, and a processor takes up to
    four times as long for a step in float32 while it keeps their last bits.

    Returns:
        One row of `CURVES` per step made, float32 (steps, 6) on the CPU; only the last row may be non-finite.
    """
    # On an accelerator a look at the numbers waits for the device, so it looks rarely; the rows after a
    # divergence are then dropped, which gives what looking at every step would have given.
    look_every = 1 if game.device.type == "cpu" else 50
    blocks: list[Tensor] = []
    pending: list[Tensor] = []
    with flushed_denormals():
        while game.step_number < until:
            pending.append(step(game))
            if len(pending) < look_every and game.step_number < until:
                continue
            block = torch.stack(pending).cpu()
            pending.clear()
            broken = (~torch.isfinite(block).all(dim=1)).nonzero()
            if len(broken):
                blocks.append(block[: int(broken[0]) + 1])
                break
            blocks.append(block)
    return torch.cat(blocks) if blocks else torch.empty(0, len(CURVES))
