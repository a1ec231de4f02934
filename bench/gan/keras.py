"""What Keras does where PyTorch does otherwise, as values for a recipe's slots."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Tanh:
    """tanh, as an activation of hidden layers or as an output whatever the pixel range."""

    def __call__(self) -> nn.Module:
        """A new activation layer."""
        return nn.Tanh()


@dataclass(frozen=True)
class GlorotUniform:
    """Weights uniform within ±√(6 / (fan in + fan out)), biases 0, norms 1 and 0 (Glorot & Bengio 2010)."""

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Set the parameters of one layer in place, from that seed alone."""
        if isinstance(layer, nn.modules.batchnorm._NormBase):
            nn.init.ones_(layer.weight)
        else:
            nn.init.xavier_uniform_(layer.weight, generator=torch.Generator().manual_seed(seed))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


class KerasAdam(torch.optim.Adam):
    """Adam whose epsilon is added to the root of the squares before these are corrected for their start at zero.

    θ <- θ − lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + epsilon): PyTorch's epsilon, added after the correction, grows
    smaller with every step to say the same.
    """

    epsilon = 1e-7

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step."""
        for group in self.param_groups:
            group["updates"] = group.get("updates", 0) + 1
            group["eps"] = self.epsilon / (1 - group["betas"][1] ** group["updates"]) ** 0.5
        return super().step(closure)


@dataclass(frozen=True)
class Adam:
    """Adam with Keras's epsilon 1e-7; the recipe's `beta1` and `beta2` are its moments' decay rates."""

    def __call__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, beta1: float, beta2: float, fused: bool
    ) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return KerasAdam(parameters, lr=lr, betas=(beta1, beta2), fused=fused)


@dataclass(frozen=True)
class NesterovSGD:
    """Gradient descent with Nesterov's momentum, which is the recipe's `beta1`."""

    def __call__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, beta1: float, beta2: float, fused: bool
    ) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.SGD(parameters, lr=lr, momentum=beta1, nesterov=beta1 > 0)
