"""Radford's net with the guidelines of its paper: what its claims are about. `dcgan` is the same net without any."""

from bench.gan import backbone
from bench.gan.recipes.card import Claim, RecipeCard, register

SOURCE = "Radford, Metz & Chintala 2015, arXiv 1511.06434"

register(
    RecipeCard(
        name="dcgan-paper",
        title="Radford's net as its paper trains it, every guideline on",
        source=SOURCE,
        make_backbone=backbone.dcgan,
        levels=dict.fromkeys(
            [
                *("strided_conv", "batch_norm", "leaky_relu", "normal_init", "adam_beta1", "tanh_scaling"),
                "split_batches",
            ],
            True,
        ),
        parameters={"leaky_relu": {"nets": "d"}},
        width=128,
        resolution=64,
        channels=3,
        resolutions=backbone.RESOLUTIONS,
        dataset="shapes",
        batch=128,
        steps=5000,
        keras=False,
        counted=(18_855_043, 17_232_897),
        claims=(
            Claim("strided convolutions in place of pooling make deep training stable", "strided_conv", False),
            Claim(
                "batch normalisation is critical for deep generators to begin learning",
                "batch_norm",
                False,
                trains=True,
            ),
            Claim("leaky units work well in the discriminator", "leaky_relu", False),
            Claim("a momentum of 0.9 makes training oscillate, 0.5 steadies it", "adam_beta1", False),
            Claim("a bounded, zero-centred output lets the model learn faster", "tanh_scaling", False),
        ),
        notes=(
            "The paper draws the generator, 1,024 channels at 4×4 pixels and kernels of 5; that the discriminator "
            "mirrors it, and that it sees real and fake images in batches of their own, is from its authors' code "
            "(both recalled, not re-read).",
            "Its data are LSUN bedrooms, faces and ImageNet; dataset and steps are assumed.",
        ),
    )
)
