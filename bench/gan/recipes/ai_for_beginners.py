"""A lesson's general shape: convolution and pooling in D, upsampling and convolution in G, dense layers in both.

The tricks in it are those of the lesson's notebook, whose own networks are dense ones for MNIST.
What goes wrong in it, and the remedies that it names, are in `ai_for_beginners_troubles`.
"""

import hacks
from bench.gan.backbone import Backbone, Dense, Down, Up
from bench.gan.recipes.card import Claim, RecipeCard, register


def networks(resolution: int, channels: int, width: int) -> Backbone:
    """Three doublings in G, from an eighth of the resolution; three halvings and a dense layer in D."""
    eighth = resolution // 8
    return Backbone(
        "ai-for-beginners",
        channels,
        resolution,
        (
            Dense(4 * width * eighth * eighth, shape=(4 * width, eighth, eighth), norm=True),
            Up(4 * width),
            Up(2 * width),
            Up(channels, hidden=False, norm=False),
        ),
        (Down(width, norm=False), Down(2 * width), Down(4 * width), Dense(8 * width), Dense(1, hidden=False)),
        width,
    )


D_WINS = (("d_loss_low_share", "down"), ("d_real_confidence", "down"))

LESSON = register(
    RecipeCard(
        name="ai-for-beginners",
        title="the general shape of a first lesson, with the tricks of its notebook",
        source="Microsoft, AI for Beginners, lesson on generative adversarial networks",
        make_backbone=networks,
        levels=dict.fromkeys(("leaky_relu", "batch_norm", "tanh_scaling", "adam_beta1", "gaussian_latent"), True),
        parameters={"batch_norm": {"nets": "g", "momentum": 0.2, "drops_bias": False}},
        make_slots=lambda: hacks.Recipe(mean_of_all=True),
        width=32,
        resolution=64,
        channels=3,
        resolutions=(16, 32, 64),
        dataset="shapes",
        batch=64,
        steps=1000,
        keras=False,
        counted=(1_447_427, 2_356_289),
        claims=(
            Claim(
                "when one network wins, give the two different learning rates",
                "two_learning_rates",
                True,
                shown_by=D_WINS,
            ),
        ),
        notes=(
            "The lesson's text gives a shape and no sizes: channels 32, 64, 128 in D and 128, 128, 64 in G, dense "
            "layers of 8,192 and 256 units are ours, and so are batch and steps.",
            "From its PyTorch notebook are LeakyReLU of slope 0.2, BatchNorm in G alone, tanh, a normal latent of 100, "
            "Adam 2e-4 with β1 = 0.5, one update of D on the mean over real and fake images, and that G learns from "
            "the same fakes.",
            "Left different: D goes first, as in the text; in the notebook G does. The notebook's weight decay of 8e-9 "
            "and its batch of 256 are left out.",
            "Its other remedies are skip_discriminator, progressive_growing and multi_scale_gradients: see the recipes "
            "that go wrong, ai-for-beginners-imbalance, -collapse and -artefacts.",
        ),
    )
)
