"""The recipe: the slots a hack may fill, and the naive value of each.

`Recipe()` is the naive GAN, every hack off. A slot holds either one value, a small frozen object or a number (two hacks
that want it exclude each other), or a tuple of members that act in a declared order (any number of hacks may add to
it). The trainer and the network builder read slots and never know which hack filled them. What a slot's contents have
to do is in `slots.py`, the naive values are in `naive.py`, what a hack puts in their place lives in that hack's file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from hacks import naive, slots
from hacks.parameters import Nets
from hacks.slots import (
    Batches,
    ConditionedLayer,
    Given,
    Logits,
    Padding,
    RandomLayer,
    Resampled,
    Step,
    Stream,
    Streams,
    Targets,
)

__all__ = [
    "DRAWING_SLOTS",
    "TUPLE_SLOTS",
    "Batches",
    "ConditionedLayer",
    "Given",
    "Logits",
    "Padding",
    "RandomLayer",
    "Recipe",
    "Resampled",
    "Step",
    "Stream",
    "Streams",
    "Targets",
]


@dataclass(frozen=True)
class Recipe:
    """How one GAN is built and trained; `Recipe()` is the naive GAN with every hack off.

    The networks:
        g_activation, d_activation: make the activation layer after every hidden layer.
        g_norm, d_norm: make the normalisation between a layer and its activation.
        upsampling, downsampling: make G's ×2 and D's ÷2 layers.
        g_kernel, d_kernel: kernel size of the resampling convolutions, in pixels.
        g_dropout, d_dropout: make the layer that drops units after hidden blocks.
        g_layers, d_layers: make further layers after hidden blocks, offered `index` and `count` of these blocks too.
        g_front, d_front: make layers before the first block: in G of latents (N, dim), in D of images.
        d_tail: make layers before D's last block.
        g_block, d_block: wrap every hidden block; d_head: wraps D's last block, which makes the logits (N, 1, 1, 1).
        g_network, d_network: wrap the whole network before it is initialised.
        init: sets the parameters of a layer from a seed.
        g_bound, d_bound: change how the initialised weights are used.
        output: makes G's last activation, whose range should be `pixel_range`.
    The optimisers:
        g_optimizer, d_optimizer: make the optimisers, with learning rates `g_lr`, `d_lr` and `beta1`, `beta2`.
        d_steps: steps of D for each of G.
        rounds: how often in a step D's steps and G's are made, each time on another batch.
        batch_factor: makes batches that many times as large, and as many times fewer steps.
        fresh_latents: whether G's step draws latents of its own; else it takes D's last fakes again.
        running_fakes: whether D's fakes are made by G as it is scored: BatchNorm on its running statistics, no dropout
            or noise, nothing moved by the pass. G's step then makes images of its own, of the same latents unless
            `fresh_latents`. Keras's `predict` does so.
        mean_of_all: whether D pays the mean over all images of an update, as one batch of both has it, penalties
            aside; else the mean over real images plus the mean over fakes.
    Data and latents:
        data_order: `shuffled`, every epoch in another order; `in_order`, every epoch as the data lie; `drawn`, every
            image drawn for itself from all of them. What is left of an epoch and fills no batch is left out.
        pixel_range: the values (black, white) that D sees and G must make.
        latent, latent_dim: the distribution of z and its dimension.
        latent_changes: change z before G has it while training, `z -> z`.
    start: what has to see the game before its first step, and acts in no other slot.
    The game, in the order of a step:
        d_batches: change what D trains on, `batches -> Batches`.
        d_inputs: change every image D sees, real and fake alike, in both players' steps, `images -> images`.
        batching: how D is run over real and fake images.
        targets: change D's targets, `targets -> Targets`.
        loss: what the two players pay.
        penalties: added to D's loss, `-> scalar`.
        d_before, d_after: act before and after D's optimiser's step; one that returns False before it prevents it.
        g_opponents: change the D that judges G's images, `D -> D`.
        g_logits: change the answers that G learns from, `fake_logits -> fake_logits`.
        g_penalties: added to G's loss, `-> scalar`.
        g_before, g_after: act before and after G's optimiser's step; one that returns False before it prevents it.
        step_after: act after each step, when both players have made theirs.
        averaging: move `average`, the copy of G that is scored, after each step.
    reseed: where it is not empty, the run has another seed, made from its own and this text.
    """

    g_activation: slots.MakesLayer = naive.Relu()
    d_activation: slots.MakesLayer = naive.Relu()
    g_norm: slots.Norm = naive.NoNorm()
    d_norm: slots.Norm = naive.NoNorm()
    upsampling: slots.Resampling = naive.NearestUpsampling()
    downsampling: slots.Resampling = naive.MaxPooling()
    g_kernel: int = 5
    d_kernel: int = 5
    g_dropout: slots.MakesLayer = naive.NoDropout()
    d_dropout: slots.MakesLayer = naive.NoDropout()
    g_layers: tuple[slots.MakesLayer, ...] = ()
    d_layers: tuple[slots.MakesLayer, ...] = ()
    g_front: tuple[slots.MakesLayer, ...] = ()
    d_front: tuple[slots.MakesLayer, ...] = ()
    d_tail: tuple[slots.MakesLayer, ...] = ()
    g_block: slots.WrapsBlock = naive.PlainBlock()
    d_block: slots.WrapsBlock = naive.PlainBlock()
    d_head: slots.WrapsBlock = naive.PlainBlock()
    g_network: slots.WrapsNetwork = naive.PlainNetwork()
    d_network: slots.WrapsNetwork = naive.PlainNetwork()
    init: slots.Init = naive.FrameworkInit()
    g_bound: slots.Bound = naive.Unbound()
    d_bound: slots.Bound = naive.Unbound()
    output: slots.MakesLayer = naive.SigmoidOutput()
    g_optimizer: slots.MakesOptimizer = naive.Adam()
    d_optimizer: slots.MakesOptimizer = naive.Adam()
    g_lr: float = 2e-4
    d_lr: float = 2e-4
    beta1: float = 0.9
    beta2: float = 0.999
    d_steps: int = 1
    rounds: int = 1
    batch_factor: int = 1
    fresh_latents: bool = False
    running_fakes: bool = False
    mean_of_all: bool = False
    data_order: slots.DataOrder = "shuffled"
    pixel_range: tuple[float, float] = (0.0, 1.0)
    latent: slots.Latent = naive.UniformLatent()
    latent_dim: int = 100
    start: tuple[slots.Member, ...] = ()
    latent_changes: tuple[slots.Member, ...] = ()
    d_batches: tuple[slots.Member, ...] = ()
    d_inputs: tuple[slots.Member, ...] = ()
    batching: slots.Batching = naive.MixedBatch()
    targets: tuple[slots.Member, ...] = ()
    loss: slots.Loss = naive.NonSaturating()
    penalties: tuple[slots.Member, ...] = ()
    d_before: tuple[slots.Member, ...] = ()
    d_after: tuple[slots.Member, ...] = ()
    g_opponents: tuple[slots.Member, ...] = ()
    g_logits: tuple[slots.Member, ...] = ()
    g_penalties: tuple[slots.Member, ...] = ()
    g_before: tuple[slots.Member, ...] = ()
    g_after: tuple[slots.Member, ...] = ()
    step_after: tuple[slots.Member, ...] = ()
    averaging: tuple[slots.Member, ...] = ()
    reseed: str = ""

    def fill(self, **slots: Any) -> Recipe:
        """A copy with these single-valued slots filled."""
        return dataclasses.replace(self, **slots)

    def fill_nets(self, nets: Nets, *, d: Mapping[str, Any], g: Mapping[str, Any]) -> Recipe:
        """A copy with the slots of D filled, those of G, or both."""
        return self.fill(**(d if nets != "g" else {}), **(g if nets != "d" else {}))

    def add(self, slot: str, member: Any) -> Recipe:
        """A copy with one more member in a tuple slot, kept in its declared order, so that hacks commute."""
        members = sorted((*getattr(self, slot), member), key=_rank)
        return dataclasses.replace(self, **{slot: tuple(members)})

    def draw(self, n: int, stream: Stream) -> Tensor:
        """n latents as G takes them: float32 (n, latent_dim) on the stream's device."""
        return self.latent(n, self.latent_dim, stream)

    def describe(self) -> dict[str, str]:
        """Every slot as text, for records and reports."""
        return {field.name: repr(getattr(self, field.name)) for field in dataclasses.fields(self)}


TUPLE_SLOTS = tuple(field.name for field in dataclasses.fields(Recipe) if field.default == ())
DRAWING_SLOTS = frozenset(
    {"reseed", "latent", "latent_dim", "d_steps", "rounds", "batch_factor", "fresh_latents", "data_order"}
)
"""Slots that say how often, how much or in which way data and latents are drawn."""


def _rank(member: Any) -> tuple[int, str]:
    return getattr(member, "order", 0), repr(member)
