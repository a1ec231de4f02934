"""Named random streams: one generator per source of randomness, all derived from one seed.

Switching one source on or off never shifts another, so that all cells of one seed share their common random numbers.
"""

import hashlib

import torch


def stream_seed(seed: int, name: str) -> int:
    """The 63-bit seed of the stream of that name in the run of that seed."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def reseeded(seed: int, salt: str) -> int:
    """The seed of a run whose recipe asks for another luck; the run's own where the salt is empty."""
    return stream_seed(seed, f"reseed/{salt}") if salt else seed


class Streams:
    """The generators of one run, made when first asked for: `streams("latent")`."""

    def __init__(self, seed: int, device: torch.device | str = "cpu") -> None:
        self.seed = seed
        self.device = torch.device(device)
        self._generators: dict[str, torch.Generator] = {}

    def __call__(self, name: str) -> torch.Generator:
        """The generator of that name, on the run's device; the same object at every call."""
        if name not in self._generators:
            generator = torch.Generator(device=self.device)
            self._generators[name] = generator.manual_seed(stream_seed(self.seed, name))
        return self._generators[name]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """The state of every stream opened so far."""
        return {name: generator.get_state() for name, generator in self._generators.items()}

    def load_state_dict(self, states: dict[str, torch.Tensor]) -> None:
        """Open these streams and put them where they were."""
        for name, state in states.items():
            self(name).set_state(state)
