"""The recipe: the slots a hack may fill, and the naive value of each.

`Recipe()` is the naive GAN, every hack off. A slot holds either one value, a small frozen object or a
number (two hacks that want it exclude each other), or a tuple of objects that act in a declared order (any number of
hacks may add to it). The trainer and the network builder read slots and never know which hack filled them.

The objects here are the naive values; what a hack puts in their place lives in that hack's file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Stream = torch.Generator
Streams = Callable[[str], Stream]
"""Gives the run's own random generator of that name; every source of randomness has one."""


Padding = Literal["symmetric", "same", "valid"]
"""What is added around an image before a convolution with a stride: `symmetric`, (kernel − 1) // 2 on every side, as is
usual in PyTorch; `same`, what the stride needs, an odd pixel going to the right and the bottom, as in TensorFlow and
Keras; `valid`, nothing."""


class Resampling(NamedTuple):
    """What a resampling layer is made of. The block is `before, conv, norm, activation, after`."""

    before: nn.Module | None
    conv: nn.Module
    after: nn.Module | None


class Targets(NamedTuple):
    """What D is asked to answer: one target in logit-loss terms per image, each a float tensor (N,)."""

    real: Tensor
    fake: Tensor


class RandomLayer(nn.Module):
    """A layer that draws while it trains. A game gives it the run's stream of that name, in place of PyTorch's own."""

    stream_name: str
    stream: Stream | None = None


class Ordered(Protocol):
    """A member of a tuple slot: smaller `order` acts first, the class name breaks ties."""

    order: int


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""

    def __call__(self) -> nn.Module:
        """A new activation layer."""
        return nn.ReLU()


@dataclass(frozen=True)
class NoNorm:
    """No normalisation: the layer before keeps its bias."""

    drops_bias = False

    def __call__(self, channels: int) -> nn.Module | None:
        """A new normalisation layer for that many channels, or None."""
        return None


@dataclass(frozen=True)
class NoDropout:
    """Every unit stays."""

    def __call__(self) -> nn.Module | None:
        """A new layer, or None."""
        return None


@dataclass(frozen=True)
class NoWeightNorm:
    """Weights are used as they are."""

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Change how one initialised convolution or dense layer computes its weight, in place."""


@dataclass(frozen=True)
class NearestUpsampling:
    """Nearest-neighbour upsampling, then a convolution of stride 1."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, factor: int = 2, padding: Padding = "symmetric"
    ) -> Resampling:
        """Multiply height and width; `padding` is moot without a stride.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=odd // 2, bias=bias)
        return Resampling(nn.Upsample(scale_factor=factor, mode="nearest"), conv, None)


@dataclass(frozen=True)
class MaxPooling:
    """A convolution of stride 1, then 2×2 max-pooling."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, padding: Padding = "symmetric"
    ) -> Resampling:
        """Halve height and width; with padding `valid` the convolution takes its margin off first.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=0 if padding == "valid" else odd // 2, bias=bias)
        return Resampling(None, conv, nn.MaxPool2d(2))


@dataclass(frozen=True)
class FrameworkInit:
    """PyTorch's own initialisation of each layer (Kaiming-uniform with a = √5 for weights)."""

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Set the parameters of one layer in place, from that seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer.reset_parameters()


@dataclass(frozen=True)
class Adam:
    """Adam; the recipe's `beta1` and `beta2` are its moments' decay rates."""

    def __call__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, beta1: float, beta2: float, fused: bool
    ) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.Adam(parameters, lr=lr, betas=(beta1, beta2), fused=fused)


@dataclass(frozen=True)
class SigmoidOutput:
    """The generator's last activation for images in [0, 1]."""

    def __call__(self) -> nn.Module:
        """A new activation layer."""
        return nn.Sigmoid()


@dataclass(frozen=True)
class UniformLatent:
    """z ~ U(-1, 1), as in the original DCGAN."""

    def __call__(self, n: int, dim: int, stream: Stream) -> Tensor:
        """Draw n latent vectors: float32 (n, dim) on the stream's device."""
        return torch.rand(n, dim, generator=stream, device=stream.device).mul_(2).sub_(1)


