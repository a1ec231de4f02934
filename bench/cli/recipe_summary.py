"""A recipe in words, for the terminal."""

from __future__ import annotations

from bench.gan.recipes import RecipeCard


def recipe_summary(card: RecipeCard, *, whole: bool) -> str:
    """What a recipe is, its networks' parameters, and what its source claims; with `whole` every setting and note."""
    generator, discriminator = card.counted
    size = f"{card.resolution}×{card.resolution}×{card.channels}"
    lines = [
        f"{card.name}: {card.title}",
        f"  G {generator:,} and D {discriminator:,} parameters for {size}, batch {card.batch}, {card.steps:,} steps, "
        f"dataset {card.dataset}",
        *([f"  trouble: {card.trouble}"] if card.trouble else []),
        *(
            f"  {'remedy' if card.trouble else 'claim'}: {claim.text} ({'+' if claim.level else '-'}{claim.hack})"
            for claim in card.claims
        ),
    ]
    if whole:
        lines += [f"  source: {card.source}", *(f"  note: {note}" for note in card.notes)]
        lines += [f"  {slot}: {value}" for slot, value in card.base.describe().items()]
    return "\n".join(lines)
