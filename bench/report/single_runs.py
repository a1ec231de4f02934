"""The report of runs made one by one: a folder of `ganbench run`'s records, side by side."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.records.files import REAL, SAMPLES
from bench.records.sweep import read_json
from bench.report.blocks import Gallery, Points, Section, Table, Text, Tile, code
from bench.report.canvas import file_name
from bench.report.facts import facts_table
from bench.report.formatting import NOTHING, counted, known, listed, number
from bench.report.pictures import picture
from bench.report.render import Report

QUESTION = (
    "What came out of each of these runs? They were made one by one, each with one seed: nothing here is compared."
)
SEEN = "seen.txt"
"""What a person saw in a run's grids, in a sentence; written by hand beside its record."""
_STAGES = 4
"""Grids of a long training that are shown, the last one among them."""
_COLUMNS = (
    *("run", "dataset", "pixels", "steps", "batch", "parameters of G", "of D", "status"),
    *("first FID", "last FID", "FID of noise", "FID of real images", "minutes"),
)


@dataclass(frozen=True)
class Made:
    """One run: its folder and what its record.json holds."""

    folder: Path
    record: dict

    @property
    def spec(self) -> dict:
        """What was asked for."""
        return self.record["spec"]

    @property
    def name(self) -> str:
        """The recipe, and what was switched on in it."""
        changed = [f"{'+' if on else '-'}{hack}" for hack, on in sorted(self.spec.get("levels", {}).items())]
        return " ".join([str(self.spec.get("recipe", "dcgan")), *changed])

    @cached_property
    def seen(self) -> str | None:
        """What a person saw in the last grid; None where nobody has looked."""
        path = self.folder / SEEN
        return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def runs_in(folder: Path) -> list[Made]:
    """The runs kept in the folder, in order of recipe, levels, dataset and seed.

    Raises:
        UserError: a record cannot be read.
    """
    found = [Made(path.parent, read_json(path)) for path in sorted(folder.glob("*/record.json"))]
    whole = [made for made in found if isinstance(made.record.get("spec"), dict)]
    return sorted(whole, key=lambda made: (made.name, made.spec["dataset"], made.spec["seed"], made.folder.name))


def compose(name: str, runs: list[Made]) -> Report:
    """Everything on the page in reading order."""
    ended = [str(made.record.get("status")) for made in runs]
    counts = [f"{ended.count(status)} {status}" for status in dict.fromkeys(ended)]
    machines = {str(made.record.get("environment", {}).get("processor")) for made in runs}
    seconds = sum(made.record.get("timing", {}).get("seconds", 0.0) for made in runs)
    told = f"Of {counted(len(runs), 'run')}, {listed(counts)}."
    sections = (
        Section("runs", "What came out", (_table(runs), Text(_reading(runs), "reading"))),
        Section("samples", "What the images look like", tuple(_gallery(runs))),
        Section("scores", "Why a score is missing", tuple(_reasons(runs))),
        Section("machine", "Versions and hardware", (facts_table(runs[-1].record.get("environment", {})),)),
    )
    return Report(
        sweep=name,
        title="Runs side by side",
        question=QUESTION,
        facts=(
            ("Runs", str(len(runs))),
            ("Computing time", f"{number(seconds / 60)} min"),
            ("Processor", listed(sorted(machines))),
        ),
        opening=Section("answer", "In one line", (Text(told, "answer"), *_seen(runs))),
        sections=tuple(section for section in sections if any(section.blocks)),
    )


def _seen(runs: list[Made]) -> list[Points]:
    """What long trainings make, where somebody has looked at all that were made."""
    trained = [made for made in runs if stages_shown(made.folder)]
    if not trained or any(made.seen is None for made in trained):
        return []
    return [Points(tuple(_by_eye(made) for made in trained))]


