"""Four tricks of a stranger's, each one file as it would lie in a folder of hers."""

CARD = '''"""{title}.

Off: {off}
On: {on}
Source: {source}
Claim: {claim}
Needs: {needs}.
Clashes: nothing.
Mechanism: {mechanism}
Measured: {measured}
"""
'''

FADING_PENALTY = (
    CARD.format(
        needs="nothing",
        title="A gradient penalty that fades out",
        off="no penalty.",
        on="D also pays for its slope on real images, less and less until the end of the run.",
        source="a journey.",
        claim="what steadies the beginning is in the way at the end.",
        mechanism="D may not slope where the data are, for a while.",
        measured="g_gradient_norm down",
    )
    + '''
from dataclasses import dataclass
from typing import Annotated

import torch

from hacks import Range, Recipe, hack


@dataclass(frozen=True)
class FadingPenalty:
    """Weight times (1 - progress) times the mean squared slope."""

    weight: float

    def __call__(self, D, real, step):
        real = real.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(D(real).sum(), real, create_graph=True)
        return self.weight * (1 - step.progress) * slope.flatten(1).square().sum(1).mean()


@hack(order=5000)
def fading_penalty(recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 5.0) -> Recipe:
    """Switch on the penalty."""
    return recipe.add("penalties", FadingPenalty(weight))
'''
)

OLD_FAKES = (
    CARD.format(
        needs="nothing",
        title="D also sees fakes of earlier steps",
        off="D sees the fakes of this step.",
        on="every other fake of D's batch is one from a pool of earlier ones.",
        source="a journey.",
        claim="D does not forget what G made before.",
        mechanism="G cannot return to where D no longer looks.",
        measured="none",
    )
    + '''
from dataclasses import dataclass
from typing import Annotated

import torch

from hacks import Range, Recipe, hack
from hacks.recipe import Batches


@dataclass(frozen=True)
class OldFakes:
    """Swap fakes for ones of a pool, which the new ones then join."""

    size: int

    def start(self):
        return {"pool": None}

    def __call__(self, batches, streams, state):
        fake, pool = batches.fake, state["pool"]
        state["pool"] = (fake if pool is None else torch.cat([fake, pool]))[: self.size].clone()
        if pool is None:
            return batches
        stream = streams("old_fakes")
        old = pool[torch.randint(len(pool), (len(fake),), generator=stream, device=stream.device)]
        swapped = torch.rand(len(fake), generator=stream, device=stream.device) < 0.5
        return Batches(batches.real, torch.where(swapped[:, None, None, None], old, fake))


@hack(order=5010)
def old_fakes(recipe: Recipe, size: Annotated[int, Range(1, 1000)] = 50) -> Recipe:
    """Switch on the pool."""
    return recipe.add("d_batches", OldFakes(size))
'''
)

CLASSES = (
    CARD.format(
        needs="data with labels",
        title="Both players are told the class",
        off="nobody knows of classes.",
        on="G has an embedding of the class beside z; D's logit gains the product of another with its features.",
        source="a journey, after Miyato & Koyama 2018, arXiv 1802.05637.",
        claim="a class is easier to make than everything at once.",
        mechanism="one game for each class.",
        measured="none",
    )
    + '''
from dataclasses import dataclass
from math import prod

import torch
from torch import nn

from hacks import Recipe, hack
from hacks.recipe import ConditionedLayer


class Beside(ConditionedLayer):
    """z with the embedding of its class beside it."""

    def __init__(self, classes, width):
        super().__init__()
        self.embedding = nn.Embedding(classes, width)

    def forward(self, z, given):
        return torch.cat([z, self.embedding(given.labels)], dim=1)


class Projection(ConditionedLayer):
    """A logit, and how well its features fit the class."""

    def __init__(self, block, classes, features):
        super().__init__()
        self.block, self.embedding = block, nn.Embedding(classes, features)

    def forward(self, features, given):
        fit = (self.embedding(given.labels) * features.flatten(1)).sum(1)
        return self.block(features, given) + fit[:, None, None, None]


@dataclass(frozen=True)
class MakesBeside:
    width: int

    def __call__(self, classes):
        return Beside(classes, self.width)


@dataclass(frozen=True)
class MakesProjection:
    def __call__(self, block, shape, classes):
        return Projection(block, classes, prod(shape))


@hack(order=5020)
def told_classes(recipe: Recipe) -> Recipe:
    """Tell both players."""
    return recipe.add("g_front", MakesBeside(8)).fill(d_head=MakesProjection())
'''
)

PAIRS = (
    CARD.format(
        needs="nothing",
        title="A loss on pairs",
        off="each image is judged on its own.",
        on="D pays where a fake is rated above the real image of its pair, G where it is below.",
        source="a journey, after Jolicoeur-Martineau 2018, arXiv 1807.00734.",
        claim="what counts is whether a fake looks more real than a real image.",
        mechanism="real logits are in G's gradient.",
        measured="d_real_confidence down",
    )
    + '''
from dataclasses import dataclass

from torch.nn import functional as F

from hacks import Recipe, hack


@dataclass(frozen=True)
class Pairs:
    def d(self, real_logits, fake_logits):
        return F.softplus(fake_logits - real_logits).mean()

    def g(self, real_logits, fake_logits):
        return F.softplus(real_logits - fake_logits).mean()


@hack(order=5030)
def on_pairs(recipe: Recipe) -> Recipe:
    """Switch on the loss."""
    return recipe.fill(loss=Pairs())
'''
)

FILES = {"fading_penalty": FADING_PENALTY, "old_fakes": OLD_FAKES, "told_classes": CLASSES, "on_pairs": PAIRS}
