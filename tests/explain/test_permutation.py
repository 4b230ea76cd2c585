"""Importance of ROIs and communities, whose series subjects exchange."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import check_scoring

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.explain import permutation_importance
from sklearn_lstmdg.explain._permutation import _interchangeable, _ScoreOfExchange
from sklearn_lstmdg.scans import check_sequences

from _scans import numbered


class FirstROI(ClassifierMixin, BaseEstimator):
    """Knows that the sign of ROI 0's mean tells the class, and reads nothing else."""

    def fit(self, X, y):
        """Learn nothing."""
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        """Return 1 where ROI 0 is positive."""
        return np.array([int(np.mean(row[..., 0]) > 0) for row in X])


@pytest.fixture
def cohort():
    """Sixteen scans whose ROI 0 tells the class, and the model that knows."""
    X, y = np.random.default_rng(0).standard_normal((16, 9, 4)), np.arange(16) % 2
    X[..., 0] = 0.1 * X[..., 0] + 2 * y[:, None] - 1
    return FirstROI().fit(X, y), X, y


def test_only_what_is_read_is_important(cohort):
    told = permutation_importance(*cohort, random_state=0, n_repeats=8)
    assert told.importances.shape == (4, 8) and told.names == [f"ROI {r}" for r in range(4)]
    assert 0.3 < told.importances_mean[0] < 0.7 and not told.importances[1:].any()
    assert told.n_exchanged == 16


def test_communities_by_mask_and_by_name(cohort):
    mask = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    told = permutation_importance(*cohort, mask, random_state=0)
    assert told.importances_mean[0] > 0.3 and not told.importances[1:].any()
    named = {"default mode": [0, 1], "visual": [1, 2], "none": []}
    same = permutation_importance(*cohort, named, random_state=0)
    np.testing.assert_array_equal(same.importances, told.importances)
    assert same.names == list(named)


def test_several_scores_and_bags(cohort):
    model, X, y = cohort
    told = permutation_importance(model, X, y, scoring=["accuracy", "f1"], random_state=0)
    assert told["f1"].importances_mean[0] > 0.2 and told["accuracy"].names[1] == "ROI 1"
    assert str(told["f1"]).startswith("Bunch of 5 fields")
    scans = permutation_importance(model, X, y, random_state=0)
    assert str(scans).startswith("Bunch of 5 fields")
    bags = SubsequenceAugmenter(3, 2, horizon=0).fit_transform(X)
    np.testing.assert_array_equal(
        permutation_importance(model, bags, y, random_state=0).importances, scans.importances
    )


def test_series_go_whole_from_one_subject_to_another_of_its_length_and_site():
    sequences = check_sequences(numbered(5, 6, 5, 6, 5, 7))
    classes = _interchangeable(sequences, ["a", "a", "a", "a", "b", "a"])
    assert [rows.tolist() for rows in classes] == [[0, 2], [1, 3]]
    score = _ScoreOfExchange(lambda _, rows, __: rows, sequences, [[1], [0, 2]], classes)
    table = np.tile(np.arange(6)[:, None], 2)
    for before, after in zip(sequences.series, score(None, table, None), strict=True):
        np.testing.assert_array_equal(before, after)
    table[:, 1] = [5, 0, 1, 2, 3, 4]
    rows = score(None, table, None)
    assert [row[0].tolist() for row in rows[:3]] == [
        [2000, 1, 2002],
        [1000, 1001, 1002],
        [0, 2001, 2],
    ]
    np.testing.assert_array_equal(rows[4], sequences.series[4])


def test_every_order_is_drawn_alike():
    sequences = check_sequences(numbered(5, 5, 5, 6, 6))
    classes = _interchangeable(sequences, None)
    score = _ScoreOfExchange(lambda _, rows, __: rows, sequences, [[0]], classes)
    rng, counts = np.random.default_rng(0), {}
    for _ in range(1200):
        rows = score(None, rng.permutation(5)[:, None], None)
        order = tuple(row[0, 0] for row in rows[:3])
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6 and min(counts.values()) > 150


def test_real_models_in_pipelines(pipeline, scans):
    options = {"scoring": "roc_auc", "n_repeats": 2, "random_state": 0}
    told = permutation_importance(pipeline, *scans, **options)
    with joblib.parallel_config(backend="threading"):
        again = permutation_importance(pipeline, *scans, **options, n_jobs=2)
    assert told.importances.shape == (6, 2) and told.importances.any()
    np.testing.assert_array_equal(told.importances, again.importances)


def test_scores_travel_to_other_processes(cohort):
    model, X, y = cohort
    score = _ScoreOfExchange(check_scoring(model), check_sequences(X), [[0]], [np.arange(16)])
    table = np.arange(16)[:, None]
    assert pickle.loads(pickle.dumps(score))(model, table, y) == score(model, table, y) == 1


def test_what_cannot_be_exchanged_is_refused(cohort):
    model, X, y = cohort
    ragged = [scan[: 9 - row] for row, scan in enumerate(X[:8])]
    with pytest.raises(ValueError, match="No two rows of X have scans of one length: nothing"):
        permutation_importance(model, ragged, y[:8])
    with pytest.raises(ValueError, match="of one length at one site"):
        permutation_importance(model, X[:2], y[:2], sites=["a", "b"])
    with pytest.raises(ValueError, match=r"bool of shape \(4, n_communities\), got float64"):
        permutation_importance(model, X, y, np.ones((4, 2)))
    with pytest.raises(ValueError, match="name ROI 4; X has ROIs 0 to 3"):
        permutation_importance(model, X, y, {"one": [0, 4]})
    with pytest.raises(NotFittedError):
        permutation_importance(FirstROI(), X, y)
