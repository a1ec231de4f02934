"""What every score asks of its input, and the error of a score that does not exist for it."""

import numpy as np
import torch

from bench.errors import UserError


class ScoreUnavailable(UserError, ValueError):
    """A score is not defined for these inputs; the message is the reason, in one line."""


def as_features(values, name: str) -> torch.Tensor:
    """Features or logits as a finite float64 tensor of shape (N, d) on the CPU.

    Args:
        values: array or tensor of shape (N, d), any real dtype.
        name: what to call them in an error.

    Raises:
        ScoreUnavailable: not two-dimensional, empty, or holding NaN or infinity.
    """
    features = torch.as_tensor(np.asarray(values) if not torch.is_tensor(values) else values)
    features = features.detach().to(device="cpu", dtype=torch.float64)
    if features.ndim != 2 or features.shape[0] == 0 or features.shape[1] == 0:
        raise ScoreUnavailable(f"{name}: shape {tuple(features.shape)}, expected (N, d) with N and d at least 1")
    finite = torch.isfinite(features).all(dim=1)
    if not bool(finite.all()):
        raise ScoreUnavailable(f"{name}: {int((~finite).sum())} of {len(features)} rows hold NaN or infinity")
    return features.contiguous()


def as_feature_pair(real, fake) -> tuple[torch.Tensor, torch.Tensor]:
    """Real and fake features, checked by `as_features` and of one dimension d.

    Raises:
        ScoreUnavailable: as `as_features`, or the two have different d (features of two extractors).
    """
    real, fake = as_features(real, "real features"), as_features(fake, "fake features")
    if real.shape[1] != fake.shape[1]:
        raise ScoreUnavailable(
            f"real features have {real.shape[1]} dimensions and fake ones {fake.shape[1]}: "
            "scores never mix extractors, extract both with the same one"
        )
    return real, fake
