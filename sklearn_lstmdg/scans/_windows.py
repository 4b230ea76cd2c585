"""Windows of a scan as views: cut, chosen, never materialised."""

import numpy as np

from ._validation import Sequences


def cut_like(unlabeled, labelled):
    """Cut scans as other rows are cut: the same length, and the same step.

    Parameters
    ----------
    unlabeled : Sequences
        Rows to cut. Bags, and scans shorter than a window, stay as they are.
    labelled : Sequences
        Rows whose windows serve as the model. Where their lengths differ nothing is cut; where
        each is one sequence, the windows follow each other without overlap.

    Returns
    -------
    Sequences
        The unlabelled rows.
    """
    lengths = np.unique(labelled.lengths)
    if unlabeled.kind == "bags" or len(lengths) > 1:
        return unlabeled
    length = lengths[0]
    step = next((s[1] - s[0] for s in labelled.starts if len(s) > 1), length)
    n_points = np.array([len(series) for series in unlabeled.series])
    starts = [np.arange(0, max(n - length, 0) + 1, step) for n in n_points]
    return Sequences(unlabeled.series, starts, np.minimum(n_points, length), labelled.kind)


def every_window(step, n_windows):
    """Choose every step-th window of each row.

    Parameters
    ----------
    step : int
        1 chooses all.
    n_windows : ndarray of int of shape (n_rows,)
        Windows of each row, which follow each other.

    Returns
    -------
    kept : ndarray of bool of shape (n_windows.sum(),) or slice
        Which windows; a slice where it is all of them, so that indexing copies nothing.
    rows : ndarray of int of shape (n_kept,)
        Row of each chosen window.
    """
    rows = np.repeat(np.arange(len(n_windows)), n_windows)
    if step == 1:
        return slice(None), rows
    place = np.arange(len(rows)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    kept = place % step == 0
    return kept, rows[kept]
