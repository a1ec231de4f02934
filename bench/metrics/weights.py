"""Classifiers on disk: safetensors files with how they were made and how well they do in the metadata."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from bench.metrics.network import DomainClassifier

SHIPPED = Path(__file__).parent / "weights"
DIGEST = "digest"
"""The metadata's entry that proves the rest of the file whole."""


def hash_of(tensors: Mapping[str, torch.Tensor]) -> str:
    """sha256 (hex) over names, dtypes, shapes and bytes of the tensors, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _digest(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> str:
    about = json.dumps(dict(metadata), sort_keys=True).encode()
    return hashlib.sha256(hash_of(tensors).encode() + about).hexdigest()


def save_atomically(tensors: dict[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a safetensors file so that another process sees all of it or nothing, and any damage can be told."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(whole, temporary, metadata | {DIGEST: _digest(whole, metadata)})
        # mkstemp keeps the file to its owner; a cache and a repository are for others too.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def describe(
    network: DomainClassifier, classes: tuple[str, ...], accuracy: float, about: dict[str, str]
) -> dict[str, str]:
    """The metadata of a classifier's file: what `read_classifier` needs, its held-out accuracy, how it was made."""
    return {
        "classes": json.dumps(list(classes)),
        "channels": str(network.convolutions[0].in_channels),
        "width": json.dumps(network.width),
        "accuracy": repr(accuracy),
        "torch": torch.__version__,
        **about,
    }


def read_classifier(path: Path) -> tuple[DomainClassifier, dict[str, str]] | None:
    """A classifier in evaluation mode and its metadata; None where there is no file of that name, or a damaged one."""
    try:
        with safe_open(path, "pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError):
        return None
    if metadata.pop(DIGEST, None) != _digest(tensors, metadata):
        return None
    classes, width = json.loads(metadata["classes"]), tuple(json.loads(metadata["width"]))
    network = DomainClassifier(int(metadata["channels"]), len(classes), width)
    network.load_state_dict(tensors)
    return network.eval(), metadata
