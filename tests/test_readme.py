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
from pages import same_effects

from bench.analysis import adding_up, effect_differences
from bench.analysis.verdicts import CLAIMS
from bench.records.sweep import read_sweep
from bench.report import write_several, write_together
from bench.report.estimates import effect, estimate
from bench.report.findings import findings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README} | {f"docs/{path.name}": path.read_text() for path in (ROOT / "docs").glob("*.md")}
SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


CORE = ("core-digits", "core-mnist5k", "core-fashion-mnist", "core-shapes", "core-cifar10")
"""The sweeps of the core tricks that the README opens with, in the order of the page of all of them."""
STATED = " ".join(README.split())


@pytest.fixture(scope="module")
def published():
    """Name -> what follows from the records of each of these sweeps."""
    return {name: findings(read_sweep(ROOT / "results" / name)) for name in CORE}


@pytest.fixture(scope="module")
def local(published):
    """The effects in the best recipes found, on all datasets."""
    table = pd.concat([found.local for found in published.values()])
    return table[table["runs"] > 0]


@pytest.fixture(scope="module")
def repeated():
    """The effects in the best recipes found by three default sweeps of the same question."""
    names = ("seed0", "seed1", "seed2")
    table = pd.concat([findings(read_sweep(ROOT / "results" / name)).local for name in names])
    return table[table["runs"] > 0]


def reach(table, *hacks):
    """The smallest and the largest effect of some tricks, either way, in whole per cent."""
    sizes = table.loc[table["hack"].isin(hacks), "effect_pct"].abs()
    return f"{sizes.min():.0f} to {sizes.max():.0f} %"


def reaches(table):
    """How far effects may go either way, in whole per cent, as tables tell it: a fall of 24 % is a factor of 1.32."""
    ends = np.log1p(table[["ci_low_pct", "ci_high_pct"]] / 100).abs().max(axis=1)
    return [round(100 * math.expm1(end)) for end in ends]


