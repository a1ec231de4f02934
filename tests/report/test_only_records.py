"""A report is a function of its records: no source file is read to make a page."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import hacks
from bench.records.plan import Plan
from bench.report import write
from bench.runner.about import about

ROOT = Path(__file__).parents[2]


def test_a_card_that_is_edited_leaves_an_old_report_as_it_was(make_sweep, tmp_path, no_pixels):
    sweep = make_sweep(hacks=("leaky_relu", "batch_norm", "placebo"), datasets=("shapes",), samples=False)
    before = write(sweep, tmp_path / "before").parent
    card = hacks.get("leaky_relu").card
    assert about(Plan.load(sweep / "plan.json"))["hacks"]["leaky_relu"]["claim"] in (before / "report.md").read_text()
    object.__setattr__(hacks.get("leaky_relu"), "card", card.replace("Claim: ", "Claim: edited, "))
    try:
        assert about(Plan.load(sweep / "plan.json"))["hacks"]["leaky_relu"]["claim"].startswith("edited, ")
        after = write(sweep, tmp_path / "after").parent
    finally:
        object.__setattr__(hacks.get("leaky_relu"), "card", card)
    for name in ("report.md", "index.html", "effects.csv"):
        assert (before / name).read_bytes() == (after / name).read_bytes(), name


def test_what_a_report_tells_of_hacks_comes_from_environment_json(make_sweep, tmp_path, no_pixels):
    sweep = make_sweep(hacks=("leaky_relu", "batch_norm", "placebo"), datasets=("shapes",), samples=False)
    environment = json.loads((sweep / "environment.json").read_text())
    environment["hacks"]["leaky_relu"] |= {"claim": "a claim of our own"}
    environment["quantities"]["d_zero_activation_share"] = "a quantity of our own"
    (sweep / "environment.json").write_text(json.dumps(environment))
    text = (write(sweep, tmp_path / "report").parent / "report.md").read_text()
    assert "a claim of our own" in text
    assert "a quantity of our own falls" in text


def test_reports_are_made_where_there_is_no_source(tmp_path):
    """With only the installed files that a report is made of: no hacks, no networks, no metrics, no runner."""
    for part in ("records", "analysis", "report", "plan"):
        shutil.copytree(ROOT / "bench" / part, tmp_path / "bench" / part)
    for name in ("__init__.py", "errors.py"):
        shutil.copy(ROOT / "bench" / name, tmp_path / "bench" / name)
    program = (
        "import sys, pathlib; from bench.report.page import compose; from bench.report.findings import findings;"
        "from bench.report.canvas import png; import bench.report.canvas as canvas; canvas.png = lambda _: b'';"
        "from bench.records.sweep import read_sweep;"
        "report = compose(findings(read_sweep(pathlib.Path(sys.argv[1]))), '.');"
        "print(sorted({'torch', 'torchvision', 'optuna', 'hacks'} & set(sys.modules)), len(report.sections))"
    )
    command = [sys.executable, "-c", program, str(ROOT / "results" / "cifar10-jpeg")]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, sections = done.stdout.rsplit(" ", 1)
    assert found == "[]"
    assert int(sections) > 10
