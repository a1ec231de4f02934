"""Three recipes that go wrong as a lesson says that training goes wrong, with the remedies that it names as claims."""

from dataclasses import replace
from typing import Any

import hacks
from bench.gan.recipes.ai_for_beginners import D_WINS, LESSON
from bench.gan.recipes.card import Claim, register

STEADY = dict.fromkeys(("leaky_relu", "adam_beta1", "tanh_scaling"), True)
SMALL = {"width": 8, "batch": 32, "steps": 600}
DIGITS = {"resolution": 32, "channels": 1, "dataset": "mnist5k", "counted": (90_561, 49_153)}
NOTE = (
    "Of the lesson are the shape, the trouble and the remedies; the tricks that the recipe has from the start, rates, "
    "width, data and steps are ours, so that it goes wrong soon and for one reason."
)


def _register(
    name: str,
    title: str,
    trouble: str,
    shown_by: tuple[tuple[str, str], ...],
    remedies: dict[str, str],
    **settings: Any,
) -> None:
    """The lesson's recipe with a trouble; `shown_by` is its sign, which each of the remedies (hack -> text) undoes."""
    claims = tuple(Claim(text, hack, True, shown_by=shown_by) for hack, text in remedies.items())
    settings = {"levels": STEADY, "parameters": {}, "make_slots": lambda: hacks.Recipe(), **SMALL, **settings}
    name = f"{LESSON.name}-{name}"
    register(replace(LESSON, name=name, title=title, trouble=trouble, claims=claims, notes=(NOTE,), **settings))


_register(
    "imbalance",
    "the lesson's shape where D wins",
    "D, whose rate is ten times G's, wins: its loss goes to zero, and G learns little or nothing",
    D_WINS,
    {
        "skip_discriminator": "skip D's updates while its loss is too low",
        "two_learning_rates": "give the two different learning rates, D the lower",
        "lower_learning_rate": "lower the learning rate",
    },
    make_slots=lambda: hacks.Recipe(d_lr=2e-3, g_lr=2e-4),
    parameters={"two_learning_rates": {"d_lr": 5e-4, "g_lr": 1e-3}, "lower_learning_rate": {"lr": 2e-4}},
    **DIGITS,
)
_register(
    "collapse",
    "the lesson's shape where G shows one picture only",
    "G's rate is ten times D's, and modes collapse: whatever the latent, it shows nearly the same picture",
    (("recall", "up"), ("coverage", "up")),
    {
        "two_learning_rates": "give the two different learning rates, G the lower",
        "lower_learning_rate": "lower the learning rate",
        "skip_discriminator": "skip D's updates while its loss is too low",
    },
    make_slots=lambda: hacks.Recipe(d_lr=2e-4, g_lr=2e-3),
    parameters={"lower_learning_rate": {"lr": 2e-4}},
    **DIGITS,
)
_register(
    "artefacts",
    "the lesson's shape at 64 pixels, with transposed convolutions whose kernel the stride does not divide",
    "artefacts at 64 pixels: a pattern at the stride's frequency that no real picture has",
    (("stride_energy", "down"),),
    {
        "progressive_growing": "grow both networks from small pictures to large ones",
        "multi_scale_gradients": "let D's gradients reach G at every scale",
        "lower_learning_rate": "lower the learning rate",
    },
    levels={**STEADY, "strided_conv": True},
    counted=(246_499, 147_857),
)
