"""Backbone + recipe -> networks, initialised from the run's own streams."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable
from math import prod
from typing import NamedTuple

import torch
from torch import nn

from bench.gan.backbone import Backbone, Block, Conv, Dense, Down, Reshape, Up
from bench.gan.fast.layout import ImageLinear, ShapeImage
from bench.gan.streams import Streams, stream_seed
from hacks.recipe import NoDropout, RandomLayer, Recipe, Resampling

Shape = tuple[int, int, int]
Factory = Callable[..., nn.Module | None]
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


class Fill(NamedTuple):
    """What fills the places that the blocks of one network leave open."""

    recipe: Recipe
    activation: Factory
    norm: Factory
    dropout: Factory


def build_generator(backbone: Backbone, recipe: Recipe, seed: int) -> nn.Sequential:
    """G: latent (N, recipe.latent_dim) -> images (N, channels, resolution, resolution) in the pixel range, float."""
    latent = (recipe.latent_dim, 1, 1)
    fill = Fill(recipe, recipe.g_activation, recipe.g_norm, NoDropout())
    network, shape = _build(backbone.generator, latent, fill)
    network.append(recipe.output())
    if shape != (backbone.channels, backbone.resolution, backbone.resolution):
        raise ValueError(f"backbone {backbone.name}: the generator makes {shape}, the image is not that")
    return initialise(network, recipe, seed, "generator")


def build_discriminator(backbone: Backbone, recipe: Recipe, seed: int) -> nn.Sequential:
    """D: images float (N, channels, resolution, resolution) in the pixel range -> logits float (N,)."""
    image = (backbone.channels, backbone.resolution, backbone.resolution)
    fill = Fill(recipe, recipe.d_activation, recipe.d_norm, recipe.d_dropout)
    network, _ = _build(backbone.discriminator, image, fill)
    network.append(nn.Flatten(0))
    initialise(network, recipe, seed, "discriminator")
    for path, layer in list(network.named_modules()):
        if isinstance(layer, WEIGHTED):
            recipe.d_weight_norm(layer, stream_seed(seed, f"weight_norm/{path}"))
    return network


def give_streams(network: nn.Module, streams: Streams) -> None:
    """Have the layers of a network that draw do so from these streams."""
    for layer in network.modules():
        if isinstance(layer, RandomLayer):
            layer.stream = streams(layer.stream_name)


def initialise(network: nn.Sequential, recipe: Recipe, seed: int, name: str) -> nn.Sequential:
    """Set every layer's parameters by the recipe, each layer from a stream named after its place."""
    for path, layer in network.named_modules():
        if next(layer.parameters(recurse=False), None) is not None:
            recipe.init(layer, stream_seed(seed, f"weights/{name}/{path}"))
    return network


def _build(blocks: tuple[Block, ...], shape: Shape, fill: Fill) -> tuple[nn.Sequential, Shape]:
    network = nn.Sequential()
    counts: dict[str, int] = {}
    # PyTorch initialises a layer when it is made; the fork keeps that out of the program's global random state.
    with torch.random.fork_rng(devices=[]):
        for block in blocks:
            layers, shape = _block(block, shape, fill)
            kind = type(block).__name__.lower()
            counts[kind] = counts.get(kind, 0) + 1
            network.add_module(f"{kind}{counts[kind]}", nn.Sequential(layers))
    return network, shape


def _block(block: Block, shape: Shape, fill: Fill) -> tuple[OrderedDict[str, nn.Module], Shape]:
    """The block's layers in the order data passes them, and the shape that comes out."""
    if isinstance(block, Reshape):
        return OrderedDict(flatten=nn.Flatten(), shape=ShapeImage(block.shape)), block.shape
    norm = fill.norm if block.norm else None
    bias = norm is None or not norm.drops_bias
    after = None
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if isinstance(block, Dense):
        # A first or last layer over the whole image is a matrix product, and computed as one.
        if shape[1:] == (1, 1):
            layers["flatten"] = nn.Flatten()
            layers["dense"] = nn.Linear(prod(shape), block.features, bias=bias)
        else:
            layers["dense"] = ImageLinear(prod(shape), block.features, bias=bias)
        shape = block.shape or (block.features, 1, 1)
        layers["shape"] = ShapeImage(shape)
    else:
        before, conv, after = made = _convolution(block, shape[0], bias, fill.recipe)
        shape = _output_shape(made, shape)
        if before is not None:
            layers["before"] = before
        layers["conv"] = conv
    if norm is not None and (made_norm := norm(shape[0])) is not None:
        layers["norm"] = made_norm
    if block.hidden:
        layers["activation"] = fill.activation()
    if after is not None:
        layers["after"] = after
    if block.hidden and block.dropout and (made_dropout := fill.dropout()) is not None:
        layers["dropout"] = made_dropout
    return layers, shape


def _convolution(block: Conv | Up | Down, inputs: int, bias: bool, recipe: Recipe) -> Resampling:
    match block:
        case Conv(channels=outputs, kernel=kernel):
            padding = kernel // 2 if block.padding == "same" else 0
            return Resampling(None, nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=bias), None)
        case Up():
            kernel = recipe.g_kernel
            return recipe.upsampling(inputs, block.channels, kernel, bias, factor=block.factor, padding=block.padding)
        case Down():
            make, kernel = recipe.downsampling, recipe.d_kernel
            made = make(inputs, block.channels, kernel, bias, padding=block.padding)
            if made.after is not None and block.pooled_padding is not None:
                made = make(inputs, block.channels, kernel, bias, padding=block.pooled_padding)
            return made


def _output_shape(layers: Resampling, shape: Shape) -> Shape:
    """What comes out for an image of that shape, found on a device that only keeps shapes."""
    chain = nn.Sequential(*(copy.deepcopy(layer) for layer in layers if layer is not None)).to("meta")
    return tuple(chain(torch.empty(1, *shape, device="meta")).shape[1:])


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
