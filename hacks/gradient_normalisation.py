"""Gradient normalisation of D.

Off: D's logit f is used as it is.
On: D's logit is f / (‖∇f‖ + |f|), which lies within ±1; the gradient in the image is taken per half the pixel range, as
    on images in [−1, 1]. Costs a pass back through D, and its derivative, at every pass.
Source: Wu, Shuai, Tam & Chiu 2021, "Gradient normalization for generative adversarial networks", arXiv 2109.02235.
Claim: D's slope is bounded as a whole, not layer by layer, which leaves D more able and gives better images.
Needs: nothing.
Clashes: another bound on D. With BatchNorm in D the gradient at one image depends on the others.
Mechanism: D's slope is at most about one wherever D is linear nearby, so G's gradient neither explodes nor vanishes.
Measured: none
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hacks.recipe import Recipe
from hacks.registry import hack


class GradientNormalised(nn.Module):
    """A network whose answer is divided by the size of its slope and of itself.

    Args:
        network: images (N, C, H, W) -> logits (n,), n smaller than N where one logit is for several images.
        unit: of the gradient, in pixel values.
    """

    def __init__(self, network: nn.Module, unit: float) -> None:
        super().__init__()
        self.network, self.unit = network, unit

    def forward(self, images: Tensor, *labels: Tensor) -> Tensor:
        """Images (N, C, H, W) -> float32 (n,) within ±1; can be differentiated, and again."""
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            images = images if images.requires_grad else images.detach().requires_grad_(True)
            logits = self.network(images, *labels).float()
            (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=wanted)
            size = self.unit * torch.linalg.vector_norm(gradient.float().reshape(len(logits), -1), dim=1)
            # A D that is zero and flat says zero.
            made = logits / (size + logits.abs()).clamp_min(torch.finfo(torch.float32).tiny)
        return made if wanted else made.detach()


@dataclass(frozen=True)
class NormaliseGradient:
    """Divide a network's answer f by ‖∇f‖ + |f|."""

    def __call__(self, network: nn.Module, pixel_range: tuple[float, float]) -> nn.Module:
        """The network within another."""
        low, high = pixel_range
        return GradientNormalised(network, (high - low) / 2)


@hack(order=1200, family="bound", sets=("modern",))
def gradient_normalisation(recipe: Recipe) -> Recipe:
    """Switch on gradient normalisation of D."""
    return recipe.fill(d_bound=NormaliseGradient())
