"""Fixtures that tests of this room share."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.models import make_model

from _autoregressive import vector_scans
from _fold_checks import N_ROWS, NAMES, last_points
from _stubs import Recorder


@pytest.fixture(scope="module")
def fitted():
    """A small model, its training bags and others."""
    rng = np.random.default_rng(0)
    scans, _ = vector_scans(10, rng, noise=0.1)
    model = make_model("lstm-dg", 12, 4, n_communities=4, n_units=3, max_epochs=2, random_state=0)
    return model.fit(scans[:8], np.arange(8) % 2), scans


@pytest.fixture
def cohort():
    """Scans whose first number is their row; labels alternate."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 12, 4)).astype(np.float32)
    y = np.arange(N_ROWS) % 2
    X += 0.5 * y[:, None, None]
    X[:, 0, 0] = np.arange(N_ROWS)
    return X, y


@pytest.fixture
def seen():
    """What recorders record."""
    Recorder.seen.clear()
    return Recorder.seen


@pytest.fixture
def three_sites():
    """Sites of 15, 9 and 6 rows, whose rows are not neighbours."""
    return np.array(list("ABAACBAACB" + "BABAACBAAC" + "ABAACBACAB"))


@pytest.fixture(scope="module")
def groups():
    """Comparison of classifiers of three classes, one good, at two sites."""
    rng = np.random.default_rng(0)
    codes = np.arange(90) % 3
    X = np.column_stack([np.eye(3)[codes] * 3 + rng.normal(size=(90, 3)), rng.normal(size=90)])
    models = {
        "good": LogisticRegression(),
        "blind": make_pipeline(FunctionTransformer(last_points), LogisticRegression()),
    }
    sites = np.repeat(["A", "B"], 45)
    y = np.array(NAMES)[codes]
    return compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
