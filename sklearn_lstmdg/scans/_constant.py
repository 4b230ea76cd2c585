"""The one rule of what a constant ROI is, and the one warning of it."""

import warnings

import numpy as np

_UNITS = 8


def is_constant(variance, mean_square, n_points, dtype):
    """Tell which series do not fluctuate beyond rounding.

    The standard deviation is within eight units of rounding of the root mean square: of the number
    format that was measured in, and of float64 sums over all points.

    Parameters
    ----------
    variance : ndarray
        Of each series, with ``ddof=0``.
    mean_square : ndarray
        Of each series as it was measured: the size of its numbers.
    n_points : int
        Points of a series.
    dtype : numpy float type
        Number format of the measured series.

    Returns
    -------
    ndarray of bool
    """
    rounding = np.finfo(dtype).eps + n_points * np.finfo(np.float64).eps
    return variance <= np.square(_UNITS * rounding) * mean_square


def find_constant_rois(scan, like=None):
    """Tell which ROIs of a scan do not fluctuate beyond rounding.

    Parameters
    ----------
    scan : ndarray of shape (n_timepoints, n_rois)
        ROI series, possibly after some steps.
    like : ndarray of shape (n_timepoints, n_rois), default=None
        The series as they were measured, where ``scan`` is not.

    Returns
    -------
    ndarray of bool of shape (n_rois,)
        True for constant ROIs.
    """
    like = scan if like is None else like
    mean_square = np.einsum("tr,tr->r", like, like, dtype=np.float64) / len(like)
    return is_constant(scan.var(axis=0, dtype=np.float64), mean_square, len(scan), like.dtype)


def warn_of_constant_rois(n_series, consequence, where="", stacklevel=3):
    """Warn once of all constant ROI series.

    Parameters
    ----------
    n_series : int
        How many there are; of none there is no warning.
    consequence : str
        What becomes of them: "their correlations are 0".
    where : str, default=""
        Where the first one is: "row 3, ROI 7".
    stacklevel : int, default=3
        As in ``warnings.warn``, seen from here.
    """
    if n_series:
        first = f" (first: {where})" if where else ""
        warnings.warn(
            f"{n_series} ROI series are constant in their scan or window{first}: {consequence}.",
            UserWarning,
            stacklevel=stacklevel,
        )
