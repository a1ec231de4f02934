"""Who worked on a sweep, on what, and where that departs from how it began.

Kept in the study, so that it comes home with the records from whatever machine; environment.json is its export.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import optuna

from bench.errors import UserError
from bench.runner.study import study_attributes

SESSION = "session:"
FOUNDATION = "foundation"
COMPARED = ("torch", "ganbench")
"""Packages whose change makes other numbers out of the same spec."""


def foundation(environment: Mapping[str, Any], datasets: Mapping[str, str]) -> dict[str, str]:
    """What all runs of a sweep must share: versions by package, our sources, and content hashes by dataset."""
    return {
        **{name: environment["versions"][name] for name in COMPARED},
        "fingerprint": environment["fingerprint"],
        **{f"dataset {name}": content_hash for name, content_hash in datasets.items()},
    }


def departures(study: optuna.Study, current: Mapping[str, str], *, accept: bool) -> list[str]:
    """Compare what is here with what the sweep began on; returns what differs, one sentence each.

    Args:
        study: the sweep's study; one without a foundation takes this one.
        current: see `foundation`.
        accept: go on in spite of a change; from then on both are accepted.

    Raises:
        UserError: something differs and `accept` is off.
    """
    known: dict[str, list[str]] = study_attributes(study).get(FOUNDATION) or {}
    changed = [name for name, value in current.items() if name in known and value not in known[name]]
    found = [f"{name} changed from {_short(known[name][-1])} to {_short(current[name])}" for name in changed]
    if found and not accept:
        raise UserError(
            f"sweep {study.study_name!r} was begun on something else ({'; '.join(found)}): go back to that, or give "
            "--accept-changes to go on and have it recorded"
        )
    if changed or set(current) - set(known):
        study.set_user_attr(FOUNDATION, {name: _with(known.get(name, []), value) for name, value in current.items()})
    return found


def _with(values: list[str], value: str) -> list[str]:
    return values if value in values else [*values, value]


def _short(value: str) -> str:
    return value if len(value) < 40 else f"{value[:12]}…"


def begin(study: optuna.Study, about: Mapping[str, Any], departed: list[str]) -> str:
    """Note that a session of work begins; returns its name. `about` is versions and hardware."""
    now = _now()
    name = f"{SESSION}{now} {platform.node()} {os.getpid()}"
    content = {"started": now, "finished": None, "host": platform.node(), **about}
    study.set_user_attr(name, {**content, "departures": [f"{now}: {text}" for text in departed]})
    return name


def end(study: optuna.Study, name: str) -> None:
    """Note that the session of that name has ended."""
    study.set_user_attr(name, {**study_attributes(study)[name], "finished": _now()})


def environment_of(study: optuna.Study) -> dict[str, Any]:
    """The content of environment.json: when and on what the sweep was made, and its departures."""
    kept = study_attributes(study)
    sessions = [dict(kept[name]) for name in sorted(kept) if name.startswith(SESSION)]
    departed = [text for session in sessions for text in session.pop("departures", [])]
    ends = [session["finished"] for session in sessions if session.get("finished")]
    first = sessions[0] if sessions else {}
    return {**first, "finished": max(ends, default=None), "departures": departed, "sessions": sessions}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
