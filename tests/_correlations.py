"""Correlations of windows, formed one by one."""

import numpy as np


def correlations(windows):
    """Form the tensor window by window, by numpy."""
    return np.stack([np.corrcoef(window.T) for window in windows], axis=2)


def all_windows(bags):
    return [window for bag in bags for window in bag]
