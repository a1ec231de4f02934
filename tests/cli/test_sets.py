"""`--hacks` with sets and families: what is screened, what is flipped, what is left out."""

from types import SimpleNamespace

import pytest

import hacks
from bench.cli import main
from bench.cli.hack_sets import MOST_IN_A_SCREEN, toggles
from bench.errors import UserError
from hacks import registry

LABELLED = [SimpleNamespace(name="digits", labels=[0])]
BARE = [*LABELLED, SimpleNamespace(name="folder:x", labels=None)]
CORE = hacks.names(core=True)


def asked(words, datasets=LABELLED, settles=True):
    said = []
    return toggles(words, datasets, settles=settles, say=said.append), said


@pytest.fixture
def needs_labels(monkeypatch):
    """`ema` as a hack that needs labels."""
    usual = registry.Hack.needs_labels.fget
    monkeypatch.setattr(registry.Hack, "needs_labels", property(lambda hack: hack.name == "ema" or usual(hack)))


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_names_and_the_core_set_are_screened_as_ever():
    assert asked(None)[0] == asked(["core"])[0]
    own, _ = asked(None)
    assert (list(own.hacks), own.screened, own.flipped, own.families) == (CORE, (), (), {})
    assert asked(["hinge_loss", "least_squares_loss"])[0].hacks == ("hinge_loss", "least_squares_loss", "placebo")


def test_of_a_set_the_core_is_screened_and_every_chosen_one_flipped():
    own, _ = asked(["modern"])
    assert list(own.screened) == CORE
    assert set(own.flipped) == {*hacks.members("modern"), "placebo"}
    assert set(own.hacks) == {*own.screened, *own.flipped}
    assert own.families["hinge_loss"] == "loss"
    every, _ = asked(["all"])
    assert list(every.hacks) == list(every.flipped) == hacks.names()


def test_more_than_a_screen_holds_are_flipped():
    many = [name for name in hacks.names() if name != "placebo"][: MOST_IN_A_SCREEN + 1]
    assert asked(many[:-1])[0].screened == ()
    assert list(asked(many)[0].screened) == CORE


def test_without_a_star_everything_is_screened():
    own, _ = asked(["loss:all", "batch_norm"], settles=False)
    assert (own.screened, own.flipped) == ((), ())
    assert {"hinge_loss", "batch_norm", "placebo"} <= set(own.hacks)


def test_what_needs_labels_is_left_out_of_a_set_and_refused_by_name(needs_labels):
    own, said = asked(["modern"], BARE)
    assert "ema" not in own.hacks
    assert said == ["left out, since folder:x has no labels: ema"]
    assert "ema" in asked(["modern"])[0].hacks
    with pytest.raises(UserError, match="hack ema on folder:x: it needs labels, and these data have none; leave one"):
        asked(["modern", "ema"], BARE)


def test_a_plan_of_all_says_what_it_reaches(capsys):
    code, out, _ = call(capsys, "plan", "--preset", "quick", "--hacks", "all", "--budget", "110")
    assert code == 0
    told = " ".join(out.split())
    assert f"{len(hacks.names())} around the best recipe: " in told
    assert f"varied: by screen and search: {', '.join(CORE)}" in told
    assert f"of the {len(hacks.names())}: what the screen saw" in told
    assert "the most promising first" in told
    assert "hinge_loss\n" not in out  # the table has the columns that vary


def test_the_cost_of_exclusions_in_a_screen_is_told(capsys):
    words = ("loss:all", "batch_norm", "leaky_relu")
    code, out, _ = call(capsys, "plan", "--preset", "quick", "--stages", "screen", "--hacks", *words)
    assert code == 0
    assert "D-optimal design of" in out
    assert "it costs up to" in out


def test_a_parameter_of_what_is_not_searched_is_not_tuned(capsys):
    code, _, err = call(capsys, "plan", "--preset", "quick", "--hacks", "modern", "--tune", "r1_penalty.gamma")
    assert code == 2
    assert "hack r1_penalty is not searched; name it with --hacks, and no set" in err
