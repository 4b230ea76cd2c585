import numpy as np
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_lstmdg._routing import fit_arguments
from sklearn_lstmdg.baselines import PenaltySearch
from sklearn_lstmdg.models import make_model


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 40))
    return X, X[:, 0] + rng.standard_normal(30), np.repeat(range(10), 3)


class Spy(RegressorMixin, BaseEstimator):
    """Notes the rows that it is fitted on, by their first feature."""

    seen = []

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        self.seen.append(set(X[:, 0]))
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.full(len(X), self.alpha)


def test_the_penalty_of_least_error_in_folds_over_groups_is_taken(table):
    X, y, groups = table
    search = PenaltySearch(Ridge(), "alpha", [100.0, 0.01, 10.0]).fit(X, y, groups)
    told = {"groups": groups, "cv": GroupKFold(5)}
    losses = [
        np.mean((cross_val_predict(Ridge(alpha), X, y, **told) - y) ** 2)
        for alpha in (0.01, 10.0, 100.0)
    ]
    np.testing.assert_allclose(search.losses_, losses)
    assert search.penalty_ == (0.01, 10.0, 100.0)[np.argmin(losses)]
    np.testing.assert_allclose(search.predict(X), Ridge(search.penalty_).fit(X, y).predict(X))


def test_no_group_is_split():
    X, groups = np.arange(12.0)[:, None], np.repeat(range(4), 3)
    Spy.seen.clear()
    PenaltySearch(Spy(), "alpha", [1.0, 2.0]).fit(X, X[:, 0], groups)
    assert len(Spy.seen) == 2 * 4 + 1
    for rows in Spy.seen:
        assert all(len(rows & set(range(3 * g, 3 * g + 3))) in (0, 3) for g in range(4))


def test_the_unit_of_the_target_decides_nothing(table):
    X, y, groups = table
    one = make_model("fc-svr")[-1].fit(X, y, groups)
    other = make_model("fc-svr")[-1].fit(X, 1000 * y + 5, groups)
    assert one.penalty_ == other.penalty_
    np.testing.assert_allclose(1000 * one.predict(X) + 5, other.predict(X))


def test_of_one_group_there_is_no_search(table):
    X, y, _ = table
    search = PenaltySearch(Ridge(), "alpha", [3.0, 1.0, 2.0]).fit(X, y, np.zeros(30))
    assert search.penalty_ == 2 and search.losses_.size == 0


def test_groups_come_through_a_pipeline():
    groups = np.arange(3)
    told = fit_arguments(make_model("fc-ridge-regress"), groups)
    assert told == {"penaltysearch__groups": groups}


def test_values_are_penalties(table):
    for values in ([], [0.0], [-1.0], "ab"):
        with pytest.raises(ValueError, match="values"):
            PenaltySearch(Ridge(), "alpha", values).fit(*table)
