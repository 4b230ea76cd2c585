"""Windows' probabilities and communities over the time of a scan."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.communities import common_memberships, common_shares
from sklearn_lstmdg.explain import community_time_courses, window_probabilities


def test_window_probabilities_are_the_classifiers(pipeline, scans):
    X, _ = scans
    told = window_probabilities(pipeline, X)
    expected = pipeline[-1].predict_window_proba(pipeline[:-1].transform(X))
    np.testing.assert_array_equal(np.stack(told.probabilities), np.stack(expected))
    np.testing.assert_array_equal(told.starts[3], np.arange(0, 34, 3))
    np.testing.assert_array_equal(told.n_read, 6)
    np.testing.assert_array_equal(told.classes, [0, 1])


def test_scans_have_one_window(scans, small):
    model = LSTMDGClassifier(horizon=2, **small).fit(*scans)
    told = window_probabilities(model, scans[0][:2])
    np.testing.assert_array_equal(
        np.concatenate(told.probabilities), model.predict_proba(scans[0][:2])
    )
    assert told.starts[0].tolist() == [0] and told.n_read.tolist() == [38, 38]
    np.testing.assert_array_equal(
        community_time_courses(model, scans[0][:2]), model.community_activity(scans[0][:2])
    )


def test_time_courses_are_means_over_windows(pipeline, scans):
    X, _ = scans
    courses = community_time_courses(pipeline, X)
    activity = pipeline[-1].community_activity(pipeline[:-1].transform(X))
    assert courses.shape == (12, 40, 4)
    np.testing.assert_allclose(courses[2, 0], activity[2, 0, 0], atol=1e-6)
    mean = (activity[2, 0, 6] + activity[2, 1, 3] + activity[2, 2, 0]) / 3
    np.testing.assert_allclose(courses[2, 6], mean, atol=1e-6)


def test_time_courses_are_nan_where_no_window_is(scans, small):
    X, y = scans
    ragged = [scan[: 40 - row % 2] for row, scan in enumerate(X)]
    model = make_pipeline(SubsequenceAugmenter(6, 12), LSTMDGClassifier(**small)).fit(ragged, y)
    courses = community_time_courses(model, ragged[:2])
    gaps = np.flatnonzero(np.isnan(courses[1]).all(axis=1))
    np.testing.assert_array_equal(gaps, [*range(7, 12), *range(19, 24), *range(31, 39)])
    with pytest.raises(ValueError, match="has no communities"):
        community_time_courses(LSTMDGClassifier(variant="s", **small).fit(X, y), X)


def test_common_communities_move_as_their_shares_of_the_nets_do(scans, small):
    X, y = scans
    model = LSTMDGClassifier(**small, n_nets=2).fit(X, y)
    courses = community_time_courses(model, X)
    shares = common_shares(common_memberships(model.memberships_), model.memberships_)
    k = int(shares[0].sum(axis=1).argmax())
    parts = [model.community_activity(X, net) @ shares[net][k] for net in (0, 1)]
    expected = sum(parts) / sum(share[k].sum() for share in shares)
    np.testing.assert_allclose(courses[..., k], expected, atol=1e-6)
    chosen = community_time_courses(model, X, common=np.eye(6)[:, :2])
    assert chosen.shape == (12, 40, 2) and np.abs(chosen).max() <= 1
    with pytest.raises(ValueError, match="no memberships"):
        community_time_courses(LSTMDGClassifier(variant="d", n_nets=2, **small).fit(X, y), X)