def with_pages(folder, names):
    """Pages of these sweeps beside the one that is made in `folder`, as where it is published."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / "report.md").touch()


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
    rows = [line for line in README.splitlines() if re.match(r"\| `[a-z_0-9]+` \|", line)]
    assert len(rows) == len(set(rows)) == 12
    without_the_last = {f"{row.removesuffix(' |').rpartition(' | ')[0]} |" for row in rows}
    assert without_the_last <= set((ROOT / "reports" / "core" / "report.md").read_text().splitlines())


def test_what_the_readme_says_of_single_tricks_follows_from_the_records(local):
    verdicts = local.groupby("hack")["verdict"].value_counts().unstack(fill_value=0)
    every = len(CORE)
    known = local.groupby("hack").size()
    assert set(known.drop("divisible_kernel")) == {every}  # that one needs strided convolutions
    assert set(verdicts.index[verdicts["helps"] == every]) == {"split_batches", "batch_norm", "adam_beta1"}
    assert f"separate batches cuts FID by {reach(local, 'split_batches')}." in STATED
    known = f"BatchNorm ({reach(local, 'batch_norm')}) and β1 = 0.5 ({reach(local, 'adam_beta1')})"
    assert f"{known} are the only others that help everywhere; after 4,000 steps" in STATED
    strided = local[local["hack"] == "strided_conv"].set_index("dataset")
    assert set(strided.index[strided["verdict"] == "helps"]) == {"shapes"}
    assert f"cut FID by {-strided.loc['shapes', 'effect_pct']:.0f} % on `shapes`" in STATED
    others = strided.drop("shapes")
    assert set(others["verdict"]) == {"hurts"}
    assert f"raise it on the other {SPELLED[len(others)]}, by {reach(others, 'strided_conv')}." in STATED
    small = local[local["hack"].isin(["gaussian_latent", "label_smoothing", "label_flips"])]
    assert not small["verdict"].isin(CLAIMS).any()
    far, near = (max(reaches(small[(small["dataset"] == "shapes") == shapes])) for shapes in (True, False))
    told = f"have a verdict nowhere (at most {far} % on `shapes`, {near} % elsewhere)."
    assert f"Gaussian latent, label smoothing and label flips {told}" in STATED
    rows = local[(local["hack"] == "leaky_relu") & (local["verdict"] == "hurts")]
    placebo = local[local["hack"] == "placebo"].set_index("dataset")["effect_pct"]
    hurt = f"LeakyReLU hurts on {SPELLED[len(rows)]}, by {reach(rows, 'leaky_relu')}"
    helps = SPELLED[verdicts.loc["tanh_scaling", "helps"]]
    assert f"{hurt} (the placebo shows {placebo['digits']:.0f} on digits); tanh helps on {helps}." in STATED
    assert not local.loc[local["hack"] == "placebo", "verdict"].isin(CLAIMS).any()


def test_every_dataset_has_eight_answers(local):
    """Of eleven tricks at least eight have a verdict or a bound of 15 % on each dataset, as whole per cent are told."""
    tricks = local[local["hack"] != "placebo"]
    done = tricks["verdict"].isin(CLAIMS) | (np.array(reaches(tricks)) <= 15)
    assert (done.groupby(tricks["dataset"]).sum() >= 8).all()


def test_what_the_readme_says_of_equal_time_follows_from_the_records(published):
    tables = [found.equal_time.set_index("hack").loc[["strided_conv"]] for found in published.values()]
    rows = pd.concat(tables)
    assert rows["time_ratio"].between(0.4, 0.55).all()
    rows = rows[rows["dataset"] != "shapes"]
    low, high = rows["ci_low_pct"].min(), rows["ci_high_pct"].max()
    assert ((rows["ci_low_pct"] < 0) & (rows["ci_high_pct"] > 0)).all()
    said = f"{low:.0f} to {high:+.0f} % by the intervals".replace("-", "−")
    assert f"They halve the time of a step, and at equal time nothing of that is left that shows ({said});" in STATED


def test_what_the_readme_says_of_repetitions_follows_from_three_sweeps(repeated):
    verdicts = repeated.groupby("hack")["verdict"].value_counts().unstack(fill_value=0)
    assert set(repeated.groupby("hack").size()) == {6}
    assert dict(verdicts.loc["placebo"]) == {"helps": 0, "hurts": 0, "inconclusive": 6}
    assert not any({"helps", "hurts"} <= found for found in repeated.groupby(["dataset", "hack"])["verdict"].agg(set))
    assert set(verdicts.index[verdicts["helps"] == 6]) == {"split_batches", "batch_norm", "adam_beta1"}
    assert set(verdicts.index[verdicts["hurts"] == 6]) == {"strided_conv"}
    assert "three times: the same three help in all six answers." in STATED


def test_the_page_of_all_is_that_of_their_records(tmp_path):
    with_pages(tmp_path, CORE)
    write_together([ROOT / "results" / name for name in CORE], tmp_path / "core")
    assert (tmp_path / "core" / "report.md").read_text() == (ROOT / "reports" / "core" / "report.md").read_text()
    same_effects(tmp_path / "core", ROOT / "reports" / "core")


def test_the_page_of_a_sweep_and_its_repetition_is_that_of_their_records(tmp_path):
    both = [ROOT / "results" / name for name in ("core-digits", "core-digits-again")]
    with_pages(tmp_path, [both[0].name])
    write_several(both, tmp_path / "again")
    assert (tmp_path / "again" / "report.md").read_text() == (ROOT / "reports" / "again" / "report.md").read_text()


def test_what_the_readme_says_of_a_repetition_follows_from_both_sweeps():
    first, second = (findings(read_sweep(ROOT / "results" / name)) for name in ("core-digits", "core-digits-again"))
    rows = effect_differences(first.local, second.local)
    rows = rows[rows["difference_log"].notna() & (rows["hack"] != "placebo")]
    same = len(rows) - int(rows["changed"].sum())
    assert not rows["differs"].any()
    assert first.incumbent("digits").levels != second.incumbent("digits").levels
    told = f"design and best recipe: {SPELLED[same]} of {SPELLED[len(rows)]} verdicts are the same"
    assert f"{told}, no effect differs beyond chance." in STATED


def test_what_is_said_of_winners_follows_from_the_records():
    names = ("winners", "winners-fresh", "core-fashion-mnist")
    every, fresh, first = (findings(read_sweep(ROOT / "results" / name)) for name in names)
    text = " ".join(PAGES["docs/published.md"].split())
    tricks = [hack for hack in every.records.varied if hack != "placebo"]
    sums = adding_up(every.records.screened, tricks).set_index("what")
    at_once = f"All five at once change FID by {estimate(sums.loc['together'])};"
    assert len(tricks) == 5
    assert at_once in text
    on_top, alone = sums.loc["on top"], sums.loc["alone"]
    assert on_top["effect_pct"] < -99
    assert f"as logarithms are added, {100 * on_top['share']:.0f} % is reached together" in text
    assert f"what each does alone comes to {effect(alone)}, and all at once do more" in text
    assert sums.loc["beyond alone", "ci_high_pct"] < 0
    average, again = (table.set_index("hack")["effect_pct"] for table in (every.average, fresh.local))
    tanh = f"cuts FID by {-again['tanh_scaling']:.0f} % on top of the others, and raises it by"
    assert f"{tanh} {average['tanh_scaling']:.0f} % on average over all 32 recipes" in text
    fids = [np.exp(found.incumbent("fashion-mnist").runs["y"].mean()) for found in (fresh, first)]
    assert (
        f"the five alone come out at FID {fids[0]:.3f}, the best recipe found, which has a sixth, at {fids[1]:.3f}"
        in text
    )
    assert set(fresh.local.set_index("hack").loc[tricks, "verdict"]) == {"helps"}
    apart = (again - first.local.set_index("hack")["effect_pct"])[tricks].abs().max()
    assert f"differ from those first found by at most {math.ceil(apart)} points" in text
    runs = fresh.records.runs
    assert f"({len(runs)} runs, {runs['seconds'].sum() / 3600:.1f} h)" in text


def test_what_the_readme_says_of_mixed_batches_follows_from_the_records():
    assert "In longer screens, CIFAR-10 among them, BatchNorm on mixed batches was worse than none" in " ".join(
        README.split()
    )
    for name in ("four-sets", "cifar10-jpeg"):
        runs = read_sweep(ROOT / "results" / name).runs
        mean = runs.assign(log=np.log(runs["fid"])).groupby(["dataset", "split_batches", "batch_norm"])["log"].mean()
        mixed = mean.xs(False, level="split_batches").unstack("batch_norm")
        assert (mixed[True] > mixed[False]).all()


def test_sweeps_that_went_through_took_the_time_they_were_given():
    """Digits was interrupted, and made with other work beside it."""
    for name in ("core-fashion-mnist", "core-cifar10"):
        about = json.loads((ROOT / "results" / name / "environment.json").read_text())
        assert about["cores"] == 2
        took = [pd.Timestamp(each["finished"]) - pd.Timestamp(each["started"]) for each in about["sessions"]]
        assert sum(took, pd.Timedelta(0)) < pd.Timedelta(minutes=52)
    assert "each with a budget of fifty minutes on two cores" in STATED


def test_runs_and_times_that_are_stated_are_those_of_the_records(published):
    listed = PAGES["docs/published.md"]
    for name, found in published.items():
        runs = found.records.runs
        (line,) = [line for line in listed.splitlines() if f"](../reports/{name}/report.md)" in line]
        assert line.endswith(f"| {len(runs)} | {runs['seconds'].sum() / 3600:.1f} h |"), name
    made = [json.loads(path.read_text()) for path in (ROOT / "results" / "recipes").glob("*/record.json")]
    hours = sum(record["timing"]["seconds"] for record in made) / 3600
    (line,) = [line for line in listed.splitlines() if "](../reports/recipes/report.md)" in line]
    assert line.endswith(f"| {len(made)} | {hours:.1f} h |")


def test_tricks_and_recipes_are_counted_right():
    import hacks
    from bench.gan import recipes

    core = [name for name in hacks.names(core=True) if name != "placebo"]
    assert f"the {SPELLED[len(core)]} core tricks and the placebo" in README
    sources = {recipes.get(name).source for name in recipes.names()} - {recipes.get("dcgan").source}
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
    pairs = simulated("docs/simulation-stars.md", "taken, looks")
    assert len(pairs) == 11
    differs, covers = zip(
        *(row[f"taken, {kind}"].split(", ") for row in pairs for kind in ("one look", "looks")), strict=True
    )
    ends = [f"{end(each, key=lambda cell: float(cell[:-2]))[:-2]}" for each in (differs, covers) for end in (min, max)]
    assert f"said to differ in at most {ends[1]} % of pairs" in text
    assert f"the interval of a difference covers it in {ends[2]} to {ends[3]} % of cases" in text
    own = " ".join(PAGES["docs/simulation-stars.md"].split())
    assert f"{ends[0]} to {ends[1]} %, and the 95 % intervals hold {ends[2]} to {ends[3]} % of the differences" in own


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
