"""PyTorch's own DCGAN example, networks and loop, for whoever asks whether the yardstick is as fast.

Written from its description, https://github.com/pytorch/examples/tree/main/dcgan: 64 pixels, latents of 100 numbers, 64
channels, strided convolutions without biases, BatchNorm, weights N(0, 0.02), Adam 2e-4 with (0.5, 0.999), batch 64.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bench.throughput.plain import plain_steps

RESOLUTION, WIDTH = 64, 64
"""Of its pictures, and of its D's first layer."""
LATENT = (100, 1, 1)
"""Of the example."""


def example_networks(channels: int = 3, width: int = WIDTH) -> tuple[nn.Module, nn.Module]:
    """The example's generator and discriminator, for images of 64 pixels, with weights drawn as it draws them."""
    w = width
    generator = nn.Sequential(
        *_block(nn.ConvTranspose2d(LATENT[0], 8 * w, 4, bias=False), nn.ReLU(True)),
        *_block(nn.ConvTranspose2d(8 * w, 4 * w, 4, 2, 1, bias=False), nn.ReLU(True)),
        *_block(nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False), nn.ReLU(True)),
        *_block(nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), nn.ReLU(True)),
        nn.ConvTranspose2d(w, channels, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(channels, w, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        *_block(nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)),
        *_block(nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)),
        *_block(nn.Conv2d(4 * w, 8 * w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)),
        nn.Conv2d(8 * w, 1, 4, bias=False),
        nn.Sigmoid(),
        nn.Flatten(0),
    )
    return generator.apply(_drawn), discriminator.apply(_drawn)


def example_steps(images: Tensor, batch: int, device: torch.device, width: int = WIDTH) -> Iterator[int]:
    """The example itself: its networks in its loop, whose D ends in a sigmoid that `BCELoss` judges."""
    networks = example_networks(images.shape[1], width)
    return plain_steps(*networks, images, batch=batch, latent=LATENT, device=device, criterion=nn.BCELoss())


def operations(batch: int, width: int = WIDTH) -> int:
    """Floating-point operations of one of its steps, counted as `contest.step_operations` does."""
    images = torch.zeros(batch, 3, RESOLUTION, RESOLUTION, dtype=torch.uint8)
    steps = example_steps(images, batch, torch.device("cpu"), width)
    with FlopCounterMode(display=False) as counter:
        next(steps)
    steps.close()
    return counter.get_total_flops()


def _block(convolution: nn.Module, activation: nn.Module) -> tuple[nn.Module, ...]:
    return convolution, nn.BatchNorm2d(convolution.out_channels), activation


def _drawn(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
