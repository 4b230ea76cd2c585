"""The one rule of what a constant ROI is, and the one warning of it."""

import sys
import warnings

import numpy as np

from .._text import counted

_UNITS = 8
_CONSTANT = "ROI series is constant", "ROI series are constant"


def is_constant(variance, mean_square, n_points, dtype):
    """Tell which series do not fluctuate beyond rounding.

    The standard deviation is within eight units of rounding of the root mean square: of the number
    format that was measured in, and of float64 sums over all points.
    """
    rounding = np.finfo(dtype).eps + n_points * np.finfo(np.float64).eps
    return variance <= np.square(_UNITS * rounding) * mean_square


def find_constant_rois(scan, like=None):
    """Tell which ROIs of a scan do not fluctuate beyond rounding.

    Shapes: scan (n_timepoints, n_rois), like (n_timepoints, n_rois); returned (n_rois,).
    """
    like = scan if like is None else like
    mean_square = np.einsum("tr,tr->r", like, like, dtype=np.float64) / len(like)
    return is_constant(scan.var(axis=0, dtype=np.float64), mean_square, len(scan), like.dtype)


def warn_of_constant_rois(n_series, consequence, where=""):
    """Warn once of all constant ROI series: how many, what becomes of them, where the first is."""
    if n_series:
        first = f" (first: {where})" if where else ""
        warnings.warn(
            f"{counted(n_series, *_CONSTANT)} in a scan or window{first}: {consequence}.",
            UserWarning,
            stacklevel=level_of_the_caller(),
        )


def level_of_the_caller():
    """Return the stack level, seen from one's caller, of the first frame outside this package."""
    frame, level, package = sys._getframe(1), 1, f"{__name__.partition('.')[0]}."
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        frame, level = frame.f_back, level + 1
    return level
