"""All sweeps of a results folder on one page, with what each came to and the way to its own page."""

from __future__ import annotations

from pathlib import Path

from bench.errors import UserError
from bench.records.files import recorded_folders
from bench.records.sweep import read_sweep
from bench.report.blocks import File, Files, Section, Text
from bench.report.findings import Findings, findings
from bench.report.first_screen import told
from bench.report.formatting import counted, listed
from bench.report.headline import headline
from bench.report.links import way
from bench.report.render import Report, write_files


def write_overview(results: Path, reports: Path) -> Path:
    """Write the page of all sweeps in `results`, beside their own in `reports`, and return its path.

    A folder that cannot be read is named with its reason.

    Raises:
        UserError: no sweep in the folder.
    """
    folders = recorded_folders(results)
    report = overview([(folder.name, _read(folder), _page(folder.name, Path(reports))) for folder in folders])
    target = Path(reports) / "all"
    target.mkdir(parents=True, exist_ok=True)
    return write_files(report, target)


def overview(sweeps: list[tuple[str, Findings | str, str]]) -> Report:
    """One section per sweep: (name, what follows from it or why it cannot be read, link to its page or "")."""
    runs = sum(len(found.records.runs) for _, found, _ in sweeps if isinstance(found, Findings))
    sections = []
    for name, found, link in sweeps:
        page = (Files((File(link, name, "everything on this sweep"),)),) if link else ()
        if isinstance(found, str):
            sections.append(Section(f"sweep-{name}", name, (Text(found, "warning"),), "It cannot be read."))
            continue
        shown = told(found)
        sentences = [Text(headline(found, one, shown[shown["dataset"] == one])) for one in found.records.datasets]
        facts = f"{counted(len(found.records.runs), 'run')} of {counted(len(found.records.tricks), 'trick')} on "
        finding = f"{facts}{listed(found.records.datasets)}."
        sections.append(Section(f"sweep-{name}", name, (*sentences, *page), finding))
    told_in_all = f"{counted(len(sweeps), 'sweep')}, {counted(runs, 'run')}."
    return Report(
        sweep="all sweeps",
        title="All sweeps",
        question="What each sweep of this folder came to; its own page has the figures, the intervals and the runs.",
        facts=(),
        opening=Section("answer", "In one line", (Text(told_in_all, "answer"),)),
        sections=tuple(sections),
    )


def _read(folder: Path) -> Findings | str:
    try:
        return findings(read_sweep(folder))
    except UserError as problem:
        return str(problem)


def _page(name: str, reports: Path) -> str:
    """The way from reports/all/ to a sweep's page; empty where it has none."""
    page = reports / name / "index.html"
    return way(reports / "all", page) if page.is_file() else ""
