"""Do the tricks add up? All of them at once beside the sum of what each does alone and on top of the others."""

import pandas as pd

from bench import analysis
from bench.analysis.adding_up import ALONE, BEYOND_ALONE, BEYOND_ON_TOP, ON_TOP, SUMS, TOGETHER
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import estimate, is_clear, value
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed, percent, spelled
from bench.report.scale import Scale

_ROWS = {
    TOGETHER: "all at once, against none",
    ALONE: "the sum of each alone",
    BEYOND_ALONE: "all at once beside that sum",
    ON_TOP: "the sum of each on top of the others",
    BEYOND_ON_TOP: "all at once beside that sum",
}
_WORDS = (
    "Single effects are added as they are tested, as logarithms where they are ratios: two tricks that each halve a "
    "score would quarter it. Where all at once reach a sum, tricks can be judged one by one; where they do not, what a "
    "trick is worth depends on which others are there. Each line has its own 95 % interval, from the spread between "
    "seeds of every recipe in it."
)
_UNKNOWN = "A line without a number has recipes at the ceiling on both sides of its difference: it is not known."


def section(findings: Findings) -> Section | None:
    """What the tricks do together beside the sum of their single effects; None where no runs tell."""
    records = findings.records
    tricks = [hack for hack in records.varied if hack in records.tricks]
    if len(tricks) < 2 or records.screened.empty:
        return None
    found = analysis.adding_up(records.screened, tricks, findings.scale.outcome)
    sums = found[found["what"].isin(SUMS)]
    if sums.empty:
        return None
    datasets = [dataset for dataset in records.datasets if dataset in set(sums["dataset"])]
    tables = {name: found[found["dataset"] == name].set_index("what", drop=False) for name in datasets}
    blocks = [Text(f"On {code(name)} {_told(rows, len(tricks), findings.scale)}") for name, rows in tables.items()]
    blocks += [_table(rows, name, findings.scale) for name, rows in tables.items()]
    blocks += [Text(_WORDS, "reading"), *([Text(_UNKNOWN, "note")] if found["effect_log"].isna().any() else ())]
    finding = "; ".join(f"{code(name)}: {_compared(rows)}" for name, rows in tables.items())
    return Section("adding-up", "Do the tricks add up?", tuple(blocks), f"{finding}.")


def _told(rows: pd.DataFrame, tricks: int, scale: Scale) -> str:
    """What the tricks come to on one dataset (rows by `what`), in sentences."""
    count = "both" if tricks == 2 else f"all {spelled(tricks)}"
    return f"{count} at once change {scale.label} by {estimate(rows.loc[TOGETHER], scale)}: {_compared(rows)}."


def _compared(rows: pd.DataFrame) -> str:
    """How all at once stand to the sums: more, less, or not told apart."""
    told = {what: _word(rows.loc[what], rows.loc[beyond]) for what, beyond in SUMS.items() if what in rows.index}
    if len(told) > 1 and len(set(told.values())) == 1:
        return f"{told[ALONE]} either sum"
    return listed(f"{word} {_ROWS[what]}" for what, word in told.items())


def _word(total: pd.Series, beyond: pd.Series) -> str:
    rest, sum_ = value(beyond, "effect_log"), value(total, "effect_log")
    if rest is None or sum_ is None:
        return "not to be compared with"
    if not is_clear(beyond):
        return "not told apart from"
    return "more than" if (rest > 0) == (sum_ > 0) else "less than"


def _table(rows: pd.DataFrame, dataset: str, scale: Scale) -> Table:
    cells = tuple((_ROWS[row["what"]], estimate(row, scale), _share(value(row, "share"))) for _, row in rows.iterrows())
    caption = f"All at once and one by one on {code(dataset)}"
    return Table(("", f"change of {scale.label}", "reached at once"), cells, "lrr", caption)


def _share(part: float | None) -> str:
    return percent(100 * part, signed=part < 0) if part is not None else NOTHING
