"""A GAN for pictures of dogs, close to every hack off, with tanh throughout."""

from __future__ import annotations

import hacks
from bench.gan.backbone import Backbone, Dense, Down, Reshape, Up
from bench.gan.recipes.card import RecipeCard, register
from bench.gan.recipes.keras import BATCH_NORM, NOTES


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """Upsampling by 4 and by 2 in G, from an eighth of the resolution; two poolings and a dense layer in D."""
    eighth = resolution // 8
    inner = 2 * width
    return Backbone(
        "dog-gan",
        channels,
        resolution,
        (
            Dense(16 * width),
            Dense(inner * eighth * eighth, norm=True),
            Reshape((inner, eighth, eighth)),
            Up(width, norm=False, factor=4, padding="same"),
            Up(channels, hidden=False, norm=False, padding="same"),
        ),
        (
            Down(width, norm=False, padding="same"),
            Down(2 * width, padding="valid"),
            Dense(16 * width),
            Dense(1, hidden=False),
        ),
        width,
    )


def slots() -> hacks.Recipe:
    """What is not a hack's."""
    from bench.gan.keras import GlorotUniform, NesterovSGD, Tanh

    return hacks.Recipe(
        latent_dim=1000,
        g_activation=Tanh(),
        d_activation=Tanh(),
        init=GlorotUniform(),
        d_optimizer=NesterovSGD(),
        g_optimizer=NesterovSGD(),
        d_lr=5e-4,
        g_lr=5e-4,
        running_fakes=True,
        mean_of_all=True,
    )


register(
    RecipeCard(
        name="dog-gan",
        title="dogs at 64 × 64, tanh in every layer, SGD",
        source="a Keras tutorial on generating pictures of dogs",
        make_backbone=networks,
        make_slots=slots,
        levels=dict.fromkeys(["batch_norm", "tanh_scaling", "fresh_latents"], True),
        parameters={"batch_norm": {"nets": "g", **BATCH_NORM}},
        width=64,
        resolution=64,
        channels=3,
        resolutions=(16, 32, 64),
        dataset="shapes",
        batch=64,
        steps=10_000,
        keras=True,
        counted=(9_664_259, 25_901_953),
        notes=(
            "The optimiser is not stated: stochastic gradient descent at 5e-4 with Nesterov's momentum 0.9 is assumed, "
            "and so are images in [-1, 1], the initialisation, the steps and that every epoch is shuffled.",
            "leaky_relu off leaves the tanh of hidden layers. adam_beta1 sets the momentum to 0.5.",
            "Its source claims nothing that a hack stands for.",
            NOTES[0],
            NOTES[2],
        ),
    )
)
