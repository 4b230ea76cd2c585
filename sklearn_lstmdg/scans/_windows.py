"""Windows of a scan as views: cut, chosen, never materialised."""

import numpy as np

from ._validation import Sequences


def cut_like(unlabeled, labelled):
    """Cut scans as other rows are cut: the same length, and the same step."""
    lengths = np.unique(labelled.lengths)
    if unlabeled.kind == "bags" or len(lengths) > 1:
        return unlabeled
    length = lengths[0]
    step = next((s[1] - s[0] for s in labelled.starts if len(s) > 1), length)
    n_points = np.array([len(series) for series in unlabeled.series])
    starts = [np.arange(0, max(n - length, 0) + 1, step) for n in n_points]
    return Sequences(unlabeled.series, starts, np.minimum(n_points, length), labelled.kind)


def in_rows(values):
    """Stack what belongs to rows where shapes agree; else return the list."""
    return np.stack(values) if len({value.shape for value in values}) == 1 else values


def every_window(step, n_windows):
    """Choose every step-th window of each row.

    Shapes: n_windows (n_rows,); returned (n_windows.sum(),), (n_kept,).
    """
    rows = np.repeat(np.arange(len(n_windows)), n_windows)
    if step == 1:
        return slice(None), rows
    place = np.arange(len(rows)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    kept = place % step == 0
    return kept, rows[kept]
