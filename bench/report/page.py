"""The report of a sweep, from its folder to its page."""

from dataclasses import replace
from pathlib import Path

from bench.records.files import EFFECTS, LOCAL_EFFECTS, RUNS
from bench.records.sweep import SweepRecords, read_sweep
from bench.report import claims_page, sections, single_runs
from bench.report.embedded import embedded
from bench.report.facts import computing_time, counts
from bench.report.findings import Findings, findings
from bench.report.first_screen import first_screen
from bench.report.formatting import listed
from bench.report.links import way
from bench.report.render import Report, write_files
from bench.report.setting import with_settings

QUESTION = "When a GAN training trick is switched on, how much does {} change, on which dataset, and how sure is that?"


def write(sweep_dir: Path, report_dir: Path) -> Path:
    """Write the report of a sweep and return the path of its page.

    Args:
        sweep_dir: results/<sweep>/, which holds runs.parquet and whatever else was kept; or a folder of runs made by
            hand, `ganbench run --out`, whose page puts them side by side; or a folder of sweeps of claims, `ganbench
            sweep --claims --results`, whose page answers all of them.
        report_dir: where index.html, report.md, figures/ and the tables of effects go; made if it is not there. The
            same records give the same words and tables, byte for byte.

    Raises:
        UserError: no runs.parquet, files that cannot be read, or runs whose scores come from different extractors.
    """
    home, folder = Path(sweep_dir), Path(report_dir)
    single = [] if (home / RUNS).is_file() else single_runs.runs_in(home)
    if single:
        folder.mkdir(parents=True, exist_ok=True)
        return write_files(single_runs.compose(home.resolve().name, single), folder)
    several = [] if (home / RUNS).is_file() else claims_page.sweeps_in(home)
    if several:
        folder.mkdir(parents=True, exist_ok=True)
        claims_page.table_of(several).to_csv(folder / claims_page.TABLE, index=False, lineterminator="\n")
        return write_files(claims_page.compose(home.resolve().name, several), folder)
    found = findings(read_sweep(home))
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in ((EFFECTS, found.average), (LOCAL_EFFECTS, found.local)):
        (folder / name).unlink(missing_ok=True)
        if len(table):
            with_settings(table, [found.records]).to_csv(folder / name, index=False, lineterminator="\n")
    return write_files(compose(found, way(folder, home)), folder)


def compose(found: Findings, relative: str) -> Report:
    """Everything on the page in reading order; `relative` is the way from the report to the sweep's folder."""
    parts = [
        replace(made, group=group)
        for group, members in sections.GROUPS.items()
        for part in members
        if (made := part.section(found))
    ]
    return Report(
        sweep=found.records.name,
        title="Which training tricks matter?",
        question=QUESTION.format(found.scale.label),
        facts=_facts(found.records),
        opening=sections.answer.section(found),
        sections=(*parts, sections.files.section(found, relative)),
        screen=first_screen(found),
        data=embedded(found) if len(found.records.runs) else None,
    )


def _facts(records: SweepRecords) -> tuple[tuple[str, str], ...]:
    facts = counts(records)
    if len(records.plans) > 1:
        facts.append(("Stages", listed(dict.fromkeys(plan.stage for plan in records.plans))))
    else:
        seeds, cells = (str(records.runs[name].nunique()) for name in ("seed", "cell"))
        facts += [("Cells", cells), ("Seeds", seeds)]
    facts += computing_time(records)
    finished = [records.about.finished or "", *(str(s.get("finished") or "") for s in records.about.sessions)]
    if any(finished):
        facts.append(("Finished", max(finished)[:16].replace("T", " ")))
    return tuple(facts)
