"""Backbone + recipe -> networks, initialised from the run's own streams."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterable
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bench.gan.backbone import Backbone, Block, Conv, Dense, Down, Normed, Reshape, Up
from bench.gan.fast.layout import ImageLinear, ShapeImage
from bench.gan.streams import Streams, stream_seed
from hacks.asking import give
from hacks.blocks import ROWS, through
from hacks.errors import HackError
from hacks.recipe import ConditionedLayer, Given, RandomLayer, Recipe, Resampled

Shape = tuple[int, int, int]


class Chain(ConditionedLayer, nn.Sequential):
    """The layers of one block; those that ask for it see what the whole network was given."""

    def forward(self, images: Tensor, given: Given | None = None) -> Tensor:
        """Images or features through every layer."""
        return through(self, images, given)


class Network(nn.Sequential):
    """G or D: blocks, one after another.

    `labels` (n,) are those of the batch at hand. An input of several times n images, real and fake together for
    instance, has them as often.
    """

    labels: Tensor | None = None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents (N, dim) -> images, or images (N, C, H, W) -> logits (N,); `labels` (N,) in place of the batch's."""
        return through(self, images, self.given(images, labels))

    def given(self, images: Tensor, labels: Tensor | None = None) -> Given:
        """What a pass of that input shows to layers that ask for it; `labels` (N,) in place of the batch's."""
        if labels is None and self.labels is not None:
            labels = self.labels.repeat(-(-len(images) // len(self.labels)))[: len(images)]
        return Given(images, labels)


class Fill(NamedTuple):
    """What fills the places that the blocks of one network leave open."""

    recipe: Recipe
    side: str  # of the recipe's slots: g or d
    places: dict[str, Any]  # what a layer's maker may ask for wherever its place is
    shape: Shape  # of what the whole network is given
    pack: int = 1  # how many images of these a layer of the front makes one of

    def slot(self, name: str) -> Any:
        """This network's slot of that name."""
        return getattr(self.recipe, f"{self.side}_{name}")

    def make(self, name: str, shape: Shape, **more: Any) -> nn.Module | None:
        """The layer that this network's slot of that name makes there."""
        return self.ask(self.slot(name), shape, **more)

    def ask(self, maker: Callable[..., nn.Module | None], shape: Shape, **more: Any) -> nn.Module | None:
        """The layer that a maker makes there."""
        return give(maker, shape=shape, channels=shape[0], **self.places, **more)


def build_generator(backbone: Backbone, recipe: Recipe, seed: int, classes: int | None = None) -> nn.Module:
    """G: latent (N, recipe.latent_dim) -> images (N, channels, resolution, resolution) in the pixel range, float.

    Raises:
        HackError: something in the recipe asks for classes, and there are none.
    """
    fill = _fill(backbone, recipe, "g", classes)
    network, shape = _build(backbone.generator, fill.shape, fill)
    network.append(fill.ask(recipe.output, shape))
    if shape != (backbone.channels, backbone.resolution, backbone.resolution):
        raise ValueError(f"backbone {backbone.name}: the generator makes {shape}, the image is not that")
    return _finished(network, fill, seed, "generator", "weight_norm/generator")


def build_discriminator(backbone: Backbone, recipe: Recipe, seed: int, classes: int | None = None) -> nn.Module:
    """D: images float (N, channels, resolution, resolution) in the pixel range -> logits float (N,).

    Raises:
        HackError: something in the recipe asks for classes, and there are none.
    """
    fill = _fill(backbone, recipe, "d", classes)
    network, _ = _build(backbone.discriminator, fill.shape, fill)
    network.append(nn.Flatten(0))
    return _finished(network, fill, seed, "discriminator", "weight_norm")


def unfinished(backbone: Backbone, recipe: Recipe, side: str, classes: int | None = None) -> tuple[nn.Module, Shape]:
    """The blocks of G or D, `g` or `d`, on the device `meta`, where they have shapes alone; and the shape they take."""
    fill = _fill(backbone, recipe, side, classes)
    with torch.device("meta"):
        network, _ = _build(backbone.generator if side == "g" else backbone.discriminator, fill.shape, fill)
    return network, fill.shape


def _fill(backbone: Backbone, recipe: Recipe, side: str, classes: int | None) -> Fill:
    image = (backbone.channels, backbone.resolution, backbone.resolution)
    shape = (recipe.latent_dim, 1, 1) if side == "g" else image
    places = {"latent_dim": recipe.latent_dim, "resolution": backbone.resolution, "classes": classes or None}
    places["pixel_range"] = recipe.pixel_range
    return Fill(recipe, side, places, shape)


def _finished(network: Network, fill: Fill, seed: int, name: str, bound: str) -> nn.Module:
    """The network wrapped, initialised and bound by the recipe."""
    wrapped = give(fill.slot("network"), network=network, shape=fill.shape, channels=fill.shape[0], **fill.places)
    initialise(wrapped, fill.recipe, seed, name)
    seeds = {"seed_of": lambda path: stream_seed(seed, f"{bound}/{path}")}
    return give(fill.slot("bound"), network=wrapped, **seeds, **fill.places)


def initialise(network: nn.Module, recipe: Recipe, seed: int, name: str) -> nn.Module:
    """Set every layer's parameters by the recipe, each layer from a stream named after its place.

    A layer with `initialise` sets its own.

    Raises:
        HackError: a layer with parameters that neither can set.
    """
    for path, layer in list(network.named_modules()):
        if next(layer.parameters(recurse=False), None) is not None:
            own = stream_seed(seed, f"weights/{name}/{path}")
            if hasattr(layer, "initialise"):
                layer.initialise(torch.Generator().manual_seed(own))
            elif hasattr(layer, "weight"):
                recipe.init(layer, own)
            else:
                raise HackError(f"layer {type(layer).__name__}: expected `initialise(stream)` to set its parameters")
    return network


def give_streams(network: nn.Module, streams: Streams) -> None:
    """Have the layers of a network that draw do so from these streams."""
    for layer in network.modules():
        if isinstance(layer, RandomLayer):
            layer.stream = streams(layer.stream_name)


def conditioned(network: nn.Module) -> list[Network]:
    """The network, to be told the labels of each batch, if a layer of it sees what it was given; else nothing."""
    layers = [layer for layer in network.modules() if isinstance(layer, ConditionedLayer) and type(layer) is not Chain]
    return [each for each in network.modules() if isinstance(each, Network)] if layers else []


class FeatureTap:
    """Keeps what comes into the block of D that makes its logits, at every pass."""

    def __init__(self, discriminator: nn.Module) -> None:
        self.kept: list[Tensor] = []
        (network,) = (layer for layer in discriminator.modules() if isinstance(layer, Network))
        last = network[-2]  # before it is flattened
        # A function, since a copy of D shares it, and would copy the owner of a method with it.
        last.register_forward_pre_hook(lambda _, given: self.kept.append(given[0]))

    def take(self, sizes: list[int]) -> tuple[Tensor, ...]:
        """What was kept, cut into parts of these sizes; nothing is kept afterwards."""
        features = torch.cat(self.kept)
        self.kept.clear()
        return features.split(sizes)


def _build(blocks: tuple[Block, ...], shape: Shape, fill: Fill) -> tuple[Network, Shape]:
    network = Network()
    counts: dict[str, int] = {}
    count = sum(_hidden(block) for block in blocks)

    def name(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return f"{kind}{counts[kind]}"

    # PyTorch initialises a layer when it is made; the fork keeps that out of the program's global random state.
    with torch.random.fork_rng(devices=[]):
        shape = _extra(network, name, "front", fill.slot("front"), shape, fill)
        fill = fill._replace(pack=ROWS // len(_passed(network, fill.shape, fill, latents=fill.side == "g")))
        index = 0
        for number, block in enumerate(blocks):
            logits = fill.side == "d" and number == len(blocks) - 1
            if logits:
                shape = _extra(network, name, "tail", fill.recipe.d_tail, shape, fill)
            layers, made = _block(block, shape, fill)
            chain: nn.Module = Chain(layers)
            if _hidden(block):
                made = _extra(chain, name, "layer", fill.slot("layers"), made, fill, index=index, count=count)
                chain = give(fill.slot("block"), block=chain, shape=shape, made=made, **fill.places)
                index += 1
            elif logits:
                chain = give(fill.recipe.d_head, block=chain, shape=shape, made=made, **fill.places)
            network.add_module(name(type(block).__name__.lower()), chain)
            shape = made
    return network, shape


def _hidden(block: Block) -> bool:
    return not isinstance(block, Reshape) and block.hidden


def _extra(
    chain: nn.Sequential, name: Callable[[str], str], kind: str, makers: Iterable, shape: Shape, fill: Fill, **more: int
) -> Shape:
    """Add the layers that members of a slot make to a chain; the shape that comes out."""
    for maker in makers:
        layer = fill.ask(maker, shape, **more)
        if layer is not None:
            chain.add_module(name(kind), layer)
            shape = _output_shape([layer], shape, fill, latents=fill.side == "g" and kind == "front")
    return shape


def _block(block: Block, shape: Shape, fill: Fill) -> tuple[OrderedDict[str, nn.Module], Shape]:
    """The block's layers in the order data passes them, and the shape that comes out."""
    if isinstance(block, Reshape):
        return OrderedDict(flatten=nn.Flatten(), shape=ShapeImage(block.shape)), block.shape
    made = block.shape or (block.features, 1, 1) if isinstance(block, Dense) else None
    weighted = _weighted(block, shape, True, fill)
    made = made or _output_shape(weighted, shape, fill)
    norm = fill.make("norm", made) if block.norm else None
    if norm is not None and fill.slot("norm").drops_bias:
        weighted = _weighted(block, shape, False, fill)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if isinstance(block, Dense):
        if isinstance(weighted.conv, ImageLinear):
            layers["dense"] = weighted.conv
        else:
            layers |= {"flatten": nn.Flatten(), "dense": weighted.conv}
        layers["shape"] = ShapeImage(made)
    else:
        layers |= {"before": weighted.before, "conv": weighted.conv}
    layers["norm"] = norm
    if block.hidden:
        layers["activation"] = fill.make("activation", made)
    layers["after"] = weighted.after
    if block.hidden and block.dropout:
        layers["dropout"] = fill.make("dropout", made)
    return OrderedDict((name, layer) for name, layer in layers.items() if layer is not None), made


def _weighted(block: Block, shape: Shape, bias: bool, fill: Fill) -> Resampled:
    """The layer of the block that has weights, and what stands around it."""
    recipe, inputs = fill.recipe, shape[0]
    match block:
        case Dense(features=features):
            # A first or last layer over the whole image is a matrix product, and computed as one.
            kind = nn.Linear if shape[1:] == (1, 1) else ImageLinear
            return Resampled(None, kind(prod(shape), features, bias=bias), None)
        case Normed():
            return Resampled(None, None, None)
        case Conv(channels=outputs, kernel=kernel):
            padding = kernel // 2 if block.padding == "same" else 0
            return Resampled(None, nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=bias), None)
        case Up():
            kernel = recipe.g_kernel
            return recipe.upsampling(inputs, block.channels, kernel, bias, factor=block.factor, padding=block.padding)
        case Down():
            make, kernel = recipe.downsampling, recipe.d_kernel
            made = make(inputs, block.channels, kernel, bias, padding=block.padding)
            if made.after is not None and block.pooled_padding is not None:
                made = make(inputs, block.channels, kernel, bias, padding=block.pooled_padding)
            return made


def _output_shape(layers: Iterable[nn.Module | None], shape: Shape, fill: Fill, latents: bool = False) -> Shape:
    """What comes out for images, or latents, of that shape."""
    made = _passed(layers, shape, fill, latents)
    return (made.shape[1], 1, 1) if latents else tuple(made.shape[1:])


def _passed(layers: Iterable[nn.Module | None], shape: Shape, fill: Fill, latents: bool) -> Tensor:
    """What layers make of `ROWS` images, or latents, of that shape, on a device that only keeps shapes."""
    chain = Chain(*(copy.deepcopy(layer) for layer in layers if layer is not None)).to("meta")
    with torch.device("meta"):
        shown = torch.empty(ROWS * fill.pack, *fill.shape)
        labels = torch.empty(len(shown), dtype=torch.int64)
        given = Given(shown.flatten(1) if fill.side == "g" else shown, labels)
        return chain(torch.empty(ROWS, shape[0]) if latents else torch.empty(ROWS, *shape), given)


def parameter_count(network: nn.Module, running_statistics: bool = False) -> int:
    """Number of trainable parameters; Keras also counts the running means and variances of norms."""
    count = sum(parameter.numel() for parameter in network.parameters())
    if running_statistics:
        count += sum(buffer.numel() for buffer in network.buffers() if buffer.is_floating_point())
    return count


def layer_counts(network: nn.Module, running_statistics: bool = False) -> list[int]:
    """`parameter_count` of every layer that has parameters, in the order data passes them."""
    counts = [parameter_count(layer, running_statistics) for layer in network.modules() if not list(layer.children())]
    return [count for count in counts if count]
