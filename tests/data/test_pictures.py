import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bench.data import pictures, storage
from bench.data.pictures import decode, decode_all, is_picture

RED, HALF = (200, 30, 40), 128


def encode(image: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def plain(mode, colour, size=(40, 50)):
    return Image.new(mode, size, colour)


def corner_colours(pixels: np.ndarray) -> set:
    return {tuple(int(v) for v in pixels[:, y, x]) for y in (0, -1) for x in (0, -1)}


@pytest.mark.parametrize(
    ("content", "expected", "is_grey"),
    [
        (encode(plain("RGB", RED)), RED, False),
        (encode(plain("L", 90)), (90, 90, 90), True),
        (encode(plain("1", 1)), (255, 255, 255), True),
        (encode(plain("RGBA", (*RED, 255))), RED, False),
        (encode(plain("RGBA", (0, 0, 0, 0))), (255, 255, 255), False),
        (encode(plain("LA", (100, 255))), (100, 100, 100), True),
        (encode(plain("LA", (100, 0))), (255, 255, 255), True),
        (encode(plain("RGB", RED).quantize(4)), RED, False),
        (encode(plain("P", 0), transparency=0), (255, 255, 255), False),
        (encode(plain("RGB", RED), transparency=RED), (255, 255, 255), False),
        (encode(plain("L", 90), transparency=90), (255, 255, 255), True),
        (encode(plain("I;16", 65535)), (255, 255, 255), True),
        (encode(plain("I;16", 25700)), (100, 100, 100), True),
        (encode(plain("I;16", 25830)), (101, 101, 101), True),  # 100.506: rounded, not cut
        (encode(plain("I;16", 25700), "TIFF"), (100, 100, 100), True),
        (encode(plain("CMYK", (0, 255, 255, 0)), "TIFF"), (255, 0, 0), False),
        (encode(plain("RGB", RED), "WEBP", lossless=True), RED, False),
        (encode(plain("RGB", RED), "BMP"), RED, False),
        (encode(plain("RGB", RED), "PPM"), RED, False),
        (encode(plain("RGB", RED), "GIF"), RED, False),
    ],
)
def test_each_kind_of_pixel(content, expected, is_grey):
    pixels, grey = decode(content, 16)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (3, 16, 16)
    assert corner_colours(pixels) == {expected}
    assert grey is is_grey


@pytest.mark.parametrize(
    ("mode", "colour", "expected"), [("CMYK", (0, 255, 255, 0), (254, 0, 0)), ("L", 90, (90,) * 3)]
)
def test_jpeg_of_other_colour_spaces(mode, colour, expected):
    pixels, _ = decode(encode(plain(mode, colour), "JPEG", quality=95), 16)
    assert np.abs(pixels[:, 8, 8].astype(int) - expected).max() <= 2


def test_half_transparent_lies_over_white():
    pixels, _ = decode(encode(plain("RGBA", (0, 0, 0, HALF))), 16)
    assert corner_colours(pixels) == {(127, 127, 127)}


def test_sixteen_bits_keep_their_order():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    image = Image.fromarray(np.broadcast_to(ramp, (256, 256)).copy())
    pixels, _ = decode(encode(image), 64)
    assert np.all(np.diff(pixels[0, 0].astype(int)) > 0)
    assert pixels[0, 0, 0] <= 3
    assert pixels[0, 0, -1] >= 252


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_known_range_are_refused(mode):
    with pytest.raises(ValueError, match=r"range|16 bits"):
        decode(encode(plain(mode, 1000000), "TIFF"), 16)


@pytest.mark.parametrize("size", [(90, 30), (30, 90), (31, 30), (900, 300), (1, 7)])
def test_the_central_square_is_taken(size):
    """Outside the square lies red, inside blue with nothing of the outside bleeding in by more than the filter."""
    side = min(size)
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), ((size[0] - side) // 2, (size[1] - side) // 2, *((s - side) // 2 + side for s in size)))
    pixels, _ = decode(encode(image), 16)
    assert corner_colours(pixels) == {(0, 0, 255)}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_upright(orientation):
    """Against Pillow's own transposition, on a picture without symmetry."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(image, exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert np.array_equal(decode(content, 16)[0], upright.transpose(2, 0, 1))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_large_pictures_shrink_to_their_local_means(form):
    """Box and triangle filters both keep a smooth picture: against plain block means in float."""
    x = np.linspace(0, 6, 1024)
    smooth = (127 + 60 * np.sin(x)[None, :] + 60 * np.cos(x)[:, None]).astype(np.uint8)
    pixels, _ = decode(encode(Image.fromarray(np.stack([smooth] * 3, axis=-1)), form), 32)
    means = smooth.reshape(32, 32, 32, 32).mean(axis=(1, 3))
    assert np.abs(pixels[0] - means)[1:-1, 1:-1].max() < 3


def test_only_the_first_frame_of_an_animation_counts():
    frames = [plain("RGB", colour) for colour in (RED, (0, 0, 255))]
    for form in ("GIF", "WEBP"):
        content = encode(frames[0], form, save_all=True, append_images=frames[1:])
        assert np.abs(decode(content, 16)[0][:, 8, 8].astype(int) - RED).max() <= 6


def test_formats_that_run_programs_are_not_opened():
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    decoded = decode_all(["x.png", "y.png"], {"x.png": eps, "y.png": encode(plain("RGB", RED))}.get, 16)
    assert decoded.broken == {"x.png": "not a picture of a known format"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.PNG", True), ("x/b.jpeg", True), ("c.webp", True), ("d.txt", False), ("x/._a.png", False), ("png", False)],
)
def test_what_counts_as_a_picture(name, expected):
    assert is_picture(name) is expected


@pytest.fixture
def mixed():
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (60, 60, 3), np.uint8))
    jpeg = encode(noise, "JPEG")
    return {
        "good.png": encode(plain("RGB", RED)),
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "text.png": b"not a picture at all",
        "empty.png": b"",
        "good.jpg": jpeg,
        "cut.png": encode(noise)[:-300],
        "cut.webp": encode(noise, "WEBP")[:200],
    }


def test_broken_files_are_named_with_a_reason(mixed):
    decoded = decode_all(list(mixed), mixed.get, 16)
    assert list(decoded.broken) == ["truncated.jpg", "text.png", "empty.png", "cut.png", "cut.webp"]
    assert "truncated" in decoded.broken["truncated.jpg"]
    assert decoded.broken["text.png"] == "not a picture of a known format"
    assert all(reason and "\n" not in reason and "0x" not in reason for reason in decoded.broken.values())
    assert decoded.rows.tolist() == [0, 4]
    assert np.array_equal(decoded.images[0], decode(mixed["good.png"], 16)[0])
    assert np.array_equal(decoded.images[1], decode(mixed["good.jpg"], 16)[0])


def test_all_grey_gives_one_channel_and_one_colour_picture_three():
    grey = {f"{i}.png": encode(plain("L", 10 * i)) for i in range(4)}
    decoded = decode_all(list(grey), grey.get, 16)
    assert decoded.images.shape == (4, 1, 16, 16)
    assert decoded.images[:, 0, 0, 0].tolist() == [0, 10, 20, 30]
    colour = {**grey, "c.png": encode(plain("RGB", RED))}
    assert decode_all(list(colour), colour.get, 16).images.shape == (5, 3, 16, 16)


def same(a, b):
    return np.array_equal(a.images, b.images) and np.array_equal(a.rows, b.rows) and a.broken == b.broken


def test_the_cache_is_keyed_by_content(mixed, monkeypatch):
    calls = []
    monkeypatch.setattr(pictures, "decode", lambda content, resolution: calls.append(0) or decode(content, resolution))
    first = decode_all(list(mixed), mixed.get, 16)
    assert len(calls) == 7
    assert same(decode_all(list(mixed), mixed.get, 16), first)
    assert len(calls) == 7 + 5, "only the broken ones are looked at again, for their reasons"
    changed = {**mixed, "good.png": encode(plain("RGB", (1, 2, 3)))}
    again = decode_all(list(changed), changed.get, 16)
    assert again.images[0, :, 0, 0].tolist() == [1, 2, 3]
    assert decode_all(list(mixed), mixed.get, 32).images.shape[-1] == 32
    assert len(calls) == 7 + 5 + 7 + 7


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"garbage" * 100])
def test_a_damaged_cache_is_made_again(mixed, damage, tmp_path):
    first = decode_all(list(mixed), mixed.get, 16)
    for path in (tmp_path / "cache" / "pictures").iterdir():
        path.write_bytes(damage)
    assert same(decode_all(list(mixed), mixed.get, 16), first)


def test_a_cache_that_holds_a_pickle_is_not_loaded(mixed, tmp_path):
    first = decode_all(list(mixed), mixed.get, 16)
    for path in (tmp_path / "cache" / "pictures").iterdir():
        np.save(path, np.array([print], dtype=object), allow_pickle=True)
    assert same(decode_all(list(mixed), mixed.get, 16), first)


def test_without_a_writable_cache_pictures_are_still_read(mixed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "file"))
    assert len(decode_all(list(mixed), mixed.get, 16).images) == 2


def test_large_sets_are_memory_mapped_and_equal(mixed, monkeypatch):
    in_memory = decode_all(list(mixed), mixed.get, 32)
    monkeypatch.setattr(storage, "ram_bytes", lambda: 4000)
    for _ in range(2):
        mapped = decode_all(list(mixed), mixed.get, 32)
        assert isinstance(mapped.images, np.memmap)
        assert same(mapped, in_memory)


SEEDS = [
    encode(Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)), form)
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
]


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_the_damage_a_file_is_either_read_or_named(data):
    content = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = bytes(content[: data.draw(st.integers(0, len(content)))])
    pixels = np.zeros((1, 3, 16, 16), np.uint8)
    status, reasons = pictures._decode_into(pixels, ["x.png"], lambda name: content, map)
    assert (status[0] == 0) == ("x.png" in reasons)


@pytest.mark.filterwarnings("error::UserWarning")
def test_what_a_parser_warns_of_stays_off_the_screen(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[0x9286] = "a comment"
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=exif.tobytes()[:-4])
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    decoded = pictures.decode_all(["a.jpg"], lambda name: out.getvalue(), 16)
    assert len(decoded.rows) == 1


def test_a_picture_of_absurd_size_is_a_broken_one(tmp_path, monkeypatch):
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    decoded = pictures.decode_all(["huge.png"], lambda name: out.getvalue(), 16)
    assert "decompression bomb" in decoded.broken["huge.png"]
