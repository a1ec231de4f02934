"""Convolutions in the forms that the CPU's backend, oneDNN, is fastest at: the same sums in another order.

Three of its kernels are several times slower than an equal sum done otherwise, and each is replaced where it was
measured so:

- the bfloat16 weight gradient of strided convolutions on small images, by one product of gathered patches;
- strided convolutions between an image of few channels and many, by one of stride 1 on the folded image
  (`folding.py`);
- the gradient of the bias, by a plain sum.

Everything else is the backend's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.gan.fast.folding import FEW_CHANNELS, fold, fold_weight, folded_padding, folds, unfold

Pair = tuple[int, int]


class QuickConv2d(nn.Conv2d):
    """nn.Conv2d, quick in its gradients."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        # Folded, what gains is the gradient of the image alone.
        folded = images.requires_grad and not any(size % 2 for size in images.shape[2:]) and folds(self)
        form = _form(self, images, folded)
        return super().forward(images) if form is None else _quick(self, images, form)


class QuickConvTranspose2d(nn.ConvTranspose2d):
    """nn.ConvTranspose2d, quick in its gradients, and forward where it makes an image."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H', W')."""
        form = _form(self, images, folds(self))
        return super().forward(images) if form is None else _quick(self, images, form)


Layer = nn.Conv2d | nn.ConvTranspose2d
_QUICK = {nn.Conv2d: QuickConv2d, nn.ConvTranspose2d: QuickConvTranspose2d}


def quicken(network: nn.Module) -> nn.Module:
    """The network with its convolutions made quick on processors with AMX, where that was measured; else unchanged."""
    if torch.cpu.get_capabilities().get("amx_bf16"):
        for layer in network.modules():
            if type(layer) in _QUICK and _plain(layer):
                # The layer stays what it is, its parameters and their names; only its way to compute changes.
                layer.__class__ = _QUICK[type(layer)]
    return network


def unquicken(network: nn.Module) -> nn.Module:
    """The network with PyTorch's own convolutions again, which compute the same in fewer operations."""
    plain = {quick: own for own, quick in _QUICK.items()}
    for layer in network.modules():
        layer.__class__ = plain.get(type(layer), type(layer))
    return network


def _plain(layer: Layer) -> bool:
    simple = layer.groups == 1 and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
    return simple and not isinstance(layer.padding, str)


@dataclass(frozen=True)
class Form:
    """How one convolution is computed: whether on folded images, its weight gradient as a product, and the rest."""

    folded: bool
    product: bool
    stride: Pair
    padding: Pair
    transposed: bool
    output_padding: Pair

    def backends(self) -> tuple[list[int], list[int], list[int], bool, list[int], int]:
        """Stride, padding, dilation, transposed, output padding, groups: as PyTorch's functions take them."""
        return list(self.stride), list(self.padding), [1, 1], self.transposed, list(self.output_padding), 1


def _form(layer: Layer, images: Tensor, folded: bool) -> Form | None:
    """The form that was measured fastest for these images, or None for PyTorch's own."""
    transposed = isinstance(layer, nn.ConvTranspose2d)
    if folded:
        around = folded_padding(layer)
        return Form(True, False, (1, 1), (around, around), transposed, (0, 0))
    product = _product_gains(layer, images, transposed)
    if product or (layer.bias is not None and layer.out_channels <= FEW_CHANNELS):
        return Form(False, product, layer.stride, layer.padding, transposed, layer.output_padding)
    return None


def _product_gains(layer: Layer, images: Tensor, transposed: bool) -> bool:
    """Whether `weight_product` was measured faster than oneDNN's kernel.

    At stride 1 neighbouring patches share too much, at few channels gathering them costs what the product gains, and
    in float32 oneDNN's kernel is at its ceiling.
    """
    (down, right), (height, width) = layer.stride, images.shape[2:]
    strided = min(layer.stride) > 1 and min(layer.kernel_size) >= max(layer.stride)
    if not (strided and layer.weight.requires_grad and torch.is_grad_enabled() and _dtype() == torch.bfloat16):
        return False
    channels = min(layer.in_channels, layer.out_channels)
    positions = height * width if transposed else height * width / (down * right)
    return channels >= 64 or (channels >= 32 and positions <= 16)


def _dtype() -> torch.dtype | None:
    """What autocast computes convolutions in, where it is on."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None


def _quick(layer: Layer, images: Tensor, form: Form) -> Tensor:
    weight, bias = fold_weight(layer) if form.folded else layer.weight, layer.bias
    dtype = _dtype()
    if dtype is not None:
        # As autocast does it: inputs are rounded, and their gradients come back in their own precision.
        images, weight, bias = (None if each is None else each.to(dtype) for each in (images, weight, bias))
    if form.folded and form.transposed:
        bias = None if bias is None else bias.repeat(4)
    elif form.folded:
        images = fold(images)
    made = QuickConvolution.apply(images, weight, bias, form)
    return unfold(made) if form.folded and form.transposed else made


class QuickConvolution(torch.autograd.Function):
    """A convolution of images (N, inputs, H, W) with a weight, a bias or None, in a `Form`."""

    @staticmethod
    def forward(ctx, images: Tensor, weight: Tensor, bias: Tensor | None, form: Form) -> Tensor:
        """Images (N, outputs, H', W')."""
        ctx.save_for_backward(images, weight)
        ctx.form = form
        return torch.convolution(images, weight, bias, *form.backends())

    @staticmethod
    def backward(ctx, gradient: Tensor):
        """Of the images, the weight and the bias, as far as they are asked for; can be differentiated again."""
        images, weight = ctx.saved_tensors
        form: Form = ctx.form
        of_images, of_weight, of_bias, _ = ctx.needs_input_grad
        for_images = for_weight = None
        by_backend = [of_images, of_weight and not form.product, False]
        if any(by_backend):
            for_images, for_weight, _ = torch.ops.aten.convolution_backward(
                gradient, images, weight, None, *form.backends(), by_backend
            )
        if of_weight and form.product:
            for_weight = weight_product(images, gradient, weight.shape, form)
        return for_images, for_weight, gradient.sum((0, 2, 3)) if of_bias else None, None


def weight_product(images: Tensor, gradient: Tensor, shape: torch.Size, form: Form) -> Tensor:
    """The weight's gradient, of that shape, as a product of the gradient with patches of the images.

    A transposed convolution is the gradient of a convolution: its images and their gradient change places.
    """
    small, large = (images, gradient) if form.transposed else (gradient, images)
    outputs, inputs, rows, columns = shape
    n, _, height, width = small.shape
    (down, right), (above, beside) = form.stride, form.padding
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
