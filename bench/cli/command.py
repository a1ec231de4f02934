"""The `ganbench` command itself, to which the verbs belong."""

from typing import Annotated

import typer
from typer.core import TyperGroup


class Verbs(TyperGroup):
    """The verbs, listed with whole sentences."""

    def format_commands(self, ctx, formatter) -> None:
        """Name and first paragraph of each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.help.partition("\n\n")[0]) for name, verb in self.commands.items()])


app = typer.Typer(
    name="ganbench",
    cls=Verbs,
    add_completion=False,
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
