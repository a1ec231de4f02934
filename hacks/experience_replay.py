"""Experience replay.

Off: D sees the fakes of this step.
On: each fake of D's batch is swapped with probability 0.5 for one of a pool of 50 earlier ones, which it joins in its
    place. Of batches larger than the pool, so many are swapped on average as long as the pool has enough.
Source: Chintala et al. 2016, "How to train a GAN", point 8; Shrivastava et al. 2016, "Learning from simulated and
    unsupervised images through adversarial training", arXiv 1612.07828. Pool and probability are those of CycleGAN,
    Zhu et al. 2017, arXiv 1703.10593, recalled.
Claim: D does not forget what G made before.
Needs: nothing.
Clashes: nothing; a D that is told the classes sees a swapped fake with the class of the one whose place it takes.
Mechanism: G cannot return to where D no longer looks.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch

from hacks.parameters import Range
from hacks.recipe import Batches, Recipe, Streams
from hacks.registry import hack


@dataclass(frozen=True)
class ExperienceReplay:
    """Swap fakes for those of a pool; as long as that is not full, they only join it."""

    size: int
    rate: float

    def start(self) -> dict[str, Any]:
        """The pool (n, C, H, W), n up to its size."""
        return {"pool": None}

    def __call__(self, batches: Batches, streams: Streams, state: dict[str, Any]) -> Batches:
        """Batches of the same shapes, some fakes swapped."""
        fake, pool = batches.fake, state["pool"]
        if pool is None or len(pool) < self.size:
            state["pool"] = (fake if pool is None else torch.cat([pool, fake]))[: self.size].clone()
            return batches
        stream = streams("experience_replay")
        pairs = min(len(fake), self.size)
        # Each place of the pool is swapped once at most, so that no old fake comes twice into a batch.
        new, old = (torch.randperm(n, generator=stream, device=stream.device)[:pairs] for n in (len(fake), self.size))
        swapped = torch.rand(pairs, 1, 1, 1, generator=stream, device=stream.device) < self.rate * len(fake) / pairs
        seen = fake.clone()
        seen[new] = torch.where(swapped, pool[old], fake[new])
        state["pool"] = pool.index_copy(0, old, torch.where(swapped, fake[new], pool[old]))
        return Batches(batches.real, seen)


@hack(order=1260, family="memory")
def experience_replay(
    recipe: Recipe,
    size: Annotated[int, Range(1, 100_000, log=True, search=(16, 4096))] = 50,
    rate: Annotated[float, Range(0, 1, search=(0.1, 0.9))] = 0.5,
) -> Recipe:
    """Switch on a pool of that size, from which fakes are swapped at that rate."""
    return recipe.add("d_batches", ExperienceReplay(size, rate))
