"""Matrices of memberships."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg.plotting import MembershipDisplay

from _stubs import Noise

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_memberships_become_blocks():
    membership = np.kron(np.eye(3), np.ones((4, 1))) * [2, 5, 1]
    rng = np.random.default_rng(0)
    shuffled = membership[rng.permutation(12)]
    shown = MembershipDisplay(shuffled).plot().image_.get_array()
    np.testing.assert_array_equal(shown, np.kron(np.eye(3), np.ones((4, 1))))
    raw = MembershipDisplay(shuffled).plot(scale=False, colorbar=False)
    np.testing.assert_array_equal(raw.image_.get_array(), membership)
    assert len(raw.figure_.axes) == 1


def test_memberships_in_the_order_of_a_reference():
    rng = np.random.default_rng(0)
    truth = np.kron(np.eye(3), rng.uniform(0.5, 1, (5, 1)))[rng.permutation(15)]
    found = np.column_stack([rng.uniform(size=15) * 0.1, truth[:, [2, 0, 1]], truth[:, 1] * 0.5])
    found[0, 4] += 0.2
    display = MembershipDisplay(found, truth).plot()
    np.testing.assert_array_equal(display.community_order_[:3], [2, 3, 1])
    np.testing.assert_array_equal(display.roi_order_, MembershipDisplay(truth).roi_order_)
    assert sorted(display.community_order_) == [0, 1, 2, 3, 4]
    assert [line.get_ydata()[0] for line in display.ax_.lines] == [4.5, 9.5]


def test_memberships_of_an_estimator_with_names():
    model = make_pipeline(Noise().fit(np.zeros((2, 3, 5)), [0, 1]))
    _, ax = pyplot.subplots()
    display = MembershipDisplay.from_estimator(model, roi_names=list("abcde"), ax=ax, title="T")
    assert display.ax_ is ax and ax.get_title() == "T"
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "abcde"[roi] for roi in display.roi_order_
    ]
    with pytest.raises(ValueError, match="5 ROIs and roi_names has 4"):
        MembershipDisplay.from_estimator(model, roi_names=list("abcd"))
    wide = MembershipDisplay(np.eye(60)).plot().ax_
    assert not len(wide.get_xticks()) and "60" in wide.get_xlabel()


def test_a_dead_community_stands_last():
    membership = np.array([[0.0, 1.0, 0.1], [0.0, 0.2, 1.0]])
    display = MembershipDisplay(membership).plot()
    np.testing.assert_array_equal(display.community_order_, [1, 2, 0])
    assert np.isfinite(display.image_.get_array()).all()
