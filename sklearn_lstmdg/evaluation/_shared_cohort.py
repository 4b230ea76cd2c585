"""What all folds of a comparison share: rows, labels, groups, sites and confounds."""

import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
from sklearn.utils import column_or_1d

from .._extras import require
from ..scans import check_groups, check_labels
from ._fingerprint import describe, digest
from ._rows import PackedRows
from ._store import LOCK, locked

__all__ = ["CONFOUNDS", "Cohort", "check_cohort", "shared"]

CONFOUNDS = "confounds"
_PREFIX = ".lstmdg-cohort-"
_SECONDS_TO_LOCK = 60


@dataclass(frozen=True)
class Cohort:
    """Checked input of a comparison; workers map it from one file.

    Attributes
    ----------
    scans, confounds : PackedRows
        What models read; confounds (or None) are for the model of that name alone.
    y, groups, subjects, sites : ndarray of shape (n_rows,)
        Labels, group numbers, names of the subjects or groups, names of the sites.
    source : PackedRows or None
        Rows of sites that are not compared, for models that pretrain.
    """

    scans: PackedRows
    confounds: PackedRows
    y: np.ndarray
    groups: np.ndarray
    subjects: np.ndarray
    sites: np.ndarray
    source: PackedRows | None = None

    def rows_of(self, model):
        """Return the rows that a model reads."""
        return self.confounds if model == CONFOUNDS else self.scans

    def fingerprint(self, model, rows):
        """Return a digest of all that a model is given of these rows."""
        X = self.rows_of(model).digest(rows)
        return digest(X, rows, self.y[rows], self.groups[rows], self.subjects[rows])

    def source_rows(self, fold, pos_label):
        """Return the negative rows of the sites that are not in a fold, nor are their groups."""
        is_here = np.isin(self.sites, self.sites[fold.rows])
        is_here |= np.isin(self.groups, self.groups[fold.rows])
        return np.flatnonzero(~is_here & (self.y != pos_label))

    def source_fingerprint(self, rows):
        """Return a digest of these rows and ``source``; None if there are none."""
        if not len(rows) and self.source is None:
            return None
        extra = None if self.source is None else self.source.digest(np.arange(len(self.source)))
        return digest(self.scans.digest(rows), extra)

    def take_source(self, rows):
        """Return these rows and all of ``source``, in the data form of X; None if there are none.

        Without arrays: sites differ in the lengths of their scans.
        """
        scans = list(self.scans.take(rows)) if len(rows) else []
        if self.source is not None:
            scans += list(self.source.take(np.arange(len(self.source))))
        if not scans:
            return None
        return np.stack(scans) if self.scans.kind == "table" else scans


def check_cohort(X, y, groups, sites, confounds, pos_label, source=None):
    """Check the input of a comparison.

    Parameters
    ----------
    X, y, groups, sites, confounds, pos_label, source : see ``compare_models``
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
        If lengths differ, there are not two classes, ``pos_label`` is not among them, or the source
        is of another form than X or shares rows with it.
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
    source = None if source is None else _check_source(source, scans)
    cohort = Cohort(scans, table, labels, codes_of_groups, subjects, sites, source)
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


def _check_source(source, scans):
    source = PackedRows.from_input(source)
    forms = [(rows.kind, rows.points.shape[1]) for rows in (source, scans)]
    if forms[0] != forms[1]:
        what = [f"{kind} of {n_rois} ROIs" for kind, n_rois in forms]
        raise ValueError(f"source holds {what[0]} and X {what[1]}.")
    tested = set(scans.digests())
    for row, known in enumerate(source.digests()):
        if known in tested:
            raise ValueError(f"Row {row} of source is in X too: what is tested cannot pretrain.")
    return source


def _check_confounds(confounds, n_rows):
    """Return confounds as a table of numbers; words become one column per word."""
    if hasattr(confounds, "columns"):
        confounds = require("pandas", extra="data").get_dummies(confounds)
    table = np.asarray(confounds, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n_rows:
        raise ValueError(f"X has {n_rows} rows and confounds has the shape {table.shape}.")
    return PackedRows.from_table(table)


@contextlib.contextmanager
def shared(cohort, folder=None):
    """Lay a cohort in a file that workers map, so that tasks need not carry scans.

    Parameters
    ----------
    cohort : Cohort
        What folds share.
    folder : path, default=None
        Where; None is the system's folder of temporary files.

    Yields
    ------
    str
        The file. It is deleted in the end, as are those that killed runs have left.
    """
    folder = Path(folder or tempfile.gettempdir())
    for left in folder.glob(f"{_PREFIX}*"):
        _delete_left(left)
    temporary = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True)
    with temporary as mine, locked(mine):
        path = str(Path(mine) / "cohort")
        joblib.dump(cohort, path)
        yield path


def _delete_left(folder):
    """Delete a folder unless its run lives, or is so young that it may have no lock yet."""
    try:
        is_young = time.time() - folder.stat().st_mtime < _SECONDS_TO_LOCK
    except FileNotFoundError:
        return
    if is_young:
        return
    with locked(folder, wait=False) as is_mine:
        if is_mine:
            with contextlib.suppress(OSError):
                (folder / "cohort").unlink(missing_ok=True)
                (folder / LOCK).unlink()
                folder.rmdir()
