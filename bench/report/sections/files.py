"""The numbers behind the page: links to the tables beside it and to the sweep's own records."""

from bench.records.files import CURVES, EFFECTS, LOCAL_EFFECTS, PLAN, RUNS, RUNS_CSV
from bench.report.blocks import File, Files, Section
from bench.report.findings import Findings

_KEPT = {
    RUNS: "one row per run: levels, status and every score, typed",
    RUNS_CSV: "the same as text",
    CURVES: "losses, gradient norms and FID over training",
    PLAN: "the plan with its hash",
}


def section(findings: Findings, relative: str) -> Section:
    """Links to what is there; `relative` is the way from the report to the sweep's folder."""
    tables = (
        (LOCAL_EFFECTS, findings.local, f"every effect in {findings.middle}, one row per dataset and trick"),
        (EFFECTS, findings.average, "every average effect, one row per dataset and trick"),
    )
    items = [File(name, name, what) for name, table, what in tables if len(table)]
    items.append(File("report.md", "report.md", "this report as Markdown, its figures in figures/"))
    folder = findings.records.folder
    items += [File(f"{relative}/{name}", name, what) for name, what in _KEPT.items() if (folder / name).is_file()]
    finding = "Every effect and every run as a table, and this report as Markdown."
    return Section("files", "The numbers behind this page", (Files(tuple(items)),), finding)
