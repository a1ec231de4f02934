"""The script of travelling verdicts: its commands are ones, and it tells what they take before it makes anything."""

import math
import re
import sys
from collections import Counter

import pandas as pd
import pytest
import travel as script
from pages import ROOT, same_effects, text_of

from bench.cli.dispatch import run_command
from bench.cli.planning import declare
from bench.plan.shares import shares
from bench.records.files import RUNS
from bench.records.plan import PLACEBO
from bench.records.sweep import read_sweep
from bench.report.findings import findings
from bench.report.travel import TABLE, write
from bench.runner.timing import Guess

CORE = ("digits", "mnist5k", "fashion-mnist", "shapes", "cifar10")
RANKS = ["rank_correlation", "rank_correlation_ceiling"]
CIFAR10 = "zip:cifar10-jpg.zip"
AT_HAND = [setting for setting in script.SETTINGS if setting.dataset in ("digits", "mnist5k")]


def test_the_recipe_is_what_the_found_ones_have_in_common():
    sweeps = [findings(read_sweep(ROOT / "results" / f"core-{name}")) for name in CORE]
    found = [sweep.incumbent(dataset).levels for sweep in sweeps for dataset in sweep.records.datasets]
    often = Counter(hack for levels in found for hack, on in levels.items() if on and hack != PLACEBO)
    assert set(script.AROUND) == {hack for hack, times in often.items() if times >= 4}


@pytest.mark.parametrize("setting", AT_HAND, ids=lambda setting: setting.name)
def test_every_command_is_one(setting, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["plan", *setting.command[2:]]) == 0, capsys.readouterr().err
    assert f"sweep {setting.sweep} (" in capsys.readouterr().out


def test_costs_are_told_and_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "seconds_of_a_run", lambda declaration, *_: {declaration.datasets[0]: Guess(6.0, 1.5)})
    words = ["--costs", "--only", "digits", "width-32", "--workers", "2", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["travel.py", *words])
    script.main()
    told = capsys.readouterr().out.splitlines()
    runs = shares(declare(script.SMALLEST.request, device="cpu", workers=2)).total
    assert told[0] == f"digits: at most {runs} runs, {script.duration(runs * 6 / 2)} on 2 workers"
    assert told[2].startswith(f"together: at most {script.duration(runs * 6)}")
    assert not list(tmp_path.iterdir())


