import numpy as np
import pytest

from sklearn_lstmdg.scans import find_constant_rois, is_constant


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_points", [10, 1000])
@pytest.mark.parametrize("level", [1e-6, 1.0, 1e6])
def test_a_deviation_of_eight_units_of_rounding_is_no_fluctuation(dtype, n_points, level):
    unit = np.finfo(dtype).eps + n_points * np.finfo(np.float64).eps
    variances = np.square(np.array([0, 7.9, 8.1, 100]) * unit * level)
    told = is_constant(variances, level**2, n_points, dtype)
    assert told.tolist() == [True, True, False, False]


def test_rois_that_rounding_alone_moves_are_constant():
    eps = np.finfo(np.float32).eps
    up = np.arange(40)[:, None] % 2 * eps
    scan = (100 * (1 + up * [0, 4, 12, 40])).astype(np.float32)
    assert find_constant_rois(scan).tolist() == [True, True, True, False]
    assert find_constant_rois(np.zeros((5, 2))).all()
