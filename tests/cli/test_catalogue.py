"""`ganbench hacks`: the hacks by family, with what reports said of them."""

from pathlib import Path

import pytest

import hacks
from bench.cli import catalogue, main
from bench.records.files import EFFECTS, LOCAL_EFFECTS


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "reports" / "one"
    folder.mkdir(parents=True)
    (folder / EFFECTS).write_text("dataset,hack,effect_pct,verdict\nd,leaky_relu,-12.4,inconclusive\n")
    (folder / LOCAL_EFFECTS).write_text("dataset,hack,effect_pct,verdict\nd,leaky_relu,-42.4,helps\nd,ema,,hurts\n")
    broken = tmp_path / "reports" / "two"
    broken.mkdir()
    (broken / "effects.csv").write_bytes(b"\xff\xfe")
    return tmp_path / "reports"


def test_verdicts_are_those_of_the_reports_tables(reports):
    found = catalogue.published(reports)
    assert [(v.word, v.where, v.effect) for v in found["leaky_relu"]] == [
        ("helps", "in one recipe", -42.4),
        ("inconclusive", "on average", -12.4),
    ]
    assert found["ema"][0].effect is None
    assert catalogue.published(reports / "none") == {}


def test_a_verdict_on_the_page_of_several_sweeps_counts_once_as_that_of_its_own(reports):
    before = catalogue.published(reports)
    (reports / "all").mkdir()
    for name in (EFFECTS, LOCAL_EFFECTS):
        (reports / "all" / name).write_text((reports / "one" / name).read_text() + "e,placebo,1.0,negligible\n")
    after = catalogue.published(reports)
    assert [each.sweep for each in after.pop("placebo")] == ["all", "all"]
    assert after == before


def test_verdicts_are_told_with_their_settings_in_order(capsys, reports):
    (reports / "far").mkdir()
    rows = ["d,4000,16,32,ema,7,hurts", "d,500,16,32,ema,-3,negligible", "c,500,inf,x,ema,2,inconclusive"]
    head = "dataset,steps,width,resolution,hack,effect_pct,verdict"
    (reports / "far" / LOCAL_EFFECTS).write_text("\n".join([head, *rows]) + "\n")
    told = [line for line in call(capsys, "hacks", "ema", "--reports", str(reports))[1].splitlines() if "Publ" in line]
    assert told == [
        "Published: inconclusive (+2 %) on c, 500 steps, in one recipe [far]",
        "Published: hurts on d, in one recipe [one]",
        "Published: negligible (−3 %) on d, 32 pixels, width 16, 500 steps, in one recipe [far]",
        "Published: hurts (+7 %) on d, 32 pixels, width 16, 4,000 steps, in one recipe [far]",
    ]


def test_the_published_card_tells_what_longer_training_turns():
    verdicts = catalogue.published(Path(__file__).parents[2] / "reports")["strided_conv"]
    told = [(each.setting, each.word, each.sweep) for each in verdicts if each.dataset == "mnist5k"]
    assert told[1:3] == [((16, 16, 1000), "hurts", "core-mnist5k"), ((16, 16, 4000), "helps", "long")]


def test_a_line_has_year_sets_needs_and_verdicts(reports):
    told = catalogue.listing(
        ["leaky_relu", "split_batches"], catalogue.published(reports), {"leaky_relu": "time × 1.02"}
    )
    lines = told.splitlines()
    assert lines[0] == "Activations (activation)"
    facts = "[core, checklist; time × 1.02; published: helps 1, inconclusive 1]"
    assert lines[1] == f"  leaky_relu     2015  LeakyReLU instead of ReLU  {facts}"
    assert "needs batch_norm" in lines[4]


def test_the_card_names_points_rivals_and_verdicts(capsys, reports):
    code, out, _ = call(capsys, "hacks", "leaky_relu", "--reports", str(reports))
    assert code == 0
    assert "Checklist: point 5, No sparse gradients" in out
    assert "Published: helps (−42 %) on d, in one recipe [one]" in out
    assert "Takes the place of: least_squares_loss" in call(capsys, "hacks", "hinge_loss")[1]


def test_the_17_points(capsys):
    code, out, _ = call(capsys, "hacks", "checklist")
    assert code == 0
    assert sum(line[:2].strip().isdigit() for line in out.splitlines()) == 17
    assert "no toggle; DCGAN is the backbone of every run; a VAE hybrid is another model and no trick" in out


def test_filters(capsys):
    out = call(capsys, "hacks", "--set", "core", "--family", "targets")[1]
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == ["label_smoothing", "label_flips"]
    assert f"2 of {len(hacks.names())} hacks" in out
    assert "unknown set 'cor' (did you mean core?)" in call(capsys, "hacks", "--set", "cor")[2]
    assert "unknown family 'los' (did you mean loss?)" in call(capsys, "hacks", "--family", "los")[2]


def test_costs_are_measured():
    from bench.cli.costs import costs

    told = costs(["r1_penalty", "divisible_kernel"])
    assert set(told) == {"r1_penalty", "divisible_kernel"}
    assert told["r1_penalty"].startswith("time × ")
    assert told["r1_penalty"].endswith("D × 1.5")
