"""A subject's communities over time."""

import numpy as np
import pytest

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier
from sklearn_lstmdg.explain import community_time_courses
from sklearn_lstmdg.plotting import CommunityActivityDisplay

pytest.importorskip("matplotlib")


def test_lines_are_one_below_the_other_on_one_scale():
    courses = np.random.default_rng(0).standard_normal((30, 8))
    courses[25:] = np.nan
    display = CommunityActivityDisplay(courses, [7, 2], names=list("abcdefgh"), t_r=3.0).plot()
    first, second = (display.ax_.lines[i] for i in (1, 3))
    np.testing.assert_allclose(np.diff(first.get_ydata()), np.diff(courses[:, 7]))
    assert first.get_xdata()[-1] == 87
    assert np.nanmin(first.get_ydata()) > np.nanmax(second.get_ydata())
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["h", "c"]
    assert CommunityActivityDisplay(courses).communities == list(range(6))


def test_communities_of_an_estimator_are_the_most_influential(scans):
    X, y = scans
    model = LSTMDGClassifier(n_communities=8, n_units=2, max_epochs=1, random_state=0).fit(X, y)
    display = CommunityActivityDisplay.from_estimator(model, X, row=2)
    assert display.communities == np.argsort(-model.influence_)[:6].tolist()
    np.testing.assert_array_equal(display.courses, model.community_activity(X)[2])
    chosen = CommunityActivityDisplay.from_estimator(model, X, communities=[3])
    assert chosen.communities == [3]


def test_communities_of_several_nets_are_those_in_common(scans):
    X, y = scans
    options = {"n_communities": 4, "n_units": 2, "max_epochs": 1, "random_state": 0}
    model = LSTMDGClassifier(n_nets=2, **options).fit(X, y)
    extractor = CommunityExtractor(model, prefit=True, n_communities=3).fit(X)
    common = extractor.membership_
    display = CommunityActivityDisplay.from_estimator(model, X, row=2, common=common)
    assert display.communities == np.argsort(-extractor.influence_).tolist()
    courses = community_time_courses(model, X, common=common)[2]
    np.testing.assert_array_equal(display.courses, courses)
    assert CommunityActivityDisplay.from_estimator(model, X).courses.shape == (40, 6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="no community 2: they are 0 to 1"):
        CommunityActivityDisplay(np.zeros((4, 2)), [2])
    with pytest.raises(ValueError, match="1 names for 2 communities"):
        CommunityActivityDisplay(np.zeros((4, 2)), names=["a"])
    CommunityActivityDisplay(np.zeros((4, 2))).plot()
