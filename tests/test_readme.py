"""What the README and docs/ show works as shown, and the numbers they state are those of the records."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.records.sweep import read_sweep
from bench.report import write_together
from bench.report.findings import findings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README} | {f"docs/{path.name}": path.read_text() for path in (ROOT / "docs").glob("*.md")}
SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@pytest.fixture(scope="module")
def published():
    """Name -> what follows from the records of each sweep that the README lists."""
    return {
        name: findings(read_sweep(ROOT / "results" / name)) for name in ("seed0", "core-fashion-mnist", "core-cifar10")
    }


def test_the_hack_of_the_docs_is_a_hack(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", PAGES["docs/own-trick.md"], re.DOTALL)
    (tmp_path / "two_time_scales.py").write_text(block)
    program = (
        "import hacks; from bench.gan.conformance import conform\n"
        "assert hacks.load_file('two_time_scales.py') == ['two_time_scales']\n"
        "conform('two_time_scales')\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': True}).d_lr == 8e-4\n"
        "settings = {'two_time_scales': {'d_lr': 1e-3}}\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': True}, settings).d_lr == 1e-3\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': False}) == hacks.Recipe()\n"
    )
    around = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_commands_are_verbs_and_sessions():
    from bench.cli import app

    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    for page, text in PAGES.items():
        assert set(re.findall(r"^ganbench (\w+)", text, re.MULTILINE)) <= verbs, page
        assert set(re.findall(r"nox -s (\w+)", text)) <= sessions, page


def test_options_are_options_of_their_verbs():
    import typer

    from bench.cli import app

    verbs = typer.main.get_command(app).commands
    for page, text in PAGES.items():
        shown = re.findall(r"ganbench (\w+)([^\n`]*)", text) + re.findall(r"nox -s (sweep|report) --([^\n`]*)", text)
        for verb, line in shown:
            known = (
                {option for parameter in verbs[verb].params for option in parameter.opts} if verb in verbs else set()
            )
            given = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", line.split("#")[0]))
            assert verb not in verbs or given <= known, (page, verb, given - known)


def test_what_is_linked_to_is_there():
    for page, text in PAGES.items():
        targets = re.findall(r"\]\(([^)#:]+)\)", text)
        assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == [], page
    reached = {page for text in PAGES.values() for page in re.findall(r"\((?:docs/)?([\w-]+\.md)\)", text)}
    assert {f"docs/{page}" for page in reached} == set(PAGES) - {"README.md"}


def test_pages_are_short():
    assert README.count("\n") <= 120
    assert {page: text.count("\n") for page, text in PAGES.items() if text.count("\n") > 150} == {}


def test_the_table_of_the_readme_is_the_reports():
    rows = [line for line in README.splitlines() if re.match(r"\| `[\w-]+` \|", line)]
    assert len(rows) == len(set(rows)) == 12
    assert set(rows) <= set((ROOT / "reports" / "seed0" / "report.md").read_text().splitlines())


@pytest.fixture(scope="module")
def repeated(published):
    """The effects in the best recipes found by three sweeps of the same question."""
    others = [findings(read_sweep(ROOT / "results" / name)) for name in ("seed1", "seed2")]
    table = pd.concat([found.local for found in (published["seed0"], *others)])
    return table[table["runs"] > 0]


def test_what_the_readme_says_of_single_tricks_follows_from_three_sweeps(repeated):
    text = " ".join(README.split())
    verdicts = repeated.groupby("hack")["verdict"].value_counts().unstack(fill_value=0)
    assert set(repeated.groupby("hack").size()) == {6}
    assert dict(verdicts.loc["placebo"]) == {"helps": 0, "hurts": 0, "inconclusive": 6}
    by_place = repeated.groupby(["dataset", "hack"])["verdict"].agg(set)
    assert not any({"helps", "hurts"} <= found for found in by_place)

    def reach(hack):
        sizes = repeated.loc[repeated["hack"] == hack, "effect_pct"].abs()
        return f"{sizes.min():.0f} to {sizes.max():.0f} %"

    assert set(verdicts.index[verdicts["helps"] == 6]) == {"split_batches", "batch_norm", "adam_beta1"}
    assert f"separate batches cuts FID in all six, by {reach('split_batches')}." in text
    assert f"BatchNorm ({reach('batch_norm')}) and β1 = 0.5 ({reach('adam_beta1')}) are the only others" in text
    assert set(verdicts.index[verdicts["hurts"] == 6]) == {"strided_conv"}
    assert f"raise FID in all six, by {reach('strided_conv')}." in text
    small = repeated[repeated["hack"].isin(["label_smoothing", "label_flips", "gaussian_latent"])]
    assert set(small["verdict"]) == {"inconclusive"}
    assert f"by at most {math.ceil(small['bound_pct'].max())} % in any of the six" in text
    counts = {hack: (row["helps"], row["hurts"]) for hack, row in verdicts.iterrows()}
    assert "LeakyReLU hurts in two of them, N(0, 0.02) helps in two and hurts in one, tanh helps in two" in text
    assert [counts[hack] for hack in ("leaky_relu", "normal_init", "tanh_scaling")] == [(0, 2), (2, 1), (2, 0)]


def test_what_the_readme_says_of_two_longer_sweeps_follows_from_their_records(published):
    sweeps = [published[name] for name in ("core-fashion-mnist", "core-cifar10")]
    tables = [found.local[found.local["runs"] > 0].set_index("hack") for found in sweeps]
    (steps,) = {int(step) for found in sweeps for step in found.records.runs["steps"].unique()}
    fashion, cifar = (table["effect_pct"].abs().round().astype(int) for table in tables)
    both = {hack: f"{fashion[hack]} and {cifar[hack]}" for hack in fashion.index}
    assert (
        f"On Fashion-MNIST and CIFAR-10 after {steps:,} steps separate batches, BatchNorm and β1 cut FID by "
        f"{both['split_batches']}, {both['batch_norm']}, {both['adam_beta1']} %. On CIFAR-10 nothing else helps; "
        f"strided convolutions add {both['strided_conv']} %."
    ) in " ".join(README.split())
    words = [table.groupby("verdict").groups for table in tables]
    three = {"split_batches", "batch_norm", "adam_beta1"}
    assert three < set(words[0]["helps"])
    assert set(words[1]["helps"]) == three
    assert all("strided_conv" in found["hurts"] for found in words)
    assert all("placebo" in found["inconclusive"] for found in words)


def test_the_page_of_both_is_that_of_their_records(tmp_path):
    names = ("core-fashion-mnist", "core-cifar10")
    write_together([ROOT / "results" / name for name in names], tmp_path / "core")
    assert (tmp_path / "core" / "report.md").read_text() == (ROOT / "reports" / "core" / "report.md").read_text()


def test_what_the_readme_says_of_equal_time_follows_from_the_records(published):
    rows = published["seed0"].equal_time.set_index(["hack", "dataset"]).loc["strided_conv"]
    assert rows["time_ratio"].between(0.4, 0.5).all()
    size, low, high = (round(rows.loc["digits", name]) for name in ("equal_time_pct", "ci_low_pct", "ci_high_pct"))
    unseen = [f"{rows.loc['mnist5k', name]:+.0f}".replace("-", "−") for name in ("ci_low_pct", "ci_high_pct")]
    said = f"at equal time it is {size} % on digits ({low} to {high}), and nothing that shows on mnist5k"
    assert f"{said} ({' to '.join(unseen)})" in " ".join(README.split())


def test_what_the_readme_says_of_mixed_batches_follows_from_the_records():
    assert "In longer screens, CIFAR-10 among them, BatchNorm on mixed batches was worse than none" in " ".join(
        README.split()
    )
    for name in ("four-sets", "cifar10-jpeg"):
        runs = read_sweep(ROOT / "results" / name).runs
        mean = runs.assign(log=np.log(runs["fid"])).groupby(["dataset", "split_batches", "batch_norm"])["log"].mean()
        mixed = mean.xs(False, level="split_batches").unstack("batch_norm")
        assert (mixed[True] > mixed[False]).all()


def test_the_time_of_the_default_sweep_is_that_of_its_record():
    for name in ("seed0", "seed1", "seed2"):
        about = json.loads((ROOT / "results" / name / "environment.json").read_text())
        assert about["cores"] == 2
    about = json.loads((ROOT / "results" / "seed0" / "environment.json").read_text())
    took = pd.Timestamp(about["finished"]) - pd.Timestamp(about["started"])
    assert took < pd.Timedelta(minutes=60)
    assert "answered in an hour on two cores" in " ".join(README.split())


def test_runs_and_times_that_the_readme_states_are_those_of_the_records(published):
    for name, found in published.items():
        runs = found.records.runs
        (line,) = [line for line in README.splitlines() if f"](reports/{name}/report.md)" in line]
        assert line.endswith(f"| {len(runs)} | {runs['seconds'].sum() / 3600:.1f} h |"), name
    made = list((ROOT / "results" / "recipes").glob("*/record.json"))
    assert f"| {len(made)} | 0.4 h |" in README
    assert f"{SPELLED[len(made)]} teaching GANs by hand" in README


def test_tricks_and_recipes_are_counted_right():
    import hacks
    from bench.gan import recipes

    core = [name for name in hacks.names(core=True) if name != "placebo"]
    assert f"the {SPELLED[len(core)]} core tricks and the placebo" in README
    sources = {recipes.get(name).source for name in recipes.names() if name != "dcgan"}  # one describes two networks
    assert f"{SPELLED[len(sources)]} well-known tutorials" in README


def simulated(page: str, row: str) -> list[dict[str, str]]:
    """The rows of a page's tables of simulations, by their columns; `row` names the column that tells such a table."""
    rows, heads = [], None
    for line in PAGES[page].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("| ") else None
        if cells and row in cells:
            heads = cells
        elif cells and heads and len(cells) == len(heads):
            rows.append(dict(zip(heads, cells, strict=True)))
        elif not line.startswith("|"):
            heads = None
    return rows


