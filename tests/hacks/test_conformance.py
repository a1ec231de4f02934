"""Every hack there is keeps to what every hack keeps to: a new one is tested by existing."""

import pytest

import hacks
from bench.gan.conformance import CHECKS


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", hacks.names())
def test_conforms(name, check):
    CHECKS[check](name)
