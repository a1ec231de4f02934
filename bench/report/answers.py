"""What the sweep found, in sentences: the answer per dataset, the placebo, disagreements, and what is missing."""

import re

import pandas as pd

from bench import analysis
from bench.analysis.outcome import FAILED, OUTSIDE_ARMS, with_outcome
from bench.records.sweep import Sweep
from bench.report.blocks import Points, Text, code
from bench.report.words import counted, known, listed, p_value, percent, percent_range, share


def answer(sweep: Sweep, effects: pd.DataFrame, dataset: str) -> str:
    """One sentence that answers the question for one dataset."""
    runs = sweep.of(dataset)
    if runs.empty:
        return f"On **{_plain(dataset)}**, nothing can be said yet: no run has been recorded."
    if runs["status"].isin(FAILED).all():
        return (
            f"On **{_plain(dataset)}**, every run failed ({counted(len(runs), 'run')}), so no trick can be told from "
            "another: give the runs more steps, or look at the base recipe."
        )
    at_noise = noise_share(sweep, dataset)
    if at_noise == 1:
        return (
            f"On **{_plain(dataset)}**, no run got below the FID of noise ({counted(len(runs), 'run')}), so no trick "
            "can be told from another: give the runs more steps, or look at the base recipe."
        )
    if not sweep.hacks:
        return f"On **{_plain(dataset)}**, {counted(len(runs), 'run')} but no trick to compare."
    sentence = analysis.summary_sentence(effects[effects["dataset"] == dataset], sweep.sesoi)
    said = sentence.removeprefix(f"On {dataset},")
    return f"On **{_plain(dataset)}**,{marked(said, sweep)}" if said != sentence else marked(sentence, sweep)


def together(effects: pd.DataFrame) -> str | None:
    """One sentence on the mean effects over all datasets; None for fewer than three, where little can be pooled."""
    if effects.empty:
        return None
    pools = analysis.pooled(effects)
    if pools["datasets"].max() < 3:
        return None
    clear = pools[(pools["ci_high_pct"] < 0) | (pools["ci_low_pct"] > 0)].sort_values("effect_log", kind="stable")
    told = [
        f"{code(row['hack'])} ({percent(row['effect_pct'])}, {percent_range(row['ci_low_pct'], row['ci_high_pct'])})"
        for _, row in clear.iterrows()
    ]
    which = f"is clear of zero for {listed(told)}" if told else "is clear of zero for no trick"
    return (
        f"On **all {int(pools['datasets'].max())} datasets together**, the 95 % interval of the mean effect, not "
        f"corrected for the number of tricks, {which}."
    )


def noise_share(sweep: Sweep, dataset: str) -> float:
    """Share of a dataset's runs whose outcome is the FID of noise: failed ones, and those that are no better."""
    known = with_outcome(sweep.of(dataset)).dropna(subset=["y"])
    if known.empty:
        return 0.0
    return float((known["failed"] | (known["fid"] >= known["fid_noise"])).mean())


def marked(sentence: str, sweep: Sweep) -> str:
    """The sentence with the names of the sweep's hacks set as code."""
    if not sweep.hacks:
        return sentence
    names = "|".join(re.escape(hack) for hack in sorted(sweep.hacks, key=len, reverse=True))
    # The placebo is spoken of in words; a hack's name inside a longer word is not that hack.
    return re.sub(rf"(?<![\w`])({names})(?![\w`])", lambda m: m[0] if m[0] == "placebo" else code(m[0]), sentence)


def _plain(name: str) -> str:
    return name.replace("*", "∗").replace("`", "'")


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
    if effects.empty or effects.loc[effects["effect_log"].notna(), "dataset"].nunique() < 2:
        return [Text("Effects are known on fewer than two datasets, so there is nothing that could disagree.", "note")]
    found = analysis.disagreements(effects[effects["hack"] != "placebo"])
    if found.empty:
        words = (
            "No trick has opposite verdicts, and no trick's effects differ between datasets beyond noise. Where one "
            "dataset says inconclusive and another helps or hurts, that alone is no disagreement: the first may only "
            "have seen less."
        )
        return [Text(words)]
    items = []
    for _, row in found.iterrows():
        sentence = marked(str(row["sentence"]), sweep)
        p = f" (heterogeneity p {p_value(float(row['heterogeneity_p']))})" if known(row["heterogeneity_p"]) else ""
        remedy = " **Decide this one per dataset.**" if row["kind"] == "opposite" else ""
        items.append(f"{sentence.removesuffix('.')}{p}.{remedy}")
    return [Points(tuple(items))]


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
        at_noise = noise_share(sweep, dataset)
        if 0.5 <= at_noise < 1:
            words = f"On {code(dataset)} {share(at_noise)} of the runs are no better than noise or failed"
            gaps.append(f"{words}: effects there say who fails more than who is better.")
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
    elif set(runs["arm"]) <= {"full", "bare", *OUTSIDE_ARMS}:
        gaps.append(
            "Nothing but arms ran: an effect here is the mean of what the trick does on top of the full recipe and on "
            "the bare one, where both ran, and says nothing of other recipes."
        )
    if sweep.curves.empty:
        gaps.append("No training curves were kept: nothing can be said about FID over training.")
    if not (sweep.folder / "samples").is_dir():
        gaps.append("No sample grids were kept.")
    if not sweep.environment:
        gaps.append("There is no environment.json: versions, hardware and departures from the plan are not recorded.")
    return gaps
