"""Fixtures that tests of this room share."""

import pytest

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans


@pytest.fixture(scope="module")
def simulated():
    return make_scans(6, 60, 12, 4, noise=0.5, random_state=0).data


@pytest.fixture(scope="module")
def bags(simulated):
    return SubsequenceAugmenter(30, horizon=0).fit_transform(simulated)
