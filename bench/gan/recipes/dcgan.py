"""The reference of all sweeps: Radford's net with every hack off, each of them a toggle."""

from bench.gan import backbone
from bench.gan.recipes.card import Claim, RecipeCard, register

register(
    RecipeCard(
        name="dcgan",
        title="Radford's net scaled to the resolution, every hack off",
        source="Radford, Metz & Chintala 2015, arXiv 1511.06434",
        make_backbone=backbone.dcgan,
        levels={},
        parameters={},
        width=16,
        resolution=32,
        channels=3,
        resolutions=backbone.RESOLUTIONS,
        dataset="mnist5k",
        batch=64,
        steps=800,
        keras=False,
        counted=(168_675, 66_337),
        claims=(
            Claim("strided convolutions in place of pooling make deep training stable", "strided_conv", True),
            Claim(
                "batch normalisation is critical for deep generators to begin learning", "batch_norm", True, trains=True
            ),
            Claim("leaky units work well in the discriminator", "leaky_relu", True),
            Claim("a momentum of 0.9 makes training oscillate, 0.5 steadies it", "adam_beta1", True),
            Claim("a bounded, zero-centred output lets the model learn faster", "tanh_scaling", True),
        ),
        notes=("Batch, width and steps are the budget of a small sweep, not the source's.",),
    )
)
