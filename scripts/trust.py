"""Write the table of real runs into the pages that show it, from the tally of a replay.

    ganbench replay replay-digits --half report --write results/replay-digits/tally-report.json
    python scripts/trust.py          # README.md and docs/trust.md, between the marks that they have for it
    python scripts/trust.py --print

A test holds the pages to the tally that is committed.
"""

import argparse
import json
from pathlib import Path

from bench.replay.words import shown_in, trust_table

ROOT = Path(__file__).parents[1]
TALLY = ROOT / "results" / "replay-digits" / "tally-report.json"
PAGES = (ROOT / "README.md", ROOT / "docs" / "trust.md")


def main() -> None:
    """Print the table, or put it into the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tally", type=Path, default=TALLY, help="made by `ganbench replay NAME --write FILE`")
    parser.add_argument("--pages", type=Path, nargs="+", default=list(PAGES), help="where it is shown")
    parser.add_argument("--print", action="store_true", help="print it, and change nothing")
    options = parser.parse_args()
    if not options.tally.is_file():
        parser.error(f"no tally at {options.tally}: make it with `ganbench replay NAME --write {options.tally}`")
    table = trust_table(json.loads(options.tally.read_text()))
    print(table)
    for page in () if options.print else options.pages:
        try:
            page.write_text(shown_in(page.read_text(), table))
        except ValueError as problem:
            parser.error(f"{page}: {problem}")


if __name__ == "__main__":
    main()
