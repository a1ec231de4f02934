"""Several sweeps of claims on one page."""

import shutil

import pandas as pd

from bench.report import write
from bench.report.claims_page import compose, sweeps_in


def test_the_page_answers_every_claim_and_repeats(claims_dir, tmp_path, no_pixels):
    page = write(claims_dir, tmp_path / "claims")
    text = (tmp_path / "claims" / "report.md").read_text()
    assert text.startswith("# What two tutorials claim, and what came out\n")
    assert "Of 7 claims, " in text
    table = pd.read_csv(tmp_path / "claims" / "claims.csv")
    assert list(table["hack"]) == [
        *("strided_conv", "leaky_relu", "gaussian_latent", "divisible_kernel", "discriminator_dropout", "label_noise"),
        "batch_norm",
    ]
    assert set(table["answer"]) <= {"holds", "does not hold", "cannot be told"}
    assert table["runs_changed"].min() >= 5
    # The simulated batch_norm helps much and no run fails: that nothing is learnt without it does not hold.
    assert table.set_index("hack").loc["batch_norm", "answer"] == "does not hold"
    assert table.set_index("hack").loc["strided_conv", "effect_pct"] < 10
    again = page.read_bytes()
    assert write(claims_dir, tmp_path / "claims").read_bytes() == again


def test_a_sweep_without_a_run_is_left_out(claims_dir, tmp_path, no_pixels):
    home = shutil.copytree(claims_dir, tmp_path / "results" / "claims")
    empty = home / "mlm-dcgan-claims"
    empty.mkdir()
    pd.DataFrame().to_parquet(empty / "runs.parquet")
    assert [sweep.title for sweep in sweeps_in(home)] == ["chollet-frogs", "gans-in-action"]


def test_the_title_counts_the_tutorials(claims_dir, monkeypatch, no_pixels):
    sweeps = sweeps_in(claims_dir)
    assert compose("claims", sweeps[:1]).title == "What one tutorial claims, and what came out"
    for sweep in sweeps:
        monkeypatch.setitem(sweep.found.records.about.recipe, "trouble", "D wins")
    assert compose("claims", sweeps).title == "What a lesson says cures, and what came out"


def test_the_share_of_the_sources_own_budget_is_told(claims_dir, no_pixels):
    report = compose("claims", sweeps_in(claims_dir))
    (budgets,) = [section for section in report.sections if section.anchor == "budgets"]
    row = budgets.blocks[0].rows[1]
    assert (row[0], row[-1]) == ("gans-in-action", "Langr & Bok 2019, GANs in Action, chapter 4")
    assert row[3:6] == ("64", "128", "800 of 20,000 (4.0 %)")


def test_each_recipe_is_shown_with_its_flips(claims_dir, no_pixels):
    report = compose("claims", sweeps_in(claims_dir))
    (pictures,) = [section for section in report.sections if section.anchor == "samples"]
    galleries = [block for folded in pictures.blocks for block in folded.blocks if block.kind == "gallery"]
    assert [tile.title for tile in galleries[1].tiles] == [
        "real images",
        "the recipe",
        "without batch_norm",
        "with placebo",
    ]
    names = [tile.name for gallery in galleries for tile in gallery.tiles]
    assert len(set(names)) == len(names)


def test_the_page_of_one_of_them_speaks_of_its_recipe(claims_dir, tmp_path, no_pixels):
    write(claims_dir / "gans-in-action-claims", tmp_path / "one")
    text = (tmp_path / "one" / "report.md").read_text()
    assert "In the recipe gans-in-action on **mnist5k**, FID " in text
    assert "## What each trick does in the recipe gans-in-action" in text
    assert "## Does it hold?" in text
    assert "best recipe" not in text
