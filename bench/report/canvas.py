"""One look for all figures, without touching matplotlib's global state.

Figures are objects of `matplotlib.figure.Figure` drawn by the Agg canvas; the style lives in a context that is left
with the figure. Blue is better (lower FID) and orange is worse everywhere: the pair stays apart in every common form
of colour blindness.
"""

import hashlib
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from PIL import Image

from bench.report.blocks import Figure

INK, QUIET, RULE, BAND = "#1f2933", "#68737d", "#d9dee3", "#eef1f4"
BETTER, WORSE, MIDDLE = "#1f6f9f", "#c2591b", "#eeeeec"
PLACEBO_INK = "#8c5aa8"
OFF = "#8a8f98"
VERDICT_INK = {
    "helps": BETTER,
    "hurts": WORSE,
    "fragile": "#9b2c2c",
    "negligible": "#4b5563",
    "inconclusive": "#98a2ad",
}
VERDICT_MARK = {"helps": "P", "hurts": "X", "fragile": "^", "negligible": "s", "inconclusive": "o"}
DIVERGING = LinearSegmentedColormap.from_list(
    "better_worse", ["#15557f", "#4b93bd", "#a9cde2", MIDDLE, "#f3c39c", "#dc8447", "#9c410c"]
)
_DPI = 200
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": BAND,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.parse_math": False,
}


@contextmanager
def drawing(width: float, height: float) -> Iterator[Canvas]:
    """A figure of `width` × `height` inches in the report's style; the style ends with the block."""
    with mpl.rc_context({**sns.axes_style("white"), **_STYLE}):
        canvas = Canvas(figsize=(width, height), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        yield canvas


def finished(canvas: Canvas, name: str, alt: str, reading: str, on_page: bool = True) -> Figure:
    """The figure as a block of the page."""
    width = round(96 * canvas.get_figwidth())
    return Figure(name=name, png=png(canvas), width=width, alt=alt, reading=reading, on_page=on_page)


def png(canvas: Canvas) -> bytes:
    """Draw the figure to PNG bytes (no metadata, 64 colours: the same input gives the same bytes).

    Colours are chosen to cover all there are: by how often they occur, that of a small mark would become another's.
    """
    canvas.canvas.draw()
    pixels = canvas.canvas.buffer_rgba()
    height, width = pixels.shape[:2]
    image = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    small = image.quantize(colors=64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="png", optimize=True)
    return out.getvalue()


def file_name(text: str) -> str:
    """`text` as a part of a file name: letters, digits and dashes, with a digest where that lost anything."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    return plain if plain and plain == text else f"{plain or 'unnamed'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def shortened(text: str, length: int = 28) -> str:
    """`text` cut to what fits beside an axis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values between exp(low) and exp(high), at most `most` of them unless powers of ten are more, as logs."""
    for steps in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        powers = range(math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1)
        ticks = [math.log(step * 10.0**power) for power in powers for step in steps]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            break
    return inside
