"""Inline marks and escaping, which everything that comes from people passes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.blocks import Table, code, to_html, to_markdown


def test_marks_become_tags():
    assert to_html("**a** and `b`") == "<strong>a</strong> and <code>b</code>"


def test_html_is_escaped_inside_and_outside_of_marks():
    assert to_html("<b>x</b> `<i>`") == "&lt;b&gt;x&lt;/b&gt; <code>&lt;i&gt;</code>"
    assert to_html("**<b>**") == "<strong>&lt;b&gt;</strong>"


def test_stars_in_code_are_literal():
    assert to_html("`a**b**`") == "<code>a**b**</code>"


@given(st.text())
def test_no_text_makes_a_tag_of_its_own(text):
    left = to_html(text)
    for tag in ("<strong>", "</strong>", "<code>", "</code>"):
        left = left.replace(tag, "")
    assert "<" not in left
    assert ">" not in left


@given(st.text(min_size=1))
def test_a_name_stays_one_code_mark(name):
    marked = code(name)
    assert marked.count("`") == 2
    assert "\n" not in marked


def test_markdown_keeps_marks_and_defuses_html_and_columns():
    assert to_markdown("`a` <b> & c") == "`a` &lt;b&gt; &amp; c"
    assert to_markdown("`a|b` | c", in_table=True) == "`a\\|b` \\| c"


def test_a_ragged_table_is_refused():
    with pytest.raises(ValueError, match="different lengths"):
        Table(("a", "b"), (("1",),), "lr")
