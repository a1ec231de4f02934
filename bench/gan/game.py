"""The game: one generator against one discriminator, their data and optimisers, and the moves of a step.

`loop.py` has the order of the moves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from bench.gan import checkpoint
from bench.gan.backbone import Backbone
from bench.gan.fast.convolution import quicken
from bench.gan.fast.layout import memory_format
from bench.gan.members import Members, View
from bench.gan.network import FeatureTap, build_discriminator, build_generator, conditioned, give_streams
from bench.gan.sampling import Precision, sample, to_range
from bench.gan.streams import Streams, reseeded
from hacks.asking import give
from hacks.recipe import Recipe, Step, Stream

CURVES = ("d_loss", "g_loss", "d_real", "d_fake", "d_grad_norm", "g_grad_norm")
"""Columns of the training curves: losses, mean of σ(D) on real and on fake images, norms of the whole gradients."""
ON_DS_SIDE = ("penalties", "d_before", "d_after")
ON_GS_SIDE = ("g_logits", "loss.g", "g_penalties", "g_before", "g_after")


class Made(NamedTuple):
    """What G made: float32 images (n, C, H, W) in the pixel range, and the latents (n, dim) it made them of."""

    images: Tensor
    z: Tensor


class Game:
    """One generator against one discriminator: everything that changes while they train.

    Args:
        recipe: how the two are built and trained.
        backbone: their block plans.
        images: the training data, uint8 (N, channels, resolution, resolution), or float32 in [0, 1] for points.
        labels, classes: classes of the images, int64 (N,), where they are known, and how many there are.
        seed: of every random stream.
        steps: how many the run will have, for what changes on the way; 0 where nobody knows.
        batch: images per batch, real and fake each.
        device: where it all happens.
        precision: `float32` or `bf16`.

    Raises:
        HackError: something in the recipe asks for what is not there.
    """

    def __init__(
        self,
        recipe: Recipe,
        backbone: Backbone,
        images: Tensor,
        *,
        seed: int,
        labels: Tensor | None = None,
        classes: int = 0,
        steps: int = 0,
        batch: int = 64,
        device: torch.device | str = "cpu",
        precision: str = "float32",
    ) -> None:
        self.recipe, self.backbone, self.batch = recipe, backbone, batch * recipe.batch_factor
        self.seed, self.total = reseeded(seed, recipe.reseed), steps
        self.device = torch.device(device)
        self.precision = Precision(precision)
        self.images = images.to(self.device)
        self.labels = labels.to(self.device) if labels is not None and classes else None
        self.classes = classes if self.labels is not None else 0
        self.streams = Streams(self.seed, self.device)
        self.generator = self._placed(build_generator(backbone, recipe, self.seed, self.classes))
        self.discriminator = self._placed(build_discriminator(backbone, recipe, self.seed, self.classes))
        self.averaged = copy.deepcopy(self.generator) if recipe.averaging else None
        self.d_parameters = list(self.discriminator.parameters())
        self.g_parameters = list(self.generator.parameters())
        moments = {"beta1": recipe.beta1, "beta2": recipe.beta2, "fused": self.device.type in ("cpu", "cuda")}
        self.d_optimizer = give(recipe.d_optimizer, parameters=self.d_parameters, lr=recipe.d_lr, **moments)
        self.g_optimizer = give(recipe.g_optimizer, parameters=self.g_parameters, lr=recipe.g_lr, **moments)
        self.step_number = 0
        self.order = torch.empty(0, dtype=torch.int64, device=self.device)
        self.position = 0
        self.row = torch.zeros(len(CURVES), device=self.device)
        self.members = Members(recipe, self)
        asked_by_g = self.members.asked(*ON_GS_SIDE)
        self.g_sees_real = bool(asked_by_g & {"real_logits", "real_features"})
        watched = {"real_features", "fake_features"} & (asked_by_g | self.members.asked(*ON_DS_SIDE))
        self._tap = FeatureTap(self.discriminator) if watched else None
        self._conditioned = [*conditioned(self.generator), *conditioned(self.discriminator)]

    def _placed(self, network: nn.Module) -> nn.Module:
        network = memory_format(network).to(self.device)
        give_streams(network, self.streams)
        return quicken(network) if self.device.type == "cpu" else network

    def next_real(self) -> tuple[Tensor, Tensor | None]:
        """The next batch in the recipe's order of data, in its pixel range, and its labels."""
        if self.position + self.batch > len(self.order):
            self.order, self.position = self._next_order(), 0
        chosen = self.order[self.position : self.position + self.batch]
        self.position += self.batch
        labels = None if self.labels is None else self.labels.index_select(0, chosen)
        return to_range(self.images.index_select(0, chosen), self.recipe.pixel_range), labels

    def _next_order(self) -> Tensor:
        """Which images come next: an epoch, or so many as a batch needs."""
        n, stream, device = len(self.images), self.streams("data"), self.device
        if self.recipe.data_order == "drawn":
            return torch.randint(n, (self.batch,), generator=stream, device=device)
        # Sets smaller than a batch are gone through several times within one.
        rounds = range(max(-(-self.batch // n), 1))
        if self.recipe.data_order == "in_order":
            return torch.cat([torch.arange(n, device=device) for _ in rounds])
        return torch.cat([torch.randperm(n, generator=stream, device=device) for _ in rounds])

    def view(self, streams: Streams, labels: Tensor | None) -> View:
        """What members can ask for at any time of a step; networks that have to know the labels are told them."""
        for network in self._conditioned:
            network.labels = labels
        shown: View = {
            "step": Step(self.step_number, self.total, streams, labels, self.recipe.batch_factor),
            "streams": streams,
            "labels": labels,
            "pixel_range": self.recipe.pixel_range,
            "G": self.generator,
            "D": self.discriminator,
            "g_optimizer": self.g_optimizer,
            "d_optimizer": self.d_optimizer,
            "recipe": self.recipe,
        }
        # It sees what is known now and not the view itself: a view that holds itself would hold its images and their
        # graphs until the collector comes by.
        return shown | {"seen": lambda images: self.seen(images, shown)}

    def generate(self, n: int, stream: Stream, view: View | None = None, running: bool = False) -> Made:
        """What G makes of n latents from the stream while it trains: the one place that draws them.

        The labels are those of the view's batch; without a view they are drawn too. `running` is that of `make`.
        """
        z = self.recipe.draw(n, stream)
        view = self.view(self.streams, self.draw_labels(n, stream)) if view is None else view
        view["z"] = z
        for change in self.members["latent_changes"]:
            view["z"] = change(view)
        return self.make(view["z"], running)

    def make(self, z: Tensor, running: bool = False) -> Made:
        """What G makes of latents (n, dim) while it trains; `running`: as it is scored, with no way back to G."""
        if not running:
            with self.precision.autocast(self.device):
                return Made(self.generator(z).float(), z)
        self.generator.eval()
        with torch.no_grad(), self.precision.autocast(self.device):
            images = self.generator(z).float()
        self.generator.train()
        return Made(images, z)

    def seen(self, images: Tensor, view: View) -> Tensor:
        """Images in the pixel range as D sees them: channels-last, after every transform of its input."""
        for change in self.members["d_inputs"]:
            images = change(view | {"images": images})
        return images.contiguous(memory_format=torch.channels_last)

    def judge(self, view: View, sides: tuple[str, ...], run: Callable[[], Iterable[Tensor]]) -> None:
        """Put D's answers to these sides, and the features behind them if anyone asks for them, into the view."""
        if self._tap is not None:
            self._tap.kept.clear()
        with self.precision.autocast(self.device):
            answers = [logits.float() for logits in run()]
        for side, logits in zip(sides, answers, strict=True):
            view[f"{side}_logits"] = logits
        if self._tap is not None:
            for side, features in zip(sides, self._tap.take([len(logits) for logits in answers]), strict=True):
                view[f"{side}_features"] = features.float()

    def update(self, side: Literal["d", "g"], loss: Tensor, view: View) -> Tensor:
        """One step of a player down its loss; returns the norm of the gradient, as it is before anything changes it."""
        optimizer, parameters = getattr(self, f"{side}_optimizer"), getattr(self, f"{side}_parameters")
        for parameter in parameters:  # what optimizer.zero_grad does, without its hooks
            parameter.grad = None
        loss.backward()
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        view[f"{side}_loss"] = loss.detach()
        answers = [act(view) for act in self.members[f"{side}_before"]]
        if not any(answer is False for answer in answers):
            optimizer.step()
            for act in self.members[f"{side}_after"]:
                act(view)
        return norm

    def freeze_discriminator(self, frozen: bool) -> None:
        """Leave D's parameters out of what gradients are made for, or take them in again."""
        for parameter in self.d_parameters:
            parameter.requires_grad_(not frozen)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on exactly from here."""
        return checkpoint.state_of(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where `state_dict` was taken, in a game made with the same arguments."""
        checkpoint.restore(self, state)

    def sampler(self) -> nn.Module:
        """A copy of G (or of its average) in evaluation mode, BatchNorm on its running statistics, for scoring."""
        return copy.deepcopy(self.averaged if self.averaged is not None else self.generator).eval()

    def samples(self, n: int, stream: Stream) -> Tensor:
        """n images as scores see them, uint8 (n, C, H, W) on the CPU, of latents (and classes) from the stream."""
        z = self.recipe.draw(n, stream)
        return sample(self.sampler(), self.recipe, z, self.draw_labels(n, stream))

    def draw_labels(self, n: int, stream: Stream) -> Tensor | None:
        """Labels as often as the data have them, int64 (n,); None for a G that is not told any."""
        if self.labels is None or not conditioned(self.generator):
            return None
        return self.labels[torch.randint(len(self.labels), (n,), generator=stream, device=stream.device)]
