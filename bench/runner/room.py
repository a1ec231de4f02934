"""Whether runs fit into memory: asked before anything is written, and told in a line where they did not after all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bench.data.storage import ram_bytes
from bench.errors import UserError
from bench.gan.backbone import Backbone
from bench.gan.footprint import Footprint, footprint
from bench.records.budget import Budget
from hacks import HackError, Recipe

_SAID = ("can't allocate memory", "not enough memory", "out of memory", "std::bad_alloc")
"""What PyTorch says where there is no memory and its error is no class of its own, as on the CPU and MPS."""


def check_fits(
    backbone: Backbone, recipe: Recipe, budget: Budget, device: torch.device, *, classes: int = 0, workers: int = 1
) -> None:
    """Refuse what takes more memory than the device has at all; what is free now is not asked.

    Args:
        backbone: the networks.
        recipe: how they are trained.
        budget: batch and precision; `auto` counts as bf16.
        device: where.
        classes: how many the data have.
        workers: runs made at once.

    Raises:
        UserError: names the estimate, what there is, and what to lower.
    """
    wanted = _footprint(backbone, recipe, budget, classes)
    there = device_bytes(device)
    if wanted is None or there is None or workers * wanted.total <= there:
        return
    at_once = f"{workers} runs at once take" if workers > 1 else "training takes"
    lower = ["--width"] if wanted.weights > there // 2 else []
    lower += ["--batch"] if wanted.activations > there // 2 or not lower else []
    lower += ["--workers"] if workers > 1 else []
    parts = f"{_size(wanted.weights)} for weights, {_size(wanted.activations)} for a batch"
    raise UserError(
        f"width {budget.width} and batch {budget.batch} at {backbone.resolution} pixels: {at_once} at least "
        f"{_size(workers * wanted.total)} of memory ({parts}{', each' if workers > 1 else ''}), {device.type} has "
        f"{_size(there)}; lower {' or '.join(lower)}"
    )


def _footprint(backbone: Backbone, recipe: Recipe, budget: Budget, classes: int) -> Footprint | None:
    """The estimate, or None where networks cannot be told without building them: then the run itself shows it."""
    try:
        return footprint(backbone, recipe, budget.batch, classes, budget.precision.replace("auto", "bf16"))
    except HackError:
        raise
    except Exception:  # a hack of one's own may do anything
        return None


def device_bytes(device: torch.device) -> int | None:
    """Memory of the device; None where it does not say."""
    if device.type == "cpu":
        return ram_bytes()
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None


@contextmanager
def memory_told(budget: Budget) -> Iterator[None]:
    """Turn the errors of memory in the block into a line.

    Raises:
        UserError: there was not enough memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        known = isinstance(problem, (MemoryError, torch.OutOfMemoryError))
        if not known and not any(words in str(problem) for words in _SAID):
            raise
        raise UserError(
            f"width {budget.width} and batch {budget.batch}: out of memory; lower --batch, --width or --resolution, or "
            "how many runs are made at once"
        ) from None


def _size(count: float) -> str:
    return f"{count / 1e9:,.3g} GB" if count < 1e12 else f"{count / 1e12:,.3g} TB"
