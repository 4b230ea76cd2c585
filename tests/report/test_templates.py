"""What templates fill in is escaped."""

import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from sklearn_lstmdg.report import write_report
from sklearn_lstmdg.report._templates import environment

from _pages import ODD_NAME, SECTIONS, Outline


def test_names_are_escaped(folder, tmp_path, undrawn):
    title = "<script>alert(1)</script>"
    page = write_report(folder, tmp_path / "page.html", title=title).read_text(encoding="utf-8")
    assert page.count("<script>") == 1 and "&lt;script&gt;alert(1)" in page
    assert ODD_NAME not in page and "odd&lt;b&gt;&amp;" in page
    Outline(page)


def test_braces_of_a_name_are_not_filled_in(folder, tmp_path, undrawn):
    title = "{{ 7 * 7 }} {% raise %} {model}"
    page = write_report(folder, tmp_path / "page.html", title=title).read_text(encoding="utf-8")
    assert f"<h1>{title}</h1>" in page


def test_templates_escape_all_and_refuse_what_is_missing():
    templates = files("sklearn_lstmdg.report") / "templates"
    texts = [path.read_text(encoding="utf-8") for path in templates.iterdir()]
    assert (
        len(texts) == len(SECTIONS.split()) + 6
    )  # page, macros, style, script, methods.txt, agreement
    assert not any(re.search(r"\|\s*safe|autoescape", text) for text in texts)
    with pytest.raises(UndefinedError, match="nothing"):
        environment().from_string("{{ nothing }}").render()
