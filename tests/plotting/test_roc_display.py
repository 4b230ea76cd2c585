"""ROC curves and their spread."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sklearn_lstmdg.plotting import ROCDisplay
from sklearn_lstmdg.plotting._roc_display import _curve

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_roc_is_the_mean_of_the_folds(comparison):
    display = ROCDisplay.from_comparison(comparison, site="A", band="deviation")
    assert list(display.curves) == ["one", "two"] and display.curves["one"].shape == (3, 101)
    frame = comparison.predictions.query("model == 'two' and site == 'A'")
    areas = [roc_auc_score(fold.y, fold.score) for _, fold in frame.groupby("fold")]
    np.testing.assert_allclose(display.areas["two"], areas)
    assert display.ax_.get_legend_handles_labels()[1] == [
        "chance",
        *(f"{model}, AUC {areas.mean():.2f}" for model, areas in display.areas.items()),
    ]
    np.testing.assert_allclose(display.ax_.lines[2].get_ydata(), display.curves["two"].mean(axis=0))
    assert len(display.ax_.collections) == 2


def test_roc_curve_and_bands():
    curve = _curve([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.2])  # half found at once, the rest at 0.5
    np.testing.assert_array_equal(curve[[0, 1, 49, 50, 100]], [0, 0.5, 0.5, 1, 1])
    display = ROCDisplay({"m": np.stack([curve, curve * 0])}, {"m": np.array([0.75, 0.0])})
    band = display.plot("error").ax_.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(1) and band[:, 1].min() == pytest.approx(0)
    assert not display.plot(None).ax_.collections
    with pytest.raises(ValueError, match="band must be"):
        display.plot("wide")


def test_roc_leaves_out_folds_of_one_class(comparison):
    class Told:
        pos_label = 1
        predictions = comparison.predictions.copy()

    first = (Told.predictions["fold"] == 0) & (Told.predictions["site"] == "A")
    Told.predictions.loc[first, "y"] = 1
    display = ROCDisplay.from_comparison(Told, models=["two"])
    assert list(display.curves) == ["two"] and len(display.curves["two"]) == 5
    with pytest.raises(ValueError, match="'three' has no fold"):
        ROCDisplay.from_comparison(Told, models=["three"])


def test_roc_is_of_two_classes(comparison):
    class Told:
        pos_label = None
        predictions = comparison.predictions.drop(columns="score")

    with pytest.raises(ValueError, match="ROC curves are of two classes"):
        ROCDisplay.from_comparison(Told)


def test_one_model_stands_in_colour_against_the_others_in_grey():
    curve = np.tile(np.linspace(0, 1, 101), (3, 1))
    display = ROCDisplay({"a": curve, "b": curve**2}, {"a": np.full(3, 0.5), "b": np.full(3, 0.3)})
    ax = display.plot(highlight="b").ax_
    looks = {line.get_color() for line in ax.lines[1:]}
    assert looks == {"0.75", "#0072B2"} and len(ax.collections) == 1
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["chance", "b, AUC 0.30"]
    with pytest.raises(ValueError, match="highlight='c' is none of a, b"):
        display.plot(highlight="c")
