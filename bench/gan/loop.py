"""The adversarial loop. It reads the recipe's slots and knows no hack by name.

One step, in the order it happens:

    real    <- the next batch of the data stream, scaled to recipe.pixel_range
    fake    <- G(recipe.latent(n))
    targets <- recipe.targets applied to ones and zeros
    logits  <- recipe.batching(D, real, fake without its graph), both through recipe.d_inputs
    D steps on recipe.loss.d(real logits) + recipe.loss.d(fake logits) + each recipe penalty
    G steps on recipe.loss.g(D(fake)) with D frozen; the same fakes as D saw, as G has not changed since
    recipe.averaging follows G
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.gan.backbone import Backbone
from bench.gan.fast.convolution import quicken
from bench.gan.fast.layout import memory_format
from bench.gan.network import build_discriminator, build_generator, give_streams
from bench.gan.streams import Streams
from hacks.recipe import Recipe, Targets

CURVES = ("d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
"""Columns of the training curves: losses, mean of σ(D) on real and on fake images, norms of the whole gradients."""


@dataclass(frozen=True)
class Precision:
    """How the networks compute: `float32`, or `bf16` for autocast to bfloat16. Weights are float32 in both."""

    name: str

    def autocast(self, device: torch.device) -> torch.autocast:
        """The context that forward passes run in."""
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.name == "bf16")


class Game:
    """One generator against one discriminator: everything that changes while they train.

    Args:
        recipe: how the two are built and trained.
        backbone: their block plans.
        images: the training data, uint8 (N, channels, resolution, resolution), or float32 in [0, 1] for points.
        seed: of every random stream.
        batch: images per batch, real and fake each.
        device: where it all happens.
        precision: `float32` or `bf16`.
    """

    def __init__(
        self,
        recipe: Recipe,
        backbone: Backbone,
        images: Tensor,
        *,
        seed: int,
        batch: int = 64,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.recipe, self.backbone, self.batch = recipe, backbone, batch
        self.device = torch.device(device)
        self.precision = Precision(precision)
        self.images = images.to(self.device)
        self.streams = Streams(seed, self.device)
        self.generator = memory_format(build_generator(backbone, recipe, seed)).to(self.device)
        self.discriminator = memory_format(build_discriminator(backbone, recipe, seed)).to(self.device)
        if self.device.type == "cpu":
            quicken(self.generator), quicken(self.discriminator)
        give_streams(self.discriminator, self.streams)
        self.averaged = copy.deepcopy(self.generator) if recipe.averaging else None
        self.d_parameters = list(self.discriminator.parameters())
        self.g_parameters = list(self.generator.parameters())
        moments = {"beta1": recipe.beta1, "beta2": recipe.beta2, "fused": self.device.type in ("cpu", "cuda")}
        self.d_optimizer = recipe.d_optimizer(self.d_parameters, lr=recipe.d_lr, **moments)
        self.g_optimizer = recipe.g_optimizer(self.g_parameters, lr=recipe.g_lr, **moments)
        self.step_number = 0
        self.order = torch.empty(0, dtype=torch.int64, device=self.device)
        self.position = 0

    def next_real(self) -> Tensor:
        """The next batch of the data stream in the recipe's pixel range; every epoch is a new shuffle."""
        if self.position + self.batch > len(self.order):
            stream = self.streams("data")
            # Sets smaller than a batch are gone through several times within one.
            rounds = -(-self.batch // len(self.images))
            shuffles = [
                torch.randperm(len(self.images), generator=stream, device=self.device) for _ in range(max(rounds, 1))
            ]
            self.order, self.position = torch.cat(shuffles), 0
        chosen = self.order[self.position : self.position + self.batch]
        self.position += self.batch
        return to_range(self.images.index_select(0, chosen), self.recipe.pixel_range)

    def step(self) -> Tensor:
        """One update of D, one of G; returns the step's row of `CURVES`, float32 (6,)."""
        recipe, streams = self.recipe, self.streams
        for name in recipe.idle_streams:
            torch.rand(1, generator=streams(name), device=self.device)
        real = self.next_real()
        z = recipe.latent(self.batch, recipe.latent_dim, streams("latent"))
        with self.precision.autocast(self.device):
            fake = self.generator(z)

        real_seen, fake_seen = self.seen(real, streams), self.seen(fake.detach(), streams)
        with self.precision.autocast(self.device):
            real_logits, fake_logits = recipe.batching(self.discriminator, real_seen, fake_seen)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        targets = Targets(torch.ones_like(real_logits), torch.zeros_like(fake_logits))
        for change in recipe.targets:
            targets = change(targets, streams)
        d_loss = recipe.loss.d(real_logits, targets.real) + recipe.loss.d(fake_logits, targets.fake)
        for penalty in recipe.penalties:
            d_loss = d_loss + penalty(self.discriminator, real_seen, fake_seen, streams)
        d_norm = self._update(self.d_optimizer, self.d_parameters, d_loss)

        self._freeze_discriminator(True)
        fake_seen = self.seen(fake, streams)
        with self.precision.autocast(self.device):
            logits = self.discriminator(fake_seen)
        g_loss = recipe.loss.g(logits.float())
        g_norm = self._update(self.g_optimizer, self.g_parameters, g_loss)
        self._freeze_discriminator(False)

        for follow in recipe.averaging:
            follow(self.averaged, self.generator)
        self.step_number += 1
        answers = (real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean())
        return torch.stack([d_loss.detach(), g_loss.detach(), *answers, d_norm, g_norm])

    def seen(self, images: Tensor, streams: Streams) -> Tensor:
        """Images in the pixel range as D sees them: channels-last, after every transform of its input."""
        for change in self.recipe.d_inputs:
            images = change(images, streams)
        return images.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def _update(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], loss: Tensor) -> Tensor:
        """One step down the loss; returns the norm of the gradient, without clipping it."""
        for parameter in parameters:  # what optimizer.zero_grad does, without its hooks
            parameter.grad = None
        loss.backward()
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        optimizer.step()
        return norm

    def _freeze_discriminator(self, frozen: bool) -> None:
        for parameter in self.d_parameters:
            parameter.requires_grad_(not frozen)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on exactly from here: networks, optimisers, streams, place in the data."""
        return {
            "step": self.step_number,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged is not None else None,
            "d_optimizer": self.d_optimizer.state_dict(),
            "g_optimizer": self.g_optimizer.state_dict(),
            "streams": self.streams.state_dict(),
            "order": self.order,
            "position": self.position,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was taken, in a game made with the same arguments."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.d_optimizer.load_state_dict(state["d_optimizer"])
        self.g_optimizer.load_state_dict(state["g_optimizer"])
        self.streams.load_state_dict(state["streams"])
        self.order, self.position = state["order"].to(self.device), state["position"]
        self.step_number = state["step"]

    def sampler(self) -> nn.Module:
        """A copy of G (or of its average) in evaluation mode, BatchNorm on its running statistics, for scoring."""
        return copy.deepcopy(self.averaged if self.averaged is not None else self.generator).eval()


@torch.no_grad()
def sample(generator: nn.Module, recipe: Recipe, z: Tensor, chunk: int = 250) -> Tensor:
    """Images made from z (n, latent_dim) in float32, rounded as real ones are: uint8 (n, C, H, W) on the CPU.

    Not-a-number pixels of a diverged G become black.
    """
    low, high = recipe.pixel_range
    made = torch.cat([generator(part) for part in z.split(chunk)])
    if made.shape[2:] == (1, 1):  # points are not rounded to 8 bits
        return ((made - low) / (high - low)).clamp(0, 1).cpu()
    unit = torch.nan_to_num((made - low) / (high - low))
    return (unit * 255).round().clamp(0, 255).to(torch.uint8).contiguous().cpu()


def to_range(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 images, or points already in [0, 1], as float32 in the pixel range, channels-last."""
    low, high = pixel_range
    images = images.contiguous(memory_format=torch.channels_last)
    unit = images.div(255) if images.dtype == torch.uint8 else images.clone()
    return unit.mul_(high - low).add_(low)


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
            pending.append(game.step())
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


def denormals_are_flushed() -> bool:
    """Whether this thread takes numbers too small for a full mantissa, below 1.2e-38, as zero."""
    return not torch.tensor([1e-40]).mul(1).item()


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take such numbers as zero in the block, where the processor can."""
    before = denormals_are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
