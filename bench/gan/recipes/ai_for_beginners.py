"""A lesson's general shape: convolution and pooling in D, upsampling and convolution in G, dense layers in both.

What goes wrong in it, and the remedies that it names, are in `ai_for_beginners_troubles`.
"""

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
        title="the general shape of a first lesson, every hack off",
        source="Microsoft, AI for Beginners, lesson on generative adversarial networks",
        make_backbone=networks,
        levels={},
        parameters={},
        width=32,
        resolution=64,
        channels=3,
        resolutions=(16, 32, 64),
        dataset="shapes",
        batch=64,
        steps=1000,
        keras=False,
        counted=(1_446_787, 2_356_289),
        claims=(
            Claim(
                "when one network wins, give the two different learning rates",
                "two_learning_rates",
                True,
                shown_by=D_WINS,
            ),
        ),
        notes=(
            "The lesson gives a shape and no sizes: channels 32, 64, 128 in D and 128, 128, 64 in G, dense layers of "
            "8,192 and 256 units, the latent, optimiser, batch and steps are ours.",
            "Of the lesson's loop the turns alone are known, D's step and then G's with D frozen; that D has one "
            "update a step, on real and fake images in one batch, and that G learns from the same fakes, is ours.",
            "Its other remedies are skip_discriminator, progressive_growing and multi_scale_gradients: see the recipes "
            "that go wrong, ai-for-beginners-imbalance, -collapse and -artefacts.",
        ),
    )
)
