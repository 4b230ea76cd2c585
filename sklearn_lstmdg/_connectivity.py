"""Pearson connectivity of windows, in blocks, without holding them all."""

import numpy as np

__all__ = ["connectivity_features", "connectivity_matrices", "n_connections"]

_BLOCK = 32  # windows whose products stay in the cache


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
    products = np.empty((_BLOCK, n_rois, n_rois), dtype=np.float32)
    n_constant = 0
    for start in range(0, len(windows), _BLOCK):
        z, constant = _unit_series(windows[start : start + _BLOCK])
        found, into = products[: len(z)], out[start : start + len(z)]
        np.matmul(z, z.transpose(0, 2, 1), out=found)
        np.clip(np.take(found.reshape(len(z), -1), above, axis=1), -1, 1, out=into)
        n_constant += int(constant.sum())
    return n_constant


def _unit_series(windows):
    """Centre each ROI's series and scale it to length 1; a constant one becomes zeros."""
    mean = windows.mean(axis=1, keepdims=True)
    series = (windows - mean).transpose(0, 2, 1)
    square = np.einsum("wrt,wrt->wr", series, series)
    about_zero = square + windows.shape[1] * np.square(mean[:, 0])
    constant = square <= np.square(8 * np.finfo(windows.dtype).eps) * about_zero
    scale = np.where(constant, 0, 1 / np.sqrt(np.where(constant, 1, square)))
    return np.multiply(series, scale[:, :, None], dtype=np.float32, order="C"), constant


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
