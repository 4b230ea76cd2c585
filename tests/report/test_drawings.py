"""Figures as SVG that a page can hold."""

import re

import pytest

from sklearn_lstmdg.report._drawings import _draw

pytest.importorskip("matplotlib")


def test_a_figure_is_named_coloured_and_escaped():
    def draw(ax):
        ax.plot([0, 1], color="#0072B2", label="<script>alert(1)</script>")
        ax.legend()

    (figure,) = _draw(draw, "mine")
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", figure.view_box)
    assert "<script" not in figure.content and "&lt;script" in figure.content
    assert "var(--c0)" in figure.content and "#0072b2" not in figure.content
    ids = re.findall(r' id="([^"]*)"', figure.content)
    assert ids and all(name.startswith("mine-0-") for name in ids)
    assert figure.content.count("<svg") == figure.content.count("</svg") == 0
