"""What a full report would have and this sweep does not."""

from bench.records.files import ENVIRONMENT, PLAN, SAMPLES
from bench.records.sweep import SweepRecords
from bench.report.blocks import Folded, Points, code
from bench.report.findings import Findings
from bench.report.formatting import counted, listed, share


def folded(findings: Findings) -> Folded | None:
    """Everything that is missing, to be unfolded; None where nothing is."""
    found = [*_missing_runs(findings), *_missing_files(findings.records)]
    return Folded(f"What is missing here ({len(found)})", (Points(tuple(found)),)) if found else None


def _missing_runs(findings: Findings) -> list[str]:
    records = findings.records
    gaps, runs, plan = [], records.runs, records.plan
    lost = [hack for hack in plan.hacks if hack not in runs] if plan else []
    if lost:
        gaps.append(f"The runs have no column for {listed(map(code, lost))}, which the plan names.")
    planned = plan.in_order() if plan else []
    for dataset in records.datasets:
        own = records.of(dataset)
        wanted = [cell.name for name, cell, _ in planned if name == dataset]
        if len(own) < len(wanted):
            absent = set(wanted) - set(own["cell"])
            words = f"On {code(dataset)} {len(own):,} of {len(wanted):,} planned runs are recorded"
            gaps.append(words + (f"; {counted(len(absent), 'cell')} without any run." if absent else "."))
        lost = findings.share_lost(dataset)
        if 0.5 <= lost < 1:
            words = f"On {code(dataset)} {share(lost)} of the runs ended at the worst {records.outcome.label} there is"
            gaps.append(f"{words}: effects there say who fails more than who is better.")
        if len(own) and own["seed"].nunique() == 1:
            gaps.append(f"On {code(dataset)} there is one seed, so the spread between seeds is not known.")
        constant = [hack for hack in records.hacks if len(own) and own[hack].nunique() == 1]
        if constant:
            verb = "has" if len(constant) == 1 else "have"
            gaps.append(
                f"On {code(dataset)} {listed(map(code, constant))} {verb} one level only: no effect to estimate."
            )
    return gaps


def _missing_files(records: SweepRecords) -> list[str]:
    gaps = []
    if records.plan is None:
        gaps.append(
            f"There is no {PLAN}: what was planned and its smallest effect of interest are not known; "
            f"{100 * records.sesoi:g} % is used."
        )
    if records.curves.empty:
        gaps.append("No training curves were kept: nothing can be said about FID over training.")
    if not (records.folder / SAMPLES).is_dir():
        gaps.append("No sample grids were kept.")
    if not records.about.sessions:
        gaps.append(f"{ENVIRONMENT} names no session: versions, hardware and departures are not recorded.")
    return gaps
