"""The 17 points, sets and families."""

import pytest

import hacks
from hacks import HackError
from hacks.checklist import CHECKLIST, POINTS
from hacks.families import BASE_LEVELS, FAMILIES


def test_all_17_points_are_there_in_order():
    assert [point.number for point in POINTS] == list(range(1, 18))
    assert all(point.advice and (point.hacks or point.instead) for point in POINTS)
    assert [point.number for point in POINTS if not point.hacks] == [7, 10]


def test_every_toggle_of_a_point_exists():
    assert set(CHECKLIST) <= set(hacks.names())


def test_sets_are_what_their_hacks_say():
    assert hacks.members("core") == hacks.names(core=True)
    assert hacks.members("all") == hacks.names()
    assert hacks.members("checklist") == [name for name in hacks.names() if name in CHECKLIST]
    assert hacks.members("modern") == [name for name in hacks.names() if "modern" in hacks.get(name).sets]
    assert hacks.sets_of("leaky_relu") == ("core", "checklist", "all")
    assert hacks.sets_of("two_learning_rates") == ("modern", "teaching", "all")


def test_names_sets_and_families_mix():
    chosen = hacks.choose(["core", "ema", "loss:all"])
    assert chosen.wide
    assert chosen.by_name == ("ema",)
    assert {"leaky_relu", "ema", "hinge_loss", "least_squares_loss"} <= set(chosen.names)
    assert hacks.PLACEBO not in chosen.names
    assert list(chosen.names) == [name for name in hacks.names() if name in chosen.names]
    assert not hacks.choose(["core"]).wide
    assert hacks.choose(["placebo"]).names == ("placebo",)
    assert set(hacks.choose(["loss:all"]).names) == {n for n in hacks.names() if hacks.get(n).family == "loss"}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("batchnorm", "unknown hack 'batchnorm' (did you mean batch_norm?)"),
        ("checklst", "unknown hack 'checklst' (did you mean checklist?)"),
        ("loss", "unknown hack 'loss' (did you mean loss:all?)"),
        ("los:all", "unknown family 'los' (did you mean loss?)"),
        ("loss:some", "hacks 'loss:some': expected FAMILY:all"),
    ],
)
def test_an_unknown_word_gets_one_line(word, said):
    with pytest.raises(HackError) as refused:
        hacks.choose([word])
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_every_factor_names_its_base_level():
    assert set(BASE_LEVELS) <= set(FAMILIES)
    assert hacks.get("hinge_loss").describe()["base"] == "non-saturating loss"
    assert hacks.get("ema").describe()["base"] == ""


def test_the_year_is_that_of_the_oldest_source():
    years = {name: hacks.get(name).year for name in ("leaky_relu", "hinge_loss", "r1_penalty", "placebo")}
    assert years == {"leaky_relu": 2015, "hinge_loss": 2017, "r1_penalty": 2018, "placebo": None}
