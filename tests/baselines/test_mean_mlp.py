"""The perceptron over time points, averaged over time."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.baselines import MeanMLPClassifier


def test_the_mlp_learns_what_a_point_tells():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    scans = [rng.standard_normal((rng.integers(30, 50), 4)) for _ in y]
    for scan, label in zip(scans, y, strict=True):
        scan[:, 0] *= 1 + label  # A scan's variance, which no linear mean over time can tell.
    mlp = MeanMLPClassifier((16,), random_state=0).fit(scans[:40], y[:40])
    assert roc_auc_score(y[40:], mlp.decision_function(scans[40:])) > 0.9
    assert mlp.best_epoch_ == mlp.history_["valid_loss"].argmin() + 1
    assert mlp.n_iter_ in (200, mlp.best_epoch_ + 30)


def test_the_mlp_reads_a_bag_as_its_scan(cohort):
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0).fit(cohort.data, cohort.target)
    bags = SubsequenceAugmenter(30, 1, horizon=0).fit_transform(cohort.data)
    wanted = mlp.decision_function(cohort.data)
    np.testing.assert_array_equal(mlp.decision_function(bags), wanted)
    np.testing.assert_array_equal(mlp.decision_function(bags.copy()), wanted)


def test_the_mlp_takes_groups_and_a_mask(cohort):
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0)
    validation = np.arange(24) < 6
    groups = np.repeat(np.arange(8), 3)
    mlp.fit(cohort.data, cohort.target, groups=groups, validation=validation)
    y, positive = cohort.target[:6], mlp.predict_proba(cohort.data[:6])[:, 1]
    loss = -np.mean(np.log(np.where(y == 1, positive, 1 - positive)))
    assert loss == pytest.approx(mlp.history_["valid_loss"].min(), rel=1e-4)
    with pytest.raises(ValueError, match="splits a group"):
        mlp.fit(cohort.data, cohort.target, groups=groups, validation=np.arange(24) < 2)
    with pytest.raises(ValueError, match="hidden_sizes must be whole numbers"):
        clone(mlp).set_params(hidden_sizes=()).fit(cohort.data, cohort.target)


def test_the_mlp_knows_three_classes_and_their_names(cohort):
    y = np.array(["a", "b", "c"])[np.arange(24) % 3]
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0).fit(cohort.data, y)
    assert mlp.decision_function(cohort.data).shape == (24, 3)
    assert set(mlp.predict(cohort.data)) <= {"a", "b", "c"}
