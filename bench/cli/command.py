"""The `ganbench` command itself, to which the verbs belong."""

from typing import Annotated

import typer
from typer.core import TyperGroup

GROUPS = {
    "Look at what there is": ("hacks", "datasets", "recipes", "doctor", "throughput"),
    "Plan": ("plan", "replay"),
    "Run": ("sweep", "work", "run", "train"),
    "Read what came out": ("show", "report", "travel", "export"),
}
"""What a person wants, and the verbs for it."""


class Verbs(TyperGroup):
    """The verbs, by what a person wants, listed with whole sentences."""

    def format_commands(self, ctx, formatter) -> None:
        """Name and first paragraph of each."""
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].help.partition("\n\n")[0]) for name in names])


app = typer.Typer(
    name="ganbench",
    cls=Verbs,
    add_completion=True,
    pretty_exceptions_enable=False,
    # Rich takes longer to import than all the rest of a page of help.
    rich_markup_mode=None,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"ganbench {version('ganbench')}")
        raise typer.Exit


@app.callback()
def ganbench(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Which GAN training tricks matter on your data: plan, train, score, compare."""
