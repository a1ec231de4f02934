"""Chollet's frogs: 32 × 32 colour pictures of one class of CIFAR-10."""

from __future__ import annotations

import hacks
from bench.gan.backbone import Backbone, Conv, Dense, Down, Up
from bench.gan.recipes.card import Claim, RecipeCard, register
from bench.gan.recipes.keras import BATCH_NORM, LEAKY_RELU, NOTES


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """One doubling in G, from half the resolution; a margin and three halvings without padding in D."""
    half = resolution // 2
    down = {"padding": "valid", "pooled_padding": "same"}
    return Backbone(
        "chollet-frogs",
        channels,
        resolution,
        (
            Dense(width * half * half, shape=(width, half, half), norm=True),
            Conv(2 * width, 5),
            Up(2 * width, padding="same"),
            Conv(2 * width, 5),
            Conv(2 * width, 5),
            Conv(channels, 7, hidden=False, norm=False),
        ),
        (
            Conv(width, 3, padding="valid", norm=False, dropout=False),
            Down(width, **down, dropout=False),
            Down(width, **down, dropout=False),
            Down(width, **down),
            Dense(1, hidden=False),
        ),
        width,
    )


def slots() -> hacks.Recipe:
    """What is not a hack's."""
    from bench.gan.keras import GlorotUniform, Tanh

    return hacks.Recipe(
        latent_dim=32,
        init=GlorotUniform(),
        output=Tanh(),
        d_lr=8e-4,
        g_lr=4e-4,
        running_fakes=True,
        mean_of_all=True,
        data_order="in_order",
    )


register(
    RecipeCard(
        name="chollet-frogs",
        title="frogs of CIFAR-10, strided and leaky, no norm, RMSprop",
        source="Chollet 2017, Deep learning with Python, section 8.5",
        make_backbone=networks,
        make_slots=slots,
        levels=dict.fromkeys(
            [
                *("strided_conv", "leaky_relu", "gaussian_latent", "divisible_kernel"),
                *("discriminator_dropout", "label_noise", "rmsprop", "gradient_clipping", "fresh_latents"),
            ],
            True,
        ),
        parameters={
            "leaky_relu": LEAKY_RELU,
            "batch_norm": BATCH_NORM,
            "discriminator_dropout": {"rate": 0.4},
            "label_noise": {"scale": 0.05, "fake_is_one": True},
        },
        width=128,
        resolution=32,
        channels=3,
        resolutions=(32, 64),
        dataset="cifar10:frog",
        batch=20,
        steps=10_000,
        keras=True,
        counted=(6_264_579, 790_913),
        steps_stated=True,
        claims=(
            Claim(
                "strided convolutions instead of pooling: sparse gradients hinder training",
                "strided_conv",
                False,
                shown_by=(("d_zero_gradient_share", "down"),),
            ),
            Claim(
                "LeakyReLU instead of ReLU, for the same reason",
                "leaky_relu",
                False,
                shown_by=(("d_zero_gradient_share", "down"),),
            ),
            Claim("draw the latent from a normal distribution", "gaussian_latent", False),
            Claim("a kernel size divisible by the stride avoids checkerboards", "divisible_kernel", False),
            Claim("dropout in the discriminator adds robustness", "discriminator_dropout", False),
            Claim("noise on the labels is an important trick", "label_noise", False),
        ),
        notes=(
            "The source labels fakes 1 and real images 0, which turns the sign of D's logits and nothing else; a logit "
            "here always speaks for real, and the label noise is turned with it.",
            "The source feeds images in [0, 1] to a generator that ends in tanh; tanh_scaling repairs that.",
            "adam_beta1 cannot act: RMSprop has no momentum. rmsprop off leaves Adam at the learning rates of RMSprop.",
            "Left different: the data lie in the dataset's own order, which may not be Keras's; the source's learning "
            "rates fall by 1e-8 of themselves a step (recalled, not re-read), 0.01 % in all.",
            NOTES[0],
            "With strided_conv off, the convolutions before the poolings keep the size: nothing of the image would be "
            "left otherwise.",
        ),
    )
)
