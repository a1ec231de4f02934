"""A DCGAN for handwritten digits, as the book GANs in Action prints it."""

from dataclasses import replace

from bench.gan.backbone import Backbone, Conv, Dense, Down, Normed, Reshape, Up
from bench.gan.recipes.card import register
from bench.gan.recipes.gans_in_action import ASSUMED, DESCRIBED
from bench.gan.recipes.keras import BATCH_NORM, LEAKY_RELU, NOTES


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """Two doublings in G, from a quarter of the resolution; two halvings without padding in D, then a dense layer."""
    quarter = resolution // 4
    return Backbone(
        "gans-in-action-code",
        channels,
        resolution,
        (
            Dense(2 * width * quarter * quarter),
            Normed(),
            Reshape((2 * width, quarter, quarter)),
            Up(width, norm=False, padding="same"),
            Up(channels, hidden=False, norm=False, padding="same"),
        ),
        (
            Conv(width, 5, norm=False),
            Down(2 * width, padding="valid"),
            Down(2 * width, padding="valid"),
            Dense(16 * width),
            Dense(1, hidden=False),
        ),
        width,
    )


register(
    replace(
        DESCRIBED,
        name="gans-in-action-code",
        title="DCGAN for MNIST as the book prints it: one BatchNorm, after a leaky unit of G, Adam 1e-3",
        make_backbone=networks,
        counted=(732_929, 2_715_521),
        parameters={"leaky_relu": LEAKY_RELU, "batch_norm": {"nets": "g", **BATCH_NORM}},
        notes=(
            "The source prints this network and describes another: that is gans-in-action.",
            "batch_norm off leaves two leaky units one after the other.",
            *ASSUMED,
            NOTES[0],
            NOTES[2],
        ),
    )
)
