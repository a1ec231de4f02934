"""Progressive growing.

Off: both networks are trained whole from the first step.
On: they begin at 4 × 4 pixels (7 × 7 for 28). One resolution after the other joins, its blocks faded in beside what was
    there, each for as long as it then stays; after half of the run they are whole. Images are enlarged, and averaged
    down for D; real ones are faded as G's are. Early steps cost less.
Source: Karras, Aila, Laine & Lehtinen 2017, arXiv 1710.10196, section 2. It fades and stays for so many images
    each, 600,000 in its code's defaults; shares of the run, and half of it in all, are our choice.
Claim: training is faster and more stable, most of all at high resolutions.
Needs: nothing.
Clashes: what wraps whole networks. A run without an end, and networks whose resolutions do not match, are refused.
    Points have one resolution: nothing changes.
Mechanism: the coarse is learned first, from few pixels, and later blocks begin from it.
Measured: none
"""

import copy
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from hacks.blocks import averaged, enlarged, shapes, through
from hacks.errors import HackError
from hacks.parameters import Range
from hacks.recipe import Batches, Recipe, Step
from hacks.registry import hack

Shape = tuple[int, int, int]
WHOLE = 1_000_000
"""Growth is kept in millionths of a doubling, a whole number: an average of G over time takes such as they are."""


class Growing(nn.Module):
    """A network of which a part is in use.

    Attributes:
        network: the whole.
        sizes: the resolutions, in pixels, but for the last.
        grown: how many doublings were made, the last maybe in part, in millionths.
    """

    grown: Tensor

    def __init__(self, network: nn.Sequential, sizes: list[int]) -> None:
        super().__init__()
        self.network, self.sizes = network, sizes
        self.register_buffer("grown", torch.zeros((), dtype=torch.int64))

    def grow(self, share: float) -> None:
        """To that share of the way, in [0, 1]: a resolution stays, then the next is faded in, all equally long."""
        doublings, rest = divmod(share * 2 * len(self.sizes), 2)
        self.grown.fill_(round(min(doublings + max(rest - 1, 0), len(self.sizes)) * WHOLE))

    def stage(self) -> tuple[int, float]:
        """Which resolution is in use, and what share the next one has already, in [0, 1)."""
        stage, part = divmod(int(self.grown), WHOLE)
        return stage, part / WHOLE


class GrowingGenerator(Growing):
    """G that makes a picture after the last block of a resolution, and after that of the next."""

    def __init__(self, network: nn.Sequential, made: list[Shape]) -> None:
        channels, size, _ = made[-1]
        last = {shape[1]: number for number, shape in enumerate(made) if 1 < shape[1] < size}
        super().__init__(network, sorted(last))
        self.size, self.after = size, [last[each] for each in self.sizes]
        self.to_image = nn.ModuleList(nn.Conv2d(made[number][0], channels, 1) for number in self.after)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents (N, dim) -> images (N, C, H, W) in the pixel range, of the full size."""
        stage, share = self.stage()
        if stage == len(self.sizes):
            return self.network(z, labels)
        given, blocks, cut = self.network.given(z, labels), list(self.network), self.after[stage] + 1
        features, output = through(blocks[:cut], z, given), blocks[-1]
        image = output(self.to_image[stage](features))
        if share and stage + 1 == len(self.sizes):
            finer = through(blocks[cut:], features, given)
        elif share:
            finer = through(blocks[cut : self.after[stage + 1] + 1], features, given)
            finer = output(self.to_image[stage + 1](finer))
        if share:
            image = torch.lerp(enlarged(image, finer.shape[-1]), finer, share)
        return enlarged(image, self.size)


class GrowingDiscriminator(Growing):
    """D that images enter before the first block of their resolution, through a 1×1 convolution."""

    def __init__(self, network: nn.Sequential, shape: Shape, made: list[Shape]) -> None:
        self.front = sum(name.startswith("front") for name, _ in network.named_children())
        seen = made[self.front - 1] if self.front else shape
        after = {made_[1]: number for number, made_ in reversed([*enumerate(made)]) if 1 < made_[1] < seen[1]}
        super().__init__(network, sorted(after))
        self.entry = [after[each] + 1 for each in self.sizes]
        self.from_image = nn.ModuleList(
            nn.Sequential(nn.Conv2d(seen[0], made[number - 1][0], 1), _activation(network[number - 1]))
            for number in self.entry
        )

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images (N, C, H, W) of the full size -> logits (N,)."""
        stage, share = self.stage()
        if stage == len(self.sizes):
            return self.network(images, labels)
        given, blocks = self.network.given(images, labels), list(self.network)
        images = through(blocks[: self.front], images, given)
        features = self._enter(images, stage)
        if share:
            start, finer = self.front, images
            if stage + 1 < len(self.sizes):
                start, finer = self.entry[stage + 1], self._enter(images, stage + 1)
            finer = through(blocks[start : self.entry[stage]], finer, given)
            features = torch.lerp(features, finer, share)
        return through(blocks[self.entry[stage] :], features, given)

    def _enter(self, images: Tensor, stage: int) -> Tensor:
        return self.from_image[stage](averaged(images, self.sizes[stage]))


