"""A subject's windows over time."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.plotting import WindowProbabilityDisplay

pytest.importorskip("matplotlib")


def test_windows_of_two_classes_stand_at_their_middles():
    proba = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.6, 0.4]])
    display = WindowProbabilityDisplay(proba, [0, 5, 10, 15], 10, t_r=3.0).plot()
    line = display.ax_.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [15, 30, 45, 60])
    np.testing.assert_array_equal(line.get_ydata(), proba[:, 1])
    assert display.ax_.get_title() == "50 % of 4 windows: class 1"
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["class 0", "class 1"]
    np.testing.assert_array_equal(display.ax_.lines[-1].get_xdata(), [0, 30])


def test_more_classes_have_a_line_each():
    proba = np.eye(3)[[0, 2, 2, 1]]
    display = WindowProbabilityDisplay(proba, np.arange(4), 2, class_names=list("abc")).plot()
    for k in range(3):
        np.testing.assert_array_equal(display.ax_.lines[k].get_ydata(), proba[:, k])
    assert display.ax_.get_title() == "50 % of 4 windows: c"


def test_windows_of_an_estimator(scans):
    X, y = scans
    model = LSTMDGClassifier(n_communities=2, n_units=2, max_epochs=1, random_state=0)
    model = make_pipeline(SubsequenceAugmenter(6, 3), model).fit(X, np.array(["no", "yes"])[y])
    display = WindowProbabilityDisplay.from_estimator(model, list(X), row=3, t_r=1.0)
    expected = model[-1].predict_window_proba(model[0].transform(X))[3]
    np.testing.assert_allclose(display.probabilities, expected, atol=1e-6)
    assert display.seconds_[0] == 3 and display.class_names == ["no", "yes"]
    with pytest.raises(ValueError, match="no row 12"):
        WindowProbabilityDisplay.from_estimator(model, X, row=12)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one start for each window"):
        WindowProbabilityDisplay([[0.5, 0.5]], [0, 1], 10)
    with pytest.raises(ValueError, match="1 names for 2 classes"):
        WindowProbabilityDisplay([[0.5, 0.5]], [0], 10, class_names=["a"])
