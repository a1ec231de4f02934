"""How steadily a run trained, from its curves alone: pure functions on arrays, one entry per training step.

Thresholds of D's loss and of the gradient norms are ganhacks' own signs of failure (Chintala et al. 2016).
"""

from collections.abc import Mapping

import numpy as np
from scipy.integrate import trapezoid
from scipy.signal import detrend

LOW_D_LOSS = 0.01
HIGH_GRADIENT_NORM = 100.0


def divergence_step(step, *curves) -> int | None:
    """The first step at which any of the curves is NaN or infinite; None where all stay finite.

    Args:
        step: (T,) step numbers.
        curves: each (T,).
    """
    broken = ~np.isfinite(np.stack([np.asarray(curve, dtype=np.float64) for curve in curves])).all(axis=0)
    return int(np.asarray(step)[np.argmax(broken)]) if broken.any() else None


def low_d_loss_share(d_loss) -> float:
    """Share of the steps, in [0, 1], at which D's loss is below 0.01: D has won and G learns nothing."""
    return float((_known(d_loss) < LOW_D_LOSS).mean())


def high_gradient_share(*gradient_norms) -> float:
    """Share of the steps, in [0, 1], at which any of the gradient norms is over 100 or not finite."""
    norms = np.stack([np.asarray(norm, dtype=np.float64) for norm in gradient_norms])
    return float((~(norms <= HIGH_GRADIENT_NORM)).any(axis=0).mean())


def oscillation(loss, share: float = 0.5) -> float:
    """Standard deviation of a loss around its straight trend, over the last `share` of the steps; in nats.

    Args:
        loss: (T,) values; steps after a divergence are left out.
        share: of the curve, in (0, 1].

    Returns:
        0 for a loss that stands still or moves steadily, amplitude / √2 for a sine wave.
    """
    values = _known(loss)
    tail = values[-max(2, round(share * len(values))) :]
    return float(detrend(tail).std()) if len(tail) > 1 else 0.0


def best_fid(fids: Mapping[int, float]) -> float:
    """The smallest FID of the evaluated steps, FID by step."""
    return float(min(fids.values()))


def last_over_best(fids: Mapping[int, float], floor: float = 1e-12) -> float:
    """FID of the last evaluated step over the smallest FID; 1 where the last is the best, larger where it got worse."""
    return max(float(fids[max(fids)]), floor) / max(best_fid(fids), floor)


def log_fid_area(fids: Mapping[int, float], floor: float = 1e-12) -> float:
    """Mean of log FID over training, by trapezoids between the evaluated steps; lower learns faster or further.

    Divided by the span of steps, so that it has the unit of log FID and does not grow with the budget. With one
    evaluated step it is that step's log FID.
    """
    steps = sorted(fids)
    logs = np.log([max(fids[step], floor) for step in steps])
    if len(steps) == 1:
        return float(logs[0])
    return float(trapezoid(logs, steps) / (steps[-1] - steps[0]))


def summary(curves: Mapping[str, np.ndarray], fids: Mapping[int, float]) -> dict[str, float]:
    """Every stability score of a run by its name.

    Args:
        curves: `step`, `d_loss`, `g_loss`, `d_grad_norm`, `g_grad_norm`, each (T,).
        fids: FID by evaluated step; may be empty for a run that diverged before its first.

    Returns:
        `d_loss_low_share`, `grad_norm_high_share`, `d_loss_oscillation`, `g_loss_oscillation`; with an evaluated step
        also `fid_best`, `last_over_best`, `log_fid_area`; with a divergence `divergence_step`. What does not exist is
        left out.
    """
    norms = (curves["d_grad_norm"], curves["g_grad_norm"])
    losses = (curves["d_loss"], curves["g_loss"])
    scores: dict[str, float] = {"grad_norm_high_share": high_gradient_share(*norms)}
    if np.isfinite(np.asarray(losses, dtype=np.float64)).all(axis=0).any():
        scores["d_loss_low_share"] = low_d_loss_share(losses[0])
        scores["d_loss_oscillation"] = oscillation(losses[0])
        scores["g_loss_oscillation"] = oscillation(losses[1])
    if fids:
        scores["fid_best"] = best_fid(fids)
        scores["last_over_best"] = last_over_best(fids)
        scores["log_fid_area"] = log_fid_area(fids)
    diverged = divergence_step(curves["step"], *losses, *norms)
    if diverged is not None:
        scores["divergence_step"] = diverged
    return scores


def _known(values) -> np.ndarray:
    """The finite values, float64."""
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]
