"""The page in a real browser: what a reader sees, points at and chooses. Screenshots stay in pytest's cache."""

import json
import random
from itertools import pairwise

import chromium
import numpy as np
import pytest

from bench.records.sweep import read_sweep
from bench.report import write
from bench.report.blocks import Section, Table
from bench.report.estimates import effect
from bench.report.findings import findings
from bench.report.render import Report, write_files
from bench.report.scale import PERCENT

pytestmark = pytest.mark.skipif(bool(chromium.why_not()), reason=f"no page can be opened: {chromium.why_not()}")
ROW = "tr[data-trick={}]"


@pytest.fixture(scope="module")
def page(settled_dir, tmp_path_factory, undrawn):
    with undrawn():
        return write(settled_dir, tmp_path_factory.mktemp("page") / "whole")


@pytest.fixture(scope="module")
def told(settled_dir):
    return findings(read_sweep(settled_dir))


@pytest.fixture(scope="module")
def browser():
    found = chromium.Browser()
    yield found
    found.close()


@pytest.fixture(scope="module")
def shots(request):
    return request.config.cache.mkdir("pages")


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    yield browser
    assert browser.errors == []
    assert browser.requests == [page.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800, 400])
def test_the_page_opens_without_error_or_request(browser, page, shots, width, scheme):
    browser.open(page, width, 800, scheme)
    browser.screenshot(shots / f"{width}-{scheme}.png")
    assert browser.errors == []
    assert browser.requests == [page.as_uri()]
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
    # Nothing of the figure is cut off or runs into its neighbour.
    cut = (
        "[...document.querySelectorAll('.effects .trick, .effects .number, .effects thead button')]"
        ".filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert browser.ask(cut) == []
    ticks = (
        "[...document.querySelectorAll('.ticks')].map(svg => [...svg.querySelectorAll('text')]"
        ".map(t => t.getBoundingClientRect()).filter(b => b.width).map(b => [b.left, b.right]))"
    )
    for axis in browser.ask(ticks):
        assert len(axis) >= 1
        assert all(one[1] < other[0] for one, other in pairwise(axis))


def test_the_answer_fits_on_the_first_screen(opened):
    assert opened.ask("document.querySelector('.legend').getBoundingClientRect().bottom") < 800
    assert opened.ask("document.querySelectorAll('.samples img').length") == 4
    assert opened.ask("[...document.querySelectorAll('.samples img')].every(i => i.complete && i.naturalWidth > 20)")


def test_pointing_at_a_trick_tells_of_it(opened, told, shots):
    rows = told.local.set_index(["dataset", "hack"])
    opened.hover(f"{ROW.format('batch_norm')} td[data-dataset=shapes]")
    assert opened.until("!panel.hidden")
    text = opened.ask("panel.innerText")
    row = rows.loc[("shapes", "batch_norm")]
    assert "On shapes:" in text
    assert effect(row, PERCENT) in text
    assert PERCENT.span(row["ci_low_pct"], row["ci_high_pct"]) in text
    assert told.records.about.hacks["batch_norm"]["claim"] in text
    assert "recall" in text
    assert opened.ask("panel.querySelectorAll('.pair img').length") == 2
    assert opened.ask("panel.querySelectorAll('.plot .thick').length") == 2
    opened.screenshot(shots / "panel.png")
    opened.hover("h1")
    assert opened.until("panel.hidden")


def test_tricks_are_reached_and_left_by_keys(opened):
    opened.ask("document.querySelector('.effects thead th:last-child button').focus()")
    for _ in range(6):
        opened.press("Tab", 9)
        if opened.ask("document.activeElement.textContent") == "batch_norm":
            break
    assert opened.ask("!panel.hidden && panel.dataset.trick") == "batch_norm"
    opened.press("Enter", 13)
    assert opened.ask("pinned") == "batch_norm mnist5k"
    opened.press("Escape", 27)
    assert opened.ask("panel.hidden")


def test_a_tap_opens_the_panel_and_its_cross_closes_it(browser, page, shots):
    browser.open(page, 400)
    browser.click(f"{ROW.format('batch_norm')} .trick")
    assert browser.until("!panel.hidden")
    browser.screenshot(shots / "tapped.png")
    tops = browser.ask("[panel, document.querySelector('tr.told')].map(e => e.getBoundingClientRect().top)")
    assert tops[0] > tops[1] + 15
    browser.click("#panel .close")
    assert browser.until("panel.hidden")
    assert browser.errors == []


def test_the_page_can_be_about_one_dataset(opened):
    opened.click(".datasets .pick[data-pick=shapes]")
    assert opened.ask("[...document.querySelectorAll('[data-dataset=mnist5k]')].every(e => e.hidden)")
    assert opened.ask("[...document.querySelectorAll('[data-dataset=shapes]')].every(e => !e.hidden)")
    assert opened.ask("document.querySelector('.datasets [data-pick=shapes]').getAttribute('aria-pressed')") == "true"
    opened.click(".datasets .pick[data-pick='']")
    assert opened.ask("[...document.querySelectorAll('[data-dataset]')].every(e => !e.hidden)")


def test_runs_are_filtered_and_sorted(opened, told, shots):
    runs = told.records.runs
    opened.click("#explore summary")
    assert opened.until("document.querySelectorAll('#runs tbody tr').length") == len(runs)
    opened.click("[data-filter=batch_norm]")
    opened.click("[data-filter=adam_beta1]")
    opened.click("[data-filter=adam_beta1]")
    opened.click("[data-sort=recall]")
    opened.click("[data-sort=recall]")
    places = opened.ask("[...document.querySelectorAll('#runs tbody tr')].map(row => Number(row.dataset.run))")
    wanted = runs[runs["batch_norm"] & ~runs["adam_beta1"]]
    assert sorted(places) == sorted(wanted.index)
    recall = runs.loc[places, "recall"].round(4)
    assert list(recall) == sorted(recall, reverse=True)
    opened.click("#runs tbody tr")
    text = opened.ask("document.getElementById('run').innerText")
    assert f"--seed {runs.loc[places[0], 'seed']} --set " in text
    assert "batch_norm=on" in text
    assert "adam_beta1=off" in text
    assert opened.ask("document.querySelectorAll('#run img, #run .plot').length") >= 3
    opened.screenshot(shots / "explorer.png")


def test_runs_of_several_datasets_are_placed_by_the_median_of_theirs(opened, told):
    """FIDs of datasets do not compare: the same run stands elsewhere once its dataset is alone."""
    opened.click("#explore summary")
    assert opened.until("document.querySelectorAll('#scatter .dot').length")
    fids = told.records.runs[told.records.runs["fid"] > 0].groupby("dataset")["fid"]
    medians = fids.apply(lambda own: own.sort_values().iloc[len(own) // 2])
    assert opened.ask("units()") == pytest.approx([medians[name] for name in told.records.datasets], rel=1e-3)
    words = "[...document.querySelectorAll('#scatter text')].map(text => text.textContent)"
    assert "FID ÷ median of its dataset" in opened.ask(words)
    opened.click(".datasets .pick[data-pick=shapes]")
    assert opened.until("units().every(unit => unit === 1)")
    assert "FID" in opened.ask(words)


def test_what_if_says_what_the_analysis_predicts(opened, told, shots):
    opened.click("#what-if summary")
    chosen = random.Random(0)
    for dataset, surface in told.surfaces.items():
        for _ in range(5):
            levels = {hack: chosen.random() < 0.5 for hack in told.records.hacks}
            script = f"predict(DATA.models[{json.dumps(dataset)}], {json.dumps(levels)})"
            assert opened.ask(script) == pytest.approx(surface.predict(levels), abs=2e-4)
    assert opened.until("document.querySelectorAll('#nearest .tile').length")
    opened.click("[data-level=batch_norm]")
    levels = told.incumbent("mnist5k").levels
    levels = levels | {"batch_norm": not levels["batch_norm"]}
    shown = opened.ask("document.querySelector('#prediction b').textContent").removeprefix("FID ")
    assert float(shown.replace(",", "")) == pytest.approx(np.exp(told.surfaces["mnist5k"].predict(levels)[0]), rel=6e-3)
    assert opened.ask("document.querySelectorAll('#nearest .tile').length") == 7
    opened.screenshot(shots / "what-if.png")


def test_without_scripts_the_numbers_are_there(browser, page, told):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
    text = browser.ask("document.querySelector('.effects').innerText")
    for _, row in told.local[told.local["effect_log"].notna()].iterrows():
        assert effect(row, PERCENT).replace(" %", "\u00a0%") in text
    assert browser.ask("[...document.querySelectorAll('.scripted')].every(e => getComputedStyle(e).display === 'none')")


def test_every_section_opens_and_is_on_paper(opened):
    assert opened.ask("document.querySelectorAll('details.section:not([open])').length") > 12
    opened.ask("dispatchEvent(new Event('beforeprint'))")
    assert opened.ask("document.querySelectorAll('details:not([open])').length") == 0
    assert opened.ask("[...document.images].every(image => image.alt)")


@pytest.fixture(scope="module")
def claims_page(claims_dir, tmp_path_factory, undrawn):
    with undrawn():
        return write(claims_dir, tmp_path_factory.mktemp("page") / "claims")


@pytest.mark.parametrize("width", [1280, 800, 400])
def test_the_page_of_claims_opens_at_every_width(browser, claims_page, shots, width):
    browser.open(claims_page, width, 800, "light")
    browser.screenshot(shots / f"claims-{width}.png")
    assert browser.errors == []
    assert browser.requests == [claims_page.as_uri()]
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def table_page(tmp_path_factory):
    rows = (
        ("`lecam`", "penalty", "+12 % (+1.0 to +24 %)"),
        ("`ema`", "update", "−40 % (−45 to −35 %)"),
        ("`hinge_loss`", "loss", "× 12 (× 8.0 to × 15)"),
        ("`mixup`", "loss", "–"),
        ("`placebo`", "", "at most 12 %"),
    )
    table = Table(("trick", "family", "FID"), rows, "llr", "Every trick", sortable=True)
    report = Report("s", "Title", "Question?", (), Section("answer", "In short", (table,)), ())
    return write_files(report, tmp_path_factory.mktemp("page") / "table")


def test_a_table_is_sorted_by_its_heads_and_filtered_by_words(browser, table_page):
    browser.open(table_page)
    names = "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.cells[0].textContent)"
    browser.click("thead th:nth-child(3) button")
    assert browser.ask(names) == ["ema", "placebo", "lecam", "hinge_loss", "mixup"]
    browser.click("thead th:nth-child(3) button")
    assert browser.ask(names) == ["hinge_loss", "lecam", "placebo", "ema", "mixup"]
    assert browser.ask("document.querySelector('[aria-sort]').textContent") == "FID"
    browser.click("thead th:nth-child(1) button")
    assert browser.ask(names) == ["ema", "hinge_loss", "lecam", "mixup", "placebo"]
    search = "(words => {{ const box = document.querySelector('.finds'); box.value = words; "
    search += "box.dispatchEvent(new Event('input')); }})({})"
    browser.ask(search.format("'LOSS 12'"))
    assert browser.ask(names) == ["hinge_loss"]
    browser.ask(search.format("''"))
    assert len(browser.ask(names)) == 5
    assert browser.errors == []
    assert browser.requests == [table_page.as_uri()]