def test_the_page_is_of_all_that_is_there_whatever_was_asked_for(tmp_path, monkeypatch):
    for name in ("travel-digits", "travel-steps-2000"):
        (tmp_path / name).mkdir()
        (tmp_path / name / RUNS).touch()
    (tmp_path / "travel-mnist5k").mkdir()  # begun
    called = []
    monkeypatch.setattr(script, "run_command", lambda words: called.append(words) or 0)
    monkeypatch.setattr(sys, "argv", ["travel.py", "--only", "steps-2000", "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="0"):
        script.main()
    sweep, page = called
    assert sweep[:3] == ["sweep", "--name", "travel-steps-2000"]
    assert page[:3] == ["travel", "travel-digits", "travel-steps-2000"]


def test_a_dataset_that_is_not_there_is_told_in_a_line(tmp_path, monkeypatch, capsys):
    words = ["--costs", "--only", "cifar10", "--cifar10", f"zip:{tmp_path}/none.zip", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["travel.py", *words])
    with pytest.raises(SystemExit, match="2"):
        script.main()
    assert "none.zip" in capsys.readouterr().err.splitlines()[-1]


PUBLISHED = [setting for setting in script.SETTINGS if (ROOT / "results" / setting.sweep).is_dir()]


@pytest.mark.parametrize("setting", PUBLISHED, ids=lambda setting: setting.name)
def test_a_published_star_was_made_by_its_command(setting):
    made = read_sweep(ROOT / "results" / setting.sweep).declaration
    budget = made.budget
    assert (budget.steps, budget.width, budget.resolution) == (setting.steps, setting.width, setting.resolution)
    assert made.datasets == (CIFAR10 if setting.dataset == "cifar10" else setting.dataset,)
    assert {hack for hack, on in made.around.items() if on} == set(script.AROUND)


def test_the_published_page_is_rebuilt_from_its_records(tmp_path):
    write([ROOT / "results" / setting.sweep for setting in PUBLISHED], tmp_path)
    for name in ("report.md", TABLE):
        assert (tmp_path / name).read_text() == (ROOT / "reports" / "travel" / name).read_text()
    same_effects(tmp_path, ROOT / "reports" / "travel")


@pytest.fixture(scope="module")
def told():
    """docs/travel.md on one line."""
    return text_of("docs/travel.md")


@pytest.fixture(scope="module")
def effects():
    """What the page says of each trick in each setting: name -> sweep -> (per cent, verdict or nothing)."""
    page = (ROOT / "reports" / "travel" / "report.md").read_text()
    heads = re.search(r"^\| trick \|(.*)\|$", page, re.MULTILINE).group(1)
    sweeps = [head.strip(" `").removeprefix("travel-") for head in heads.split("|")]
    rows = {}
    for name, cells in re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE):
        own = [re.fullmatch(r"(\*\*)?([−+][\d.]+) %(?:\*\*)?", cell.strip()).groups() for cell in cells.split("|")]
        sizes = [(float(size.replace("−", "-")), bold) for bold, size in own]
        told = [(size, ("helps" if size < 0 else "hurts") if bold else None) for size, bold in sizes]
        rows[name] = dict(zip(sweeps, told, strict=True))
    return rows


WHERE = {
    "dataset": "between data",
    "steps": "over longer training",
    "width": "in wider networks",
    "resolution": "at more pixels",
}
"""How docs/travel.md calls what differs."""


def test_the_docs_tell_the_published_table_and_add_up_as_it_does(told):
    page = (ROOT / "reports" / "travel" / "report.md").read_text()
    lines = (ROOT / "docs" / "travel.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    pairs = pd.read_csv(ROOT / "reports" / "travel" / TABLE)
    assert len(rows) == len(pairs) + 2
    assert all(f"{row}\n" in page for row in rows)
    kept = round((pairs["told"] * pairs["kept"]).sum())
    assert f"Of {pairs['told'].sum()} verdicts {kept} are kept and none is reversed" in told
    assert pairs["reversed"].eq(0).all()
    assert f"{pairs['new'].sum()} verdicts stand in the dearer setting alone" in told
    (low, high), (least, most) = ((pairs[name].min(), pairs[name].max()) for name in RANKS)
    said = f"between {low:.2f} and {high:.2f}, where seeds alone would allow {least:.2f} to {most:.2f}"
    assert said in told
    differ = pairs["effects_differ"].fillna("").str.split(", ").map(lambda names: [name for name in names if name])
    apart = pd.DataFrame({"n": differ.map(len), "of": pairs["tricks"]}).groupby(pairs["differing"]).sum()
    said = ", ".join(f"{where} {apart.at[what, 'n']} of {apart.at[what, 'of']}" for what, where in WHERE.items())
    assert f"Of {pairs['tricks'].sum()}, pair by pair, {differ.map(len).sum()} differ beyond chance: {said}." in told
    assert differ.explode().mode().tolist() == ["split_batches"]
    first = pairs[pairs["setting"] == "travel-digits"].set_index("other")
    same = [f"travel-{name}" for name in ("width-32", "steps-2000")]
    assert (first.loc[same, RANKS[0]] >= first.loc[same, RANKS[1]]).all()
    rest = first.drop(index=same)
    assert (rest[RANKS[0]] < rest[RANKS[1]] - 0.05).all()


def test_what_the_docs_say_of_single_tricks_is_on_the_page(told, effects):
    for name in ("split_batches", "batch_norm", "adam_beta1"):
        assert all(verdict == "helps" for at, (_, verdict) in effects[name].items() if not at.startswith("steps"))
    sizes = [-size for size, verdict in effects["split_batches"].values() if verdict == "helps"]
    assert len(sizes) == len(PUBLISHED)
    assert f"`split_batches`, which helps everywhere, by {min(sizes):.0f} to {max(sizes):.0f} %" in told
    strided = effects["strided_conv"]
    hurt = [strided[at] for at in ("mnist5k", "fashion-mnist", "cifar10", "pixels-32")]
    assert {verdict for _, verdict in hurt} == {"hurts"}
    sizes = [size for size, _ in hurt]
    assert f"hurts by {min(sizes):.0f} to {max(sizes):.0f} %" in told
    assert strided["digits"][1] is None
    assert f"by {strided['digits'][0]:.1f} %, left open, in the smallest setting" in told
    first, later, last = (effects["batch_norm"][at] for at in ("digits", "steps-2000", "steps-8000"))
    assert (first[1], later[1], last[1]) == ("helps", None, None)
    assert f"by {-first[0]:.0f} % at 500 steps, by {-later[0]:.0f} % at 2,000 and by {-last[0]:.0f} % at 8,000" in told
    first, later, last = (effects["adam_beta1"][at] for at in ("digits", "steps-2000", "steps-8000"))
    assert f"`adam_beta1` by {-first[0]:.0f} and {-later[0]:.0f} %, and at 8,000 steps by nothing that shows" in told
    assert last[1] is None
    helping = [name for name, at in effects.items() if at["digits"][1] == "helps"]
    left = {name: at["steps-8000"] for name, at in effects.items() if name in helping and at["steps-8000"][1]}
    assert (len(helping), list(left)) == (3, ["split_batches"])
    assert f"only `split_batches` still does, by {-left['split_batches'][0]:.0f} %" in told


def test_what_the_docs_say_of_late_effects_is_on_the_page(told, effects):
    early, late = ({name: own[at] for name, own in effects.items()} for at in ("digits", "steps-8000"))
    assert (early["label_smoothing"][1], late["label_smoothing"][1]) == (None, "helps")
    first, last = early["label_smoothing"][0], late["label_smoothing"][0]
    assert f"does nothing at 500 steps (+{first:.1f} %) and helps at 8,000 (−{-last:.0f} %)" in told
    assert (early["normal_init"][1], late["normal_init"][1]) == (None, "hurts")
    assert f"goes from +{early['normal_init'][0]:.1f} %, left open, to +{late['normal_init'][0]:.0f} %" in told
    assert late["normal_init"][0] == pytest.approx(100, abs=5)  # half the FID without
    assert late["leaky_relu"][1] == "hurts"
    assert f"from +{early['leaky_relu'][0]:.0f} to +{late['leaky_relu'][0]:.0f} %" in told


def test_the_readme_warns_of_what_does_not_travel(effects):
    readme = text_of("README.md")
    pairs = pd.read_csv(ROOT / "reports" / "travel" / TABLE)
    assert (
        f"[Of {pairs['told'].sum()}, {round((pairs['told'] * pairs['kept']).sum())} are kept](docs/travel.md)" in readme
    )
    first, last = ([name for name in effects if effects[name][at][1] == "helps"] for at in ("digits", "steps-8000"))
    assert (len(first), len(set(first) & set(last))) == (3, 1)
    assert "after 8,000 steps on digits one trick of three that help at 500 still does" in readme
    assert effects["normal_init"]["steps-8000"][0] == pytest.approx(100, abs=5)
    assert "`normal_init` doubles FID" in readme


def test_the_docs_tell_runs_and_hours_of_the_records(told):
    runs = [pd.read_parquet(ROOT / "results" / setting.sweep / RUNS) for setting in PUBLISHED]
    count, hours = sum(map(len, runs)), sum(own["seconds"].sum() for own in runs) / 3600
    said = (
        f"Stars of {min(map(len, runs))} to {max(map(len, runs))} runs, {count} in all, {hours:.1f} hours of computing"
    )
    assert said in told
    assert f"| {count} | {hours:.1f} h |" in (ROOT / "docs" / "published.md").read_text()
    assert list(script.SETTINGS) == PUBLISHED


def test_the_docs_tell_what_the_star_at_8000_steps_is_worth(told):
    names = ("digits", "steps-2000", "steps-8000")
    found = {name: findings(read_sweep(ROOT / "results" / f"travel-{name}")) for name in names}
    last = found["steps-8000"]
    looked, planned = int(last.records.star["round"].max()) + 1, len(last.records.looks)
    assert (looked, planned) == (3, 4)
    assert f"with {last.local['settled'].sum()} of its {len(last.local)} flips settled" in told
    y = {name: each.incumbent("digits").runs["y"].dropna() for name, each in found.items()}
    assert f"(SD {y['steps-8000'].std():.2f} of log FID, {y['digits'].std():.2f} at 500)" in told
    first, later, end = (f"{math.exp(own.mean()):.2f}" for own in y.values())
    assert f"Its FID is {first} after 500 steps, {later} after 2,000 and {end} after 8,000." in told
