"""Across datasets: what a hack does on average, how much datasets differ, and where they disagree."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from bench.analysis.estimates import FAKE, MODERATED, SEEDS, interval_free
from bench.analysis.intervals import holm, percent
from bench.analysis.verdicts import CLAIMS

COLUMNS = [
    "hack",
    "datasets",
    "effect_log",
    "effect_pct",
    "ci_low_pct",
    "ci_high_pct",
    "prediction_low_pct",
    "prediction_high_pct",
    "tau",
    "i2",
    "heterogeneity_p",
    "note",
]


def pooled(effects: pd.DataFrame) -> pd.DataFrame:
    """Random-effects mean of every hack over datasets, from a table of `effects` or `local_effects`; one row per hack.

    Paule–Mandel between-dataset variance `tau`² (statsmodels, "iterated"), intervals with Hartung–Knapp standard
    errors, never below the plain ones, on t. `i2` in [0, 1] is the share of the spread that noise does not explain;
    the prediction interval is for one more dataset of the same kind (Higgins 2009), from three datasets on.
    `heterogeneity_p` tests the interaction of dataset and hack, see `interaction_p`; missing where datasets have
    neither fake columns nor two seeds. A dataset on which one side sat at the ceiling does not enter: the size of the
    effect is not known there.
    """
    rows = []
    for hack, group in effects.groupby("hack", sort=False):
        known = group[np.isfinite(group["effect_log"]) & (group["se_log"] > 0)]
        known = known[known["bound"].fillna("") == ""] if "bound" in known else known
        rows.append({"hack": hack, "datasets": len(known), **_pool(known)})
    return pd.DataFrame(rows, columns=COLUMNS)


def _pool(known: pd.DataFrame) -> dict:
    if known.empty:
        return {"note": "no dataset gives an effect with a standard error"}
    effect, variance = known["effect_log"].to_numpy(), known["se_log"].to_numpy() ** 2
    if len(known) == 1:
        return {
            "effect_log": effect[0],
            "effect_pct": float(percent(effect[0])),
            "note": "one dataset: nothing to pool",
        }
    result = combine_effects(effect, variance, method_re="iterated", use_t=True)
    error = max(result.sd_eff_w_re, np.sqrt(result.var_hksj_re))
    mean, free = float(result.mean_effect_re), len(known) - 1
    half = stats.t.isf(0.025, free) * error
    row = {
        "effect_log": mean,
        "effect_pct": float(percent(mean)),
        "ci_low_pct": float(percent(mean - half)),
        "ci_high_pct": float(percent(mean + half)),
        "tau": float(np.sqrt(max(result.tau2, 0.0))),
        "i2": float(max(0.0, 1 - free / result.q)) if result.q > 0 else 0.0,
        "heterogeneity_p": interaction_p(effect, *_noise(known)),
        "note": "",
    }
    if len(known) < 3:
        return {**row, "note": "two datasets: the spread between datasets is hardly known"}
    reach = stats.t.isf(0.025, len(known) - 2) * np.sqrt(row["tau"] ** 2 + error**2)
    return {
        **row,
        "prediction_low_pct": float(percent(mean - reach)),
        "prediction_high_pct": float(percent(mean + reach)),
    }


def interaction_p(effect: np.ndarray, error: np.ndarray, free: np.ndarray) -> float:
    """p that the effect of one hack differs between datasets: Welch's F test (1951) of equal means.

    Cochran's Q takes standard errors for known; with one or two degrees of freedom behind each it rejected 18 % of true
    nulls at 5 %. Here every error brings its own degrees of freedom, and is pooled over the cells of its dataset.

    Args:
        effect: on minus off per dataset, (datasets,).
        error: standard errors, each made of noise that hacks share.
        free: their degrees of freedom.

    Returns:
        NaN where fewer than two datasets have an error.
    """
    known = np.isfinite(effect) & (error > 0) & (free > 0)
    effect, error, free = effect[known], error[known], free[known]
    count = len(effect)
    if count < 2:
        return np.nan
    weight = 1 / error**2
    mean = weight @ effect / weight.sum()
    between = weight @ (effect - mean) ** 2 / (count - 1)
    lost = ((1 - weight / weight.sum()) ** 2 / free).sum()
    ratio = between / (1 + 2 * (count - 2) / (count**2 - 1) * lost)
    return float(stats.f.sf(ratio, count - 1, (count**2 - 1) / 3 / lost))


def _noise(known: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors of one hack per dataset and their degrees of freedom: fake columns or a star, else seeds."""
    table = known.reindex(columns=["error", "se_log", "se_seeds_log", "df_seeds"])
    own = table["error"].isin([FAKE, SEEDS, MODERATED]).to_numpy()
    error = np.where(own, table["se_log"], table["se_seeds_log"]).astype(float)
    return error, np.where(own, interval_free(known), table["df_seeds"]).astype(float)


def standing(effects: pd.DataFrame) -> pd.DataFrame:
    """In how many datasets every hack has which verdict, from a table of `local_effects`.

    Returns:
        One row per hack, in their order, columns hack; datasets, where its effect could be estimated; `helps`, `hurts`
        and `fragile`, in how many of them; bound_pct, the largest effect either way that any of the others leaves open,
        infinite where one of them has no such bound, NaN where there are no others.
    """
    rows = []
    for hack, group in effects.groupby("hack", sort=False):
        known = group[np.isfinite(group["effect_log"]) & (group["runs"] > 0)]
        rest = known[~known["verdict"].isin(CLAIMS)]
        bound = float(rest["bound_pct"].fillna(np.inf).max()) if len(rest) else np.nan
        counts = {word: int((known["verdict"] == word).sum()) for word in CLAIMS}
        rows.append({"hack": hack, "datasets": len(known), **counts, "bound_pct": bound})
    return pd.DataFrame(rows, columns=["hack", "datasets", *CLAIMS, "bound_pct"])


def disagreements(effects: pd.DataFrame) -> pd.DataFrame:
    """Hacks on which the datasets disagree, most striking first; columns hack, kind, heterogeneity_p.

    Kinds: "opposite" (helps here, hurts or makes runs fail there), "only some" (helps or hurts here, negligible
    there), "size" (no such verdicts, but effects differ beyond noise: `interaction_p`, Holm .05 over the hacks). Empty
    if the datasets agree as far as can be seen.
    """
    pools = pooled(effects).set_index("hack")
    tested = pools["heterogeneity_p"].notna()
    differs = pd.Series(False, index=pools.index)
    if tested.any():
        differs[tested] = holm(pools.loc[tested, "heterogeneity_p"].to_numpy(dtype=float)) <= 0.05
    rows = []
    for hack, group in effects.groupby("hack", sort=False):
        where = {word: group[group["verdict"] == word] for word in (*CLAIMS, "negligible")}
        claimed = len(where["helps"]) + len(where["hurts"])
        if len(where["helps"]) and len(where["hurts"]) + len(where["fragile"]):
            kind, order = "opposite", 0
        elif len(where["negligible"]) and claimed:
            kind, order = "only some", 1
        elif differs[hack]:
            kind, order = "size", 2
        else:
            continue
        rows.append((order, pools.loc[hack, "heterogeneity_p"], hack, kind))
    rows.sort(key=lambda row: (row[0], row[1] if np.isfinite(row[1]) else 1.0))
    return pd.DataFrame([(hack, kind, p) for _, p, hack, kind in rows], columns=["hack", "kind", "heterogeneity_p"])
