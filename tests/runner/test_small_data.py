"""Few pictures, or one class: what cannot be scored is refused before it is trained, with what to do."""

import numpy as np
import pytest
from PIL import Image

from bench.cli import main


def pictures(folder, count):
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def called(*words):
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return end.value.code


@pytest.mark.parametrize("verb", ["run", "sweep", "plan"])
@pytest.mark.parametrize("count", [3, 150])
def test_few_pictures_are_refused_before_training(verb, count, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bench.runner.training.advance", None)
    folder = pictures(tmp_path / "set", count)
    option = "--dataset" if verb == "run" else "--datasets"
    code = called(
        verb, option, f"folder:{folder}", "--steps", "20", "--width", "2", "--batch", "8", "--resolution", "16"
    )
    errors = capsys.readouterr().err
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert "FID needs more images than the 64 features of random-conv" in errors
    assert "take a dataset of some 195 images" in errors


def test_too_few_images_asked_for_names_the_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert called("run", "--dataset", "digits", "--n", "60", "--steps", "5", "--width", "2") == 2
    assert "take --n 65 or more" in capsys.readouterr().err


def test_one_class_is_scored_by_what_there_is(tmp_path, monkeypatch, capsys):
    """As many pictures as the line above asks for are enough."""
    monkeypatch.chdir(tmp_path)
    folder = pictures(tmp_path / "set" / "only", 200).parent
    words = ["--steps", "4", "--width", "2", "--batch", "8", "--resolution", "16", "--evaluations", "1"]
    assert called("run", "--dataset", f"folder:{folder}", *words) == 0
