"""The contracts of a recipe's slots.

Whatever fills a slot asks by parameter name for what it needs (`asking.py`): what makes layers for what is known of
their place, what acts while it trains for what the step's view has. A member of a slot may have a method of the slot's
name, else the member itself is called: one class can so act in several slots.

Members are frozen and keep nothing. One that has to remember something has `start`, which makes its state when a game
begins: a dict of tensors and numbers, or an object with `state_dict` and `load_state_dict`. The member gets it as
`state`, the same in all of its slots; the game owns it and keeps it with the training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

Stream = torch.Generator
Streams = Callable[[str], Stream]
"""Gives the run's own random generator of that name; every source of randomness has one."""

Seen = Callable[[Tensor], Tensor]
"""Images (N, C, H, W) in the pixel range -> as D sees them, after every transform of its input."""

DataOrder = Literal["shuffled", "in_order", "drawn"]
"""How real images come: every epoch shuffled, as the data lie, or each drawn for itself, so that some come twice."""

Padding = Literal["symmetric", "same", "valid"]
"""What is added around an image before a convolution with a stride: `symmetric`, (kernel − 1) // 2 on every side, as is
usual in PyTorch; `same`, what the stride needs, an odd pixel going to the right and the bottom, as in TensorFlow and
Keras; `valid`, nothing."""


@dataclass(frozen=True)
class Step:
    """Where a training stands.

    Attributes:
        number: of steps made before this one.
        total: of the whole run; 0 where it has no end.
        streams: the run's random streams, one for each name.
        span: of the number, from this step to the next one: more than 1 where batches are as many times larger.
        labels: classes of the real images of the batch, int64 (N,); fakes are made with the same. None where the data
            have none.
    """

    number: int
    total: int
    streams: Streams
    labels: Tensor | None = None
    span: int = 1

    @property
    def progress(self) -> float:
        """Share of the run that was made, in [0, 1]; 0 where it has no end."""
        return min(self.number / self.total, 1.0) if self.total else 0.0


# What is passed around.


class Resampled(NamedTuple):
    """What a resampling layer is made of. The block is `before, conv, norm, activation, after`."""

    before: nn.Module | None
    conv: nn.Module | None
    after: nn.Module | None


class Batches(NamedTuple):
    """What D's step trains on: images (N, C, H, W) in the pixel range."""

    real: Tensor
    fake: Tensor


class Logits(NamedTuple):
    """D's answers, each (N,)."""

    real: Tensor
    fake: Tensor


class Targets(NamedTuple):
    """What D is asked to answer: one target in logit-loss terms per image, each a float tensor (N,)."""

    real: Tensor
    fake: Tensor


class Given(NamedTuple):
    """What a network was given: its input (latents or images), and the classes (N,) where the data have labels."""

    input: Tensor
    labels: Tensor | None


# Layers with a contract of their own. A layer may also have `initialise(stream)`, which sets its own parameters from a
# random generator in place of the recipe's `init`.


class RandomLayer(nn.Module):
    """A layer that draws while it trains. A game gives it the run's stream of that name, in place of PyTorch's own."""

    stream_name: str
    stream: Stream | None = None


class ConditionedLayer(nn.Module):
    """A layer that sees what the whole network was given: `forward(images, given)`."""

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """What goes on to the next layer."""
        raise NotImplementedError


# Slots that make layers. They are offered `shape` (channels, height, width) of what comes in, `channels`, `latent_dim`,
# `resolution` of the images, `pixel_range`, and `classes` where the data have labels.


class MakesLayer(Protocol):
    """Makes one layer for its place, or None for no layer there."""

    def __call__(self, **asked: Any) -> nn.Module | None: ...


class Norm(Protocol):
    """Makes the normalisation between a layer and its activation, or None; the layer before loses its bias if it drops
    biases and there is one."""

    drops_bias: bool

    def __call__(self, **asked: Any) -> nn.Module | None: ...


