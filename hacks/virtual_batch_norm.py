"""Virtual batch normalisation in G and D.

Off: no normalisation.
On: between each hidden layer and its activation every image is normalised by the statistics of a fixed reference batch
    of 64, chosen once before the first step (latents for G, real images for D), and of itself, which counts as one more
    member of that batch; then scaled and shifted by learned numbers. Costs one more pass of 64 through each network.
Source: Salimans et al. 2016, arXiv 1606.03498, section 3.4; they have it in G alone, for its cost: `nets: g`. The
    weight of the image itself, 1 / (64 + 1), and gradients through the reference are those of their code.
Claim: BatchNorm makes an image depend on the others of its batch; a reference that is fixed prevents that.
Needs: nothing.
Clashes: every other normalisation in the same network, and what wraps whole networks.
Mechanism: no image depends on the others of its batch, in training or after it.
Measured: mixed_batch_gap down
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn

from hacks.blocks import through
from hacks.parameters import Nets, Range
from hacks.recipe import Given, Recipe, Streams
from hacks.registry import hack


class VirtualBatchNorm(nn.Module):
    """Normalises by the moments of a reference batch and of the image itself.

    A pass while `referring` is that of the reference, which is normalised by its own moments; the next pass uses them
    up. Without a reference a batch is its own.
    """

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight, self.bias = nn.Parameter(torch.empty(channels)), nn.Parameter(torch.empty(channels))
        self.referring = False
        self.reference: tuple[Tensor, Tensor, int] | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) of the same shape."""
        wide = images.float()
        if self.referring or self.reference is None:
            mean, square = _moments(wide, (0, 2, 3))
            self.reference = (mean, square, len(wide)) if self.referring else None
        else:
            mean, square, n = self.reference
            self.reference = None  # it is part of a graph, with which no copy of the layer could be made
            own_mean, own_square = _moments(wide, (2, 3))
            mean, square = (n * mean + own_mean) / (n + 1), (n * square + own_square) / (n + 1)
        variance = (square - mean.square()).clamp_min(0)
        scale = self.weight[:, None, None] * torch.rsqrt(variance + self.epsilon)
        return ((wide - mean) * scale + self.bias[:, None, None]).to(images.dtype)


def _moments(images: Tensor, over: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return images.mean(over, keepdim=True), images.square().mean(over, keepdim=True)


def _refer(network: nn.Sequential, _: Any) -> None:
    """Before every pass of a network: its reference through the layers up to the last that need it."""
    if not len(network.reference):
        return
    norms = [layer for layer in network.modules() if isinstance(layer, VirtualBatchNorm)]
    blocks = list(network)
    while blocks and not any(layer in norms for layer in blocks[-1].modules()):
        blocks.pop()
    labels = network.reference_labels if len(network.reference_labels) else None
    for layer in norms:
        layer.referring = True
    through(blocks, network.reference, Given(network.reference, labels))
    for layer in norms:
        layer.referring = False


@dataclass(frozen=True)
class MakesVirtualBatchNorm:
    """Makes the layers."""

    epsilon: float
    drops_bias: ClassVar[bool] = True

    def __call__(self, channels: int) -> nn.Module:
        """A new layer for that many channels."""
        return VirtualBatchNorm(channels, self.epsilon)


@dataclass(frozen=True)
class Refers:
    """Gives a network a reference batch of so many, which passes before each of its inputs does."""

    size: int
    latents: bool

    def __call__(self, network: nn.Sequential, shape: tuple[int, int, int], classes: int | None = None) -> nn.Module:
        """The network itself. Until a game has chosen its reference that is zeros."""
        network.register_buffer("reference", torch.zeros(self.size, *(shape[:1] if self.latents else shape)))
        network.register_buffer("reference_labels", torch.zeros(self.size if classes else 0, dtype=torch.int64))
        network.register_forward_pre_hook(_refer)
        return network


@dataclass(frozen=True)
class ChoosesReferences:
    """Chooses the references of G, of its average and of D from the run's latents and real images."""

    size: int

    def start(self, G: nn.Module, D: nn.Module, game: Any, streams: Streams) -> dict[str, Any]:
        """Fill the buffers, which are stored with the networks. Nothing else is remembered."""
        stream = streams("virtual_batch_norm")
        z = game.recipe.draw(self.size, stream)
        chosen = torch.randint(len(game.images), (self.size,), generator=stream, device=stream.device)
        low, high = game.recipe.pixel_range
        images = game.images[chosen]
        real = (images / 255 if images.dtype == torch.uint8 else images) * (high - low) + low
        for network, reference in ((G, z), (game.averaged, z), (D, real)):
            if hasattr(network, "reference"):
                network.reference.copy_(reference)
                if len(network.reference_labels):
                    network.reference_labels.copy_(game.labels[chosen])
        return {}


@hack(order=1340, family="norm", sets=("modern",))
def virtual_batch_norm(
    recipe: Recipe,
    nets: Nets = "both",
    reference: Annotated[int, Range(2, 4096, log=True, search=(16, 256))] = 64,
    epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-6, 1e-2))] = 1e-5,
) -> Recipe:
    """Switch on normalisation by a reference batch of that size in both networks, or in one."""
    norm = MakesVirtualBatchNorm(epsilon)
    recipe = recipe.add("start", ChoosesReferences(reference))
    d = {"d_norm": norm, "d_network": Refers(reference, latents=False)}
    g = {"g_norm": norm, "g_network": Refers(reference, latents=True)}
    return recipe.fill_nets(nets, d=d, g=g)
