"""What the sweep found, in sentences: the answer per dataset, the placebo, disagreements, and what is missing."""

import pandas as pd

from bench.report.blocks import Points, Text, code
from bench.report.sweep import Sweep
from bench.report.words import counted, known, listed, percent, percent_range, points

_MANY = 5


def answer(sweep: Sweep, effects: pd.DataFrame, dataset: str) -> str:
    """One sentence that answers the question for one dataset."""
    name = f"**{str(dataset).replace('*', '')}**"
    runs = sweep.of(dataset)
    rows = effects[(effects["dataset"] == dataset) & (effects["hack"] != "placebo")]
    if runs.empty:
        return f"On {name} nothing can be said yet: no run has been recorded."
    if (runs["status"] != "ok").all():
        return (
            f"On {name} every run failed ({counted(len(runs), 'run')}), so no trick can be told from another: give the "
            "runs more steps or check the base recipe."
        )
    if rows["effect_log"].notna().sum() == 0:
        return f"On {name} no effect can be estimated from {counted(len(runs), 'run')}{_why(rows)}."
    parts = [_found(rows, "helps", "helps", "help"), _found(rows, "hurts", "hurts", "hurt"), _fragile(rows)]
    negligible = rows[rows["verdict"] == "negligible"]
    if len(negligible):
        verb = "makes" if len(negligible) == 1 else "make"
        parts.append(f"{_names(negligible)} {verb} no difference worth having (within ± {100 * sweep.sesoi:.3g} %)")
    said = [part for part in parts if part]
    undecided = rows[rows["verdict"] == "inconclusive"]
    if not said:
        none = "are inconclusive, which is no proof of absence"
        return f"On {name} no trick is shown to matter: all {len(undecided)} {none}."
    if len(undecided):
        rest = "the other" if len(undecided) + len(negligible) < len(rows) else "the remaining"
        verb = "is" if len(undecided) == 1 else "are"
        which = _names(undecided) if len(undecided) <= 2 else f"{rest} {len(undecided)}"
        said.append(f"{which} {verb} inconclusive at this size of sweep")
    return f"On {name} {'; '.join(said)}."


def _found(rows: pd.DataFrame, verdict: str, one: str, several: str) -> str:
    found = rows[rows["verdict"] == verdict]
    if found.empty:
        return ""
    # The largest first: most negative where it helps, most positive where it hurts.
    found = found.sort_values("effect_log", ascending=verdict == "helps", kind="stable")
    words = [_with_interval(row) for _, row in found.iterrows()]
    return f"{listed(words)} {one if len(words) == 1 else several}"


def _fragile(rows: pd.DataFrame) -> str:
    found = rows[rows["verdict"] == "fragile"]
    if found.empty:
        return ""
    words = []
    for _, row in found.iterrows():
        more = row.get("failure_difference")
        words.append(code(row["hack"]) + (f" ({points(float(more))} points of failures)" if known(more) else ""))
    verb = "is" if len(words) == 1 else "are"
    return f"{listed(words)} {verb} fragile: more runs fail with it"


def _names(rows: pd.DataFrame) -> str:
    if len(rows) > _MANY:
        return f"{len(rows)} others"
    return listed(code(hack) for hack in rows["hack"])


def _with_interval(row: pd.Series) -> str:
    interval = percent_range(float(row["ci_low_pct"]), float(row["ci_high_pct"]))
    return f"{code(row['hack'])} ({percent(float(row['effect_pct']))} FID, 95 % interval {interval})"


def _why(rows: pd.DataFrame) -> str:
    reasons = sorted({str(r) for r in rows.get("note", pd.Series(dtype=str)).dropna() if str(r).strip()})
    return f": {'; '.join(reasons)}" if reasons else ""


def placebo(sweep: Sweep, effects: pd.DataFrame) -> list[Text]:
    """What the negative control came out at on each dataset, loudly where its interval excludes zero."""
    rows = effects[(effects["hack"] == "placebo") & effects["effect_log"].notna()]
    if "placebo" not in sweep.hacks:
        return [Text("This sweep has no placebo: nothing shows what a useless trick looks like in it.", "note")]
    if rows.empty:
        return [Text("The placebo's effect could not be estimated in this sweep.", "note")]
    blocks, calm = [], []
    for _, row in rows.iterrows():
        low, high = float(row["ci_low_pct"]), float(row["ci_high_pct"])
        came_out = f"{percent(float(row['effect_pct']))} (95 % interval {percent_range(low, high)})"
        if known(low) and known(high) and (low > 0 or high < 0):
            words = (
                f"On {code(row['dataset'])} the placebo, which changes nothing at all, came out at {came_out}: **its "
                "interval excludes zero.** By its construction that happens about one time in twenty. Nothing was "
                "tuned to make it go away; read other effects of this size on this dataset with the same suspicion."
            )
            blocks.append(Text(words, "warning"))
        else:
            calm.append(f"{came_out} on {code(row['dataset'])}")
    if calm:
        words = (
            f"The placebo, which changes nothing, came out at {listed(calm)}: its interval contains zero, as it should."
        )
        blocks.append(Text(words))
    return blocks


