"""Strided convolutions whose bfloat16 weight gradient is one matrix product, for CPUs with AMX.

oneDNN's own kernel reaches about 100 GFLOP/s there on small images, the equal product of gathered patches 250 to 500.
Forward pass and input gradient are the backend's, and so is everything at float32, where its kernel is as fast.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

FEWEST_CHANNELS = 64
"""On either side; below, gathering the patches costs more than the product gains."""


class QuickConv2d(nn.Conv2d):
    """nn.Conv2d with the quick weight gradient under autocast to bfloat16."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        if not _applies(self):
            return super().forward(images)
        return _in_bf16(self, images, False, (0, 0))


class QuickConvTranspose2d(nn.ConvTranspose2d):
    """nn.ConvTranspose2d with the quick weight gradient under autocast to bfloat16."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        if not _applies(self):
            return super().forward(images)
        return _in_bf16(self, images, True, self.output_padding)


_QUICK = {nn.Conv2d: QuickConv2d, nn.ConvTranspose2d: QuickConvTranspose2d}


def quicken(network: nn.Module) -> nn.Module:
    """The network with its larger strided convolutions made quick where the processor has AMX; else unchanged."""
    if torch.cpu.get_capabilities().get("amx_bf16"):
        for layer in network.modules():
            if type(layer) in _QUICK and _gains(layer):
                # The layer stays what it is, its parameters and their names; only its way to compute changes.
                layer.__class__ = _QUICK[type(layer)]
    return network


def _gains(layer: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether the matrix product was measured faster: at stride 1 neighbouring patches share too much."""
    plain = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    placed = not isinstance(layer.padding, str)
    strided = min(layer.stride) > 1 and min(layer.kernel_size) >= max(layer.stride)
    return plain and placed and strided and min(layer.in_channels, layer.out_channels) >= FEWEST_CHANNELS


def _applies(layer: nn.Module) -> bool:
    bf16 = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    return bf16 and torch.is_grad_enabled() and layer.weight.requires_grad


def _in_bf16(layer: nn.Module, images: Tensor, transposed: bool, output_padding: tuple[int, ...]) -> Tensor:
    # As autocast does it: inputs are rounded to bfloat16, and their gradients come back in their own precision.
    inputs, weight = images.to(torch.bfloat16), layer.weight.to(torch.bfloat16)
    bias = None if layer.bias is None else layer.bias.to(torch.bfloat16)
    with torch.autocast("cpu", enabled=False):
        return _Quick.apply(inputs, weight, bias, layer.stride, layer.padding, transposed, output_padding)


class _Quick(torch.autograd.Function):
    @staticmethod
    def forward(ctx, images, weight, bias, stride, padding, transposed, output_padding):
        ctx.save_for_backward(images, weight)
        ctx.settings = (list(stride), list(padding), [1, 1], transposed, list(output_padding), 1)
        return torch.convolution(images, weight, bias, *ctx.settings)

    @staticmethod
    def backward(ctx, gradient):
        images, weight = ctx.saved_tensors
        stride, padding, _, transposed, *_ = ctx.settings
        for_images = for_weight = for_bias = None
        if ctx.needs_input_grad[0]:
            for_images = torch.ops.aten.convolution_backward(
                gradient, images, weight, None, *ctx.settings, [True, False, False]
            )[0]
        if ctx.needs_input_grad[2]:  # asked of the backend, it would compute the weight's beside it
            for_bias = gradient.sum((0, 2, 3))
        # A transposed convolution is the gradient of a convolution: its input and output change places.
        small, large = (images, gradient) if transposed else (gradient, images)
        if ctx.needs_input_grad[1]:
            for_weight = _product(small, large, weight.shape, stride, padding)
        return for_images, for_weight, for_bias, None, None, None, None


def _product(small: Tensor, large: Tensor, shape: torch.Size, stride: list[int], padding: list[int]) -> Tensor:
    """Weight gradient (outputs, inputs, k, k) of a convolution from (N, inputs, H, W) to (N, outputs, h, w)."""
    outputs, inputs, rows, columns = shape
    n, _, height, width = small.shape
    (down, right), (above, beside) = stride, padding
    padded = functional.pad(large.permute(0, 2, 3, 1), (0, 0, beside, beside, above, above)).contiguous()
    line, pixel = padded.shape[2] * inputs, inputs
    # Channels-last, a row of a patch is one stretch of memory: (N, h, w, k, k · inputs).
    patches = padded.as_strided(
        (n, height, width, rows, columns * inputs),
        (padded.shape[1] * line, down * line, right * pixel, line, 1),
    )
    patches = patches.reshape(n * height * width, rows * columns * inputs)
    product = small.permute(0, 2, 3, 1).reshape(-1, outputs).t() @ patches
    return product.view(outputs, rows, columns, inputs).permute(0, 3, 1, 2)
