"""Figures of the report's own."""

import re

import numpy as np

from sklearn_lstmdg.report._charts import confusion_figures

from _pages import Outline


def test_figures_have_alternative_texts(page):
    figures = Outline(page).figures
    assert len(figures) >= 2 + 2 + 2 * 2 + 3
    assert all(len(alternative) > 20 for alternative in figures)
    assert any("of lstm-dg, AUC 0." in alternative for alternative in figures)
    assert any(a.startswith("Robustness against redundancy. lstm-dg at SITE_") for a in figures)


def test_pictures_have_no_colour_twice_and_one_scale(page):
    sections = {
        name: page.split(f'<section id="{name}"')[1].split("</section>")[0]
        for name in ("results", "tests", "roc", "calibration")
    }
    for name, section in sections.items():
        drawn = re.findall(r"<svg.*?</svg>", section, re.DOTALL)
        assert drawn and all(set(re.findall(r"--c\d", svg)) <= {"--c0"} for svg in drawn), name
    scales = [
        re.findall(r">(\u2212?\d\.\d+)<", svg)
        for svg in re.findall(r"<svg.*?</svg>", sections["tests"], re.DOTALL)
    ]
    assert len(scales) == 3 and scales[0] == scales[1] == scales[2] != []


def test_words_in_a_matrix_are_dark_on_pale_cells():
    names, counts = ["a", "b"], np.array([[6.0, 4.0], [1.0, 9.0]])  # 60 % is pale, 90 % is dark
    (figure,) = confusion_figures({"m": counts}, names, "everywhere")
    fills = {words: fill for fill, words in re.findall(r"fill: (#\w+)[^>]*>(\d+ %)<", figure.svg)}
    assert fills == {**dict.fromkeys(("60 %", "40 %", "10 %"), "#08306b"), "90 %": "#f7fbff"}
