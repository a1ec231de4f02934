"""Every hack there is keeps to what every hack keeps to: a new one is tested by existing."""

import pytest
import torch

import hacks
from bench.gan.conformance import CHECKS, ON_DEVICES


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", hacks.names())
def test_conforms(name, check):
    CHECKS[check](name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", hacks.names())
def test_conforms_on_cuda(name):
    for check in ON_DEVICES.values():
        check(name, "cuda")
