"""Versions and hardware, once per session of work on the sweep."""

from bench.report.blocks import Folded, Section, code
from bench.report.facts import facts_table
from bench.report.findings import Findings
from bench.report.formatting import counted


def section(findings: Findings) -> Section | None:
    """The last session, the earlier ones on request; None where none was recorded."""
    about = findings.records.about
    tables = [
        facts_table(dict(session), f"Session {number}" if len(about.sessions) > 1 else "")
        for number, session in enumerate(about.sessions, start=1)
    ]
    blocks: list = [table for table in tables[-1:] if table]
    if about.fingerprint:
        blocks.append(facts_table({"fingerprint of the sources that decide the numbers": code(about.fingerprint)}))
    earlier = tuple(table for table in tables[:-1] if table)
    if earlier:
        blocks.append(Folded(f"Earlier work on this sweep ({counted(len(earlier), 'session')})", earlier))
    sessions = f"{counted(len(about.sessions), 'session')} of work"
    processor = str(about.sessions[-1].get("processor") or "") if about.sessions else ""
    finding = f"{sessions}{f', the last on {processor}' if processor else ''}."
    return Section("machine", "Versions and hardware", tuple(blocks), finding) if blocks else None
