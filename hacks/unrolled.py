"""Unrolled D: G learns from the D of some updates later, and through these updates.

Off: G learns from D as it is.
On: G's images are judged by D after 5 more updates on the batch at hand, and G's gradient goes through these updates,
    which are then forgotten. An update descends D's loss with hard targets and without penalties, in float32. Where D's
    optimiser is Adam or RMSprop it is that optimiser's step from where its running squares are, but without momentum,
    and the gradient takes these squares for constants; else it is plain gradient descent at D's rate. A step
    takes about eleven times as long (32 pixels, on a CPU), and keeps the memory of five passes through D.
Source: Metz, Poole, Pfau & Sohl-Dickstein 2016, "Unrolled generative adversarial networks", arXiv 1611.02163, with
    plain descent in its definition (recalled, not re-read). To take the optimiser's squares is our choice: an unrolled
    update is then about as long as one that D makes.
Claim: G does not collapse on a ring of Gaussians, and covers more modes, as it foresees how D would answer.
Needs: nothing.
Clashes: nothing; where past_discriminators puts an earlier D in place of D, that one is unrolled, its squares from 0.
Mechanism: G does not run to the one point that D likes best now, as D would be elsewhere after a few updates.
Measured: d_loss_oscillation down, g_loss_oscillation down
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.func import functional_call

from hacks.parameters import Range
from hacks.recipe import Logits, Recipe
from hacks.registry import hack


class Pace:
    """How long one weight's steps are: those of D's optimiser from where it is, without momentum."""

    def __init__(self, optimizer: torch.optim.Optimizer, weight: nn.Parameter) -> None:
        group, kept = optimizer.param_groups[0], optimizer.state.get(weight, {})
        self.lr, self.epsilon = group["lr"], group.get("eps", 0.0)
        self.corrected = "betas" in group
        self.decay = group["betas"][1] if self.corrected else group.get("alpha")
        self.square = kept.get("exp_avg_sq", kept.get("square_avg", torch.zeros_like(weight))).detach()
        self.steps = kept.get("step", torch.zeros(())).to(weight.device)

    def rate(self, gradient: Tensor) -> Tensor | float:
        """Of the next step: lr for plain descent, else lr / (√v + ε) with that gradient's square in the running v."""
        if self.decay is None:
            return self.lr
        self.square = self.decay * self.square + (1 - self.decay) * gradient.detach() ** 2
        self.steps = self.steps + 1
        share = 1 - self.decay**self.steps if self.corrected else 1.0
        return self.lr / ((self.square / share).sqrt() + self.epsilon)


class Foreseen:
    """D with other weights, which have a way back to what they were made of; D itself and its buffers stay."""

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        own = dict(network.named_parameters())
        self.network, self.paces = network, {name: Pace(optimizer, weight) for name, weight in own.items()}
        self.weights: dict[str, Tensor] = {name: weight.detach().requires_grad_() for name, weight in own.items()}
        self.buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}

    def __call__(self, images: Tensor) -> Tensor:
        """Logits (N,) on images (N, C, H, W)."""
        return functional_call(self.network, self.weights | self.buffers, (images,))

    def descend(self, loss: Tensor) -> None:
        """One update down a loss, a scalar."""
        gradients = torch.autograd.grad(loss, list(self.weights.values()), create_graph=True, allow_unused=True)
        for (name, weight), gradient in zip(list(self.weights.items()), gradients, strict=True):
            if gradient is not None:
                self.weights[name] = weight - self.paces[name].rate(gradient) * gradient


@dataclass(frozen=True)
class Unrolled:
    """The D that judges G's images is the one of so many updates later."""

    updates: int
    order = 100  # after what else may choose D

    def __call__(
        self,
        D: nn.Module,
        real: Tensor,
        fake: Tensor,
        d_pays: Callable[[Tensor, Tensor], Tensor],
        batching: Callable[..., Iterator[Logits]],
        d_optimizer: torch.optim.Optimizer,
    ) -> Callable[[Tensor], Tensor]:
        """images (N, C, H, W) -> logits (N,) of that D."""
        later = Foreseen(D, d_optimizer)
        for _ in range(self.updates):
            for logits in batching(later, real, fake):
                later.descend(d_pays(*logits))
        return later


@hack(order=1670, family="optimizer", sets=("modern",))
def unrolled(recipe: Recipe, updates: Annotated[int, Range(1, 100, search=(1, 10))] = 5) -> Recipe:
    """Switch on that many unrolled updates of D."""
    return recipe.add("g_opponents", Unrolled(updates))
