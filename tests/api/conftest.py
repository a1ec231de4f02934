"""Sweeps from Python whose workers train nothing."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_SPEC = importlib.util.spec_from_file_location("stages_conftest", Path(__file__).parents[1] / "stages" / "conftest.py")
stages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(stages)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder and a cache of the module's own, in which it is at work."""
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANBENCH_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def factory(place):
    """Workers that train nothing, as in the tests of the stages; they count what they make."""
    with pytest.MonkeyPatch.context() as patch:
        yield stages.fake_workers(patch)


@pytest.fixture(scope="session")
def killed():
    """What stands for kill -9."""
    return stages.Killed


@pytest.fixture(scope="module")
def images():
    """Enough of them to score 100 with 64 features."""
    return np.random.default_rng(0).integers(0, 256, (330, 16, 16), np.uint8)


@pytest.fixture(scope="module")
def asked():
    """A small sweep of three tricks."""
    return {
        "hacks": ["batch_norm", "leaky_relu", "label_flips"],
        "budget": 60,
        "name": "mine",
        "preset": "smoke",
        "n": 100,
        "workers": 2,
    }
