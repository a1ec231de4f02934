"""Backbones: the block plan of generator and discriminator, as data.

A plan is a tuple of blocks. It says how many channels and which resolutions; what a block leaves open (activation,
norm, dropout, kernel and kind of resampling) the recipe fills. `network.py` turns plan and recipe into modules.

In every block, `hidden` says whether the recipe's activation follows; `norm` and `dropout` mark the places where the
recipe's norm and (in D) its dropout go, if it has any.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bench.errors import UserError

if TYPE_CHECKING:
    from hacks.recipe import Padding


@dataclass(frozen=True)
class Dense:
    """A fully connected layer; flattens what comes in, and reshapes to `shape` = (channels, height, width) if given."""

    features: int
    shape: tuple[int, int, int] | None = None
    hidden: bool = True
    norm: bool = False
    dropout: bool = True


@dataclass(frozen=True)
class Reshape:
    """Gives features another shape = (channels, height, width); after a dense layer normalised feature by feature."""

    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Normed:
    """The recipe's norm, if it has any, and its activation, after no layer of their own: a norm after an activation."""

    hidden: bool = True
    norm: bool = True
    dropout: bool = True


@dataclass(frozen=True)
class Conv:
    """A convolution of stride 1 with a kernel of its own, odd if it is `same`; no hack changes it."""

    channels: int
    kernel: int
    padding: Literal["same", "valid"] = "same"
    hidden: bool = True
    norm: bool = True
    dropout: bool = True


@dataclass(frozen=True)
class Up:
    """Multiplies height and width by the recipe's upsampling, with the recipe's kernel for G."""

    channels: int
    hidden: bool = True
    norm: bool = True
    factor: int = 2
    padding: Padding = "symmetric"
    dropout: bool = True


@dataclass(frozen=True)
class Down:
    """Halves height and width by the recipe's downsampling, with the recipe's kernel for D.

    `pooled_padding` is that of a convolution before a pooling, where it differs: with both taking pixels away, a small
    image would be used up.
    """

    channels: int
    hidden: bool = True
    norm: bool = True
    padding: Padding = "symmetric"
    pooled_padding: Padding | None = None
    dropout: bool = True


Block = Dense | Reshape | Normed | Conv | Up | Down


@dataclass(frozen=True)
class Backbone:
    """The two block plans and the image they are for.

    Attributes:
        name: how people call it.
        channels, resolution: of the image, in pixels; points are images of 2 channels and 1 × 1 pixels.
        generator, discriminator: the blocks in the order data passes them. `hidden` blocks get the recipe's
            activation and, where `norm` is set, its norm; the last block of G gets the recipe's output instead.
    """

    name: str
    channels: int
    resolution: int
    generator: tuple[Block, ...]
    discriminator: tuple[Block, ...]
    width: int = field(default=0)


RESOLUTIONS = (16, 28, 32, 64)


def dcgan(resolution: int, channels: int, width: int = 16, padding: Padding = "symmetric") -> Backbone:
    """Radford's net scaled to the resolution: channels halve in G as the size doubles, D mirrors it.

    Args:
        resolution: 16, 28, 32 or 64 pixels; G starts from 4×4, or from 7×7 for 28.
        channels: of the image, 1 or 3.
        width: channels of G's last hidden layer and of D's first.
        padding: of the resampling convolutions.

    Raises:
        UserError: a resolution the net cannot reach by doubling.
    """
    if resolution not in RESOLUTIONS:
        raise UserError(f"resolution {resolution}: expected one of {', '.join(map(str, RESOLUTIONS))}")
    if width < 1:
        raise UserError(f"width {width}: expected a positive number of channels")
    start = 7 if resolution == 28 else 4
    doublings = (resolution // start).bit_length() - 1
    widths = [width * 2**i for i in range(doublings)]  # from the image inwards
    inner = widths[-1]
    generator = (
        Dense(inner * start * start, shape=(inner, start, start), norm=True),
        *(Up(w, padding=padding) for w in reversed(widths[:-1])),
        Up(channels, hidden=False, norm=False, padding=padding),
    )
    discriminator = (
        Down(widths[0], norm=False, padding=padding),
        *(Down(w, padding=padding) for w in widths[1:]),
        Dense(1, hidden=False),
    )
    return Backbone("dcgan", channels, resolution, generator, discriminator, width)


def mlp(dimension: int, width: int = 128, depth: int = 3) -> Backbone:
    """Small dense networks for points in the plane: `depth` hidden layers of `width` units in both networks."""
    hidden = tuple(Dense(width, shape=(width, 1, 1), norm=True) for _ in range(depth))
    first = Dense(width, shape=(width, 1, 1), norm=False)
    return Backbone(
        "mlp",
        dimension,
        1,
        (*hidden, Dense(dimension, shape=(dimension, 1, 1), hidden=False)),
        (first, *hidden[1:], Dense(1, hidden=False)),
        width,
    )
