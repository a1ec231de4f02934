"""The sections straight from the records: training, pictures, scores, stability, and how it was all done."""

from bench.records.sweep import Sweep
from bench.report.blocks import Folded, Points, Section, Text, code
from bench.report.figures_training import losses_figure, training_figure
from bench.report.render import File, Files
from bench.report.samples import sample_blocks
from bench.report.tables_records import (
    facts_table,
    plan_table,
    protocol_table,
    runs_table,
    scores_table,
    stability_table,
)
from bench.report.words import counted, listed

_BUDGET_WORDS = {"steps": "generator steps", "batch": "images per batch", "width": "channels of the narrowest layer"}


def training(sweep: Sweep) -> Section:
    """FID over training, on against off."""
    figures = {dataset: training_figure(sweep, dataset) for dataset in sweep.datasets}
    blocks: list = [figure for figure in figures.values() if figure]
    lacking = [code(dataset) for dataset, figure in figures.items() if figure is None]
    if lacking:
        words = f"FID was not scored at two or more steps on {listed(lacking)}, so there is no curve to draw."
        blocks.append(Text(words, "note"))
    return Section("training", "How FID fell over training", tuple(blocks))


def samples(sweep: Sweep) -> Section:
    """Sample grids beside real images."""
    blocks = [block for dataset in sweep.datasets for block in sample_blocks(sweep, dataset)]
    return Section("samples", "What the images look like", tuple(blocks))


def scores(sweep: Sweep) -> Section:
    """Every score with its direction and the anchors."""
    tables = [table for table in (scores_table(sweep, dataset) for dataset in sweep.datasets) if table]
    words = (
        "Cells are ranked by mean log FID with failures counted as noise; each number is the mean over "
        "the runs of that cell that have the score. FID of noise and of real images against real images, at the same "
        "number of images, are the two ends that a FID can be read between. A score no run could have is not listed."
    )
    blocks = [*tables, Text(words, "reading")] if tables else [Text("No score has been recorded.", "note")]
    return Section("scores", "What every score says", tuple(blocks))


def stability(sweep: Sweep) -> Section:
    """Signs of instability, and the losses of the shown runs."""
    blocks: list = []
    for dataset in sweep.datasets:
        blocks += [block for block in (stability_table(sweep, dataset), losses_figure(sweep, dataset)) if block]
    if not blocks:
        return Section("stability", "How stable training was", (Text("No sign of stability was recorded.", "note"),))
    words = (
        "The last FID is what counts in this report; a last/best well above 1 means that training was better before it "
        "ended. Steps with a discriminator loss near zero or an exploding gradient are the failure signs practitioners "
        "watch for."
    )
    blocks.insert(1, Text(words, "reading"))
    return Section("stability", "How stable training was", tuple(blocks))


def plan(sweep: Sweep) -> Section:
    """What was planned and what ran of it."""
    about = sweep.plan
    blocks: list = []
    if about:
        cells, seeds = len(about.get("cells", [])), about.get("seeds", [])
        words = (
            f"{str(about.get('design') or 'A design')[:1].upper()}{str(about.get('design') or 'A design')[1:]}; "
            f"{counted(cells, 'cell')} in all, {counted(len(seeds), 'seed')} ({listed(map(str, seeds))}), "
            f"{counted(len(sweep.datasets), 'dataset')}."
        )
        if about.get("hash"):
            words += f" The plan was fixed before the first run; its SHA-256 is {code(about['hash'])}."
        blocks.append(Text(words))
        facts = {
            "stage": about.get("stage"),
            "family of tests": about.get("family"),
            "smallest effect of interest": f"{100 * sweep.sesoi:.3g} % FID",
            "base recipe": about.get("base"),
            "parent plan": about.get("parent"),
            **{_BUDGET_WORDS.get(k, k.replace("_", " ")): v for k, v in (about.get("budget") or {}).items()},
            **{
                f"{hack} {k}": v
                for hack, given in (about.get("hack_parameters") or {}).items()
                for k, v in given.items()
            },
        }
        blocks.append(facts_table({name: value for name, value in facts.items() if value is not None}))
    else:
        blocks.append(Text("The sweep has no plan.json; only what ran is known.", "note"))
    blocks.append(runs_table(sweep))
    levels = plan_table(sweep)
    if levels:
        blocks.append(Folded("All levels of all cells", (levels,)))
    return Section("plan", "What was planned and what ran", tuple(filter(None, blocks)))


def protocol(sweep: Sweep) -> Section:
    """How FID and the other scores were taken."""
    blocks = [table for table in (protocol_table(sweep),) if table]
    scoring = sweep.plan.get("scoring") or {}
    table = facts_table({name.replace("_", " "): value for name, value in scoring.items()}, "Scoring as planned")
    if table:
        blocks.append(table)
    words = (
        "FID here is the Fréchet distance between features of the extractor named above, and compares only with "
        "numbers of the same extractor, number of images and resolution: no Inception FID of the literature unless "
        "the extractor is Inception. The last state of each run is scored, never its best."
    )
    return Section("protocol", "How the scores were taken", (*blocks, Text(words, "reading")))


def departures(sweep: Sweep) -> Section:
    """Where the sweep left its plan."""
    found = [str(item) for item in sweep.environment.get("departures") or []]
    for dataset in sweep.datasets:
        odd = sweep.of(dataset)
        odd = odd[~odd["status"].isin(["ok", "collapsed", "diverged"])]
        if len(odd):
            found.append(f"On {code(dataset)} {counted(len(odd), 'run')} did not finish and say nothing.")
    sessions = sweep.environment.get("sessions") or []
    for name in ("versions", "processor", "device"):
        kinds = {str(session.get(name)) for session in sessions}
        if len(kinds) > 1:
            found.append(f"The sessions of this sweep differ in their {name}.")
    if not found:
        return Section("departures", "Departures from the plan", (Text("None is recorded."),))
    return Section("departures", "Departures from the plan", (Points(tuple(found)),))


def machine(sweep: Sweep) -> Section:
    """Versions and hardware, once per session of work on the sweep."""
    sessions = sweep.environment.get("sessions") or []
    # What the sessions say themselves need not be said twice.
    apart = ("sessions", "protocol", "directions", "cards", "departures", *(sessions[-1] if sessions else ()))
    general = facts_table({name: value for name, value in sweep.environment.items() if name not in apart})
    tables = [
        facts_table(session, f"Session {number}" if len(sessions) > 1 else "")
        for number, session in enumerate(sessions, start=1)
    ]
    blocks = [table for table in (general, *tables[-1:]) if table]
    if len(tables) > 1:
        earlier = tuple(table for table in tables[:-1] if table)
        blocks.append(Folded(f"Earlier work on this sweep ({counted(len(earlier), 'session')})", earlier))
    if not blocks:
        blocks = [Text("Versions and hardware were not recorded.", "note")]
    return Section("machine", "Versions and hardware", tuple(blocks))


def files(sweep: Sweep, relative: str) -> Section:
    """Links to the tables beside the report and to the sweep's own records."""
    items = [
        File("effects.csv", "effects.csv", "every estimate of this report, one row per dataset and trick"),
        File("report.md", "report.md", "this report as Markdown, its figures in figures/"),
    ]
    known = {
        "runs.csv": "one row per run: levels, status and every score",
        "runs.parquet": "the same, typed",
        "curves.parquet": "losses, gradient norms and FID over training",
        "plan.json": "the plan with its hash",
    }
    items += [File(f"{relative}/{name}", name, what) for name, what in known.items() if (sweep.folder / name).is_file()]
    return Section("files", "The numbers behind this page", (Files(tuple(items)),))
