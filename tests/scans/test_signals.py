"""Steps on one scan."""

import numpy as np
import pytest
from scipy import signal

from sklearn_lstmdg.scans._signals import resample


@pytest.mark.parametrize("t_r, n_points, n_new", [(3.0, 116, 174), (2.5, 78, 98), (1.5, 196, 147)])
def test_resample_keeps_the_time_grid(t_r, n_points, n_new):
    wave = np.sin(2 * np.pi * 0.05 * t_r * np.arange(n_points))[:, None]
    expected = np.sin(2 * np.pi * 0.05 * 2.0 * np.arange(n_new))
    resampled = resample(wave, t_r, 2.0)[:, 0]
    assert len(resampled) == n_new
    np.testing.assert_allclose(resampled[15:-15], expected[15:-15], atol=0.02)


def test_resample_to_a_longer_time_does_not_fold_fast_fluctuations():
    fast = signal.chirp(np.arange(400) * 1.0, 0.3, 400, 0.45)[:, None]
    assert np.abs(resample(fast, 1.0, 2.0)[10:-10]).max() < 0.1
