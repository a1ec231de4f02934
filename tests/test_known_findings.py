"""The page of known findings says what its records say, and asks what it says that it asks."""

from pathlib import Path

import known_findings
import pytest

import hacks

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "known-findings.md"


@pytest.fixture(scope="module")
def script():
    return known_findings


NAMES = ("rings", "stacked", "rescue", "rescue50", "few")


def test_they_are_all_there(script):
    assert set(script.FINDINGS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_cure_is_one_flip_of_the_recipe_with_the_trouble(script, name):
    plan = script.plan_of(name)
    base = next(cell for cell in plan.cells if cell.arm == "incumbent")
    for cell in plan.cells:
        changed = {hack for hack in plan.hacks if cell.levels[hack] != base.levels[hack]}
        assert changed == ({cell.flipped} if cell.flipped else set())
        recipe = hacks.apply(hacks.Recipe(), cell.levels, plan.hack_parameters)
        assert cell.flipped in ("", "placebo") or recipe != hacks.apply(hacks.Recipe(), base.levels)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_the_records_say(script, name):
    text = PAGE.read_text()
    assert script.markdown(name, ROOT / "results") in text
    assert script.FINDINGS[name].expected in text.replace("\n", " ")
