"""The loss that the two Wasserstein GANs share; they differ in how they keep D's slope bounded."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Wasserstein:
    """D pays mean(fake logits) − mean(real logits), G the negative mean of its own."""

    def d(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean of (1 − 2t) · logit over logits and targets t, each (N,)."""
        return ((1 - 2 * target) * logits).mean()

    def g(self, fake_logits: Tensor) -> Tensor:
        """Negative mean of D's logits (N,) on G's images."""
        return -fake_logits.mean()
