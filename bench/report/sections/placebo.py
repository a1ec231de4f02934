"""What a useless trick looks like in a sweep: the negative control."""

import pandas as pd

from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Text, code
from bench.report.estimates import effect, interval, is_clear, value
from bench.report.findings import Findings
from bench.report.formatting import listed

_SILENT = (
    "the runs with the placebo are bit for bit those without it, so that it shows no noise at all. (A placebo of today "
    "reseeds its run.)"
)
TITLE = "What a useless trick looks like here"


def section(findings: Findings) -> Section | None:
    """What the placebo came out at; None where nothing was compared."""
    if findings.average.empty and findings.local.empty:
        return None
    blocks, has_rows = [*warnings(findings), *_calm(findings)], bool(_rows(findings))
    if not blocks:
        has = PLACEBO in findings.records.hacks
        none = "This sweep has no placebo: nothing shows what a useless trick looks like in it."
        blocks = [Text("The placebo's effect could not be estimated in this sweep." if has else none, "note")]
    loud = [code(row["dataset"]) for _, row in _rows(findings) if is_clear(row)]
    calm = "Its interval contains zero, as it should." if has_rows else "It could not be estimated."
    return Section("placebo", TITLE, tuple(blocks), f"Its interval excludes zero on {listed(loud)}." if loud else calm)


def warnings(findings: Findings) -> list[Text]:
    """One warning for every dataset on which the placebo's interval excludes zero."""
    return [
        Text(
            f"On {code(row['dataset'])} the placebo, which can do nothing, came out at {_came_out(row, findings)}"
            f"{where}: **its interval excludes zero.** A 95 % interval does that one time in twenty by chance. Nothing "
            "was tuned to make it go away; read other effects of this size on this dataset with the same suspicion.",
            "warning",
        )
        for where, row in _rows(findings)
        if is_clear(row)
    ]


def _calm(findings: Findings) -> list[Text]:
    silent = [code(row["dataset"]) for _, row in _rows(findings) if _is_silent(row)]
    calm = [
        f"{_came_out(row, findings)} on {code(row['dataset'])}{where}"
        for where, row in _rows(findings)
        if not is_clear(row) and not _is_silent(row)
    ]
    told = f"The placebo, which can do nothing, came out at {listed(calm)}: its interval contains zero, as it should."
    blocks = [Text(told)] if calm else []
    return [*blocks, Text(f"On {listed(silent)} {_SILENT}")] if silent else blocks


def _is_silent(row: pd.Series) -> bool:
    return all(value(row, name) == 0 for name in ("effect_pct", "ci_low_pct", "ci_high_pct"))


def _rows(findings: Findings) -> list[tuple[str, pd.Series]]:
    both = (("", findings.average), (" in the best recipe", findings.local))
    if findings.average.empty:
        both = (("", findings.local),)
    return [
        (where, row)
        for where, table in both
        for _, row in table[(table["hack"] == PLACEBO) & table["effect_log"].notna()].iterrows()
    ]


def _came_out(row: pd.Series, findings: Findings) -> str:
    return f"{effect(row, findings.scale)} (95 % interval {interval(row, findings.scale)})"
