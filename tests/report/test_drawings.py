"""Figures as SVG that a page can hold."""

import re

import pytest

from sklearn_lstmdg.report._drawings import _draw
from sklearn_lstmdg.report._page import _environment

pytest.importorskip("matplotlib")


def test_a_figure_is_named_coloured_and_escaped():
    def draw(ax):
        ax.plot([0, 1], color="#0072B2", label="<script>alert(1)</script>")
        ax.legend()

    (figure,) = _draw(draw, "mine", {"A & B": "<C>"}, (3, 2))
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", figure.view_box)
    assert "<script" not in figure.svg and "&lt;script" in figure.svg
    assert "var(--c0)" in figure.svg and "#0072b2" not in figure.svg
    ids = re.findall(r' id="([^"]*)"', figure.svg)
    assert ids and all(name.startswith("mine-0-") for name in ids)
    assert figure.svg.count("<svg") == figure.svg.count("</svg") == 0
    source = "{% from 'macros.html' import drawings %}{{ drawings([figure]) }}"
    html = _environment().from_string(source).render(figure=figure)
    assert figure.svg in html and 'aria-label="&lt;C&gt;"' in html and ">A &amp; B<" in html
