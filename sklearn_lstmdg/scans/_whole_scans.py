"""Subject level: what a row holds as one scan, and the connectivity of that scan."""

import warnings

import numpy as np

from ._connectivity import n_connections, scan_features

__all__ = ["connectable_scans", "distinct_points", "fisher_z", "scan_connectivity", "whole_scans"]

_LARGEST_CORRELATION = 1 - 1e-6


def whole_scans(sequences, min_points=1):
    """Return the scan behind each row.

    Parameters
    ----------
    sequences : Sequences
        Rows of scans or bags.
    min_points : int, default=1
        Fewest points that a scan must have.

    Returns
    -------
    list of ndarray of shape (n_points_i, n_rois)
        A row that is one sequence as it is, a bag's distinct points in their order.

    Raises
    ------
    ValueError
        If scans are too short; the message names the rows.
    """
    scans = list(sequences.series)
    if sequences.kind == "bags":
        scans = [distinct_points(sequences.windows(row)) for row in range(len(sequences))]
    short = [row for row, scan in enumerate(scans) if len(scan) < min_points]
    if short:
        raise ValueError(
            f"Connectivity needs {min_points} points or more; rows {short[:10]} have fewer."
        )
    return scans


def connectable_scans(sequences):
    """Return the scan behind each row, after a check that pairs of ROIs can be correlated."""
    if sequences.n_rois < 2:
        raise ValueError("Connectivity needs 2 ROIs or more, and X has 1.")
    return whole_scans(sequences, min_points=2)


def distinct_points(windows):
    """Join windows that overlap to the series they were cut from.

    The overlap is found by value, so that a copy of windows says the same as a view on the scan.

    Parameters
    ----------
    windows : ndarray of shape (n_windows, n_points, n_rois)
        Windows at equal steps.

    Returns
    -------
    ndarray of shape (n_distinct_points, n_rois)
        All points one after the other where windows do not overlap.
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
    """Correlate all pairs of ROIs over each row's whole scan.

    Parameters
    ----------
    sequences : Sequences
        Rows of scans or bags.

    Returns
    -------
    ndarray of shape (n_rows, n_rois * (n_rois - 1) / 2)
        Upper triangles of Pearson's r, row by row, computed in float32.

    Raises
    ------
    ValueError
        If a scan has fewer than two points or ROIs.

    Warns
    -----
    UserWarning
        If ROIs are constant: how many series.
    """
    scans = connectable_scans(sequences)
    features = np.empty((len(sequences), n_connections(sequences.n_rois)))
    n_constant = scan_features(scans, features)
    if n_constant:
        warnings.warn(
            f"{n_constant} ROI series were constant in their scan; their correlations were set "
            "to 0.",
            UserWarning,
            stacklevel=4,
        )
    return features
