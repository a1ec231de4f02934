"""How the hacks are sorted: by what they change, and by who recommends them."""

OTHER = "other"

FAMILIES = {
    "loss": "What the two players pay",
    "penalty": "Penalties and regularisation",
    "bound": "Bounds on D",
    "norm": "Normalisation",
    "init": "Initialisation",
    "activation": "Activations",
    "down": "D's halving layers",
    "up": "G's doubling layers",
    "architecture": "Architecture",
    "noise": "Noise and dropout in the networks",
    "latent": "Latents",
    "images": "What D sees",
    "targets": "D's targets",
    "classes": "Labels of the data",
    "optimizer": "Optimisers",
    "rates": "Learning rates and schedules",
    "balance": "Balance of the two players",
    "memory": "Memory and averaging",
    "control": "Controls",
    OTHER: "Others",
}
"""What a hack changes, and how a listing calls it. Hacks of a family that fill one slot are levels of one factor."""

BASE_LEVELS = {
    "loss": "non-saturating loss",
    "bound": "unbounded D",
    "norm": "networks without normalisation",
    "init": "PyTorch's initialisation",
    "activation": "ReLU",
    "down": "max-pooling",
    "up": "nearest-neighbour upsampling",
    "latent": "uniform latents",
    "optimizer": "Adam",
}
"""Family -> what the naive recipe has in its slot: the level of the factor with all its hacks off."""

SETS = {
    "modern": "tricks of papers since 2016, beyond the checklist",
    "teaching": "remedies that books and courses name",
}
"""Who recommends a hack, where that is declared with it; `choosing.WORDS` has the other sets."""