def _table(runs: list[Made]) -> Table:
    rows = []
    for made in runs:
        spec, scores, record = made.spec, made.record.get("scores", {}), made.record
        sizes, checkpoints = record.get("parameters", {}), record.get("checkpoints", {})
        first = checkpoints[min(checkpoints, key=int)] if checkpoints else None
        rows.append(
            (
                code(made.name),
                code(spec["dataset"]),
                str(record.get("protocol", {}).get("resolution", NOTHING)),
                f"{spec['steps']:,}",
                f"{spec['batch']:,}",
                *(f"{sizes[net]:,}" if net in sizes else NOTHING for net in ("generator", "discriminator")),
                str(record.get("status")),
                *(
                    number(value)
                    for value in (first, scores.get("fid"), scores.get("fid_noise"), scores.get("fid_real"))
                ),
                number(record.get("timing", {}).get("seconds", 0.0) / 60),
            )
        )
    return Table(_COLUMNS, tuple(rows), "llrrrrrlrrrrr")


def _reading(runs: list[Made]) -> str:
    seeds = sorted({made.spec["seed"] for made in runs})
    extractors = sorted({str(made.record.get("protocol", {}).get("extractor")) for made in runs})
    return (
        f"One run each, seed {listed(map(str, seeds))}. FID is on the features of {listed(map(code, extractors))}; "
        "numbers on different datasets do not compare. The first FID is that of the run's first evaluation."
    )


def _gallery(runs: list[Made]) -> list[Gallery | Text]:
    tiles, missing, blocks = [], [], []
    for made in runs:
        drawn = picture(made.folder, "samples.png")
        if drawn is None:
            missing.append(code(made.name))
        elif stages := stages_shown(made.folder):
            blocks += _over_training(made, stages)
        else:
            tiles.append(_tile(made, drawn))
    if tiles:
        blocks.append(Gallery(tuple(tiles), "Every grid shows the last state of its run, never the best."))
    if missing:
        blocks.append(Text(f"No sample grid was found for: {listed(missing)}.", "note"))
    return blocks


def _tile(made: Made, drawn: tuple[bytes, str]) -> Tile:
    """The last state of a run."""
    fid = made.record.get("scores", {}).get("fid")
    ended = f"{made.record.get('status')}, " + (f"FID {number(fid)}" if known(fid) else "no FID")
    caption = f"{made.spec['dataset']}, {made.spec['steps']:,} steps: {ended}"
    return Tile(_tile_name(made), *drawn, made.name, caption)


def _tile_name(made: Made) -> str:
    return f"samples-{file_name(made.name)}-{made.folder.name}"


def stages_shown(folder: Path) -> list[Path]:
    """The grids of a long training that its page shows: a few on the way, by the order of their steps, and the last."""
    kept = sorted((folder / SAMPLES).glob("*.png"))
    places = {round((place + 1) * len(kept) / _STAGES) - 1 for place in range(_STAGES)}
    return [kept[place] for place in sorted(places) if place >= 0]


def _over_training(made: Made, stages: list[Path]) -> list[Gallery | Text]:
    """Real images and the grids of a long training, with what a person saw in them."""
    real, tiles = picture(made.folder, REAL), []
    name = _tile_name(made)
    if real is not None:
        tiles.append(Tile(f"{name}-real", *real, "real images", f"{made.spec['dataset']}, what to look like"))
    for path in stages:
        step = int(path.stem)
        fid = made.record.get("checkpoints", {}).get(str(step))
        caption = f"FID {number(fid)}" if known(fid) else "no FID"
        if (drawn := picture(path.parent, path.name)) is not None:
            tiles.append(Tile(f"{name}-{path.stem}", *drawn, f"{step:,} steps", caption))
    drawn = "Every grid is drawn from the same latent vectors; the last one is the last state."
    return [Text(_by_eye(made), "note" if made.seen is None else "answer"), Gallery(tuple(tiles), drawn)]


def _by_eye(made: Made) -> str:
    """What a person saw in the last grid of a long training, if somebody has looked."""
    words = "nobody has said yet what can be seen." if made.seen is None else made.seen
    return f"{code(made.name)} after {_length(made)}: {words}"


def _length(made: Made) -> str:
    """How long a training was, and how much that is of what its source says."""
    steps, whole = made.spec["steps"], made.record.get("source_steps")
    return f"{steps:,} steps" + (f", {100 * steps / whole:.3g} % of its source's {whole:,}" if whole else "")


def _reasons(runs: list[Made]) -> list[Points]:
    lines = [
        f"{code(made.name)}: {score}, {reason}"
        for made in runs
        for score, reason in sorted(made.record.get("reasons", {}).items())
    ]
    return [Points(tuple(lines))] if lines else []
