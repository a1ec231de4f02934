"""The small convolutional classifier whose penultimate layer the `domain` extractors use, and its training."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

INPUT_SIZE = 32
FEATURES = 64
BEND = 3.0
"""Standard deviations of the train split at which a feature has left the linear part of its tanh."""


def to_input(images: torch.Tensor) -> torch.Tensor:
    """uint8 images (N, C, H, W) of any size as float32 (N, C, 32, 32) in [-1, 1], bilinear with antialiasing."""
    pixels = images.to(torch.float32)
    if pixels.shape[-2:] != (INPUT_SIZE, INPUT_SIZE):
        pixels = F.interpolate(pixels, (INPUT_SIZE, INPUT_SIZE), mode="bilinear", antialias=True)
    return pixels.div_(127.5).sub_(1)


class DomainClassifier(nn.Module):
    """Four convolutions and two dense layers on 32 × 32 images; the first dense layer's output gives the features.

    The features are taken before the rectifier, so that their covariance has full rank, standardised over the train
    split, and bounded by a tanh. Without a bound, images far from the data dominate the score: a classifier of clean
    shapes gave recognisable shapes on a noisy ground a ten times larger FID than a black picture.

    Args:
        channels: of the images, 1 or 3.
        classes: number of classes.
        width: channels of the convolutions.
    """

    def __init__(self, channels: int, classes: int, width: tuple[int, int, int, int] = (24, 48, 64, 48)):
        super().__init__()
        self.width = tuple(width)
        sizes = (channels, *width)
        self.convolutions = nn.Sequential()
        for index, (inside, outside) in enumerate(pairwise(sizes)):
            stride = 1 if index == 0 else 2
            self.convolutions.append(nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False))
            self.convolutions.append(nn.BatchNorm2d(outside))
            self.convolutions.append(nn.ReLU())
        self.embed = nn.Linear(width[-1] * (INPUT_SIZE // 8) ** 2, FEATURES)
        self.classify = nn.Linear(FEATURES, classes)
        self.register_buffer("centre", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))

    def shallow(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (N, c, 16, 16) after the second convolution, which see texture more than content."""
        return self.convolutions[:6](x)

    def deep(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (N, 64) in [-1, 1] and logits (N, classes) of the shallow maps."""
        embedding = self.embed(self.convolutions[6:](maps).flatten(1))
        return torch.tanh((embedding - self.centre) / (BEND * self.spread)), self.classify(F.relu(embedding))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (N, 64) and logits (N, classes) of inputs made by `to_input`."""
        return self.deep(self.shallow(x))
