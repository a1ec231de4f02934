"""What the README shows works as shown."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_hack_of_the_readme_is_a_hack(tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "two_time_scales.py").write_text(block)
    program = (
        "import hacks, two_time_scales\n"
        "from hacks.registry import CARD_FIELDS\n"
        "found = hacks.get('two_time_scales')\n"
        "assert all(f'{field}: ' in found.card for field in CARD_FIELDS)\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': True}).d_lr == 8e-4\n"
        "settings = {'two_time_scales': {'d_lr': 1e-3}}\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': True}, settings).d_lr == 1e-3\n"
        "assert hacks.apply(hacks.Recipe(), {'two_time_scales': False}) == hacks.Recipe()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_readme_are_verbs_and_sessions():
    from bench.cli import app

    verbs = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"^ganbench (\w+)", README, re.MULTILINE)) <= verbs
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    assert set(re.findall(r"nox -s (\w+)", README)) <= sessions


def test_the_first_table_of_the_readme_is_the_reports():
    rows = [line for line in README.splitlines() if re.match(r"\| (trick|`\w+`) \|", line)]
    assert len(rows) == 13
    report = (ROOT / "reports" / "four-sets" / "report.md").read_text().splitlines()
    assert set(rows) <= set(report)


def test_what_the_readme_links_to_is_there():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(targets) > 5
    assert [target for target in targets if not (ROOT / target).exists()] == []
