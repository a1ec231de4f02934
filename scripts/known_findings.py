"""Do known findings come out? Small stars around recipes with a known trouble, with tricks that are said to cure it.

    python scripts/known_findings.py                 # all of them, half an hour on two cores; goes on where it stopped
    python scripts/known_findings.py --only rings    # one; --table prints what is there, without running anything

Each is a plan like any other, made by the sweep, kept in results/known-NAME, judged by `local_effects`. What is
expected was written down before the first run, and what does not come out is printed like what does.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from bench import load_runs
from bench.analysis import local_effects
from bench.records.budget import Budget, Scoring
from bench.records.plan import PLACEBO, Cell, Plan
from bench.runner.location import Location
from bench.runner.sweep import SweepSession, worker_count
from bench.runner.view import Lines

STEADY = ("strided_conv", "leaky_relu", "normal_init", "adam_beta1", "tanh_scaling", "gaussian_latent")
"""The core tricks without BatchNorm and what needs it."""


@dataclass(frozen=True)
class Finding:
    """One known finding as a star.

    Attributes:
        dataset: where.
        base: the tricks that the recipe with the trouble has.
        cures: the tricks of which at least one is said to help.
        outcome: the score in which.
        expected: what ought to come out, in words.
        source: who found it.
        budget: of each run.
        seeds: of the recipe with the trouble, and of each cure.
        parameters: of hacks.
        n: generated images per score.
    """

    dataset: str
    base: tuple[str, ...]
    cures: tuple[str, ...]
    outcome: str
    expected: str
    source: str
    budget: Budget
    seeds: tuple[int, int] = (10, 6)
    parameters: dict | None = None
    n: int = 2000


RESCUE = Finding(
    "mnist5k",
    (*STEADY, "lower_learning_rate"),
    ("spectral_norm", "r1_penalty", "wasserstein_gp"),
    "fid",
    "without BatchNorm and at ten times the learning rate a bound or a penalty on D's slope rescues the run",
    "Miyato 2018; Gulrajani 2017; Mescheder 2018",
    Budget(steps=450, width=16, resolution=16, evaluations=9, late=6),
    parameters={"lower_learning_rate": {"lr": 2e-3}},
    n=1000,
)
FINDINGS = {
    "rings": Finding(
        "ring8",
        ("adam_beta1",),
        ("packing", "minibatch_stddev", "unrolled"),
        "modes",
        "packing, minibatch statistics or unrolling cover more of the eight modes",
        "Lin 2017; Salimans 2016; Metz 2016",
        Budget(steps=2000, width=32, evaluations=3),
    ),
    "stacked": Finding(
        "stacked",
        ("strided_conv", "leaky_relu", "batch_norm", "split_batches", "normal_init", "adam_beta1", "tanh_scaling"),
        ("packing", "minibatch_stddev"),
        "modes",
        "packing or minibatch statistics cover more of the thousand triples",
        "Lin 2017",
        Budget(steps=600, width=16, resolution=16, evaluations=2),
        n=5000,
    ),
    "rescue": RESCUE,
    "rescue50": replace(
        RESCUE,
        expected="the same at fifty times the learning rate, where the run without them collapses now and then",
        parameters={"lower_learning_rate": {"lr": 1e-2}},
    ),
    "few": Finding(
        "mnist5k:7",
        (*STEADY, "batch_norm", "split_batches"),
        ("diff_augment",),
        "fid",
        "on a few hundred pictures augmentation of what D sees lowers FID",
        "Zhao 2020",
        Budget(steps=2000, width=16, resolution=16, evaluations=9, late=6),
        seeds=(8, 8),
    ),
}


def plan_of(name: str) -> Plan:
    """The plan of a finding: a star of one look."""
    finding = FINDINGS[name]
    hacks = (*dict.fromkeys((*finding.base, *finding.cures)), PLACEBO)
    base = {hack: hack in finding.base for hack in hacks}
    middle, each = finding.seeds
    cells = [Cell("base", base, "incumbent", (finding.dataset,), tuple(range(middle)))]
    cells += [
        Cell(f"base+{cure}", {**base, cure: True}, "flip", (finding.dataset,), tuple(range(each)), flipped=cure)
        for cure in (*finding.cures, PLACEBO)
    ]
    return Plan(
        name=f"known-{name}",
        hacks=hacks,
        cells=tuple(cells),
        datasets=(finding.dataset,),
        seeds=tuple(range(max(finding.seeds))),
        hack_parameters=finding.parameters or {},
        budget=finding.budget,
        scoring=Scoring(n=finding.n, outcome=finding.outcome),
        family="confirm",
        stage="settle",
        design="star of single flips",
    )


def made(name: str, results: Path, workers: int | None) -> None:
    """Make the runs of a finding that are not there."""
    plan = plan_of(name)
    session = SweepSession(plan, Location(results / plan.name), worker_count(workers, "auto"), "auto", Lines())
    with session.open():
        session.run(plan, title=plan.name)


def answers(name: str, results: Path) -> pd.DataFrame:
    """What came out: one row for each cure and the placebo."""
    finding, plan = FINDINGS[name], plan_of(name)
    runs = load_runs(results / plan.name)
    runs["flipped"] = runs["cell"].str.partition("+")[2]
    table = local_effects(runs, [*finding.cures, PLACEBO], outcome=finding.outcome).set_index("hack")
    score = runs.groupby("cell")[finding.outcome].mean()
    failed = runs.assign(failed=runs["status"] != "ok").groupby("cell")["failed"].mean()
    cells = [f"base+{hack}" for hack in table.index]
    return pd.DataFrame(
        {
            "finding": name,
            "without": score["base"],
            "with": score[cells].to_numpy(),
            "failed without": failed["base"],
            "failed with": failed[cells].to_numpy(),
            "effect": table["effect_pct"],
            "low": table["ci_low_pct"],
            "high": table["ci_high_pct"],
            "verdict": table["verdict"],
        }
    ).reset_index()


def markdown(name: str, results: Path) -> str:
    """What came out, as a table of docs/known-findings.md."""
    finding, table = FINDINGS[name], answers(name, results)
    label = "FID" if finding.outcome == "fid" else finding.outcome
    unit = " %" if finding.outcome == "fid" else ""

    def row(each: pd.Series) -> str:
        if pd.isna(each["effect"]):
            change = "–"
        else:
            ends = " to ".join(f"{each[end]:+.0f}" for end in ("low", "high"))
            change = f"{each['effect']:+.0f}{unit} ({ends}{unit})".replace("-", "−").replace("inf", "∞")
        scores = f"{each['without']:.3g} | {each['with']:.3g}"
        failed = f"{each['failed without']:.0%} | {each['failed with']:.0%}"
        return f"| `{each['hack']}` | {scores} | {failed} | {change} | {each['verdict']} |"

    head = f"| trick | {label} without | {label} with | failed without | failed with | change | verdict |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---|", *(row(each) for _, each in table.iterrows())])


def main() -> None:
    """Run what is not there, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=FINDINGS, default=list(FINDINGS))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--workers", type=int)
    parser.add_argument("--table", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    for name in arguments.only:
        if not arguments.table:
            made(name, arguments.results, arguments.workers)
        finding = FINDINGS[name]
        print(f"\n{name}: {finding.expected} ({finding.source})")
        print(markdown(name, arguments.results))


if __name__ == "__main__":
    main()
