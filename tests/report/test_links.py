"""Links from a page of several sweeps lead to something that is there."""

import pytest

from bench.report.links import own_pages


@pytest.mark.parametrize(
    ("there", "page"),
    [(("index.html",), "index.html"), (("index.html", "report.md"), "index.html"), (("report.md",), "report.md")],
)
def test_the_page_of_a_sweep_is_linked_to_or_its_text(tmp_path, there, page):
    (tmp_path / "digits").mkdir()
    for name in there:
        (tmp_path / "digits" / name).touch()
    (link,) = own_pages(["digits"], tmp_path / "core")
    assert link.href == f"../digits/{page}"


def test_a_sweep_without_a_page_has_no_link(tmp_path):
    (tmp_path / "digits").mkdir()
    assert own_pages(["digits", "shapes"], tmp_path / "core") == ()
