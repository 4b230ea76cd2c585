"""What all folds of a comparison share: rows, labels, groups, sites and confounds."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import column_or_1d

from .._extras import require
from .._validation import check_groups, check_labels
from ._fingerprint import describe, digest
from ._rows import PackedRows

__all__ = ["CONFOUNDS", "Cohort", "check_cohort"]

CONFOUNDS = "confounds"


@dataclass(frozen=True)
class Cohort:
    """Checked input of a comparison; workers map it from one file.

    Attributes
    ----------
    scans, confounds : PackedRows
        What models read; confounds (or None) are for the model of that name alone.
    y, groups, subjects, sites : ndarray of shape (n_rows,)
        Labels, group numbers, names of the subjects or groups, names of the sites.
    """

    scans: PackedRows
    confounds: PackedRows
    y: np.ndarray
    groups: np.ndarray
    subjects: np.ndarray
    sites: np.ndarray

    def rows_of(self, model):
        """Return the rows that a model reads."""
        return self.confounds if model == CONFOUNDS else self.scans

    def fingerprint(self, model, site):
        """Return a digest of all that a model is given at a site."""
        rows = np.flatnonzero(self.sites == site)
        X = self.rows_of(model).digest(rows)
        return digest(X, rows, self.y[rows], self.groups[rows], self.subjects[rows])


def check_cohort(X, y, groups, sites, confounds, pos_label):
    """Check the input of a comparison.

    Parameters
    ----------
    X, y, groups, sites, confounds, pos_label : see ``compare_models``
        The input.

    Returns
    -------
    cohort : Cohort
        The input in one form.
    pos_label : bool, int, float or str
        The positive class.

    Raises
    ------
    ValueError
        If lengths differ, there are not two classes, or ``pos_label`` is not among them.
    """
    scans = PackedRows.from_input(X)
    n_rows = len(scans)
    classes, codes = check_labels(y, n_rows)
    if len(classes) != 2:
        raise ValueError(f"compare_models needs 2 classes, but y holds {len(classes)}.")
    pos_label = classes[1] if pos_label is None else pos_label
    if pos_label not in classes:
        raise ValueError(f"pos_label={pos_label!r} is not among the classes {classes.tolist()}.")
    codes_of_groups = check_groups(groups, n_rows)
    subjects = np.arange(n_rows) if groups is None else _plain(groups)
    sites = np.full(n_rows, "all") if sites is None else _check_sites(sites, n_rows)
    table = None if confounds is None else _check_confounds(confounds, n_rows)
    labels = _plain(classes)[codes]
    cohort = Cohort(scans, table, labels, codes_of_groups, subjects, sites)
    return cohort, describe(np.asarray(pos_label)[()])


def _plain(values):
    """Return a 1-D array without objects, which files could not hold without pickle."""
    values = column_or_1d(values)
    return values if values.dtype != object else np.array(values.tolist())


def _check_sites(sites, n_rows):
    sites = _plain(sites).astype(str)
    if len(sites) != n_rows:
        raise ValueError(f"X has {n_rows} rows and sites has {len(sites)}.")
    return sites


def _check_confounds(confounds, n_rows):
    """Return confounds as a table of numbers; words become one column per word."""
    if hasattr(confounds, "columns"):
        confounds = require("pandas", extra="data").get_dummies(confounds)
    table = np.asarray(confounds, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n_rows:
        raise ValueError(f"X has {n_rows} rows and confounds has the shape {table.shape}.")
    return PackedRows.from_table(table)
