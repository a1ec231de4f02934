"""The yardstick: a GAN trained the way PyTorch's own DCGAN example does it.

After https://github.com/pytorch/examples/tree/main/dcgan in all that costs time: float32, pictures one by one through
torchvision's transforms and a DataLoader with two processes, the optimiser's default flags, the default number of
threads, two passes of D over real and fake images, one through it for G, the losses read at every step. In bf16 it is
the same loop with its forward passes under autocast, as PyTorch's documentation has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

import bench.torchvision_fix  # noqa: F401

# isort: split
from torchvision.transforms import Compose, Normalize, ToTensor

EPOCH = 50_000
"""Pictures per epoch, as in the usual sets: starting the processes again then costs next to nothing."""


class Pictures(Dataset):
    """uint8 images (N, C, H, W), gone through again until they make `EPOCH`, each scaled to [-1, 1]."""

    def __init__(self, images: Tensor) -> None:
        self.images = images.permute(0, 2, 3, 1).contiguous().numpy()
        self.transform = Compose([ToTensor(), Normalize(0.5, 0.5)])

    def __len__(self) -> int:
        return EPOCH

    def __getitem__(self, index: int) -> Tensor:
        return self.transform(self.images[index % len(self.images)])


def plain_steps(
    generator: nn.Module,
    discriminator: nn.Module,
    images: Tensor,
    *,
    batch: int,
    latent: tuple[int, ...],
    device: torch.device,
    precision: str = "float32",
    criterion: Callable[[Tensor, Tensor], Tensor] = nn.functional.binary_cross_entropy_with_logits,
) -> Iterator[int]:
    """Train for ever; after every step give the number of real images it saw.

    Args:
        generator: latents (N, *latent) -> images.
        discriminator: images -> what `criterion` compares with targets (N,).
        images: uint8 (N, C, H, W).
        batch, latent, device: of a step, of one latent, of the networks.
        precision: "float32", or "bf16" for autocast.
        criterion: answers and targets (N,) -> scalar.
    """
    generator.to(device)
    discriminator.to(device)
    loader = DataLoader(Pictures(images), batch_size=batch, shuffle=True, num_workers=2)

    def forward() -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")

    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    while True:
        for data in loader:
            discriminator.zero_grad()
            real = data.to(device)
            label = torch.full((len(real),), 1.0, device=device)
            with forward():
                output = discriminator(real)
                d_real = criterion(output, label)
            d_real.backward()
            shown = [output.mean().item()]

            label.fill_(0.0)
            with forward():
                fake = generator(torch.randn(len(real), *latent, device=device))
                output = discriminator(fake.detach())
                d_fake = criterion(output, label)
            d_fake.backward()
            shown.append(output.mean().item())
            d_optimizer.step()

            generator.zero_grad()
            label.fill_(1.0)
            with forward():
                output = discriminator(fake)
                g_loss = criterion(output, label)
            g_loss.backward()
            shown += [output.mean().item(), (d_real + d_fake).item(), g_loss.item()]
            g_optimizer.step()
            yield len(real)