class Resampling(Protocol):
    """Makes a layer that halves (in D) or multiplies by `factor` (in G) height and width."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool, **asked: Any) -> Resampled: ...


class WrapsBlock(Protocol):
    """Puts a block into another module, given `block`, `shape` coming in, `made` going out, and as for layers."""

    def __call__(self, **asked: Any) -> nn.Module: ...


class WrapsNetwork(Protocol):
    """Puts a whole network into another module, before its parameters are set; given `network` and as for layers."""

    def __call__(self, **asked: Any) -> nn.Module: ...


class Bound(Protocol):
    """Changes how a network with its parameters set uses them, given `network`, `seed_of(path) -> int` and as for
    networks."""

    def __call__(self, **asked: Any) -> nn.Module: ...


class Init(Protocol):
    """Sets the parameters of one layer in place, from that seed alone."""

    def __call__(self, layer: nn.Module, seed: int) -> None: ...


class MakesOptimizer(Protocol):
    """Makes an optimiser, given `parameters`, `lr`, `beta1`, `beta2` and `fused` (whether the device has such ones)."""

    def __call__(self, parameters: Iterable[nn.Parameter], **asked: Any) -> torch.optim.Optimizer: ...


class Latent(Protocol):
    """A distribution of z."""

    def __call__(self, n: int, dim: int, stream: Stream) -> Tensor:
        """n draws, float32 (n, dim) on the stream's device."""
        ...

    def between(self, start: Tensor, end: Tensor, share: float) -> Tensor:
        """Points on the way from draws to others (n, dim), where draws lie too."""
        ...

    def nearest(self, z: Tensor) -> Tensor:
        """The points nearest to these (n, dim) among those that could be drawn; where there is none, they are it."""
        ...


# Slots that act while it trains. Each is offered what is listed for it in OFFERED.


class Batching(Protocol):
    """Runs D over real and fake images: gives the `Logits` of each of D's updates in turn.

    D is updated between them, so that a second one sees another D. A side that an update leaves out is an empty tensor.
    """

    def __call__(self, **asked: Any) -> Iterator[Logits]: ...


class Loss(Protocol):
    """What the two players pay.

    `d` judges either one side, asking for its `logits` and `target` (called for real and fake, the two added), or the
    pair, asking for `real_logits` and `fake_logits`. `g` asks for `fake_logits`, and for `real_logits` if it likes.
    """

    def d(self, **asked: Any) -> Tensor: ...

    def g(self, **asked: Any) -> Tensor: ...


class Member(Protocol):
    """A member of a tuple slot. Smaller `order` acts first (0 if it has none), its text breaks ties."""

    def __call__(self, **asked: Any) -> Any: ...


_WHERE = ("step", "streams", "labels", "pixel_range", "recipe", "seen", "state")
_ALWAYS = (*_WHERE, "G", "D", "g_optimizer", "d_optimizer")
_D = ("z", "real", "fake", "real_logits", "fake_logits", "real_features", "fake_features", "targets")
_G = ("z", "real", "fake", "real_logits", "fake_logits", "real_features", "fake_features")

OFFERED: dict[str, tuple[str, ...]] = {
    "start": ("G", "D", "batch", "classes", "labels", "device", "streams", "pixel_range", "latent_dim", "game"),
    "latent_changes": ("z", *_ALWAYS),
    "d_batches": ("batches", "z", *_ALWAYS),
    "d_inputs": ("images", *_ALWAYS),
    "batching": ("real", "fake", *_ALWAYS),
    "targets": ("targets", "z", "real", "fake", "real_logits", "fake_logits", *_ALWAYS),
    "loss.d": ("logits", "target", "real_logits", "fake_logits", "targets", "step", "streams", "labels", "state"),
    "penalties": (*_D, *_ALWAYS),
    "d_before": ("d_loss", *_D, *_ALWAYS),
    "d_after": ("d_loss", *_D, *_ALWAYS),
    "g_opponents": ("z", "real", "fake", "d_pays", "batching", *_ALWAYS),
    "g_logits": (*_G, *_ALWAYS),
    "loss.g": ("real_logits", "fake_logits", "step", "streams", "labels", "state"),
    "g_penalties": (*_G, *_ALWAYS),
    "g_before": ("g_loss", *_G, *_ALWAYS),
    "g_after": ("g_loss", *_G, *_ALWAYS),
    "step_after": _ALWAYS,
    "averaging": ("average", *_ALWAYS),
}
"""What each slot of the loop offers to ask for.

All is float32. Images are (N, C, H, W) in the pixel range, logits (N,), `z` (N, latent_dim). `real` and `fake` are as D
sees them, after `d_inputs`, except in `batches`; in D's step `fake` has no way back to G. `seen` shows any images in
the pixel range as D sees them. `real_features` and `fake_features` are what comes into D's last layer. `streams`,
`labels` are those of `step`, `recipe` is the whole run's. `d_pays` is D's loss of (real logits, fake logits), with hard
targets and without penalties, `batching` the recipe's way of running a D over both sides, `(D, real, fake) -> Logits of
each of D's updates`.
"""
