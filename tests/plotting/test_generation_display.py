"""Real scans beside generated ones."""

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.plotting import GenerationDisplay

pytest.importorskip("matplotlib")


def test_generation_draws_series_spectra_and_connectivity():
    rng = np.random.default_rng(0)
    real, generated = rng.standard_normal((2, 3, 40, 5))
    display = GenerationDisplay(real, generated, t_r=3.0, subject=1, rois=[4, 2]).plot()
    lines = display.ax_[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), real[1, :, 4])
    np.testing.assert_allclose(lines[1].get_ydata(), generated[1, :, 4])
    assert lines[0].get_xdata()[-1] == 120
    shown = np.asarray(display.ax_[2].images[0].get_array())
    mean = np.mean([np.corrcoef(scan.T) for scan in real], axis=0)
    np.testing.assert_allclose(shown[0, 3], mean[0, 3], atol=1e-6)
    mean = np.mean([np.corrcoef(scan.T) for scan in generated], axis=0)
    np.testing.assert_allclose(shown[3, 0], mean[3, 0], atol=1e-6)
    with pytest.raises(ValueError, match="must both have the shape"):
        GenerationDisplay(real, generated[:, :30])


def test_generation_of_an_estimator(scans):
    X, y = scans
    bags = np.lib.stride_tricks.sliding_window_view(X, 13, axis=1).swapaxes(2, 3)
    model = LSTMDGClassifier(n_communities=2, n_units=2, max_epochs=1, random_state=0)
    display = GenerationDisplay.from_estimator(model.fit(bags, y), bags, n_steps=20)
    np.testing.assert_array_equal(display.real, X[:, 12:32])
    assert display.generated.shape == (12, 20, 6) and len(display.rois) == 4
