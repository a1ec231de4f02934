"""Does a hack do what it is said to do? The quantity each core hack's source names, measured on the networks.

`probe` looks at one moment of a game, on copies; the pure functions under it take tensors. A run records the gradient
ratios early (steps 1, 10 and 100, where training is decided) and everything at its end.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Logits = tuple[Tensor, Tensor]
"""D's, on real and on fake images."""
# Pixels are judged in units of the range [0, 1]; this is the energy per frequency of rounding them to 8 bits.
_ROUNDING_ENERGY = 1 / (12 * 255**2)


def separate(discriminator: nn.Module, real: Tensor, fake: Tensor) -> Iterator[Logits]:
    """One update of D, on a batch of real images and on one of fakes."""
    yield discriminator(real), discriminator(fake)


@dataclass(frozen=True)
class Rules:
    """How a game is played, as far as a probe has to know it; here those of the plain one.

    Attributes:
        batching: how D is run over both sides, `(D, real, fake)`; the logits of each of D's updates.
        d_loss, g_loss: what the players pay, of (real logits, fake logits).
        between: the way from one latent to another, `(start, end, share)`: a straight line in a cube, a great circle
            where latents lie on a sphere.
        pixel_range: the values of black and white.
    """

    batching: Callable[[nn.Module, Tensor, Tensor], Iterable[Logits]] = separate
    d_loss: Callable[[Tensor, Tensor], Tensor] = lambda real, fake: F.softplus(-real).mean() + F.softplus(fake).mean()
    g_loss: Callable[[Tensor, Tensor], Tensor] = lambda real, fake: F.softplus(-fake).mean()
    between: Callable[[Tensor, Tensor, float], Tensor] = torch.lerp
    pixel_range: tuple[float, float] = (0.0, 1.0)


PLAIN = Rules()


def zero_share(tensors: list[Tensor]) -> float:
    """Share of the entries of all tensors, in [0, 1], that are exactly zero."""
    return sum(int((tensor == 0).sum()) for tensor in tensors) / sum(tensor.numel() for tensor in tensors)


def band_energy(images: Tensor, stride: int = 2) -> float:
    """Mean energy of images (N, C, H, W) at the frequencies of a pattern that repeats every `stride` pixels.

    The mean power of the bins within 1/16 cycle per pixel of (1/stride, 0), (0, 1/stride) and (1/stride, 1/stride),
    in squared pixel units per pixel; a checkerboard of period `stride` puts its energy there.
    """
    images = images.double()
    height, width = images.shape[-2:]
    power = torch.fft.fft2(images - images.mean(dim=(-2, -1), keepdim=True)).abs().square() / (height * width)

    def near(size: int, frequency: float) -> Tensor:
        distance = (torch.fft.fftfreq(size, dtype=torch.float64).abs() - frequency).abs()
        return distance <= 1 / 16

    rows, columns = (near(size, 1 / stride) for size in (height, width))
    low_rows, low_columns = (near(size, 0.0) for size in (height, width))
    band = rows[:, None] & (columns | low_columns)[None, :] | low_rows[:, None] & columns[None, :]
    return float(power[..., band].mean())


def stride_energy(fake: Tensor, real: Tensor, stride: int = 2) -> float:
    """Log of the fakes' `band_energy` over the real images', both (N, C, H, W) in [0, 1]; 0 where they agree.

    The energy of 8-bit rounding is added to both, so that smooth images have a number too.
    """
    energies = [torch.tensor(band_energy(images, stride) + _ROUNDING_ENERGY) for images in (fake, real)]
    return float(energies[0].log() - energies[1].log())


def nearest_distances(images: Tensor, real: Tensor) -> Tensor:
    """Euclidean pixel distance (N,) of each of N images to the nearest of M real ones."""
    return torch.cdist(images.flatten(1).double(), real.flatten(1).double()).min(dim=1).values


def layer_gradient_norms(loss: Tensor, network: nn.Module) -> tuple[float, float]:
    """Norms of the loss's gradient in the weights of a network's first and last layer."""
    parameters = list(network.parameters())
    weights = [parameter for parameter in parameters if parameter.ndim > 1] or parameters
    found = torch.autograd.grad(loss, (weights[0], weights[-1]), retain_graph=True, allow_unused=True)
    first, last = (0.0 if gradient is None else float(gradient.norm()) for gradient in found)
    return first, last


def mixed_batch_gap(discriminator: nn.Module, real: Tensor, fake: Tensor) -> float:
    """Mean absolute difference of D's logits on fakes between a batch mixed with real images and an all-fake batch.

    In training mode, where batch statistics are the batch's own; 0 where D has none. Moves running statistics.
    """
    with torch.no_grad():
        mixed = discriminator(torch.cat([real, fake]))
        alone = discriminator(fake)
        return float((mixed[-len(alone) :] - alone).abs().mean())


def gradient_probe(
    generator: nn.Module, discriminator: nn.Module, real: Tensor, latent: Tensor, rules: Rules = PLAIN
) -> dict[str, float]:
    """How much gradient arrives at the first and the last layers of D and G.

    Cheap enough for several moments of a run. Arguments as in `probe`, of which it is a part.

    Returns:
        `d_gradient_first`, `d_gradient_last`, `d_gradient_ratio` and the same of g: norm of the gradient in the first
        layer's weights, in the last layer's, and the first over the last. Weights that are all too small shrink both
        norms alike and leave the ratio. A ratio that is not finite is left out.
    """
    with torch.random.fork_rng():
        quantities = _finite(_gradients(*_copies(generator, discriminator), real, latent, rules))
    return {name: value for name, value in quantities.items() if name.endswith(("_first", "_last", "_ratio"))}


