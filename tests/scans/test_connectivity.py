import numpy as np
import pytest

from sklearn_lstmdg.scans import fisher_z
from sklearn_lstmdg.scans._connectivity import (
    connectivity_features,
    connectivity_matrices,
    distinct_points,
    n_connections,
)


def features(windows):
    out = np.empty((len(windows), n_connections(windows.shape[-1])))
    return out, connectivity_features(windows, out)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("n_rois", [2, 7, 45])
def test_equals_corrcoef(offset, n_rois):
    windows = np.random.default_rng(0).standard_normal((150, 30, n_rois)) + offset
    told, n_constant = features(windows)
    above = np.triu_indices(n_rois, 1)
    wanted = np.array([np.corrcoef(window.T)[above] for window in windows])
    np.testing.assert_allclose(told, wanted, atol=1e-6)
    assert n_constant == 0


def test_views_equal_copies():
    scan = np.random.default_rng(0).standard_normal((50, 5))
    view = np.lib.stride_tricks.sliding_window_view(scan, 20, axis=0).transpose(0, 2, 1)
    np.testing.assert_array_equal(features(view)[0], features(view.copy())[0])


def test_constant_rois_have_no_correlation():
    windows = np.random.default_rng(0).standard_normal((3, 30, 4))
    windows[0, :, 1] = 5.0
    windows[2, :, [0, 3]] = 0.1  # whose mean is not exact in floating point
    told, n_constant = features(windows)
    matrices = connectivity_matrices(told, 4)
    assert n_constant == 3
    assert not matrices[0, 1].any()
    assert not matrices[2, [0, 3]].any()
    assert matrices[0, 0, 2] == pytest.approx(np.corrcoef(windows[0].T)[0, 2], abs=1e-6)


def test_no_correlation_is_beyond_one():
    windows = np.random.default_rng(0).standard_normal((500, 30, 3)).astype(np.float32)
    windows[..., 1:] = windows[..., :1] * [1, -1]
    told, _ = features(windows)
    assert np.abs(told).max() == 1
    np.testing.assert_allclose(told, np.array([[1, -1, -1]] * 500), atol=1e-6)


def test_matrices_are_symmetric_with_the_triangle_row_by_row():
    matrix = connectivity_matrices(np.array([[1.0, 2.0, 3.0]]), 3)[0]
    np.testing.assert_array_equal(matrix, [[0, 1, 2], [1, 0, 3], [2, 3, 0]])


@pytest.mark.parametrize("step", [1, 3, 30, 40])
def test_distinct_points_of_views_and_copies(step):
    scan = np.random.default_rng(0).standard_normal((90, 4))
    starts = range(0, 61, step)
    windows = np.stack([scan[start : start + 30] for start in starts])
    wanted = scan[: starts[-1] + 30] if step <= 30 else windows.reshape(-1, 4)
    np.testing.assert_array_equal(distinct_points(windows), wanted)


def test_distinct_points_of_a_scan_that_repeats_itself_are_the_fewest():
    scan = np.arange(2.0)[np.arange(21) % 2][:, None]
    windows = np.stack([scan[start : start + 10] for start in range(12)])
    np.testing.assert_array_equal(distinct_points(windows), scan)


def test_distinct_points_of_one_window():
    window = np.arange(12.0).reshape(1, 6, 2)
    np.testing.assert_array_equal(distinct_points(window), window[0])


def test_fisher_z_stays_finite():
    r = np.array([-1.0, 0.0, 0.5, 1.0])
    np.testing.assert_allclose(fisher_z(r)[1:3], [0, 0.5 * np.log(3)])
    np.testing.assert_allclose(fisher_z(r)[[0, 3]], np.array([-1, 1]) * np.arctanh(1 - 1e-6))
