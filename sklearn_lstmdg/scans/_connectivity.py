"""Pearson connectivity of windows, in blocks, and of the scan behind each row."""

from itertools import groupby

import numpy as np

from .._text import listed
from ._constant import is_constant, warn_of_constant_rois

_BLOCK_VALUES = 200_000  # of the windows that are in hand: they stay in the cache
_LEAST_WINDOWS = 8
_LARGEST_CORRELATION = 1 - 1e-6
_PANEL = 20  # ROIs whose products are formed at once, those below the diagonal left out


def n_connections(n_rois):
    """Return the number of pairs of ROIs, the length of a feature vector."""
    return n_rois * (n_rois - 1) // 2


def connectivity_features(windows, out):
    """Correlate all pairs of ROIs in each window; return how many series are constant.

    Shapes: windows (n_windows, n_points, n_rois), out (n_windows, n_rois * (n_rois - 1) / 2).
    """
    n_windows, n_points, n_rois = windows.shape
    size = min(n_windows, max(_LEAST_WINDOWS, _BLOCK_VALUES // (n_points * n_rois)))
    # One allocation, which glibc keeps for the next call; several it would return to the system.
    space = np.empty(size * n_rois * (n_points + _PANEL), dtype=np.float32)
    n_constant = 0
    for start in range(0, n_windows, size or 1):
        block, into = windows[start : start + size], out[start : start + size]
        z, rest = space[: block.size].reshape(block.shape), space[block.size :]
        n_constant += _standardize(block, z)
        _correlate(z, rest, into)
        np.clip(into, -1, 1, out=into)
    return n_constant


def scan_features(scans, out):
    """Correlate all pairs of ROIs in each scan; neighbours of one length go together.

    Shapes: scans (n_points_i, n_rois), out (n_scans, n_rois * (n_rois - 1) / 2).
    """
    n_constant = end = 0
    for _, alike in groupby(scans, key=lambda scan: (scan.shape, scan.dtype)):
        alike = list(alike)
        for first in range(0, len(alike), _LEAST_WINDOWS):
            block = np.stack(alike[first : first + _LEAST_WINDOWS])
            start, end = end, end + len(block)
            n_constant += connectivity_features(block, out[start:end])
    return n_constant


def _standardize(windows, out):
    """Centre each ROI's series and scale it to length 1, a constant one to 0; count the latter."""
    n_points = windows.shape[1]
    mean = np.einsum("wtr->wr", windows) / n_points
    into = out if windows.dtype == out.dtype else None
    series = np.subtract(windows, mean[:, None], out=into)
    square = np.einsum("wtr,wtr->wr", series, series)
    variance = square / n_points
    constant = is_constant(variance, variance + np.square(mean), n_points, windows.dtype)
    scale = np.where(constant, 0, 1 / np.sqrt(np.where(constant, 1, square)))
    np.multiply(series, scale[:, None], out=out)
    return int(constant.sum())


def _correlate(z, space, out):
    """Write the upper triangles of the windows' products, row by row; ``space`` is scratch."""
    n_windows, _, n_rois = z.shape
    end = 0
    for first in range(0, n_rois, _PANEL):
        panel, others = z[:, :, first : first + _PANEL], z[:, :, first:]
        shape = (n_windows, panel.shape[2], others.shape[2])
        products = space[: np.prod(shape)].reshape(shape)
        np.matmul(panel.transpose(0, 2, 1), others, out=products)
        for row in range(panel.shape[2]):
            start, end = end, end + shape[2] - row - 1
            out[:, start:end] = products[:, row, row + 1 :]


def connectivity_matrices(features, n_rois):
    """Lay feature vectors out as symmetric matrices with a zero diagonal.

    Shapes: features (n_vectors, n_rois * (n_rois - 1) / 2); returned (n_vectors, n_rois, n_rois).
    """
    matrices = np.zeros((len(features), n_rois, n_rois), dtype=features.dtype)
    above = np.triu_indices(n_rois, 1)
    matrices[:, above[0], above[1]] = features
    return matrices + matrices.transpose(0, 2, 1)


def whole_scans(sequences, min_points=1):
    """Return the scan behind each row, (n_points_i, n_rois)."""
    scans = list(sequences.series)
    if sequences.kind == "bags":
        scans = [distinct_points(sequences.windows(row)) for row in range(len(sequences))]
    _check_n_points([len(scan) for scan in scans], min_points)
    return scans


def _check_n_points(lengths, min_points):
    short = np.flatnonzero(np.asarray(lengths) < min_points).tolist()
    if short:
        raise ValueError(
            f"Connectivity needs {min_points} points or more; rows {listed(short)} have fewer."
        )


def connectable_scans(sequences):
    """Return the scan behind each row, after a check that pairs of ROIs can be correlated."""
    _check_n_rois(sequences)
    return whole_scans(sequences, min_points=2)


def check_connectable(sequences):
    """Refuse sequences without a pair of ROIs, or of points, to correlate; a table is ready."""
    if sequences.kind != "table":
        _check_n_rois(sequences)
        _check_n_points(sequences.lengths, 2)


def _check_n_rois(sequences):
    if sequences.n_rois < 2:
        raise ValueError("Connectivity needs 2 ROIs or more, and X has 1.")


def distinct_points(windows):
    """Join windows that overlap to the series they were cut from.

    The overlap is found by value, so that a copy of windows says the same as a view on the scan.

    Shapes: windows (n_windows, n_points, n_rois); returned (n_distinct_points, n_rois).
    """
    n_points = windows.shape[1]
    steps = range(1, n_points)
    step = next((step for step in steps if _is_step(windows, step)), n_points)
    return np.concatenate([windows[0], *windows[1:, n_points - step :]])


def _is_step(windows, step):
    """Tell whether each window repeats the one before it from this point on."""
    if len(windows) > 1 and not np.array_equal(windows[1, 0], windows[0, step]):
        return False
    return np.array_equal(windows[1:, :-step], windows[:-1, step:])


def fisher_z(correlations):
    r"""Return :math:`z = \operatorname{artanh} r`, with r kept within 1e-6 of -1 and 1."""
    return np.arctanh(correlations.clip(-_LARGEST_CORRELATION, _LARGEST_CORRELATION))


def scan_connectivity(sequences):
    """Correlate all pairs of ROIs over each row's whole scan: (n_rows, n_connections)."""
    scans = connectable_scans(sequences)
    features = np.empty((len(sequences), n_connections(sequences.n_rois)))
    n_constant = scan_features(scans, features)
    warn_of_constant_rois(n_constant, "correlations set to 0")
    return features
