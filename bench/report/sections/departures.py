"""Where the sweep left its plan."""

from bench.records.run import STATUSES
from bench.report.blocks import Points, Section, code
from bench.report.findings import Findings
from bench.report.formatting import counted


def section(findings: Findings) -> Section | None:
    """Departures that were recorded or follow from the records; None where there is none."""
    records = findings.records
    found = list(map(str, records.about.departures))
    for dataset in records.datasets:
        runs = records.of(dataset)
        odd = int((~runs["status"].isin(STATUSES)).sum())
        if odd:
            found.append(f"On {code(dataset)} {counted(odd, 'run')} did not finish and say nothing.")
    for name in ("versions", "processor", "device"):
        if len({str(session.get(name)) for session in records.about.sessions}) > 1:
            found.append(f"The sessions of this sweep differ in their {name}.")
    finding = f"{counted(len(found), 'departure')} on record."
    return Section("departures", "Departures from the plan", (Points(tuple(found)),), finding) if found else None
