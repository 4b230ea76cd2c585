"""Figures that nobody sees, and a comparison to draw."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import compare_models

from _stubs import Noise


@pytest.fixture(autouse=True)
def _close():
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib").use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")  # which tells of fonts when it is first read
    yield
    pyplot.close("all")


@pytest.fixture(scope="session")
def comparison():
    """Two models that draw numbers, at two sites."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((48, 8, 4)), np.tile([0, 1], 24)
    X[y == 1] += 0.5
    models = {"one": Noise(), "two": Noise(scale=2.0)}
    sites = np.repeat(["A", "B"], 24)
    return compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
