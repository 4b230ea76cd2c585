"""Small fitted networks to explain."""

import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter

from _stubs import STEPS

SMALL = STEPS | {
    "n_communities": 4,
    "n_units": 3,
    "max_epochs": 8,
    "lr": 0.02,
    "batch_size": 16,
    "aggregation": "vote",
    "random_state": 0,
}


@pytest.fixture(scope="session")
def small():
    """Parameters of a small network."""
    return SMALL


@pytest.fixture
def pipeline(scans):
    """A Pipeline that cleans, cuts windows of 7 points, of which 6 are read, and classifies."""
    model = LSTMDGClassifier(**SMALL)
    return make_pipeline(ScanCleaner(), SubsequenceAugmenter(6, 3), model).fit(*scans)
