"""Levels that go together: what excludes what, what needs what, and what a flip of one trick is."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

Levels = dict[str, bool]


def consistent(
    levels: Mapping[str, bool],
    prerequisites: Mapping[str, Iterable[str]],
    exclusions: Iterable[Iterable[str]],
) -> Levels:
    """The nearest levels that are possible and in which nothing on is without effect.

    Of tricks that exclude each other the first one named in `levels` stays on; a trick without what it needs is
    switched off, since it does nothing then.
    """
    made = dict(levels)
    groups = [set(group) for group in exclusions]
    for hack in levels:
        if made[hack]:
            for group in groups:
                if hack in group:
                    made.update({other: False for other in group if other in made and other != hack})
    while inert := [hack for hack, on in made.items() if on and lacks(hack, made, prerequisites)]:
        made.update(dict.fromkeys(inert, False))
    return made


def lacks(hack: str, levels: Mapping[str, bool], prerequisites: Mapping[str, Iterable[str]]) -> list[str]:
    """What the hack needs in order to act and does not have in these levels."""
    return [need for need in prerequisites.get(hack, ()) if not levels.get(need, False)]


def flip(
    levels: Mapping[str, bool],
    hack: str,
    prerequisites: Mapping[str, Iterable[str]],
    exclusions: Iterable[Iterable[str]],
) -> Levels | None:
    """The levels with that trick at its other level; None where it cannot act, for want of what it needs.

    A trick that is switched on takes the place of those that it excludes.
    """
    if levels[hack]:
        return {**levels, hack: False}
    if lacks(hack, levels, prerequisites):
        return None
    replaced = {other for group in exclusions if hack in group for other in group if other in levels}
    return {**levels, **dict.fromkeys(replaced, False), hack: True}


def choices(hacks: Sequence[str], exclusions: Iterable[Iterable[str]]) -> dict[str, list[tuple[str, ...]]]:
    """Independent choices whose options together are exactly the possible levels: name -> the sets that may be on.

    A trick that excludes nothing is a choice of its own, () or (itself,); tricks that exclude each other, directly or
    through others, are one choice: () for none of them, or any of them that go together.
    """
    forbidden = {frozenset(pair) for group in exclusions for pair in combinations(group, 2)}
    left, made = list(hacks), {}
    while left:
        together = [left.pop(0)]
        for hack in together:  # grows while it is gone through
            near = [other for other in left if frozenset((hack, other)) in forbidden]
            together += near
            left = [other for other in left if other not in near]
        members = [hack for hack in hacks if hack in together]
        made["|".join(members)] = [
            chosen
            for size in range(len(members) + 1)
            for chosen in combinations(members, size)
            if not any(frozenset(pair) in forbidden for pair in combinations(chosen, 2))
        ]
    return made
