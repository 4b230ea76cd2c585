"""What classifiers share that train a small network on whole scans."""

import pytest

from sklearn_lstmdg.baselines import MeanMLPClassifier


def test_a_loss_that_is_not_finite_is_told(cohort):
    mlp = MeanMLPClassifier((4,), lr=1e30, max_epochs=20, random_state=0)
    with pytest.raises(FloatingPointError, match="standardize"):
        mlp.fit(cohort.data, cohort.target)
