"""Figures leave matplotlib as they found it and come out the same twice."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.report.canvas import DIVERGING, drawing, file_name, finished, log_ticks


def draw(text: str = "$a_1^{") -> bytes:
    with drawing(3, 2) as canvas:
        axis = canvas.subplots()
        axis.plot([0, 1], [0, 1])
        axis.set_title(text)
        return finished(canvas, "x", "alt", "reading").png


def test_a_figure_is_a_png_at_200_dpi_and_the_same_twice():
    png = draw()
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (600, 400)
        assert len(np.unique(np.asarray(image))) > 10
    assert draw() == png


def test_a_small_mark_keeps_its_colour_beside_many_shades_of_others():
    with drawing(3, 2) as canvas:
        axis = canvas.subplots()
        axis.imshow(np.linspace(0, 1, 4000).reshape(40, 100), cmap=DIVERGING, aspect="auto")
        axis.plot(50, 20, "s", color="#00aa00", markersize=3, markeredgewidth=0)
        png = finished(canvas, "x", "alt", "reading").png
    with Image.open(io.BytesIO(png)) as image:
        shown = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3)
    assert np.abs(shown - [0x00, 0xAA, 0x00]).max(axis=1).min() < 16


def test_the_global_state_is_left_alone():
    before = dict(mpl.rcParams)
    draw()
    assert dict(mpl.rcParams) == before


def test_the_palette_is_centred_and_differs_in_blue_against_orange():
    low, middle, high = (np.array(DIVERGING(v)[:3]) for v in (0.0, 0.5, 1.0))
    assert np.ptp(middle) < 0.03
    assert low[2] - low[0] > 0.3
    assert high[0] - high[2] > 0.3
    # Mirrored values are equally dark, so that neither side shouts louder.
    for value in (0.0, 0.15, 0.3):
        luma = [float(np.dot(DIVERGING(v)[:3], (0.2126, 0.7152, 0.0722))) for v in (value, 1 - value)]
        assert luma[0] == pytest.approx(luma[1], abs=0.08)


@given(st.text(), st.text())
def test_file_names_are_plain_and_distinct(one, other):
    names = file_name(one), file_name(other)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and name for name in names)
    assert (names[0] == names[1]) == (one == other)


def test_log_ticks_are_round():
    ticks = np.exp(log_ticks(np.log(19), np.log(310)))
    assert ticks == pytest.approx([20, 50, 100, 200])
    narrow = np.exp(log_ticks(np.log(19), np.log(34)))
    assert narrow == pytest.approx([20, 25, 30])
    wide = np.exp(log_ticks(np.log(0.01), np.log(10_000)))
    assert wide == pytest.approx([0.01, 0.1, 1, 10, 100, 1000, 10_000])
