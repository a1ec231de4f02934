"""Where the datasets disagree about a trick."""

import pandas as pd

from bench import analysis
from bench.analysis.verdicts import CLAIMS
from bench.records.plan import PLACEBO
from bench.report.blocks import Points, Section, Text, code
from bench.report.estimates import effect
from bench.report.findings import Findings
from bench.report.formatting import known, listed, p_value, points
from bench.report.scale import Scale

TITLE = "Where the datasets disagree"
_ALONE = (
    "Where one dataset says inconclusive and another helps or hurts, that alone is no disagreement: the first may only "
    "have seen less."
)


def section(findings: Findings) -> Section | None:
    """The tricks on which the datasets disagree, most serious first; None where they do not."""
    effects = findings.average
    if effects.empty or effects.loc[effects["effect_log"].notna(), "dataset"].nunique() < 2:
        return None
    found = analysis.disagreements(effects[effects["hack"] != PLACEBO])
    if found.empty:
        return None
    items = tuple(_told(row, effects[effects["hack"] == row["hack"]], findings.scale) for _, row in found.iterrows())
    finding = f"They differ beyond noise on {listed(code(hack) for hack in dict.fromkeys(found['hack']))}."
    return Section("disagree", TITLE, (Points(items), Text(_ALONE, "reading")), finding)


def _told(found: pd.Series, rows: pd.DataFrame, scale: Scale) -> str:
    """One disagreement (a row of `disagreements()`) in words, from the trick's effects on all datasets."""
    where = {word: rows[rows["verdict"] == word] for word in (*CLAIMS, "negligible")}
    claims = [f"{word} on {_places(where[word], scale)}" for word in ("helps", "hurts") if len(where[word])]
    if len(where["fragile"]):
        claims.append(f"makes training fail more often on {_places(where['fragile'])}")
    if found["kind"] == "only some":
        claims.append(f"is negligible on {_places(where['negligible'], scale)}")
    if found["kind"] == "size":
        told = f"does not do the same everywhere: {_places(rows[rows['effect_log'].notna()], scale)}"
    else:
        told = listed(claims, "but")
    p = f" (p of no difference {p_value(float(found['heterogeneity_p']))})" if known(found["heterogeneity_p"]) else ""
    remedy = " **Decide this one per dataset.**" if found["kind"] == "opposite" else ""
    return f"{code(found['hack'])} {told}{p}.{remedy}"


def _places(rows: pd.DataFrame, scale: Scale | None = None) -> str:
    """The datasets with the effect on each, or without a scale with the difference in failures."""
    sizes = (
        f"{effect(row, scale)} {scale.label}" if scale else f"{points(row['failure_difference'])} points of failed runs"
        for _, row in rows.iterrows()
    )
    return listed(f"{code(name)} ({size})" for name, size in zip(rows["dataset"], sizes, strict=True))
