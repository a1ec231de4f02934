"""Losses that compare D's answers to real and to fake images."""

from __future__ import annotations

from typing import Any

from hacks.errors import HackError


def refuse_one_sided_updates(batching: Any, name: str) -> None:
    """Refuse a way of running D in which an update has only one side.

    Raises:
        HackError: it is one, so that the hack of that name has nothing to compare.
    """
    if getattr(batching, "updates", 1) > 1:
        raise HackError(
            f"hacks {name} and two_discriminator_updates: the one compares real and fake logits, the other has updates "
            "with one of the two; switch one of them off"
        )
