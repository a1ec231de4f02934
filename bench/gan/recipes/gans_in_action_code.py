"""A DCGAN for handwritten digits, as the book GANs in Action prints it."""

from bench.gan.backbone import Backbone, Conv, Dense, Down, Normed, Reshape, Up
from bench.gan.recipes.card import RecipeCard, register
from bench.gan.recipes.gans_in_action import ASSUMED, CLAIM, LEVELS, SLOTS, SOURCE
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
    RecipeCard(
        name="gans-in-action-code",
        title="DCGAN for MNIST as the book prints it: one BatchNorm, after a leaky unit of G, Adam 1e-3",
        source=SOURCE,
        make_backbone=networks,
        slots=SLOTS,
        levels=LEVELS,
        parameters={"leaky_relu": LEAKY_RELU, "batch_norm": {"nets": "g", **BATCH_NORM}},
        width=64,
        resolution=28,
        channels=1,
        resolutions=(16, 28, 32, 64),
        dataset="mnist5k",
        batch=128,
        steps=20_000,
        keras=True,
        claims=(CLAIM,),
        notes=(
            "The source prints this network and describes another: that is gans-in-action.",
            "batch_norm off leaves two leaky units one after the other.",
            *ASSUMED,
            NOTES[0],
            NOTES[2],
        ),
    )
)
