"""Losses by epoch."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.plotting import HistoryDisplay

from _stubs import Noise

pytest.importorskip("pandas")
pyplot = pytest.importorskip("matplotlib.pyplot")


def test_history_draws_both_losses_and_the_best_epoch():
    history = {"train_loss": [3.0, 2.0, 1.0], "valid_loss": [3.0, 1.5, 2.5]}
    display = HistoryDisplay([history], [2]).plot()
    curves = {line.get_label(): line for line in display.ax_[0].lines}
    np.testing.assert_array_equal(curves["training"].get_ydata(), [3, 2, 1])
    np.testing.assert_array_equal(curves["validation"].get_xdata(), [1, 2, 3])
    best = curves["epoch that is kept"]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (2, 1.5)
    assert display.figure_ is display.ax_[0].figure
    assert all(tick == int(tick) for tick in display.ax_[0].get_xticks())


def test_history_of_an_estimator(scans):
    X, y = scans
    tiny = {"n_communities": 2, "n_units": 2, "random_state": 0}
    model = LSTMDGClassifier(max_epochs=3, patience=3, **tiny)
    pipeline = make_pipeline(model).fit(X, y)
    display = HistoryDisplay.from_estimator(pipeline)
    assert display.losses() == ["gen_loss", "disc_loss", "subject_loss"] and len(display.ax_) == 3
    drawn = display.ax_[1].lines[1].get_ydata()
    np.testing.assert_allclose(drawn, pipeline[-1].history_["valid_disc_loss"])
    discriminative = LSTMDGClassifier("d", max_epochs=1, **tiny).fit(X, y)
    assert "gen_loss" not in HistoryDisplay.from_estimator(discriminative).losses()


def test_history_of_folds_of_different_length():
    folds = [{"valid_loss": [4.0, 2.0]}, {"valid_loss": [2.0, 1.0, 1.0]}, {"valid_loss": [3.0]}]
    ax = HistoryDisplay(folds, [2, None, 1]).plot().ax_[0]
    curves = {line.get_label(): line for line in ax.lines}
    median = curves["validation, median of folds"]
    np.testing.assert_array_equal(median.get_ydata(), [3, 1.5])  # two of three train there
    np.testing.assert_array_equal(curves["epoch that is kept"].get_xdata(), [2, 1])


def test_history_of_a_comparison(comparison):
    display = HistoryDisplay.from_comparison(comparison, "one", site="B")
    assert len(display.histories) == 3 and display.losses() == ["loss"]
    assert len(HistoryDisplay.from_comparison(comparison, "one").histories) == 6
    with pytest.raises(ValueError, match="no history of model 'three'"):
        HistoryDisplay.from_comparison(comparison, "three")


def test_history_faults():
    with pytest.raises(ValueError, match="no 'auc'; known are \\['loss'\\]"):
        HistoryDisplay([{"train_loss": [1.0]}]).plot(["auc"])
    fitted = Noise().fit(np.zeros((2, 3, 4)), [0, 1])
    fitted.history_ = {}
    with pytest.raises(ValueError, match="Noise has no history_"):
        HistoryDisplay.from_estimator(fitted)
    _, axes = pyplot.subplots(1, 2)
    with pytest.raises(ValueError, match="1 axes"):
        HistoryDisplay([{"train_loss": [1.0]}]).plot(ax=axes)
