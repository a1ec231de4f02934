"""Make `import torchvision` work where its compiled extension cannot load.

The registry's torchvision wheel is built for CUDA. Beside a CPU-only torch its extension does not load,
and the import then dies with "operator torchvision::nms does not exist", because torchvision registers
fakes for two operators that only the extension defines. Defining their schemas first is enough: nothing
here calls them. Import this module before anything that imports torchvision.
"""

import importlib.machinery
import importlib.util
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _extension_loads() -> bool:
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return True  # nothing to mend: the import itself will say that torchvision is missing
    finder = importlib.machinery.FileFinder(
        str(Path(found.origin).parent),
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    )
    extension = finder.find_spec("_C")
    if extension is None or extension.origin is None:
        return False
    try:
        torch.ops.load_library(extension.origin)
    except OSError:
        return False
    return True


def mend() -> bool:
    """Define the missing operators; returns whether it was needed."""
    if _extension_loads():
        return False
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", _SCHEMA)
    return True


NEEDED = mend()
