"""A subject's attributions by ROI and time."""

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.explain import attribute
from sklearn_lstmdg.plotting import AttributionDisplay

pytest.importorskip("matplotlib")


def test_map_and_most_relevant_rois():
    values = np.random.default_rng(0).standard_normal((20, 15)) * np.arange(1, 16)
    display = AttributionDisplay(values, [f"r{i}" for i in range(15)], t_r=3.0).plot()
    image = display.ax_[0].images[0]
    np.testing.assert_array_equal(image.get_array(), values.T)
    assert list(image.get_extent()[:2]) == [0, 60] and image.norm.vmin == -image.norm.vmax
    top = np.argsort(-np.abs(values).mean(axis=0))[:12]
    names = [label.get_text() for label in display.ax_[1].get_yticklabels()]
    assert names[::-1] == [f"r{i}" for i in top]
    beside = [label.get_text() for label in display.ax_[0].get_yticklabels()]
    assert beside == [f"r{i}" for i in range(15)]
    widths = [bar.get_width() for bar in display.ax_[1].patches]
    np.testing.assert_allclose(widths[::-1], display.relevance_[top])


def test_attributions_of_an_estimator(scans):
    pytest.importorskip("captum")
    X, y = scans
    model = LSTMDGClassifier(n_communities=2, n_units=2, max_epochs=1, random_state=0).fit(X, y)
    display = AttributionDisplay.from_estimator(model, X, row=2, method="gradient")
    expected = attribute(model, X, "gradient").attributions[2]
    np.testing.assert_allclose(display.attributions, expected, atol=1e-12)


def test_names_must_be_as_many_as_rois():
    with pytest.raises(ValueError, match="1 names for 2 ROIs"):
        AttributionDisplay(np.zeros((4, 2)), ["a"])
    AttributionDisplay(np.zeros((4, 2))).plot()
    many = AttributionDisplay(np.zeros((4, 31))).plot().ax_[0]
    assert many.get_ylabel() == "ROI (31)" and not many.get_yticklabels()
