"""Names of ROIs, which rows of X bring along and transformers hand on."""

from .._extras import require


class NamedBags(list):
    """Bags whose ROIs have names, which arrays of three axes cannot hold."""

    def __init__(self, bags, columns):
        super().__init__(bags)
        self.columns = columns


def names_of(X):
    """Return the names of the ROIs of a collection of rows, or None; all rows have the same."""
    columns = [X.columns] if isinstance(X, NamedBags) else [getattr(r, "columns", ()) for r in X]
    for row, names in enumerate(map(list, columns)):
        if names != list(columns[0]):
            raise ValueError(f"Row {row} of X has other ROI names, or another order, than row 0.")
    return list(columns[0]) or None


def with_names(rows, names):
    """Return rows whose ROIs have these names, if not None: scans become DataFrames."""
    if names is None:
        return rows
    if rows[0].ndim == 3:
        return NamedBags(rows, names)
    return [as_frame(row, names) for row in rows]


def as_frame(scan, names):
    """Return a scan as a DataFrame on the same memory.

    Shapes: scan (n_timepoints, n_rois).
    """
    return require("pandas", extra="data").DataFrame(scan, columns=names, copy=False)
