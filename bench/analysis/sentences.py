"""The answer to the user's question in one plain sentence per dataset."""

import pandas as pd

VERBS = {"helps": ("helps", "help"), "hurts": ("hurts", "hurt")}
PLACEBO = "placebo"


def summary_sentence(effects: pd.DataFrame, sesoi: float = 0.05) -> str:
    """Which hacks matter on one dataset, from that dataset's rows of `effects()`; `sesoi` is that of the plan."""
    if effects.empty:
        return "No hack was tried on any dataset."
    dataset, cells, runs = effects["dataset"].iloc[0], int(effects["cells"].iloc[0]), int(effects["runs"].iloc[0])
    tried = effects[effects["hack"] != PLACEBO]
    unknown = tried[tried["se_log"].isna() & (tried["verdict"] == "inconclusive")]
    if len(tried) and len(unknown) == len(tried):
        return f"On {dataset}, nothing can be said: {tried['note'].iloc[0]}."
    parts = [_claims(tried[tried["verdict"] == word].sort_values("effect_log", key=abs, ascending=False), word)
             for word in VERBS]  # fmt: skip
    parts.append(_fragile(tried[tried["verdict"] == "fragile"]))
    parts.append(_negligible(tried[tried["verdict"] == "negligible"], sesoi))
    parts = [part for part in parts if part]
    open_ = tried[(tried["verdict"] == "inconclusive") & tried["se_log"].notna()]
    parts += [text for text in (_inconclusive(open_, cells, runs, bool(parts)), _not_estimable(unknown)) if text]
    sentence = f"On {dataset}, {'; '.join(parts)}." if parts else f"On {dataset}, only the placebo was tried."
    return sentence + _placebo_warning(effects[effects["hack"] == PLACEBO])


def signed(percentage: float) -> str:
    """A percentage with its sign, as "−12 %" or "+3 %"; infinite and huge ones as "over +1000 %"."""
    if percentage > 1000:
        return "over +1000 %"
    number = f"{abs(percentage):.1f}" if abs(percentage) < 9.95 else f"{abs(percentage):.0f}"
    sign = "" if float(number) == 0 else "−" if percentage < 0 else "+"
    return f"{sign}{number} %"


def listed(words: list[str]) -> str:
    """Words as an English list: "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _claims(rows: pd.DataFrame, word: str) -> str:
    if rows.empty:
        return ""
    described = [
        f"{row.hack} ({signed(row.effect_pct)} FID, 95 % interval {signed(row.ci_low_pct)} to "
        f"{signed(row.ci_high_pct)})"
        for row in rows.itertuples()
    ]
    return f"{listed(described)} {VERBS[word][len(rows) > 1]}"


def _fragile(rows: pd.DataFrame) -> str:
    if rows.empty:
        return ""
    described = [f"{row.hack} (+{100 * row.failure_difference:.0f} points of failed runs)" for row in rows.itertuples()]
    return f"{listed(described)} {'makes' if len(rows) == 1 else 'make'} training fail more often"


def _negligible(rows: pd.DataFrame, sesoi: float) -> str:
    if rows.empty:
        return ""
    return (
        f"{listed(list(rows['hack']))} {'is' if len(rows) == 1 else 'are'} negligible (within ±{100 * sesoi:g} % FID)"
    )


def _inconclusive(rows: pd.DataFrame, cells: int, runs: int, others: bool) -> str:
    if rows.empty:
        return ""
    size = f"{cells} cells and {runs} runs"
    if others:
        who = f"{rows['hack'].iloc[0]} is" if len(rows) == 1 else f"the other {len(rows)} hacks are"
        return f"{who} inconclusive with {size}{_hints(rows)}"
    who = rows["hack"].iloc[0] if len(rows) == 1 else f"any of the {len(rows)} hacks"
    width = ((rows["ci_high_pct"] - rows["ci_low_pct"]) / 2).median()
    spread = f", whose intervals are about ±{width:.0f} % FID wide" if pd.notna(width) else ""
    return f"{size} cannot tell {who} from no effect{spread}{_hints(rows)}"


def _hints(rows: pd.DataFrame) -> str:
    """Hacks whose own interval is clear of zero though that of all hacks at once is not, strongest first."""
    rows = rows[rows["ci_low_pct"] * rows["ci_high_pct"] > 0].sort_values("effect_log", key=abs, ascending=False)
    if rows.empty:
        return ""
    described = [
        f"{row.hack} ({signed(row.effect_pct)}, 95 % interval of its own {signed(row.ci_low_pct)} to "
        f"{signed(row.ci_high_pct)})"
        for row in rows.itertuples()
    ]
    return f"; the first to look at again: {listed(described)}"


def _not_estimable(rows: pd.DataFrame) -> str:
    return f"{listed(list(rows['hack']))} could not be estimated" if len(rows) else ""


def _placebo_warning(rows: pd.DataFrame) -> str:
    if rows.empty or rows["verdict"].iloc[0] not in ("helps", "hurts", "fragile"):
        return ""
    word = rows["verdict"].iloc[0]
    return f" The placebo, which changes nothing, came out as “{word}”: chance does that, so trust weak verdicts less."
