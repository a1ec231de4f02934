import json
from dataclasses import replace

import pytest
import torch

import bench
from bench.errors import RunStopped, UserError
from bench.records.recipe_file import RecipeFile
from bench.records.run import RunSpec
from bench.runner.train import train


@pytest.fixture
def spec():
    levels = {"batch_norm": True, "tanh_scaling": True, "label_flips": True, "leaky_relu": False}
    return RunSpec(
        dataset="digits",
        levels=levels,
        hack_parameters={"label_flips": {"rate": 0.2}},
        steps=20,
        evaluations=2,
        batch=8,
        width=4,
        n=300,
        seed=3,
    )


def test_it_leaves_a_generator_that_makes_images_from_a_seed(spec, tmp_path):
    done = train(spec, tmp_path, source="by hand", device="cpu")
    assert (done.steps, sorted(done.fids), done.diverged) == (20, [10, 20], False)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["0000010.png", "0000020.png"]
    assert (tmp_path / "samples.png").read_bytes() == (tmp_path / "samples" / "0000020.png").read_bytes()
    generator = bench.load_generator(tmp_path)
    images = generator(5, seed=1)
    assert images.shape == (5, 1, generator.about.pixels, generator.about.pixels)
    assert images.dtype == torch.uint8
    assert torch.equal(images, generator(5, seed=1))
    assert not torch.equal(images, generator(5, seed=2))
    assert images.float().std() > 1
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["spec"]["steps"], record["status"]) == (20, "collapsed")
    assert record["checkpoints"] == {str(step): fid for step, fid in done.fids.items()}
    assert {"samples.png", "real.png", "curves.csv"} <= {path.name for path in tmp_path.iterdir()}
    about = RecipeFile.load(tmp_path / "recipe.toml")
    assert about == generator.about
    assert about.levels == spec.levels
    assert about.hack_parameters == spec.hack_parameters
    assert (about.trained, about.fid, about.source) == (20, done.fids[20], "by hand")


def weights(folder):
    return bench.load_generator(folder).network.state_dict()


def test_it_goes_on_where_it_was_stopped_and_ends_the_same(spec, tmp_path):
    whole = replace(spec, steps=250)
    done = train(whole, tmp_path / "whole", device="cpu")
    steps = []
    with pytest.raises(RunStopped):
        train(whole, tmp_path / "parts", device="cpu", on_step=steps.append, should_stop=lambda: len(steps) > 4)
    again = train(whole, tmp_path / "parts", device="cpu")
    assert again == done
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_more_steps_continue_a_finished_training(spec, tmp_path):
    train(spec, tmp_path, device="cpu")
    steps = []
    done = train(replace(spec, steps=40, evaluations=1), tmp_path, device="cpu", on_step=steps.append)
    assert sorted(done.fids) == [10, 20, 40]
    assert min(steps) > 20
    other = train(replace(spec, seed=4, steps=10, evaluations=1), tmp_path, device="cpu")
    assert sorted(other.fids) == [10]


def test_recipes_in_files_are_checked(tmp_path):
    path = tmp_path / "recipe.toml"
    with pytest.raises(UserError, match="cannot be read"):
        RecipeFile.load(path)
    for text, words in (("dataset = ", "no valid TOML"), ("colour = 3", "'colour'"), ("steps = 3", "names no dataset")):
        path.write_text(text)
        with pytest.raises(UserError, match=words):
            RecipeFile.load(path)
    made = RecipeFile(
        dataset='a "b"', steps=3, levels={"x": True}, hack_parameters={"x": {"a": [1, 2.5], "b": {"c": 1}}}
    )
    made.save(path)
    assert RecipeFile.load(path) == made


def test_a_folder_without_a_generator_is_refused(spec, tmp_path):
    RecipeFile.of({**spec.to_dict(), "kind": "image", "channels": 1, "pixels": 16}).save(tmp_path / "recipe.toml")
    with pytest.raises(UserError, match="no generator of this recipe"):
        bench.load_generator(tmp_path)
    RecipeFile.of({**spec.to_dict(), "levels": {"nothing": True}}).save(tmp_path / "recipe.toml")
    with pytest.raises(UserError, match="unknown hack 'nothing'"):
        bench.load_generator(tmp_path)
