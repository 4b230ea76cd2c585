"""Pearson connectivity of windows, in blocks, without holding them all."""

import numpy as np

__all__ = ["connectivity_features", "connectivity_matrices", "n_connections"]

_BLOCK = 64


def n_connections(n_rois):
    """Return the number of pairs of ROIs, the length of a feature vector."""
    return n_rois * (n_rois - 1) // 2


def connectivity_features(windows, out):
    r"""Correlate all pairs of ROIs in each window.

    With :math:`z` the centred series of length 1, every coefficient of a window is one entry of
    the product :math:`z^T z`.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_points, n_rois)
        Windows, best as a view on a scan.
    out : ndarray of shape (n_windows, n_rois * (n_rois - 1) / 2)
        Filled with the upper triangles, row by row; 0 where an ROI is constant. Coefficients are
        computed in float32.

    Returns
    -------
    int
        How many ROIs of windows were constant.
    """
    n_rois = windows.shape[-1]
    above = np.flatnonzero(np.triu(np.ones((n_rois, n_rois), dtype=bool), 1))
    n_constant = 0
    for start in range(0, len(windows), _BLOCK):
        block = slice(start, start + _BLOCK)
        z, constant = _unit_series(windows[block])
        products = np.matmul(z, z.transpose(0, 2, 1)).reshape(len(z), -1)
        out[block] = np.take(products, above, axis=1).clip(-1, 1)
        n_constant += int(constant.sum())
    return n_constant


def _unit_series(windows):
    """Centre each ROI's series and scale it to length 1; a constant one becomes zeros."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(centred).sum(axis=1, keepdims=True))
    rounding = 8 * np.finfo(windows.dtype).eps * np.abs(windows).max(axis=1, keepdims=True)
    constant = length <= rounding * np.sqrt(windows.shape[1])
    unit = np.where(constant, 0, centred / np.where(constant, 1, length))
    return np.ascontiguousarray(unit.transpose(0, 2, 1), dtype=np.float32), constant


def connectivity_matrices(features, n_rois):
    """Lay feature vectors out as symmetric matrices with a zero diagonal.

    Parameters
    ----------
    features : ndarray of shape (n_vectors, n_rois * (n_rois - 1) / 2)
        Upper triangles, row by row.
    n_rois : int
        Number of ROIs.

    Returns
    -------
    ndarray of shape (n_vectors, n_rois, n_rois)
    """
    matrices = np.zeros((len(features), n_rois, n_rois), dtype=features.dtype)
    above = np.triu_indices(n_rois, 1)
    matrices[:, above[0], above[1]] = features
    return matrices + matrices.transpose(0, 2, 1)
