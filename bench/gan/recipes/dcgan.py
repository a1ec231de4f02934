"""The reference of all sweeps: Radford's net with every hack off, each of them a toggle."""

from bench.gan import backbone
from bench.gan.recipes.card import RecipeCard, register
from bench.gan.recipes.dcgan_paper import SOURCE

register(
    RecipeCard(
        name="dcgan",
        title="Radford's net scaled to the resolution, every hack off",
        source=SOURCE,
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
        notes=(
            "Batch, width and steps are the budget of a small sweep; dcgan-paper is the net as the paper trains it.",
        ),
    )
)