@dataclass(frozen=True)
class MixedBatch:
    """One forward pass of D over real and fake images together, so they share BatchNorm's statistics."""

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the real and of the fake images, each (N,)."""
        real_logits, fake_logits = discriminator(torch.cat([real, fake])).split([len(real), len(fake)])
        return real_logits, fake_logits


@dataclass(frozen=True)
class NonSaturating:
    """The logistic loss on logits; G maximises log D(G(z)) (Goodfellow et al. 2014)."""

    def d(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean binary cross-entropy of D's logits (N,) against its targets (N,), which may leave [0, 1]."""
        return F.binary_cross_entropy_with_logits(logits, targets)

    def g(self, logits: Tensor) -> Tensor:
        """Mean of −log σ(logits) over D's logits (N,) on G's images."""
        return F.softplus(-logits).mean()


@dataclass(frozen=True)
class Recipe:
    """How one GAN is built and trained; `Recipe()` is the naive GAN with every hack off.

    Attributes:
        g_activation, d_activation: make the activation layer after every hidden layer.
        g_norm, d_norm: make the normalisation between a layer and its activation.
        upsampling, downsampling: make G's ×2 and D's ÷2 layers.
        g_kernel, d_kernel: kernel size of the resampling convolutions, in pixels.
        d_dropout: makes the layer that drops units of D after its hidden blocks.
        d_weight_norm: changes how D's layers compute their weights.
        init: sets the parameters of a layer from a seed.
        g_optimizer, d_optimizer: make the optimisers, with learning rates `g_lr`, `d_lr` and `beta1`, `beta2`.
        pixel_range: the values (black, white) that D sees and G must make.
        output: makes G's last activation, whose range should be `pixel_range`.
        latent, latent_dim: the distribution of z and its dimension.
        batching: how D is run over real and fake images.
        loss: `d(logits, targets)` and `g(logits)`.
        targets: change D's targets, `(Targets, Streams) -> Targets`, in order.
        d_inputs: change every image D sees, real and fake alike, `(images, Streams) -> images`, in order.
        penalties: added to D's loss, `(D, real, fake, Streams) -> scalar`, in order.
        averaging: follow G's weights, `(G's copy, G) -> None` after each step; the copy is what is scored.
        idle_streams: random streams that are drawn from and read by nobody.
    """

    g_activation: Any = Relu()
    d_activation: Any = Relu()
    g_norm: Any = NoNorm()
    d_norm: Any = NoNorm()
    upsampling: Any = NearestUpsampling()
    downsampling: Any = MaxPooling()
    g_kernel: int = 5
    d_kernel: int = 5
    d_dropout: Any = NoDropout()
    d_weight_norm: Any = NoWeightNorm()
    init: Any = FrameworkInit()
    g_optimizer: Any = Adam()
    d_optimizer: Any = Adam()
    g_lr: float = 2e-4
    d_lr: float = 2e-4
    beta1: float = 0.9
    beta2: float = 0.999
    pixel_range: tuple[float, float] = (0.0, 1.0)
    output: Any = SigmoidOutput()
    latent: Any = UniformLatent()
    latent_dim: int = 100
    batching: Any = MixedBatch()
    loss: Any = NonSaturating()
    targets: tuple[Any, ...] = ()
    d_inputs: tuple[Any, ...] = ()
    penalties: tuple[Any, ...] = ()
    averaging: tuple[Any, ...] = ()
    idle_streams: tuple[str, ...] = ()

    def fill(self, **slots: Any) -> Recipe:
        """A copy with these single-valued slots filled."""
        return dataclasses.replace(self, **slots)

    def add(self, slot: str, member: Any) -> Recipe:
        """A copy with one more member in a tuple slot, kept in its declared order, so that hacks commute."""
        members = sorted((*getattr(self, slot), member), key=_rank)
        return dataclasses.replace(self, **{slot: tuple(members)})

    def describe(self) -> dict[str, str]:
        """Every slot as text, for records and reports."""
        return {field.name: repr(getattr(self, field.name)) for field in dataclasses.fields(self)}


TUPLE_SLOTS = tuple(field.name for field in dataclasses.fields(Recipe) if field.default == ())


def _rank(member: Any) -> tuple[int, str]:
    return getattr(member, "order", 0), repr(member)
