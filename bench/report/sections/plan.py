"""What was planned and what ran of it."""

from bench.records.outcome import outcome_of
from bench.records.plan import Plan
from bench.records.run import STATUSES
from bench.records.scores import SCORES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Folded, Section, Table, Text, code
from bench.report.facts import facts_table
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, counted, listed, number
from bench.report.scale import Scale

_ABOUT = {"fid": "FID, the mean of its logarithm over the last third of training, at most its ceiling"}
_BUDGET = {"steps": "generator steps", "batch": "images per batch", "width": "channels of the narrowest layer"}


def section(findings: Findings) -> Section:
    """The plan, how many of its runs were made and how they ended, and the levels of every cell."""
    records = findings.records
    if records.plan is None:
        blocks: list = [Text("The sweep has no plan.json; only what ran is known.", "note"), _runs(records)]
    else:
        blocks = [Text(_in_words(records.plan)), facts_table(_facts(records.plan)), _runs(records)]
        levels = _levels(records.plan)
        blocks += [Folded("All levels of all cells", (levels,))] if levels else []
    planned = sum(len(plan.runs()) for plan in records.plans)
    made = f"{len(records.runs):,} of {counted(planned, 'planned run')} ran." if planned else ""
    return Section("plan", "What was planned and what ran", tuple(filter(None, blocks)), made)


def _in_words(plan: Plan) -> str:
    # Plans of older sweeps call them by another word.
    design = (plan.design or "a design").replace(" hacks", " tricks")
    return (
        f"{design[:1].upper()}{design[1:]}; {counted(len(plan.cells), 'cell')} in all, "
        f"{counted(len(plan.seeds), 'seed')} ({listed(map(str, plan.seeds))}), "
        f"{counted(len(plan.datasets), 'dataset')}. The plan was fixed before the first run; its SHA-256 is "
        f"{code(plan.hash)}."
    )


def _facts(plan: Plan) -> dict:
    facts = {
        "stage": plan.stage,
        "family of tests": plan.family,
        "smallest effect of interest": Scale(outcome_of(plan.scoring.outcome)).smallest(plan.sesoi),
        "effects are about": _ABOUT.get(plan.scoring.outcome, SCORES[plan.scoring.outcome].label),
        "base recipe": plan.base,
        "parent plan": plan.parent,
        **{_BUDGET.get(name, name.replace("_", " ")): value for name, value in plan.budget.to_dict().items()},
        **{
            f"{hack} {name}": value
            for hack, parameters in plan.hack_parameters.items()
            for name, value in parameters.items()
        },
    }
    return {name: value for name, value in facts.items() if value is not None}


def _runs(records: SweepRecords) -> Table:
    """How many runs of the plan were made on each dataset and how they ended, with the FID of noise and of real."""
    planned = [dataset for dataset, _, _ in records.plan.in_order()] if records.plan else []
    rows = []
    for dataset in records.datasets:
        runs = records.of(dataset)
        ends = [str(int((runs["status"] == status).sum())) for status in STATUSES]
        anchors = [number(runs[name].median()) if len(runs) else NOTHING for name in ("fid_noise", "fid_real")]
        wanted = f"{planned.count(dataset):,}" if planned else NOTHING
        rows.append((code(dataset), wanted, f"{len(runs):,}", *ends, *anchors))
    columns = ("dataset", "planned runs", "recorded", *STATUSES, "FID of noise", "FID of real images")
    return Table(columns, tuple(rows), "lrrrrrrr")


def _levels(plan: Plan) -> Table | None:
    """Levels of every hack that the plan varies in every cell; a dot is off. None for an empty plan."""
    if not plan.cells or not plan.hacks:
        return None
    levels = {hack: {bool(cell.levels.get(hack)) for cell in plan.cells} for hack in plan.hacks}
    hacks = [hack for hack in plan.hacks if len(levels[hack]) > 1] or list(plan.hacks)
    rows = tuple(
        (
            code(cell.name),
            cell.arm.replace("_", " "),
            *("on" if cell.levels.get(hack) else "·" for hack in hacks),
        )
        for cell in plan.cells
    )
    return Table(("cell", "arm", *map(code, hacks)), rows, "ll" + "l" * len(hacks))
