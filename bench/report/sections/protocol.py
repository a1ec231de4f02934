"""How FID and the other scores were taken."""

from bench.records.sweep import SweepRecords
from bench.report.blocks import Section, Table, Text, code
from bench.report.facts import flat
from bench.report.findings import Findings
from bench.report.formatting import NOTHING, listed

# Column of the frame of runs -> what it is called.
_RECORDED = {
    "extractor": "feature extractor",
    "extractor_hash": "SHA-256 of its weights",
    "extractor_accuracy": "its held-out accuracy",
    "reference_accuracy": "its accuracy on the real images scored against",
    "dimensions": "feature dimension",
    "n_real": "real images scored against",
    "n_fake": "fakes per score",
    "n_real_anchor": "real images behind FID of real",
    "inception_splits": "splits of the Inception score",
    "batch_norm_at_sampling": "BatchNorm of G when sampling",
    "arithmetic": "arithmetic of training",
    "split": "train and reference split",
    "dataset_hash": "SHA-256 of the images",
    "resolution": "resolution, pixels",
}


def section(findings: Findings) -> Section:
    """What the scores depend on, per dataset."""
    records = findings.records
    table = _table(records)
    words = (
        "FID here is the Fréchet distance between features of the extractor named above, and compares only with "
        "numbers of the same extractor, number of images and resolution: no Inception FID of the literature unless "
        "the extractor is Inception. The state that a run is in is scored, never its best."
    )
    blocks = (*([table] if table else []), Text(words, "reading"))
    finding = f"{_features(records)}: compares with FIDs taken the same way, and with no others."
    return Section("protocol", "How the scores were taken", blocks, finding)


def _features(records: SweepRecords) -> str:
    """What FID was taken on, in a few words."""
    runs = records.runs
    if "extractor" not in runs or runs["extractor"].isna().all():
        return "The features are not recorded"
    images = sorted(runs["n_fake"].dropna().unique()) if "n_fake" in runs else []
    number = f" of {int(images[0]):,} images" if len(images) == 1 else ""
    names = sorted(runs["extractor"].dropna().unique())
    return f"FID{number} on the features of {listed(map(code, names))}"


def _table(records: SweepRecords) -> Table | None:
    """How each dataset was scored, one column per dataset; None where nothing of it is recorded."""
    columns = {dataset: dict(flat(_facts(records, dataset))) for dataset in records.datasets}
    names = list(dict.fromkeys(name for facts in columns.values() for name in facts))
    rows = tuple((name, *(facts.get(name, NOTHING) for facts in columns.values())) for name in names)
    return Table(("", *map(code, columns)), rows, "l" * (1 + len(columns))) if rows else None


def _facts(records: SweepRecords, dataset: str) -> dict:
    runs = records.of(dataset)
    facts = {}
    for column, words in _RECORDED.items():
        split = column == "inception_splits" and ("is" not in runs or runs["is"].isna().all())
        if column in runs and runs[column].notna().any() and not split:
            found = sorted(runs[column].dropna().unique())
            facts[words] = found[0] if len(found) == 1 else " / ".join(map(str, found))
    return facts
