"""Versions and hardware, for the record."""

from __future__ import annotations

import os
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from bench.errors import UserError
from bench.runner.fingerprint import fingerprint

PACKAGES = ("ganbench", "torch", "torchvision", "torch-fidelity", "torchmetrics", "optuna", "numpy", "pandas")
DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(name: str) -> torch.device:
    """The device of that name; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        UserError: an unknown name, or a device this machine does not have.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available[kind]))
    if name not in available:
        raise UserError(f"device {name!r}: expected one of {', '.join(DEVICES)}")
    if not available[name]:
        raise UserError(f"device {name!r} is not on this machine: use --device auto or cpu")
    return torch.device(name)


def resolve_precision(name: str, device: torch.device) -> str:
    """`auto` is bf16 where the hardware multiplies it natively (AMX, Ampere and later), else float32.

    Raises:
        UserError: an unknown name.
    """
    if name == "auto":
        native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        native = native or (device.type == "cpu" and torch.cpu._is_amx_tile_supported())
        return "bf16" if native else "float32"
    if name not in ("float32", "bf16"):
        raise UserError(f"precision {name!r}: expected auto, float32 or bf16")
    return name


@lru_cache(maxsize=1)
def processor() -> str:
    """The processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def environment(device: torch.device) -> dict[str, Any]:
    """Versions of what computes a score, the fingerprint of our own sources, and the hardware it ran on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "versions": versions,
        "fingerprint": fingerprint(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
    }
