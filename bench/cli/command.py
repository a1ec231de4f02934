"""The `ganbench` command itself, to which the verbs belong."""

import typer

app = typer.Typer(
    name="ganbench",
    help="Which GAN training tricks matter on your data: plan, train, score, compare.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
