"""Figures as SVG that a page can hold."""

import re

import pytest

from sklearn_lstmdg.report._svg import draw as draw_panels
from sklearn_lstmdg.report._templates import environment

pytest.importorskip("matplotlib")


def test_a_figure_is_named_coloured_and_escaped():
    def paint(ax):
        ax.plot([0, 1], color="#0072B2", label="<script>alert(1)</script>")
        ax.legend()

    (figure,) = draw_panels(paint, "mine", {"A & B": "<C>"}, (3, 2))
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", figure.view_box)
    assert "<script" not in figure.svg and "&lt;script" in figure.svg
    assert "var(--c0)" in figure.svg and "#0072b2" not in figure.svg
    ids = re.findall(r' id="([^"]*)"', figure.svg)
    assert ids and all(name.startswith("mine-0-") for name in ids)
    assert figure.svg.count("<svg") == figure.svg.count("</svg") == 0
    source = "{% from 'macros.html' import drawings %}{{ drawings([figure]) }}"
    html = environment().from_string(source).render(figure=figure)
    assert figure.svg in html and 'aria-label="&lt;C&gt;"' in html and ">A &amp; B<" in html
