"""Does what a trick does go with what the data are like: colour, how many pictures, how many classes?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench import analysis
from bench.analysis.along import FEWEST
from bench.records.plan import PLACEBO
from bench.report.blocks import Section, Table, Text, code
from bench.report.estimates import order_of_hacks
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, counted, listed, p_value, spelled, steady

PROPERTIES = {"channels": "colour", "pictures": "pictures to train on", "classes": "classes"}
_CLEAR = 0.05


def section(findings: Findings) -> Section | None:
    """Rank correlations of local effects with properties of the data; None below four datasets that are known."""
    known = findings.records.about.datasets
    facts = pd.DataFrame(
        {name: [known.get(dataset, {}).get(name) for dataset in findings.records.datasets] for name in PROPERTIES},
        index=list(findings.records.datasets),
        dtype=float,
    )
    if findings.local.empty or len(facts.dropna()) < FEWEST:
        return None
    found = analysis.along(findings.local, facts)
    if found.empty:
        return None
    ways = found.set_index(["hack", "property"])
    asked = [name for name in PROPERTIES if name in set(found["property"])]
    hacks = [hack for hack in order_of_hacks(findings.local, findings.scale) if hack in set(found["hack"])]
    rows = tuple((code(hack), *(_cell(ways, (hack, name)) for name in asked)) for hack in hacks)
    table = Table(
        ("trick", *(PROPERTIES[name] for name in asked)),
        rows,
        "l" + "r" * len(asked),
        f"Rank correlation of the trick's effect on {findings.scale.label} with the data",
    )
    count = spelled(len(facts.dropna()))
    words = (
        f"Spearman's correlation, over {count} datasets, of the effect in {findings.middle} with a property of the "
        f"data: positive where {findings.scale.label} changes more upwards on data that have more of it. In brackets "
        f"the share of all orders of the datasets that are as strong, corrected for nothing. {count.capitalize()} "
        "datasets, which differ in all of these at once and in more, give hints."
    )
    clear = found[(found["p"] <= _CLEAR) & (found["hack"] != PLACEBO)]
    which = listed(f"{code(row['hack'])} with {PROPERTIES[row['property']]}" for _, row in clear.iterrows())
    finding = f"A hint for {which}." if which else "No trick's effect goes with colour, size or classes beyond luck."
    return Section("along", "Does it go with what the data are like?", (table, Text(words, "reading")), finding)


def told(facts: Mapping[str, Any]) -> str:
    """What a dataset is, in a few words: grey, 10 classes, 60,000 pictures."""
    if not facts:
        return NOTHING
    what = "point" if facts.get("kind") == "points" else "picture"
    kind = "points" if what == "point" else "colour" if facts["channels"] == 3 else "grey"
    classes = [counted(facts["classes"], "class", "classes")] if facts["classes"] else []
    return ", ".join([kind, *classes, counted(facts["pictures"], what)])


def _cell(ways: pd.DataFrame, key: tuple[str, str]) -> str:
    if key not in ways.index:
        return NOTHING
    row = ways.loc[key]
    return f"{steady(row['correlation']):+.2f} ({p_value(float(row['p']))})".replace("-", "−")
