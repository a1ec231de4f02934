"""Stability scores on curves whose answer is known, and on the GAN with two parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics import stability

STEPS = np.arange(1, 1001)


def curves(**changed) -> dict[str, np.ndarray]:
    still = {name: np.ones(1000) for name in ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm")}
    return {"step": STEPS, **still, **changed}


def test_divergence_is_the_first_step_that_is_not_finite():
    g_loss = np.ones(1000)
    g_loss[[499, 700]] = np.nan, np.inf
    assert stability.divergence_step(STEPS, np.ones(1000), g_loss) == 500
    assert stability.divergence_step(STEPS, np.ones(1000)) is None


def test_shares_of_failure_signs():
    loss = np.where(STEPS <= 250, 0.009, 0.01)
    assert stability.low_d_loss_share(loss) == 0.25
    d_norm, g_norm = np.full(1000, 100.0), np.full(1000, 1.0)
    g_norm[:100] = 100.1
    d_norm[50:150] = np.inf
    assert stability.high_gradient_share(d_norm, g_norm) == 0.15


def test_oscillation_of_a_sine_around_a_trend_is_its_amplitude_over_root_two():
    wave = 0.3 * np.sin(2 * np.pi * STEPS / 50)
    assert stability.oscillation(wave + 5 - STEPS / 500) == pytest.approx(0.3 / 2**0.5, rel=0.01)
    assert stability.oscillation(5 - STEPS / 500) == pytest.approx(0.0, abs=1e-9)


def test_oscillation_looks_at_the_end_of_the_curve_only():
    early = np.where(STEPS < 400, (-1.0) ** STEPS, 0.0)
    assert stability.oscillation(early) == 0.0


def test_fid_over_training():
    fids = {100: 80.0, 200: 20.0, 400: 40.0}
    assert stability.best_fid(fids) == 20.0
    assert stability.last_over_best(fids) == 2.0
    # Means of log FID over the two spans, weighted by their 100 and 200 steps: logs of 40 and of √800.
    assert stability.log_fid_area(fids) == pytest.approx((np.log(40) + 2 * np.log(800**0.5)) / 3)
    assert stability.log_fid_area({100: 7.0}) == pytest.approx(np.log(7))


@given(st.floats(0.1, 1000), st.integers(1, 10_000))
def test_area_of_a_constant_fid_is_its_logarithm(fid, span):
    assert stability.log_fid_area({0: fid, span: fid}) == pytest.approx(np.log(fid))


def test_summary_of_a_steady_run():
    assert stability.summary(curves(), {500: 3.0, 1000: 2.0}) == {
        "grad_norm_high_share": 0.0,
        "d_loss_low_share": 0.0,
        "d_loss_oscillation": pytest.approx(0.0, abs=1e-12),
        "g_loss_oscillation": pytest.approx(0.0, abs=1e-12),
        "fid_best": 2.0,
        "last_over_best": 1.0,
        "log_fid_area": pytest.approx(np.log(6) / 2),
    }


def test_summary_of_a_run_that_diverged_at_its_first_step():
    nothing = {name: np.array([np.nan]) for name in ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm")}
    scores = stability.summary({"step": np.array([1]), **nothing}, {})
    assert scores == {"grad_norm_high_share": 1.0, "divergence_step": 1}
