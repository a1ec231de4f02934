"""A DCGAN for handwritten digits, as the book GANs in Action describes it; `gans_in_action_code` has what it prints."""

from __future__ import annotations

import hacks
from bench.gan.backbone import Backbone, Conv, Dense, Down, Up
from bench.gan.recipes.card import Claim, RecipeCard, register
from bench.gan.recipes.keras import BATCH_NORM, LEAKY_RELU, NOTES

ASSUMED = (
    "The slope of LeakyReLU is taken to be Keras's default, 0.3; each real image is drawn for itself, with repeats, as "
    "codes of this form do (both recalled, not re-read).",
    "divisible_kernel off leaves the source's kernels, 3 in G and 5 in D.",
    "The source trains on the whole of MNIST: --datasets mnist, where it is at hand.",
)


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """Two doublings in G, from a quarter of the resolution; two halvings without padding in D."""
    quarter = resolution // 4
    return Backbone(
        "gans-in-action",
        channels,
        resolution,
        (
            Dense(4 * width * quarter * quarter, shape=(4 * width, quarter, quarter), hidden=False),
            Up(2 * width, padding="same"),
            Conv(width, 3),
            Up(channels, hidden=False, norm=False, padding="same"),
        ),
        (
            Conv(width, 5, norm=False),
            Down(2 * width, padding="valid"),
            Down(2 * width, padding="valid"),
            Dense(1, hidden=False),
        ),
        width,
    )


def slots() -> hacks.Recipe:
    """What is not a hack's."""
    from bench.gan.keras import Adam, GlorotUniform

    return hacks.Recipe(
        g_kernel=3,
        d_kernel=5,
        init=GlorotUniform(),
        d_optimizer=Adam(),
        g_optimizer=Adam(),
        g_lr=1e-3,
        d_lr=1e-3,
        running_fakes=True,
        data_order="drawn",
    )


DESCRIBED = register(
    RecipeCard(
        name="gans-in-action",
        title="DCGAN for MNIST as the book describes it: BatchNorm in both networks, Adam 1e-3",
        source="Langr & Bok 2019, GANs in Action, chapter 4",
        make_backbone=networks,
        make_slots=slots,
        levels=dict.fromkeys(
            [
                *("strided_conv", "leaky_relu", "batch_norm", "tanh_scaling", "gaussian_latent"),
                *("two_discriminator_updates", "fresh_latents"),
            ],
            True,
        ),
        parameters={"leaky_relu": LEAKY_RELU, "batch_norm": BATCH_NORM},
        width=64,
        resolution=28,
        channels=1,
        resolutions=(16, 28, 32, 64),
        dataset="mnist5k",
        batch=128,
        steps=20_000,
        keras=True,
        counted=(1_637_121, 619_393),
        steps_stated=True,
        claims=(Claim("without batch normalisation DCGAN does not train", "batch_norm", False, trains=True),),
        notes=(
            "The source describes this network and prints another: that is gans-in-action-code. The loop is the "
            "printed one.",
            *ASSUMED,
            "The source's transposed convolution of stride 1 is built as a convolution, which it is but for the "
            "mirrored kernel.",
            *NOTES,
        ),
    )
)
