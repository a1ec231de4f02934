"""Sample grids: torchvision's own layout, without loading torchvision."""

import io

import pytest
import torch
from PIL import Image

import bench.torchvision_fix  # noqa: F401
from bench.runner.grids import grid_png

# isort: split
from torchvision.transforms.functional import pil_to_tensor
from torchvision.utils import make_grid


@pytest.mark.parametrize("shape", [(64, 1, 8, 8), (64, 3, 6, 5), (13, 1, 5, 4), (3, 3, 4, 4), (1, 1, 9, 9)])
def test_a_grid_is_torchvisions(shape):
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    shown = pil_to_tensor(Image.open(io.BytesIO(grid_png(images))))
    expected = make_grid(images, nrow=8, padding=1, pad_value=64)
    assert torch.equal(shown, expected.expand(3, -1, -1)[: shape[1]])  # grey images are a grey picture
