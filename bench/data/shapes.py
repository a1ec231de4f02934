"""`shapes`: our procedural RGB set, 16 classes = shape x colour, so that colour and modes are exercised.

A picture is one filled shape (disk, square, triangle or cross, all of about equal area) of one colour (red, green,
blue or yellow), at a random position, size and rotation, wholly inside the frame, on a dark background with a faint
linear gradient. A picture is a function of its parameters, so every resolution shows the same pictures.

Only +, -, x, comparisons and rounded sines reach the pixels: those are exact in IEEE arithmetic, so the content hash
is the same on every machine.
"""

import math

import numpy as np

from bench.data.registry import Request, Source, Splits, register

SHAPES = ("disk", "square", "triangle", "cross")
COLOURS = {"red": (230, 40, 40), "green": (40, 200, 60), "blue": (60, 90, 240), "yellow": (235, 215, 50)}
CLASSES = tuple(f"{colour} {shape}" for shape in SHAPES for colour in COLOURS)
TRAIN, REFERENCE, SEED = 4000, 2000, 16

# Sizes that give every shape the area of a disk of radius 1.
_SQUARE_HALF = math.sqrt(math.pi) / 2
_TRIANGLE_RADIUS = math.sqrt(4 * math.pi / (3 * math.sqrt(3)))
_CROSS_HALF = math.sqrt(math.pi / 2.56)  # bars 0.4 as wide as long: area 2.56 x half-length squared
_CROSS_WIDTH = 0.4 * _CROSS_HALF
# Distance from the centre to the farthest point, in the order of SHAPES.
_REACH = np.array([1.0, _SQUARE_HALF * math.sqrt(2), _TRIANGLE_RADIUS, math.hypot(_CROSS_HALF, _CROSS_WIDTH)])
_CHUNK = 128  # pictures drawn at once: the sample grids of a chunk stay in the processor's cache


def _covered(shape: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points in a shape's own frame (unit size, unrotated) lie inside it; bool, shape of `x`."""
    if shape == "disk":
        return x * x + y * y < 1
    if shape == "square":
        return np.maximum(np.abs(x), np.abs(y)) < _SQUARE_HALF
    if shape == "triangle":
        inner = np.float32(_TRIANGLE_RADIUS / 2)
        slope = np.float32(round(math.sqrt(3) / 2, 6))
        return (y > -inner) & (slope * np.abs(x) + np.float32(0.5) * y < inner)
    across, along = np.minimum(np.abs(x), np.abs(y)), np.maximum(np.abs(x), np.abs(y))
    return (across < np.float32(_CROSS_WIDTH)) & (along < np.float32(_CROSS_HALF))


def _parameters(n: int, seed: int) -> dict[str, np.ndarray]:
    """Everything that defines n pictures, as float64 arrays (n, ...); classes are balanced, in random order."""
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = (np.arange(n) % len(CLASSES))[np.argsort(rng.random(n), kind="stable")]
    radius = 0.15 + 0.1 * rng.random(n)
    margin = radius * _REACH[labels // len(COLOURS)] + 0.02
    centre = margin[:, None] + (1 - 2 * margin[:, None]) * rng.random((n, 2))
    angle = 2 * math.pi * rng.random(n)
    tilt = 2 * math.pi * rng.random(n)
    colour = np.array(list(COLOURS.values()))[labels % len(COLOURS)] * (0.85 + 0.15 * rng.random((n, 1)))
    return {
        "labels": labels.astype(np.int64),
        "centre": centre,
        # Sines differ in their last bit between processors; rounding takes that bit away.
        "turn": np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1), 6) / radius[:, None],
        "colour": colour,
        "background": 10 + 30 * rng.random((n, 3)),
        "gradient": np.round(np.stack([np.cos(tilt), np.sin(tilt)], axis=1), 6) * (20 * rng.random((n, 1))),
    }


def _coverage(shape: str, centre: np.ndarray, turn: np.ndarray, resolution: int, samples: int) -> np.ndarray:
    """Share of each pixel that a shape covers, float32 (n, resolution, resolution), from samples² points a pixel."""
    side = resolution * samples
    grid = ((np.arange(side, dtype=np.float64) + 0.5) / side).astype(np.float32)
    dx = grid[None, None, :] - centre[:, 0, None, None].astype(np.float32)
    dy = grid[None, :, None] - centre[:, 1, None, None].astype(np.float32)
    cos, sin = (turn[:, i, None, None].astype(np.float32) for i in (0, 1))
    inside = _covered(shape, dx * cos + dy * sin, dy * cos - dx * sin)
    counts = inside.reshape(-1, resolution, samples, resolution, samples).sum(axis=(2, 4), dtype=np.uint8)
    return counts.astype(np.float32) / np.float32(samples * samples)


def draw(n: int, resolution: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n pictures: uint8 (n, 3, resolution, resolution) and labels int64 (n,), indices into `CLASSES`.

    The same seed gives the same pictures at every resolution.
    """
    known = _parameters(n, seed)
    samples = 4 if resolution <= 16 else 3 if resolution <= 32 else 2
    axis = ((np.arange(resolution, dtype=np.float64) + 0.5) / resolution - 0.5).astype(np.float32)
    images = np.empty((n, 3, resolution, resolution), dtype=np.uint8)
    shape_of = known["labels"] // len(COLOURS)
    for index, shape in enumerate(SHAPES):
        rows_of_shape = np.flatnonzero(shape_of == index)
        for start in range(0, len(rows_of_shape), _CHUNK):
            rows = rows_of_shape[start : start + _CHUNK]
            share = _coverage(shape, known["centre"][rows], known["turn"][rows], resolution, samples)[:, None]
            slope = known["gradient"][rows].astype(np.float32)
            light = slope[:, 0, None, None] * axis[None, None, :] + slope[:, 1, None, None] * axis[None, :, None]
            background = known["background"][rows].astype(np.float32)[:, :, None, None] + light[:, None]
            colour = known["colour"][rows].astype(np.float32)[:, :, None, None]
            pixels = background + share * (colour - background)
            images[rows] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return images, known["labels"]


def _read(request: Request) -> Splits:
    images, labels = draw(TRAIN, request.resolution, SEED)
    reference_images, reference_labels = draw(REFERENCE, request.resolution, SEED + 1)
    return Splits(
        images=images,
        labels=labels,
        classes=CLASSES,
        reference_images=reference_images,
        reference_labels=reference_labels,
        split=f"{TRAIN:,} train / {REFERENCE:,} reference pictures, two balanced draws with seeds {SEED}, {SEED + 1}",
        source=f"procedural: {len(SHAPES)} shapes x {len(COLOURS)} colours",
        classifier="shapes",
    )


register(
    Source(
        name="shapes",
        read=_read,
        resolution=32,
        size=f"{TRAIN} + {REFERENCE}",
        channels=3,
        classes=len(CLASSES),
        obtain="nothing to do",
        find=lambda root: "embedded (procedural)",
    )
)