def _activation(block: nn.Module) -> nn.Module:
    """One as the block has, which images go round."""
    kinds = (layer for layer in block.modules() if type(layer).__module__ == "torch.nn.modules.activation")
    return copy.deepcopy(next(kinds, nn.Identity()))


@dataclass(frozen=True)
class GrowsG:
    """Has G begin small."""

    def __call__(self, network: nn.Sequential, shape: Shape) -> nn.Module:
        """G of latents (N, shape[0])."""
        return GrowingGenerator(network, shapes(network, shape, latents=True))


@dataclass(frozen=True)
class GrowsD:
    """Has D begin small."""

    def __call__(self, network: nn.Sequential, shape: Shape) -> nn.Module:
        """D of images of that shape."""
        # What makes the logits, and flattens them, has no resolution.
        return GrowingDiscriminator(network, shape, shapes(network[:-2], shape, latents=False))


@dataclass(frozen=True)
class Growth:
    """Lets both networks grow with the run, until that share of it has passed."""

    until: float

    def start(self, G: Growing, D: Growing, game: Any) -> dict[str, Any]:
        """Nothing to remember: the networks know how far they are."""
        if not game.total:
            raise HackError("progressive_growing: a run without an end gives no pace; give it a number of steps")
        if G.sizes != D.sizes:
            raise HackError(f"progressive_growing: G has {G.sizes} pixels on its way, D {D.sizes}; take recipe dcgan")
        return {}

    def latent_changes(self, z: Tensor, step: Step, G: Growing, D: Growing) -> Tensor:
        """Before G makes anything in a step; z stays as it is."""
        for network in (G, D):
            network.grow(min(step.progress / self.until, 1))
        return z

    def d_batches(self, batches: Batches, G: Growing) -> Batches:
        """Real images faded as G's are: the coarser ones, and the share of the next resolution that joined."""
        stage, share = G.stage()
        if stage == len(G.sizes):
            return batches
        sizes, real = [*G.sizes, batches.real.shape[-1]], batches.real
        coarse, fine = (enlarged(averaged(real, sizes[number]), sizes[-1]) for number in (stage, stage + 1))
        return batches._replace(real=torch.lerp(coarse, fine, share))


@hack(order=1470, family="architecture", sets=("teaching",))
def progressive_growing(
    recipe: Recipe, until: Annotated[float, Range(0, 1, open_low=True, search=(0.1, 0.9))] = 0.5
) -> Recipe:
    """Switch on growth that ends after that share of the run."""
    growth = Growth(until)
    return recipe.fill(g_network=GrowsG(), d_network=GrowsD()).add("latent_changes", growth).add("d_batches", growth)
