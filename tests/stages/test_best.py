"""What a sweep stands on, told and trained."""

import re
import shlex
from dataclasses import replace

import pytest

from bench import analysis, load_generator, load_runs
from bench.cli import main
from bench.cli.best import best_of, best_text, cell_of, datasets_of
from bench.errors import UserError
from bench.plan.incumbent import mean_and_margin
from bench.records.outcome import outcome_of, with_outcome
from bench.records.recipe_file import RecipeFile

ON = {"batch_norm": True, "leaky_relu": True, "label_flips": False, "placebo": False}


@pytest.fixture
def home(tmp_path, monkeypatch, factory, small, the_judge, carry_out):
    """A folder with a finished sweep in results/small."""
    monkeypatch.chdir(tmp_path)
    carry_out(tmp_path / "results" / "small", small, the_judge)
    return tmp_path / "results" / "small"


def test_the_incumbent_is_told_with_its_score_on_seeds_that_did_not_choose_it(home):
    found = best_of(home, "digits")
    assert found.levels == ON
    runs = with_outcome(load_runs(home))
    middle = runs[
        (runs["arm"] == "incumbent") & (runs["cell"] == runs.loc[runs["arm"] == "incumbent", "cell"].iloc[-1])
    ]
    assert list(found.y) == list(middle["y"])
    mean, margin = mean_and_margin(found.y, outcome_of("fid"))
    text = best_text(found)
    assert text.splitlines()[:3] == [
        "digits: the winner of the race",
        "  on:       batch_norm, leaky_relu",
        "  off:      label_flips",
    ]
    assert f"FID {mean:.3g} ± {margin:.2g} on {len(middle)} seeds that did not choose it, after 4 steps" in text
    assert "ganbench train --from small --dataset digits --out my-digits" in text


def test_the_command_that_trains_it_is_one_for_a_shell(home):
    found = replace(best_of(home, "digits"), dataset="folder:~/my pictures")
    (line,) = [line for line in best_text(found).splitlines() if line.startswith("  train it: ")]
    assert shlex.split(line)[-3:] == ["folder:~/my pictures", "--out", "my-folder-my-pictures"]


def test_a_flip_that_is_most_likely_better_is_told_with_its_cell(home, monkeypatch):
    monkeypatch.setattr(analysis, "flip_to_take", lambda table, sign: "leaky_relu" if sign < 0 else None)
    found = best_of(home, "digits")
    told = re.fullmatch(r"without leaky_relu \(FID [+−][\d.]+ % with it(, not proven)?\): --cell (\S+)", found.likely)
    assert cell_of(home, "digits", told.group(2)).levels == {**ON, "leaky_relu": False}
    assert f"  likely better still: {found.likely}\n" in best_text(found)
    monkeypatch.setattr(analysis, "flip_to_take", lambda *_: None)
    assert "likely" not in best_text(best_of(home, "digits"))


def test_before_it_is_settled_it_says_so(tmp_path, factory, small, the_judge, carry_out, killed):
    factory.after = 18
    with pytest.raises(killed):
        carry_out(tmp_path, small, the_judge)
    found = best_of(tmp_path, "digits")
    assert found.levels["batch_norm"]
    assert found.source == "the best one found so far, chosen by its own score"
    assert "none yet on seeds that did not choose it" in best_text(found)


def test_a_cell_by_name(home):
    full = cell_of(home, "digits", "full")
    assert full.levels == dict.fromkeys(ON, True)
    assert "that chose it, so it is flattered" in best_text(full)
    with pytest.raises(UserError, match=r"cell 'ful' \(did you mean full\?\): sweep 'small' has none of that name"):
        cell_of(home, "digits", "ful")
    with pytest.raises(UserError, match="sweep 'small' has digits"):
        datasets_of(home, "mnist")


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, err = capsys.readouterr()
    return end.value.code, out, err


def test_the_best_recipe_is_shown_and_trained(home, capsys):
    code, out, _ = call(capsys, "show", "best", "--name", "small")
    assert code == 0
    assert out.startswith("digits: the winner of the race")
    code, out, err = call(capsys, "train", "--from", "small", "--out", "mine", "--steps", "6", "--evaluations", "2")
    assert code == 0, err
    assert "step 3: FID " in out
    unknown = "whether it lasts longer than the 4 steps of the sweep is not known"
    assert f"  {unknown}: `ganbench show best --name small` names the sweep that asks\n" in out
    assert out.strip().splitlines()[-1] == "written: mine"
    generator = load_generator("mine")
    assert generator.about.levels == ON
    assert generator.about.source == "sweep small, digits: the winner of the race"
    assert generator(3).shape == (3, 1, 16, 16)
    code, out, err = call(capsys, "train", "--recipe-file", "mine/recipe.toml", "--out", "again", "--seed", "1")
    assert code == 0, err
    again = RecipeFile.load(home.parents[1] / "again" / "recipe.toml")
    assert (again.trained, again.levels, again.seed) == (6, ON, 1)
    code, out, err = call(capsys, "train", "--from", "small", "--cell", "bare", "--out", "bare", "--steps", "2")
    assert code == 0, err
    assert "lasts" not in out
    assert not any(load_generator("bare").about.levels.values())