def shares(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column].removesuffix(" %")) for row in rows if row[column].endswith("%")]


def test_what_is_said_of_simulations_is_in_their_tables():
    text = " ".join(PAGES["docs/trust.md"].split())
    screens = simulated("docs/simulation.md", "95 % interval covers")
    covers = shares(screens, "95 % interval covers")
    assert f"covers the truth in {min(covers)} to {max(covers)} % of cases" in text
    placebo = {
        family: max(shares([row for row in screens if row["family"] == family], "placebo claimed"))
        for family in ("screen", "confirm")
    }
    assert f"at most {placebo['screen']} % of screens and {placebo['confirm']} % of confirmations" in text
    assert max(shares(screens, "negligible though > 20 %")) == 0
    assert set(re.findall(r"Sign flip, .*?: helps ([\d.]+) %", PAGES["docs/simulation.md"])) == {"0.00"}
    stars = simulated("docs/simulation-stars.md", "pointwise covers")
    covers = shares(stars, "pointwise covers")
    assert f"covers the truth in {min(covers)} to {max(covers)} % of cases, and in more" in text
    assert f"at most {max(shares(stars, 'any false claim'))} % of stars" in text
    assert f"the placebo is claimed in at most {max(shares(stars, 'placebo claimed'))} %" in text


def test_the_table_of_screens_against_one_trick_at_a_time_is_that_of_the_records():
    from bench.analysis import statistical_speed

    screen, arms = (read_sweep(ROOT / "results" / name) for name in ("four-sets", "arms"))
    table = statistical_speed(screen.runs, arms.runs, list(screen.hacks)).set_index("dataset").T
    for name, row in table.iterrows():
        line = f"| {name.replace('_', ' ')} | {' | '.join(f'{value:.3g}' for value in row)} |"
        assert line in PAGES["docs/speed-changes.md"], line


def test_the_number_of_tricks_is_that_of_the_registry():
    import hacks

    (said,) = re.findall(r"# (\d+) tricks by family", README)
    assert int(said) == len(hacks.names()) - 1  # the placebo is none
    assert f"**{said} tricks**" in (ROOT / "CHANGELOG.md").read_text()