def disagreements(sweep: Sweep, effects: pd.DataFrame) -> list:
    """The hacks on which the datasets disagree, most serious first, in words."""
    rows = effects[effects["effect_log"].notna() & (effects["hack"] != "placebo")]
    if rows["dataset"].nunique() < 2:
        return [Text("Effects are known on fewer than two datasets, so there is nothing that could disagree.", "note")]
    opposite, split, sized = [], [], []
    for hack in sweep.hacks:
        of_hack = rows[rows["hack"] == hack]
        verdicts = set(of_hack["verdict"])
        told = listed(
            f"{_verdict_words(row['verdict'])} on {code(row['dataset'])} ({percent(float(row['effect_pct']))})"
            for _, row in of_hack.iterrows()
        )
        if "helps" in verdicts and verdicts & {"hurts", "fragile"}:
            opposite.append(f"**{code(hack)} {told}.** What is good on one dataset is bad on the other.")
        elif verdicts & {"helps", "hurts", "fragile"} and "negligible" in verdicts:
            split.append(f"{code(hack)} {told}: it matters on one and not on the other.")
        elif _apart(of_hack):
            sized.append(
                f"{code(hack)} {told}: the 95 % intervals do not overlap, the size or sign depends on the data."
            )
    if not (opposite or split or sized):
        words = (
            "No trick has opposite verdicts, and no two intervals of one trick lie apart. Where one dataset says "
            "inconclusive and another helps or hurts, that alone is no disagreement: the first may only have seen less."
        )
        return [Text(words)]
    return [Points(tuple(opposite + split + sized))]


def _verdict_words(verdict: str) -> str:
    return {"negligible": "makes no difference", "fragile": "is fragile", "inconclusive": "is inconclusive"}.get(
        verdict, str(verdict)
    )


def _apart(rows: pd.DataFrame) -> bool:
    """Whether the 95 % intervals of two datasets do not overlap."""
    bounds = rows[["ci_low_pct", "ci_high_pct"]].dropna().astype(float)
    return len(bounds) > 1 and float(bounds["ci_low_pct"].max()) > float(bounds["ci_high_pct"].min())


def missing(sweep: Sweep) -> list[str]:
    """What a full report would have and this sweep does not, one sentence each."""
    gaps = []
    runs = sweep.runs
    cells = [str(cell["name"]) for cell in sweep.plan.get("cells", [])]
    seeds = sweep.plan.get("seeds", [])
    if not sweep.plan:
        gaps.append(
            "There is no plan.json: what was planned and its smallest effect of interest are not known; 5 % is used."
        )
    lost = [hack for hack in sweep.plan.get("hacks", []) if hack not in runs]
    if lost:
        gaps.append(f"The runs have no column for {listed(map(code, lost))}, which the plan names.")
    for dataset in sweep.datasets:
        own = sweep.of(dataset)
        planned = len(cells) * len(seeds)
        if len(own) < planned:
            absent = [cell for cell in cells if cell not in set(own["cell"])]
            words = f"On {code(dataset)} {len(own):,} of {planned:,} planned runs are recorded"
            gaps.append(words + (f"; {counted(len(absent), 'cell')} without any run." if absent else "."))
        if len(own) and own["seed"].nunique() == 1:
            gaps.append(f"On {code(dataset)} there is one seed, so the spread between seeds is not known.")
        constant = [hack for hack in sweep.hacks if len(own) and own[hack].nunique() == 1]
        if constant:
            verb = "has" if len(constant) == 1 else "have"
            gaps.append(
                f"On {code(dataset)} {listed(map(code, constant))} {verb} one level only: no effect to estimate."
            )
    if not set(runs["arm"]) & {"leave_one_out", "add_one_in"}:
        gaps.append("No leave-one-out or add-one-in arms were run; the effects are averages over the design.")
    if sweep.curves.empty:
        gaps.append("No training curves were kept: nothing can be said about FID over training.")
    if not (sweep.folder / "samples").is_dir():
        gaps.append("No sample grids were kept.")
    if not sweep.environment:
        gaps.append("There is no environment.json: versions, hardware and departures from the plan are not recorded.")
    return gaps
