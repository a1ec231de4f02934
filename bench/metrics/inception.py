"""The Inception network of FID, through torch-fidelity."""

import pickle
from functools import lru_cache
from pathlib import Path
from urllib.error import URLError

import torch

import bench.torchvision_fix  # noqa: F401
from bench.errors import UserError
from bench.metrics.extractor import Extractor, with_channels
from bench.metrics.weights import hash_of

# isort: split
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

_LAYERS = ["2048", "logits_unbiased"]


@lru_cache(maxsize=2)
def inception_extractor(path: Path | None = None) -> Extractor:
    """FID's own Inception: 2,048 pooled features and 1,008 logits without bias.

    Args:
        path: a state dict of torch-fidelity's extractor (`weights-inception-2015-12-05-6726825d.pth`); None lets
            torch-fidelity download it, or take it from torch's hub cache.

    Raises:
        UserError: no such file, not a state dict of that network, or it cannot be downloaded.
    """
    if path is not None:
        _refuse_foreign(path)
    try:
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", _LAYERS, feature_extractor_weights_path=None if path is None else str(path)
        )
    except (URLError, OSError) as problem:
        raise UserError(
            f"extractor 'inception': its weights cannot be downloaded ({problem}); fetch {URL_INCEPTION_V3} elsewhere "
            "and name that file with --inception-weights"
        ) from problem
    except (RuntimeError, EOFError, pickle.UnpicklingError) as problem:
        raise UserError(
            f"extractor 'inception': {path or _downloaded()} holds no state dict of torch-fidelity's Inception; "
            f"expected the file at {URL_INCEPTION_V3}"
        ) from problem
    network.eval().requires_grad_(False)

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        features, logits = network(with_channels(images, 3, "inception"))
        return features, logits, None

    return Extractor(
        name="inception",
        hash=hash_of(network.state_dict()),
        dim=2048,
        classes=tuple(f"inception {index}" for index in range(1008)),
        accuracy=None,
        forward=forward,
        about={"source": "torch-fidelity FeatureExtractorInceptionV3", "weights": str(path or URL_INCEPTION_V3)},
    )


def _downloaded() -> Path:
    """Where torch keeps what it downloads."""
    return Path(torch.hub.get_dir(), "checkpoints", URL_INCEPTION_V3.rsplit("/", 1)[1])


def _refuse_foreign(path: Path) -> None:
    """Refuse what is no file of tensors before torch-fidelity unpickles it, which could run what it holds."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except FileNotFoundError as problem:
        raise UserError(
            f"extractor 'inception:{path}': no such file, expected the one from {URL_INCEPTION_V3}"
        ) from problem
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as problem:
        raise UserError(
            f"extractor 'inception:{path}': no PyTorch file of tensors, expected the one from {URL_INCEPTION_V3}"
        ) from problem
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise UserError(f"extractor 'inception:{path}': holds no state dict, expected the file from {URL_INCEPTION_V3}")
