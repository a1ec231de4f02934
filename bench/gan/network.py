"""Backbone + recipe -> networks, initialised from the run's own streams."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import prod

import torch
from torch import nn

from bench.gan.backbone import Backbone, Block, Dense, Down, Up
from bench.gan.streams import stream_seed
from hacks.recipe import Recipe

Shape = tuple[int, int, int]
Factory = Callable[..., nn.Module | None]


def build_generator(backbone: Backbone, recipe: Recipe, seed: int) -> nn.Sequential:
    """G: latent (N, recipe.latent_dim) -> images (N, channels, resolution, resolution) in the pixel range, float."""
    latent = (recipe.latent_dim, 1, 1)
    network, shape = _build(backbone.generator, latent, recipe.g_activation, recipe.g_norm, recipe)
    network.append(recipe.output())
    if shape != (backbone.channels, backbone.resolution, backbone.resolution):
        raise ValueError(f"backbone {backbone.name}: the generator makes {shape}, the image is not that")
    return initialise(network, recipe, seed, "generator")


def build_discriminator(backbone: Backbone, recipe: Recipe, seed: int) -> nn.Sequential:
    """D: images float (N, channels, resolution, resolution) in the pixel range -> logits float (N,)."""
    image = (backbone.channels, backbone.resolution, backbone.resolution)
    network, _ = _build(backbone.discriminator, image, recipe.d_activation, recipe.d_norm, recipe)
    network.append(nn.Flatten(0))
    return initialise(network, recipe, seed, "discriminator")


def initialise(network: nn.Sequential, recipe: Recipe, seed: int, name: str) -> nn.Sequential:
    """Set every layer's parameters by the recipe, each layer from a stream named after its place."""
    for path, layer in network.named_modules():
        if next(layer.parameters(recurse=False), None) is not None:
            recipe.init(layer, stream_seed(seed, f"weights/{name}/{path}"))
    return network


def _build(
    blocks: tuple[Block, ...], shape: Shape, activation: Factory, norm: Factory, recipe: Recipe
) -> tuple[nn.Sequential, Shape]:
    network = nn.Sequential()
    counts: dict[str, int] = {}
    # PyTorch initialises a layer when it is made; the fork keeps that out of the program's global random state.
    with torch.random.fork_rng(devices=[]):
        for block in blocks:
            layers, shape = _block(block, shape, activation, norm, recipe)
            kind = type(block).__name__.lower()
            counts[kind] = counts.get(kind, 0) + 1
            network.add_module(f"{kind}{counts[kind]}", nn.Sequential(layers))
    return network, shape


def _block(
    block: Block, shape: Shape, activation: Factory, norm: Factory, recipe: Recipe
) -> tuple[OrderedDict[str, nn.Module], Shape]:
    """The block's layers in the order data passes them, and the shape that comes out."""
    channels, height, width = shape
    wanted_norm = norm if block.norm else None
    bias = wanted_norm is None or not wanted_norm.drops_bias
    before = after = None
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    match block:
        case Dense():
            # A first or last layer over the whole image is a matrix product, and computed as one.
            layers["flatten"] = nn.Flatten()
            layers["dense"] = nn.Linear(prod(shape), block.features, bias=bias)
            shape = block.shape or (block.features, 1, 1)
            layers["shape"] = nn.Unflatten(1, shape)
        case Up():
            before, conv, after = recipe.upsampling(channels, block.channels, recipe.kernel, bias)
            shape = (block.channels, 2 * height, 2 * width)
        case Down():
            before, conv, after = recipe.downsampling(channels, block.channels, recipe.kernel, bias)
            shape = (block.channels, height // 2, width // 2)
    if not isinstance(block, Dense):
        if before is not None:
            layers["before"] = before
        layers["conv"] = conv
    if wanted_norm is not None and (made := wanted_norm(shape[0])) is not None:
        layers["norm"] = made
    if block.hidden:
        layers["activation"] = activation()
    if after is not None:
        layers["after"] = after
    return layers, shape


def parameter_count(network: nn.Module) -> int:
    """Number of trainable parameters; running statistics are buffers and not counted."""
    return sum(parameter.numel() for parameter in network.parameters())


def memory_format(network: nn.Module) -> nn.Module:
    """The network with its convolution weights laid out channels-last, which every backend here is fastest at."""
    return network.to(memory_format=torch.channels_last)
