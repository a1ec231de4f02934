"""Everything a game needs to go on exactly from where it stands, as one dict that torch stores and loads as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.gan.loop import Game

MODULES = ("generator", "discriminator", "g_optimizer", "d_optimizer", "streams")


def state_of(game: Game) -> dict[str, Any]:
    """Networks, optimisers, streams, states of members, place in the data."""
    return {
        "step": game.step_number,
        **{name: getattr(game, name).state_dict() for name in MODULES},
        "averaged": game.averaged.state_dict() if game.averaged is not None else None,
        "members": game.members.state_dict(),
        "order": game.order,
        "position": game.position,
        "row": game.row,
    }


def restore(game: Game, state: dict[str, Any]) -> None:
    """Put a game that was made with the same arguments where `state_of` was taken."""
    for name in MODULES:
        getattr(game, name).load_state_dict(state[name])
    if game.averaged is not None:
        game.averaged.load_state_dict(state["averaged"])
    game.members.load_state_dict(state["members"])
    game.order, game.position = state["order"].to(game.device), state["position"]
    game.row = state["row"].to(game.device)
    game.step_number = state["step"]
