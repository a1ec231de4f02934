"""The whole way from a sweep folder to a page, on simulated sweeps with known effects."""

import html.parser
import re

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from PIL import Image

from bench.errors import UserError
from bench.report import write

SMALL = {
    "hacks": ("batch_norm", "strided_conv", "divisible_kernel", "placebo"),
    "arms": False,
    "checkpoints": 3,
    "samples": False,
}


class Page(html.parser.HTMLParser):
    """Collects tags with their attributes, and the text of the page."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def read(index) -> Page:
    return Page(index.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report(sweep_dir, tmp_path_factory, undrawn):
    """index.html of the default simulated sweep."""
    with undrawn():
        return write(sweep_dir, tmp_path_factory.mktemp("reports") / "sim")


def test_the_page_needs_nothing_else(report):
    index = report
    page = read(index)
    names = {tag for tag, _ in page.tags}
    assert not names & {"link", "iframe", "object"}
    assert all("src" not in attributes for tag, attributes in page.tags if tag == "script")
    sources = [attributes["src"] for tag, attributes in page.tags if "src" in attributes]
    assert len(sources) > 15
    assert all(source.startswith("data:image/") for source in sources)
    links = [attributes["href"] for tag, attributes in page.tags if "href" in attributes]
    assert not [link for link in links if "://" in link]
    assert "url(" not in index.read_text(encoding="utf-8")


def test_figures_are_drawn_and_light(make_sweep, tmp_path):
    sweep = make_sweep(**SMALL | {"samples": True}, datasets=("shapes",))
    index = write(sweep, tmp_path / "report")
    for path in (index.parent / "figures").glob("*.png"):
        with Image.open(path) as image:
            assert len(image.convert("L").resize((64, 64)).getcolors(256)) > 5, path.name
    assert index.stat().st_size < 1.5e6


def test_every_link_leads_somewhere(report):
    index = report
    page = read(index)
    anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for _, attributes in page.tags:
        link = attributes.get("href", "")
        if link.startswith("#"):
            assert link[1:] in anchors
        elif link:
            assert (index.parent / link).is_file()


def test_reading_order(report):
    index = report
    text = read(index).text
    order = [
        "Which training tricks matter?",
        "how much does FID change",
        "On mnist5k",
        "On shapes",
        "What each trick does to FID on average",
        "All runs",
        "What if?",
        "The answer in full",
        "What the tricks do",
        "What helps and what hurts on average",
        "If you drop one trick, if you add one",
        "What each trick buys and costs",
        "What failed",
        "Where the datasets disagree",
        "Do tricks depend on each other?",
        "Do the tricks do what they are said to do?",
        "What the runs look like",
        "What the images look like",
        "What every score says",
        "How FID fell over training",
        "Early or late",
        "How stable training was",
        "Can I trust it?",
        "What a useless trick looks like here",
        "Which effects stand out from noise",
        "What this sweep could see",
        "Would another analysis say the same?",
        "How it was made",
        "What was planned and what ran",
        "How the scores were taken",
        "Versions and hardware",
        "The numbers behind this page",
    ]
    places = [0]
    for words in order:
        places.append(text.find(words, places[-1]))
        assert places[-1] >= 0, words


def test_markdown_has_the_same_tables_and_its_figures(report):
    index = report
    source = (index.parent / "report.md").read_text(encoding="utf-8")
    rendered = Page(MarkdownIt("commonmark").enable("table").render(source))
    page = read(index)
    # A gallery is a table in Markdown.
    galleries = index.read_text(encoding="utf-8").count('class="gallery"')
    # What is pointed at and explored has its numbers in the tables, and its pictures in the galleries.
    scripted, beside = 2, 4
    tables = [sum(tag == "table" for tag, _ in found.tags) for found in (rendered, page)]
    assert tables[0] == tables[1] + galleries - scripted
    pictures = [attributes["src"] for tag, attributes in rendered.tags if tag == "img"]
    assert len(pictures) == sum(tag == "img" for tag, _ in page.tags) - beside
    assert all((index.parent / picture).is_file() for picture in pictures)
    assert {p.name for p in (index.parent / "figures").iterdir()} == {p.removeprefix("figures/") for p in pictures}


def test_known_effects_are_told(report):
    index = report
    answers = re.findall(r'<div class="answer"><p>(.*?)</p>', index.read_text(encoding="utf-8"), re.DOTALL)
    assert len(answers) == 2
    assert "<code>batch_norm</code>" in answers[0].split(" help")[0]
    effects = pd.read_csv(index.parent / "effects.csv")
    assert list(effects["dataset"].unique()) == ["mnist5k", "shapes"]
    assert len(effects) == 24
    row = effects[(effects["dataset"] == "mnist5k") & (effects["hack"] == "batch_norm")].iloc[0]
    assert row["verdict"] == "helps"
    # The percent sign stays with its number by a no-break space.
    assert f"−{abs(row['effect_pct']):.0f}\u00a0%" in answers[0]


def test_the_claimed_mechanism_is_judged(report):
    index = report
    lines = (index.parent / "report.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if "share of exactly zero activations in D falls" in line]
    assert len(rows) == 2
    assert all(line.endswith("| as said |") for line in rows)
    flips = [line for line in lines if line.startswith("| `label_flips`") and "D's confidence" in line]
    assert all(line.endswith("| not shown |") for line in flips)


def test_same_records_same_bytes_in_any_order(make_sweep, tmp_path, no_pixels):
    sweep = make_sweep(**SMALL, datasets=("shapes",))
    first = write(sweep, tmp_path / "one").parent
    runs = pd.read_parquet(sweep / "runs.parquet")
    runs.sample(frac=1, random_state=3).to_parquet(sweep / "runs.parquet")
    second = write(sweep, tmp_path / "two").parent
    for name in ("effects.csv", "report.md", "index.html"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_names_from_people_cannot_become_markup(make_sweep, tmp_path, no_pixels):
    evil = "<img src=x onerror=alert(1)>|`$x_{$**"
    sweep = make_sweep(**SMALL | {"datasets": (evil,)}, effects={})
    folder = write(sweep, tmp_path / "report").parent
    page = read(folder / "index.html")
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert evil.replace("`", "'") in page.text
    rendered = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render((folder / "report.md").read_text()))
    assert all("onerror" not in attributes for _, attributes in rendered.tags)


def test_an_old_picture_does_not_stay(make_sweep, tmp_path, no_pixels):
    (tmp_path / "report" / "figures").mkdir(parents=True)
    (tmp_path / "report" / "figures" / "forest-gone.png").write_bytes(b"old")
    write(make_sweep(**SMALL, datasets=("shapes",)), tmp_path / "report")
    assert not (tmp_path / "report" / "figures" / "forest-gone.png").exists()
    assert (tmp_path / "report" / "figures" / "forest-shapes.png").is_file()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "runs.parquet").unlink(), "no runs at .*runs.parquet"),
        (lambda f: (f / "runs.parquet").write_bytes(b"PAR1 not really"), "runs.parquet' cannot be read"),
        (lambda f: (f / "plans" / "00-screen.json").write_text("{"), "the plan is not JSON"),
        (lambda f: (f / "environment.json").write_text("[]"), "holds a list, expected a JSON object"),
        (lambda f: _rewrite(f, lambda runs: runs.drop(columns="fid_noise")), "lacks the columns fid_noise"),
        (lambda f: _rewrite(f, _mix_within), "mix the extractor values domain:shapes, inception"),
        (lambda f: _rewrite(f, _mix_across), "mix the extractors domain, inception"),
        (lambda f: _rewrite(f, _mix_hashes), "mix the extractor hash values"),
    ],
)
def test_a_folder_that_cannot_be_reported_says_why_in_one_line(make_sweep, tmp_path, spoil, message):
    sweep = make_sweep(**SMALL)
    spoil(sweep)
    with pytest.raises(UserError, match=message) as caught:
        write(sweep, tmp_path / "report")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "report").exists()


def _rewrite(folder, change):
    change(pd.read_parquet(folder / "runs.parquet")).to_parquet(folder / "runs.parquet")


def _mix_within(runs):
    runs.loc[runs["dataset"].eq("shapes") & runs["seed"].eq(1), "extractor"] = "inception"
    return runs


def _mix_across(runs):
    runs.loc[runs["dataset"].eq("shapes"), "extractor"] = "inception"
    return runs


def _mix_hashes(runs):
    runs.loc[runs["seed"].eq(1), "extractor_hash"] = "00"
    return runs
