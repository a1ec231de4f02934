"""What a shell completes: names of hacks, datasets, recipes and sweeps; no PyTorch is loaded for any of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

Completer = Callable[[str], list[str]]
VARIABLE = "_GANBENCH_COMPLETE"
"""Set by the shell's script where it asks for completions."""


def _starting(names: Iterable[str], typed: str) -> list[str]:
    return [name for name in names if name.startswith(typed)]


def hacks(typed: str) -> list[str]:
    """Hacks by name, set or family."""
    import hacks as known
    from hacks.choosing import LEVELS

    return _starting([*sets(""), *known.names(), *(f"{name}{LEVELS}" for name in families(""))], typed)


def sets(typed: str) -> list[str]:
    """Sets of hacks."""
    from hacks.choosing import WORDS

    return _starting(WORDS, typed)


def families(typed: str) -> list[str]:
    """Families of hacks."""
    from hacks.families import FAMILIES

    return _starting(FAMILIES, typed)


def one_hack(typed: str) -> list[str]:
    """Hacks by name."""
    import hacks as known

    return _starting(known.names(), typed)


def parameters(typed: str) -> list[str]:
    """Parameters of a hack, once it is named: label_flips.rate=."""
    import hacks as known

    name, dot, _ = typed.partition(".")
    if not dot or name not in known.names():
        return [f"{name}." for name in one_hack(typed)]
    return _starting([f"{name}.{parameter}=" for parameter in known.get(name).parameters], typed)


def datasets(typed: str) -> list[str]:
    """Datasets by name, own images that are kept, and the beginnings of those that take a path."""
    from bench.data import names
    from bench.data.arrays import HEAD, kept_names

    own = [f"{HEAD}:{name}" for name in kept_names()]
    return _starting([*names(), *own, "folder:", "zip:"], typed)


def recipes(typed: str) -> list[str]:
    """Recipes to start from."""
    from bench.gan import recipes as known

    return _starting(known.names(), typed)


def sweeps(typed: str) -> list[str]:
    """The sweeps of the usual folder."""
    from bench.records.files import PLAN

    return _starting(sorted(path.parent.name for path in Path("results").glob(f"*/{PLAN}")), typed)


def to_show(typed: str) -> list[str]:
    """What `ganbench show` takes."""
    return _starting(["best", *sweeps("")], typed)


def outcomes(typed: str) -> list[str]:
    """Scores that effects can be about."""
    from bench.records.scores import SCORES

    return _starting(SCORES, typed)


def one_of(choices: Iterable[object]) -> Completer:
    """The only values that an option takes."""
    names = [str(choice) for choice in choices]

    def complete(typed: str) -> list[str]:  # a plain function: typer reads its annotations
        return _starting(names, typed)

    return complete


OF_FIELDS: dict[str, Completer] = {
    "hacks": hacks,
    "hack": parameters,
    "tune": parameters,
    "datasets": datasets,
    "dataset": datasets,
    "recipe": recipes,
    "outcome": outcomes,
}
"""Field of a request or spec -> what completes its option."""


def rewritten(variables: Mapping[str, str], repeat: Callable[[list[str]], list[str]]) -> dict[str, str]:
    """The shell's variables, with the flag of a list before each of its words, so that the second one completes too.

    Args:
        variables: the environment.
        repeat: `--datasets a b` -> `--datasets a --datasets b`.
    """
    if VARIABLE not in variables:
        return {}
    if "COMP_WORDS" in variables and variables.get("COMP_CWORD", "").isdigit():  # bash
        words, place = _split(variables["COMP_WORDS"]), int(variables["COMP_CWORD"])
        words = [*words[:place], *(words[place : place + 1] or [""])]
        words = [*words[:1], *repeat(words[1:])]
        return {"COMP_WORDS": shlex.join(words), "COMP_CWORD": str(len(words) - 1)}
    if "_TYPER_COMPLETE_ARGS" in variables:  # zsh, fish
        text = variables["_TYPER_COMPLETE_ARGS"]
        words = [*_split(text), *([""] if text.endswith(" ") else [])]
        words = [*words[:1], *repeat(words[1:])]
        # The last word is still being typed: quoted, it would be a whole one.
        return {"_TYPER_COMPLETE_ARGS": " ".join([*map(shlex.quote, words[:-1]), *words[-1:]])}
    return {}


def _split(text: str) -> list[str]:
    """Words as a shell reads them; those of an unfinished quotation as they stand."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def prepare(repeat: Callable[[list[str]], list[str]]) -> None:
    """Rewrite this process's variables, where the shell asks for completions."""
    os.environ.update(rewritten(os.environ, repeat))
