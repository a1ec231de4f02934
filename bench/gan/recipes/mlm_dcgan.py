"""A tutorial's eleven best practices for DCGANs: the recipe with every core hack on, as its codes train."""

from __future__ import annotations

from dataclasses import replace

import hacks
from bench.gan import backbone
from bench.gan.backbone import RESOLUTIONS, Backbone
from bench.gan.recipes.card import Claim, RecipeCard, register
from bench.gan.recipes.keras import BATCH_NORM, NOTES

LEVELS = dict.fromkeys(
    (
        *("strided_conv", "leaky_relu", "batch_norm", "normal_init", "adam_beta1", "tanh_scaling"),
        *("gaussian_latent", "label_smoothing", "label_flips", "divisible_kernel"),
        *("two_discriminator_updates", "fresh_latents"),
    ),
    True,
)


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """Radford's net with Keras's padding."""
    return replace(backbone.dcgan(resolution, channels, width, padding="same"), name="mlm-dcgan")


def slots() -> hacks.Recipe:
    """What is not a hack's."""
    from bench.gan.keras import Adam, GlorotUniform

    return hacks.Recipe(
        d_kernel=3,
        init=GlorotUniform(),
        d_optimizer=Adam(),
        g_optimizer=Adam(),
        running_fakes=True,
        data_order="drawn",
    )


register(
    RecipeCard(
        name="mlm-dcgan",
        title="eleven best practices at once: every core hack on",
        source="Brownlee, Machine Learning Mastery: tips for training stable GANs, with Keras code",
        make_backbone=networks,
        make_slots=slots,
        levels=LEVELS,
        parameters={"batch_norm": BATCH_NORM, "divisible_kernel": {"nets": "g"}, "label_flips": {"exact": True}},
        width=64,
        resolution=64,
        channels=3,
        resolutions=RESOLUTIONS,
        dataset="shapes",
        batch=64,
        steps=1000,
        keras=True,
        counted=(3_587_267, 1_562_753),
        claims=(
            Claim("downsample and upsample with strided convolutions, not with pooling", "strided_conv", False),
            Claim("use LeakyReLU", "leaky_relu", False),
            Claim("use batch normalisation before the activation", "batch_norm", False),
            Claim("draw weights from a normal distribution of standard deviation 0.02", "normal_init", False),
            Claim("use Adam with a momentum of 0.5", "adam_beta1", False),
            Claim("scale images to [-1, 1] and end in tanh", "tanh_scaling", False),
            Claim("draw the latent from a Gaussian", "gaussian_latent", False),
            Claim(
                "give the discriminator real and fake images in separate batches", "two_discriminator_updates", False
            ),
            Claim("smooth the labels", "label_smoothing", False),
            Claim("flip some labels", "label_flips", False),
        ),
        notes=(
            "The source prints single layers, no whole network: the net is Radford's with the kernels of those layers, "
            "3 in the discriminator and 4 in the generator. divisible_kernel is the generator's.",
            "Its separate batches are an update each, two_discriminator_updates, which is in split_batches' place: all "
            "other core hacks are on.",
            "Dataset, batch and steps are not stated by the source and are assumed.",
            "Left different: the labels to flip, 5 % of each side, rounded down, are drawn without repeats.",
            *NOTES,
        ),
    )
)
