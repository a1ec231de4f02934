"""Layers that keep images channels-last, which every backend here is fastest at."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

Shape = tuple[int, int, int]


class ShapeImage(nn.Module):
    """Features (N, C · H · W) -> images (N, C, H, W) that are channels-last.

    nn.Unflatten leaves them in the other layout, through norm and activation up to the first convolution.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, features: Tensor) -> Tensor:
        """The image of each row, channel by channel."""
        return features.unflatten(1, self.shape).contiguous(memory_format=torch.channels_last)


class ImageLinear(nn.Linear):
    """nn.Linear over all features of an image, channel by channel, that leaves the image channels-last.

    Flattened, the image and its gradient would be copied into the other layout. Where the weights are fewer numbers,
    they are put into the image's order instead. A single logit is computed in the weights' precision, since bfloat16
    saves nothing there.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> features (N, outputs)."""
        if self.out_features >= len(images):
            return super().forward(_Flat.apply(images))
        weight = self.weight.unflatten(1, images.shape[1:]).permute(0, 2, 3, 1).flatten(1)
        features = images.permute(0, 2, 3, 1).flatten(1)
        if self.out_features > 1:
            return functional.linear(features, weight, self.bias)
        with torch.autocast(images.device.type, enabled=False):
            return functional.linear(features.to(weight.dtype), weight, self.bias)


def as_pytorch_has_it(network: nn.Module) -> nn.Module:
    """The network, with PyTorch's own layers in the places of `ShapeImage` and `ImageLinear`: a yardstick for them."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, ShapeImage):
            setattr(network, name, nn.Unflatten(1, layer.shape))
        elif type(layer) is ImageLinear:
            layer.__class__ = nn.Linear
            setattr(network, name, nn.Sequential(nn.Flatten(), layer))
        else:
            as_pytorch_has_it(layer)
    return network


class _Flat(torch.autograd.Function):
    """(N, C, H, W) -> (N, C · H · W). nn.Flatten gives the gradient back in the other layout, and the backward pass of
    the activation before it, which then reads two layouts at once, takes five times as long."""

    @staticmethod
    def forward(ctx, images: Tensor) -> Tensor:
        ctx.shape = images.shape
        return images.flatten(1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient.reshape(ctx.shape).contiguous(memory_format=torch.channels_last)


def memory_format(network: nn.Module) -> nn.Module:
    """The network with its convolution weights laid out channels-last, which every backend here is fastest at."""
    return network.to(memory_format=torch.channels_last)
