"""Every published number is rebuilt from the committed records."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pages import same_effects

from bench.records.sweep import read_sweep
from bench.report import write
from bench.report.findings import findings

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted(
    path.parent.name for path in ROOT.glob("reports/*/report.md") if (ROOT / "results" / path.parent.name).is_dir()
)


def test_something_is_published():
    assert "core-fashion-mnist" in PUBLISHED


def test_records_and_pages_stay_small():
    asked = ["git", "ls-files", "-z", "results", "reports"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git, or no repository: what is committed cannot be told")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert 0 < sum(path.stat().st_size for path in files if path.is_file()) <= 15e6


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_report_is_rebuilt_from_its_records(name, tmp_path, no_pixels):
    # The page links to the records by their place, so both lie as they do in the repository.
    shutil.copytree(ROOT / "results" / name, tmp_path / "results" / name)
    write(tmp_path / "results" / name, tmp_path / "reports" / name)
    rebuilt, published = tmp_path / "reports" / name, ROOT / "reports" / name
    assert (rebuilt / "report.md").read_text() == (published / "report.md").read_text()
    # Of some the HTML page is left out, which holds what report.md and the figures do.
    ours, theirs = ({path.name for path in folder.rglob("*")} - {"index.html"} for folder in (rebuilt, published))
    assert ours == theirs
    same_effects(rebuilt, published)


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("core-")])
def test_a_claim_that_equal_time_takes_back_says_so(name):
    text = (ROOT / "reports" / name / "report.md").read_text()
    found = findings(read_sweep(ROOT / "results" / name))
    rows = found.equal_time.set_index("hack")
    (line,) = [line for line in text.splitlines() if line.startswith("On **") and "**keep**" in line]
    for hack, row in rows.iterrows():
        clear = not row["ci_low_pct"] <= 0 <= row["ci_high_pct"]
        named = re.search(rf"`{hack}` \(([^)]*)\)", line).group(1)
        assert named.endswith("at equal time not clear") == (not clear), named
    assert "strided_conv" in rows.index
