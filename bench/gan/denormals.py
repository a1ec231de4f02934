"""Numbers too small for a full mantissa, which cost a processor up to four times the time of a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def denormals_are_flushed() -> bool:
    """Whether this thread takes numbers too small for a full mantissa, below 1.2e-38, as zero."""
    return not torch.tensor([1e-40]).mul(1).item()


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take such numbers as zero in the block, where the processor can."""
    before = denormals_are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
