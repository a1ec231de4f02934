"""Checks on what a user names: hacks, groups of hacks, seeds."""

from collections.abc import Iterable, Mapping, Sequence

from bench.errors import UserError


def checked_hacks(hacks: Sequence[str], at_most: int | None = None) -> tuple[str, ...]:
    """The hacks as a tuple. Raises UserError if there are none, too many, doubles or a bare string."""
    if isinstance(hacks, str):
        raise UserError(f"hacks={hacks!r} is one string; expected a list of names: write [{hacks!r}]")
    names = tuple(hacks)
    for name in names:
        if not isinstance(name, str) or not name:
            raise UserError(f"hack name {name!r} is not a non-empty string; name hacks as `ganbench hacks` lists them")
    if not names:
        raise UserError("hacks=[] names no hack; expected at least one: see `ganbench hacks`")
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise UserError(f"hack {doubles[0]!r} is named more than once; expected each once: remove the repetition")
    if at_most is not None and len(names) > at_most:
        raise UserError(f"{len(names)} hacks are too many; this design carries at most {at_most}: name fewer hacks")
    return names


def checked_seeds(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """Seeds as a tuple; a count n means 0 … n - 1. Raises UserError unless there is at least one, none twice."""
    if isinstance(seeds, bool) or not isinstance(seeds, int | Iterable):
        raise UserError(f"seeds={seeds!r} is neither a count nor a list of integers; give e.g. seeds=3 or seeds=[0, 1]")
    if isinstance(seeds, int):
        if seeds < 1:
            raise UserError(f"seeds={seeds} leaves nothing to run; expected a count of at least 1: give e.g. seeds=2")
        return tuple(range(seeds))
    values = tuple(seeds)
    if not values:
        raise UserError("seeds=[] leaves nothing to run; expected at least one integer: give e.g. seeds=[0, 1]")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise UserError(f"seed {value!r} is not a non-negative integer; give seeds such as [0, 1, 2]")
        if values.count(value) > 1:
            raise UserError(f"seed {value} is named more than once; a repeated seed is the same run: name each once")
    return values


def checked_exclusions(exclusions: Iterable[Iterable[str]], hacks: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of hacks of which at most one may be on, cut to the hacks of this plan; groups of one vanish."""
    groups = []
    for group in exclusions:
        if isinstance(group, str):
            raise UserError(f"exclusion {group!r} is one string; expected a group of names such as ('a', 'b')")
        inside = tuple(sorted(set(group) & set(hacks)))
        if len(inside) > 1:
            groups.append(inside)
    return tuple(sorted(set(groups)))


def checked_prerequisites(
    prerequisites: Mapping[str, Iterable[str]], hacks: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What each hack of the plan needs in order to act, cut to the hacks of this plan."""
    needs = {}
    for hack in hacks:
        wanted = prerequisites.get(hack, ())
        if isinstance(wanted, str):
            raise UserError(f"prerequisite of {hack!r} is the string {wanted!r}; expected a list: write [{wanted!r}]")
        inside = tuple(sorted(set(wanted) & set(hacks)))
        if inside:
            needs[hack] = inside
    return needs
