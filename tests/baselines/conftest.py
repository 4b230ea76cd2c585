"""A cohort that tests of this room share."""

import pytest

from sklearn_lstmdg.datasets import make_scans


@pytest.fixture(scope="module")
def cohort():
    return make_scans(n_subjects=24, n_timepoints=60, n_rois=10, effect_size=1.0, random_state=0)
