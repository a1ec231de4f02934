"""The naive value of each slot: what a recipe is made of while every hack is off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hacks.slots import Logits, Padding, Resampled, Stream


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
class PlainBlock:
    """A block is its layers one after another."""

    def __call__(self, block: nn.Module) -> nn.Module:
        """The block itself."""
        return block


@dataclass(frozen=True)
class PlainNetwork:
    """A network is its blocks one after another."""

    def __call__(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network


@dataclass(frozen=True)
class Unbound:
    """Weights are used as they are."""

    def __call__(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network


@dataclass(frozen=True)
class NearestUpsampling:
    """Nearest-neighbour upsampling, then a convolution of stride 1."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, factor: int = 2, padding: Padding = "symmetric"
    ) -> Resampled:
        """Multiply height and width; `padding` is moot without a stride.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=odd // 2, bias=bias)
        return Resampled(nn.Upsample(scale_factor=factor, mode="nearest"), conv, None)


@dataclass(frozen=True)
class MaxPooling:
    """A convolution of stride 1, then 2×2 max-pooling."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool, padding: Padding = "symmetric") -> Resampled:
        """Halve height and width; with padding `valid` the convolution takes its margin off first.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=0 if padding == "valid" else odd // 2, bias=bias)
        return Resampled(None, conv, nn.MaxPool2d(2))


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

    def between(self, start: Tensor, end: Tensor, share: float) -> Tensor:
        """On the straight line: a cube holds the lines between its points."""
        return torch.lerp(start, end, share)

    def nearest(self, z: Tensor) -> Tensor:
        """The point of the cube nearest to each of these (n, dim)."""
        return z.clamp(-1, 1)


@dataclass(frozen=True)
class MixedBatch:
    """One forward pass of D over real and fake images together, so they share BatchNorm's statistics."""

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor) -> Iterator[Logits]:
        """One update, on both sides."""
        logits = D(torch.cat([real, fake]))
        reals = len(logits) * len(real) // (len(real) + len(fake))  # D may give one logit for several images
        yield Logits(*logits.split([reals, len(logits) - reals]))


@dataclass(frozen=True)
class NonSaturating:
    """The logistic loss on logits; G maximises log D(G(z)) (Goodfellow et al. 2014)."""

    def d(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean binary cross-entropy of D's logits (N,) against its targets (N,), which may leave [0, 1]."""
        return F.binary_cross_entropy_with_logits(logits, target)

    def g(self, fake_logits: Tensor) -> Tensor:
        """Mean of −log σ(logits) over D's logits (N,) on G's images."""
        return F.softplus(-fake_logits).mean()
