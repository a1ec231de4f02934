"""The options of the `ganbench` command: those read from declared fields, and those that several verbs share."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer import Option

from bench.cli import completion
from bench.errors import UserError
from bench.records.fields import Field, fields_asked

if TYPE_CHECKING:
    from bench.runner.view import View

RESULTS, REPORTS = Path("results"), Path("reports")
_NUMBERS = {
    int: re.compile(r"[+-]?[0-9]+"),
    float: re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(inf|nan)", re.I),
}
"""Numbers as a person types them, by kind."""

SweepName = Annotated[str, typer.Argument(help="Name of the sweep.", autocompletion=completion.sweeps)]
Results = Annotated[Path, Option(help="Folder of all sweeps.")]
Reports = Annotated[Path, Option(help="Folder of all reports.")]
Storage = Annotated[str | None, Option(help="Address of a database; default: a file in the sweep's folder.")]
Workers = Annotated[int | None, Option(help="Runs made at once. Default: one per core.")]
Device = Annotated[
    str, Option(help="auto, cpu, cuda or mps.", autocompletion=completion.one_of(("auto", "cpu", "cuda", "mps")))
]
DataRoot = Annotated[str | None, Option(help="Folder of downloaded datasets.")]
HackFile = Annotated[list[Path] | None, Option(help="File with a hack of your own; see the README for an example.")]


@dataclass
class Machine:
    """What a machine brings to a run: its device, and files of its own."""

    device: Device = "auto"
    data_root: DataRoot = None
    hack_file: HackFile = None
    inception_weights: Annotated[
        Path | None, Option(help="File of FID's Inception weights; scores on its features, in place of --extractor.")
    ] = None
    skip_broken: Annotated[
        bool, Option("--skip-broken", help="Leave out the unreadable pictures of a folder or archive, and name them.")
    ] = False

    def prepare(self) -> None:
        """Make the files known to this process and to those it starts.

        Raises:
            UserError: one of them cannot be used.
        """
        load_hack_files(self.hack_file)
        if self.inception_weights is not None:
            from bench.metrics.extractors import use_inception_weights

            use_inception_weights(self.inception_weights)
        if self.skip_broken:
            from bench.data import skip_broken_pictures

            skip_broken_pictures()

    def scored_by(self, given: dict[str, Any]) -> dict[str, Any]:
        """What was given on the command line, with the extractor that `--inception-weights` stands for.

        Raises:
            UserError: another extractor is given beside it.
        """
        if self.inception_weights is None:
            return given
        if given.get("extractor", "inception") != "inception":
            raise UserError(f"--inception-weights with --extractor {given['extractor']}: leave one of the two out")
        return {**given, "extractor": "inception"}


@dataclass
class Session:
    """How a session of work on a sweep goes, and what it shows."""

    workers: Workers = None
    accept_changes: Annotated[
        bool, Option("--accept-changes", help="Go on with other versions or data, and record it.")
    ] = False
    quiet: Annotated[bool, Option("--quiet", help="Print nothing but problems and where the report is.")] = False
    as_json: Annotated[bool, Option("--json", help="One JSON object per line, for machines.")] = False
    every: Annotated[bool, Option("--lines", help="A line for every finished run.")] = False

    def view(self) -> View:
        """What shows the session's progress."""
        from bench.runner.view import make_view

        return make_view(quiet=self.quiet, as_json=self.as_json, every=self.every)


def load_hack_files(files: list[Path] | None) -> None:
    """Register the hacks of these files in this process and in those it starts.

    Raises:
        UserError: a file that holds no hack.
    """
    import hacks

    for file in files or ():
        try:
            hacks.load_file(file)
        except hacks.HackError as problem:
            raise UserError(str(problem)) from None


def with_options(**groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb, in place of each parameter named here, the options of a class.

    A class whose fields declare what may be asked (`bench.records.fields`) arrives as a dict of those that were given;
    a dataclass of options as an instance.
    """

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        made = {parameter: options_of(cls) for parameter, cls in groups.items()}

        @functools.wraps(verb)
        def called(**values: Any) -> None:
            for parameter, options in made.items():
                own = {option.name: values.pop(option.name) for option in options}
                values[parameter] = _collected(groups[parameter], own)
            verb(**values)

        rest = [p for p in _parameters(verb) if p.name not in groups]
        parameters = [*(option for options in made.values() for option in options), *rest]
        called.__signature__ = inspect.Signature(parameters)
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return called

    return decorate


def options_of(cls: type) -> list[inspect.Parameter]:
    """The options of a class, as parameters that typer understands."""
    asked = fields_asked(cls)
    return [_option(field) for field in asked.values()] if asked else _parameters(cls)


def _option(field: Field) -> inspect.Parameter:
    """A field as an option that is None where nothing was given; kinds and ranges are checked with those of files."""
    choices = completion.one_of(field.asked.choices) if field.asked.choices else None
    number = field.kind in (int, float)
    flag = Option(
        f"--{field.name.replace('_', '-')}",
        help=field.asked.help,
        autocompletion=completion.OF_FIELDS.get(field.name, choices),
        metavar=f"<{field.kind.__name__}>" if number else None,
    )
    # Numbers arrive as they were typed: typer reads 28.0 as the whole number 28, and does not name what it refuses.
    kind = list[str] if get_origin(field.kind) in (list, dict) else str if number else field.kind
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, flag]
    )


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, include_extras=True)
    found = inspect.signature(function).parameters.values()
    return [p.replace(annotation=hints.get(p.name, p.annotation), kind=p.KEYWORD_ONLY) for p in found]


def _collected(cls: type, values: dict[str, Any]) -> Any:
    asked = fields_asked(cls)
    if not asked:
        return cls(**{field.name: values[field.name] for field in fields(cls)})
    return {name: _read(asked[name].kind, value) for name, value in values.items() if value is not None}


def _read(kind: Any, given: Any) -> Any:
    """A number that was typed; what is none stays the text that it is, to be refused with the field's range."""
    digits = _NUMBERS.get(kind)
    try:
        return kind(given) if digits and digits.fullmatch(given) else given
    except ValueError:  # thousands of digits
        return given


def list_options(app: typer.Typer) -> set[str]:
    """The options of all verbs that take a list."""
    found = set()
    for command in app.registered_commands:
        for parameter in _parameters(command.callback):
            kind, *extras = get_args(parameter.annotation) or (None,)
            if any(get_origin(part) is list for part in get_args(kind)):
                named = [name for extra in extras for name in _declared(extra)]
                found.update(named or [f"--{parameter.name.replace('_', '-')}"])
    return found


def _declared(extra: object) -> list[str]:
    """The names that an option was given; typer keeps the first of them where a default would stand."""
    words = (getattr(extra, "default", None), *(getattr(extra, "param_decls", None) or ()))
    return [word for word in words if isinstance(word, str) and word.startswith("--")]


def repeat_flags(words: list[str], flags: set[str]) -> list[str]:
    """`--datasets a b` -> `--datasets a --datasets b`, for the options that take lists."""
    out: list[str] = []
    current = None
    for word in words:
        if word.startswith("-"):
            current = word if word in flags else None
            fresh = current is not None
        elif current is not None:
            if not fresh:
                out.append(current)
            fresh = False
        out.append(word)
    return out
