"""The cards of the hacks and the table of what is measured name the same quantities."""

import pytest

import hacks
from bench.metrics.mechanism import CLAIMS


@pytest.mark.parametrize("name", hacks.names(core=True))
def test_card_names_what_is_measured(name):
    (line,) = [text for text in hacks.get(name).card.splitlines() if text.startswith("Measured: ")]
    measured = [claim.quantity for claim in CLAIMS.get(name, ())]
    assert line == f"Measured: {', '.join(measured) or 'none'}"
