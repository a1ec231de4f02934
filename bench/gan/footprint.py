"""How much memory training takes at the least, found out without taking any."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from bench.gan.backbone import Backbone
from bench.gan.fast.layout import as_pytorch_has_it
from bench.gan.network import unfinished
from hacks.asking import give
from hacks.blocks import ROWS
from hacks.recipe import Recipe

_BF16_SHARE = 0.5
"""Of activations in bfloat16, which are half as large; weights and moments stay in float32."""


class Footprint(NamedTuple):
    """Bytes.

    Attributes:
        weights: parameters, their gradients and the optimisers' moments, of both networks.
        activations: what the costlier of the two players' updates keeps for its backward pass.
    """

    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.weights + self.activations


def footprint(
    backbone: Backbone, recipe: Recipe, batch: int, classes: int = 0, precision: str = "float32"
) -> Footprint:
    """A lower bound of what training a recipe takes: the networks are built and passed on a device without memory.

    D keeps what its real and its fake images leave, and G what its own and D's fakes do. Left out are bounds on D,
    averages, penalties, the data, and whatever PyTorch needs beside.

    Args:
        backbone: block plans of the two.
        recipe: how they are built and trained.
        batch: images per batch, real and fake each.
        classes: how many the data have.
        precision: `float32` or `bf16`.
    """
    weights, kept = 0, {}
    for side in ("g", "d"):
        network, shape = unfinished(backbone, recipe, side, classes)
        kept[side] = _kept(network, (shape[0],) if side == "g" else shape)
        weights += _weights(network, recipe, side)
    rows = batch * recipe.batch_factor
    share = _BF16_SHARE if precision == "bf16" else 1
    return Footprint(weights, int(max(2 * kept["d"], kept["g"] + kept["d"]) * rows * share))


def _kept(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Bytes that autograd keeps of a forward pass for each image, weights aside."""
    own = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    found: dict[int, torch.UntypedStorage] = {}  # by identity, held so that none of them is given to two

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage
        return tensor

    with torch.device("meta"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        as_pytorch_has_it(network)(torch.empty(ROWS, *shape), torch.zeros(ROWS, dtype=torch.int64))
    return sum(storage.nbytes() for storage in found.values()) / ROWS


def _weights(network: nn.Module, recipe: Recipe, side: str) -> int:
    """Bytes of parameters, gradients, and what the optimiser keeps after a step."""
    parameters = list(network.parameters())
    for parameter in parameters:
        parameter.grad = torch.empty_like(parameter)
    moments = {"beta1": recipe.beta1, "beta2": recipe.beta2, "fused": False}
    maker, lr = getattr(recipe, f"{side}_optimizer"), getattr(recipe, f"{side}_lr")
    optimizer = give(maker, parameters=parameters, lr=lr, **moments)
    optimizer.step()
    state = [value for each in optimizer.state.values() for value in each.values() if torch.is_tensor(value)]
    return sum(tensor.nbytes for tensor in (*parameters, *parameters, *state))
