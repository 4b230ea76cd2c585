"""What all folds of a comparison share: rows, labels, groups, sites and confounds."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import column_or_1d

from .._extras import require
from .._text import check_encodable
from ..datasets import has_codes
from ..scans import Sequences, check_column, check_groups, check_sequences
from ._fingerprint import N_ROWS, PARTS, digest
from ._target_kinds import TargetKind, check_target

CONFOUNDS = "confounds"


@dataclass(frozen=True)
class Cohort:
    """Checked input of a comparison; workers map it from one file.

    ``confounds`` is for the model of that name alone, ``unlabeled`` for models that pretrain.
    """

    scans: Sequences
    confounds: Sequences | None
    target: TargetKind
    y: np.ndarray
    groups: np.ndarray
    subjects: np.ndarray
    sites: np.ndarray
    unlabeled: Sequences | None = None

    def rows_of(self, model):
        """Return the rows that a model reads."""
        return self.confounds if model == CONFOUNDS else self.scans

    def fingerprint(self, model, rows):
        """Return a digest of all that a model is given of these rows, and of each part of it."""
        X = _digest(self.rows_of(model).take(rows))
        y, groups, subjects = self.y[rows], self.groups[rows], self.subjects[rows]
        what = "confounds" if model == CONFOUNDS else "scans"
        named = {
            "their rows in X": rows,
            "labels": y,
            "groups": groups,
            "names of subjects": subjects,
        }
        parts = {N_ROWS: len(rows), what: X}
        parts |= {name: digest(values) for name, values in named.items()}
        return {"data": digest(X, rows, y, groups, subjects), PARTS: parts}

    def unlabeled_rows(self, fold):
        """Return the rows that pretrain: of sites that are not in a fold, nor are their groups."""
        is_here = np.isin(self.sites, self.sites[fold.rows])
        is_here |= np.isin(self.groups, self.groups[fold.rows])
        return np.flatnonzero(~is_here & self.target.unlabeled(self.y))

    def unlabeled_fingerprint(self, rows):
        """Return a digest of these rows and ``unlabeled``; None if there are none."""
        if not len(rows) and self.unlabeled is None:
            return None
        extra = None if self.unlabeled is None else _digest(self.unlabeled)
        return digest(_digest(self.scans.take(rows)), extra)

    def take_unlabeled(self, rows):
        """Return these rows and all of ``unlabeled``, as X is, but lists: lengths may differ."""
        scans = self.scans.take(rows)
        scans = scans if self.unlabeled is None else scans.join(self.unlabeled)
        return replace(scans, is_array=False).in_form() if len(scans) else None


def _digest(rows):
    """Return a fingerprint of rows."""
    names = () if rows.names is None else (list(rows.names),)
    return digest(rows.kind, rows.lengths, *rows.starts, *rows.series, *names)


def check_cohort(X, y, groups, sites, confounds, pos_label, X_unlabeled=None, target_kind=None):
    """Check the input of a comparison."""
    scans = _check_rows(X)
    n_rows = len(scans)
    target, y = check_target(y, n_rows, pos_label, target_kind)
    groups_encoded = check_groups(groups, n_rows)
    subjects = np.arange(n_rows) if groups is None else _plain(groups)
    sites = ["all"] * n_rows if sites is None else check_column(sites, n_rows, "sites")
    sites = _plain(sites).astype(str)
    names = () if scans.names is None else scans.names
    named = {"a site": sites, "a group": subjects, "a class": y, "an ROI": names}
    for what, values in named.items():
        check_encodable(np.unique(values).tolist(), what)
    table = None if confounds is None else _check_confounds(confounds, n_rows)
    unlabeled = None if X_unlabeled is None else _check_unlabeled(X_unlabeled, scans)
    return Cohort(scans, table, target, y, groups_encoded, subjects, sites, unlabeled)


def _plain(values):
    """Return a 1-D array without objects, which files could not hold without pickle."""
    values = column_or_1d(values)
    return values if values.dtype != object else np.array(values.tolist())


def _check_rows(X):
    """Check X; bags reach the models as a list of views, not as a copy in an array."""
    rows = check_sequences(X)
    return replace(rows, is_array=False) if rows.kind == "bags" else rows


def _check_unlabeled(X_unlabeled, scans):
    unlabeled = check_sequences(X_unlabeled)
    theirs, ours = (f"{rows.kind} of {rows.n_rois} ROIs" for rows in (unlabeled, scans))
    if theirs != ours:
        raise ValueError(f"X_unlabeled holds {theirs} and X {ours}.")
    tested = set(map(digest, scans.series))
    for row, series in enumerate(unlabeled.series):
        if digest(series) in tested:
            message = f"Row {row} of X_unlabeled is in X too: what is tested cannot pretrain."
            raise ValueError(message)
    return unlabeled


def _refuse_mixed(table):
    """Refuse texts among a column's numbers, each of which would be a column, and dates."""
    for name in table.select_dtypes(["datetime", "datetimetz", "timedelta"]):
        raise ValueError(f"confounds: {name!r} holds dates, which are no numbers.")
    to_numeric = require("pandas", extra="data").to_numeric
    for name in table.select_dtypes(["object", "string"]):
        column, numbers = table[name], to_numeric(table[name], errors="coerce")
        texts = (numbers.isna() & column.notna()).to_numpy()
        if texts.any() and not numbers.isna().all() and not has_codes(column):
            row = int(texts.argmax())
            raise ValueError(
                f"confounds: {name!r} is {column.iloc[row]!r} in row {row} of X, and a number in "
                "others."
            )


def _check_confounds(confounds, n_rows):
    """Return confounds as a table of numbers; words become one column per word."""
    if hasattr(confounds, "columns"):
        _refuse_mixed(confounds)
        confounds = require("pandas", extra="data").get_dummies(confounds)
    try:
        table = np.asarray(confounds, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise type(error)(f"confounds holds something that is no number: {error}") from error
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n_rows:
        raise ValueError(f"X has {n_rows} rows and confounds has the shape {table.shape}.")
    return Sequences.from_table(table)
