"""A comparison printed is its summary, whole and short."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from sklearn_lstmdg.evaluation import compare_models


@pytest.fixture(scope="module")
def comparison():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 12)
    X = y[:, None] + rng.normal(size=(24, 2))
    models = {"<i>": DummyClassifier(), "clear\x1b": LogisticRegression()}
    sites = np.repeat(["a", "b"], 12)
    return compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)


def test_printed_it_has_each_model_and_site_and_elides_nothing(comparison):
    title, header, *rows = repr(comparison).splitlines()
    assert title == "Comparison of 2 models on 24 subjects, 6 of 12 folds hardly trained"
    assert header.split() == ["model", "site", "acc", "tpr", "tnr", "auc"]
    summary = comparison.summary()
    assert [row.split()[0] for row in rows] == summary["model"].str.replace(
        "\x1b", r"\x1b"
    ).tolist()
    assert [float(row.split()[-1]) for row in rows] == summary["auc"].round(2).tolist()
    assert "..." not in repr(comparison)


def test_html_escapes_names(comparison):
    html = comparison._repr_html_()
    assert html.count("<tr") == 5
    assert "&lt;i&gt;" in html and "<i>" not in html


def test_many_sites_are_cut_short():
    y = np.tile([0, 1], 120)
    sites = np.repeat(np.arange(30), 8)
    models = {"dummy": DummyClassifier()}
    comparison = compare_models(models, y[:, None], y, sites=sites, n_folds=3, random_state=0)
    assert len(repr(comparison).splitlines()) < 25