def _gradients(
    generator: nn.Module, discriminator: nn.Module, real: Tensor, latent: Tensor, rules: Rules
) -> dict[str, float]:
    fake = generator(latent)
    updates = list(rules.batching(discriminator, real, fake.detach()))
    d_first, d_last = layer_gradient_norms(sum(rules.d_loss(*logits) for logits in updates), discriminator)
    real_logits = torch.cat([logits[0] for logits in updates]).detach()
    g_loss = rules.g_loss(real_logits, discriminator(fake))
    g_first, g_last = layer_gradient_norms(g_loss, generator)
    gradients = torch.autograd.grad(g_loss, list(generator.parameters()), allow_unused=True)
    return {
        "d_gradient_first": d_first,
        "d_gradient_last": d_last,
        "d_gradient_ratio": d_first / d_last if d_last else float("nan"),
        "g_gradient_first": g_first,
        "g_gradient_last": g_last,
        "g_gradient_ratio": g_first / g_last if g_last else float("nan"),
        "d_real_confidence": float(real_logits.sigmoid().mean()),
        "g_gradient_norm": float(nn.utils.get_total_norm([found for found in gradients if found is not None])),
    }


def _sparsity(discriminator: nn.Module, images: Tensor) -> dict[str, float]:
    """Exactly zero activations, and exactly zero gradients of the logits in what the activation layers take in."""
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def keep(_: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        inputs.append(given[0])
        outputs.append(made.detach())

    # Every activation layer of PyTorch lives in this module; D's own hold no other kind of nonlinearity.
    layers = [layer for layer in discriminator.modules() if type(layer).__module__ == "torch.nn.modules.activation"]
    handles = [layer.register_forward_hook(keep) for layer in layers]
    images = images.detach().requires_grad_(True)
    logits = discriminator(images)
    for handle in handles:
        handle.remove()
    # Of the logits, not of the loss: a loss that saturates underflows to zeros that no layer has made.
    # A pass on the side, of a reference batch for instance, may end in a layer whose output nothing uses.
    found = torch.autograd.grad(logits.sum(), [images, *inputs], allow_unused=True)
    gradients = [gradient for gradient in found if gradient is not None]
    shares = {"d_zero_input_gradient_share": zero_share([gradients[0]])}
    if layers:
        shares["d_zero_activation_share"] = zero_share(outputs)
        shares["d_zero_gradient_share"] = zero_share(gradients[1:])
    return shares


def _picture(generator: nn.Module, real: Tensor, latent: Tensor, rules: Rules) -> dict[str, float]:
    """What shows in the images of G in evaluation mode: checkerboards, and how far interpolations stray."""
    low, high = rules.pixel_range
    half = len(latent) // 2
    start, end = latent[:half], latent[half : 2 * half]
    points = torch.cat([start, end, *(rules.between(start, end, share) for share in (0.25, 0.5, 0.75))])
    with torch.no_grad():
        made = torch.cat([generator(part) for part in points.split(len(latent))])
    fake, unit_real = ((images - low) / (high - low) for images in (made, real))
    distances = nearest_distances(fake, unit_real)
    ends = float(distances[: 2 * half].mean())
    quantities = {"interpolation_distance": float(distances[2 * half :].mean()) / ends if ends else float("nan")}
    if min(real.shape[-2:]) > 1:
        quantities["stride_energy"] = stride_energy(fake[: 2 * half], unit_real)
    return quantities


def _copies(*networks: nn.Module) -> tuple[nn.Module, ...]:
    """Deep copies in training mode with every parameter free, in float32."""
    return tuple(copy.deepcopy(network).train().requires_grad_(True).float() for network in networks)


def _finite(quantities: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in quantities.items() if value - value == 0}


def probe(
    generator: nn.Module, discriminator: nn.Module, real: Tensor, latent: Tensor, rules: Rules = PLAIN
) -> dict[str, float]:
    """Every mechanism quantity of a game at this moment.

    Works on deep copies and in a forked random state: modes, buffers, gradients and random streams stay as they are.

    Args:
        generator: latent (N, dim) -> images in the pixel range.
        discriminator: images -> logits (N,).
        real: real images (N, C, H, W) in the pixel range, as D sees them.
        latent: (M, dim), M at least 2.
        rules: how the game is played.

    Returns:
        d_zero_activation_share: of D's activations, in [0, 1].
        d_zero_gradient_share: of the gradients that reach D's layers, taken before each activation, in [0, 1].
        d_zero_input_gradient_share: of the gradient in D's input image, in [0, 1].
        d_gradient_first, d_gradient_last, d_gradient_ratio, and of g: see `gradient_probe`.
        d_real_confidence: mean of σ(D) on real images.
        g_gradient_norm: of the whole of G.
        mixed_batch_gap: in logits, see `mixed_batch_gap`.
        stride_energy: log ratio to real images, see `stride_energy`; images only.
        interpolation_distance: distance to the nearest real image at 1/4, 1/2 and 3/4 of the way between two latents,
            over that at the ends; above 1 where interpolations leave the data.
        A quantity that is not finite is left out.
    """
    with torch.random.fork_rng():
        g, d = _copies(generator, discriminator)
        quantities = _gradients(g, d, real, latent, rules)
        with torch.no_grad():
            fake = g(latent)
        quantities |= _sparsity(d, fake)
        quantities["mixed_batch_gap"] = mixed_batch_gap(d, real, fake)
        # A fresh copy: the forward passes above moved the running statistics of this one.
        quantities |= _picture(copy.deepcopy(generator).eval().float(), real, latent, rules)
    return _finite(quantities)
