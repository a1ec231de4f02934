"""What Keras does where PyTorch does otherwise, as values for a recipe's slots and for parameters of hacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import nn

BATCH_NORM = {"momentum": 0.01, "epsilon": 1e-3, "drops_bias": False}
"""Keras's momentum 0.99 weighs the old statistics; its layers before a norm keep their bias."""
LEAKY_RELU = {"slope": 0.3}


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


class ClippedRMSprop(torch.optim.RMSprop):
    """RMSprop that first cuts every entry of the gradient to [−clip, clip]."""

    def __init__(self, parameters: Iterable[nn.Parameter], *, clip: float, **settings: float) -> None:
        super().__init__(parameters, **settings)
        self.clip = clip

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step; the gradients stay cut."""
        for group in self.param_groups:
            nn.utils.clip_grad_value_(group["params"], self.clip)
        return super().step(closure)


@dataclass(frozen=True)
class RMSprop:
    """RMSprop with Keras's decay 0.9 and epsilon 1e-7; it has no momentum, so the recipe's decay rates are not read."""

    clip: float

    def __call__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, beta1: float, beta2: float, fused: bool
    ) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return ClippedRMSprop(parameters, clip=self.clip, lr=lr, alpha=0.9, eps=1e-7)


@dataclass(frozen=True)
class NesterovSGD:
    """Gradient descent with Nesterov's momentum, which is the recipe's `beta1`."""

    def __call__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, beta1: float, beta2: float, fused: bool
    ) -> torch.optim.Optimizer:
        """A new optimiser over these parameters."""
        return torch.optim.SGD(parameters, lr=lr, momentum=beta1, nesterov=beta1 > 0)
