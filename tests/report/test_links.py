"""Links from a page of several sweeps lead to something that is there."""

import pytest

from bench.report.links import own_page


@pytest.mark.parametrize(
    ("there", "page"), [((), "index.html"), (("index.html", "report.md"), "index.html"), (("report.md",), "report.md")]
)
def test_a_sweep_without_a_page_is_linked_to_as_text(tmp_path, there, page):
    (tmp_path / "digits").mkdir()
    for name in there:
        (tmp_path / "digits" / name).touch()
    assert own_page("digits", tmp_path / "core").href == f"../digits/{page}"
