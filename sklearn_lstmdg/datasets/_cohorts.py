"""From files of series and a table's rows to the Bunch that loaders return."""

import warnings
from collections import Counter
from hashlib import sha256
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._bunch import Bunch
from .._extras import require
from .._text import counted
from ..scans import level_of_the_caller
from ._series_files import looks_cut, name_of, read_series
from ._table_files import Table, as_target, first_code

MOTION = "func_mean_fd"
_OF_MOTION = ("framewise_displacement", "trans_x", "rot_x")
_LONGEST_T_R = 60.0


class Columns(NamedTuple):
    """Which columns hold the target, the sites and what no split divides; None: none does."""

    target: str | None
    site: str | None
    group: str | None

    @property
    def needed(self):
        """Columns without whose value a scan is left out."""
        return [name for name in dict.fromkeys(self) if name is not None]


class Scans(NamedTuple):
    """Scans that are to be loaded: a row of a table, a file and a participant for each."""

    table: Table
    paths: list[Path]
    participants: list[str]

    def take(self, positions):
        """Return the scans of the given positions, in their order."""
        table = self.table._replace(rows=self.table.rows.iloc[positions])
        return Scans(table, *([part[i] for i in positions] for part in self[1:]))

    def leave_out(self, reasons, left_out):
        """Return the scans without a reason against them, noting the others'."""
        for participant, path, reason in zip(self.participants, self.paths, reasons, strict=True):
            if reason:
                left_out.add(participant, reason, path)
        kept = [position for position, reason in enumerate(reasons) if not reason]
        if not kept:
            raise ValueError(f"{self.table.where}: no scan is left to load. {left_out.told()}.")
        return self.take(kept), kept


def as_list(names):
    """Return names of columns as a list: one, several or none were given."""
    listed = [names] if isinstance(names, str) else names or ()
    if not np.iterable(listed) or not all(isinstance(name, str) for name in listed):
        raise ValueError(f"confounds must be names of columns, got {names!r}.")
    return list(listed)


class LeftOut(list):
    """What of a cohort is not loaded, and why."""

    def add(self, participant, reason, path=""):
        """Note a participant, or one file of theirs."""
        self.append({"participant_id": participant, "file": str(path), "reason": reason})

    def told(self):
        """Count the reasons."""
        counts = Counter(record["reason"] for record in self)
        told = "; ".join(f"{n} {reason}" for reason, n in counts.items())
        return f"Left out: {told or 'nothing'}"


def check_t_r(value, where):
    """Return a repetition time in seconds; refuse what is none."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < np.inf:
        raise ValueError(f"{where} is {value!r}, and no number above 0.")
    if value > _LONGEST_T_R:
        raise ValueError(f"{where} is {value:g}: seconds are wanted, are these milliseconds?")
    return float(value)


def load_cohort(scans, columns, left_out, max_missing=None):
    """Read the scans and return them as a Bunch; without `max_missing` no point may be missing."""
    scans, _ = scans.leave_out(_lacking(scans.table.rows, columns.needed), left_out)
    names, series = _read_all(scans.paths)
    if max_missing is None:
        _refuse_missing(scans.paths, names, series)
    against = zip(_too_much_missing(series, max_missing), _repeated(scans, series), strict=True)
    scans, kept = scans.leave_out([missing or repeated for missing, repeated in against], left_out)
    series = [series[position] for position in kept]
    kept_rois = _find_rois(names, series)
    if left_out:
        _warn(f"{left_out.told()}. See left_out.")
    return _to_bunch(scans, names, series, kept_rois, columns, left_out)


def _lacking(rows, needed):
    """Give a reason against each scan without a value that is needed, else None."""
    missing = rows[needed].isna()
    names = [next((name for name in needed if row[name]), None) for _, row in missing.iterrows()]
    return [name and f"without {name}" for name in names]


def _warn(message):
    warnings.warn(message, UserWarning, stacklevel=level_of_the_caller())


def warn_of_codes(table, names):
    """Warn of confounds that are of numbers, but are read as names, for a zero begins one."""
    for name in names:
        code = first_code(table.rows[name])
        if code is not None:
            _warn(
                f"{table.where}: the confound {name} counts as names and not as a quantity, since "
                f"{code} begins with a zero."
            )


def _read_all(paths):
    """Read series whose columns are the same; return their names, None without, and the series."""
    read = map(read_series, paths)
    parts = [(names, series.astype(np.float32)) for names, series in read]
    names, first = parts[0]
    motion = [name for name in _OF_MOTION if name in (names or ())]
    if motion:
        raise ValueError(f"{paths[0]} holds confounds, such as {motion[0]}, and no series of ROIs.")
    for path, (theirs, series) in zip(paths, parts, strict=True):
        if series.shape[1] != first.shape[1]:
            raise ValueError(
                f"{path} has {series.shape[1]} ROIs, where {paths[0]} has {first.shape[1]}; rows "
                "are time points, columns ROIs."
            )
        if theirs != names:
            raise ValueError(f"{path} {_difference(theirs, names)} {paths[0]}.")
    _warn_of_cut(paths)
    return names, [series for _, series in parts]


def _warn_of_cut(paths):
    """Warn of files that may be cut; what writes no last end of a line writes none in any."""
    cut = [path for path in paths if looks_cut(path)]
    if 0 < len(cut) < len(paths):
        of = f"of {len(paths)} files"
        stop = counted(len(cut), f"{of} stops", f"{of} stop")
        _warn(f"{stop} within a line, {cut[0]} first: cut short?")


def _difference(theirs, names):
    """Tell how names of ROIs differ from those of another file."""
    if theirs is None or names is None:
        return f"has {'no ' if theirs is None else ''}names of ROIs, other than"
    column = next(i for i in range(len(names)) if theirs[i] != names[i])
    how = "the ROIs in another order" if sorted(theirs) == sorted(names) else "other ROIs"
    return f"has {how}, column {column + 1} is {theirs[column]!r} and not {names[column]!r} as in"


def _refuse_missing(paths, names, series):
    for path, scan in zip(paths, series, strict=True):
        if np.isnan(scan).any():
            point, roi = np.argwhere(np.isnan(scan))[0]
            raise ValueError(f"{path}: time point {point} of ROI {name_of(names, roi)} is missing.")


def _too_much_missing(series, max_missing):
    """Give a reason against each scan of which too many ROIs have missing points, else None."""
    n_rois = series[0].shape[1]
    missing = [int(np.isnan(scan).any(axis=0).sum()) for scan in series]
    return [
        f"with missing points in {n} of {n_rois} ROIs" if n > (max_missing or 0) * n_rois else None
        for n in missing
    ]


def find_repeated(series):
    """Return, for each scan, the position of the first that is the same."""
    first = {}
    keys = ((s.shape, sha256(np.ascontiguousarray(s)).digest()) for s in series)
    return [first.setdefault(key, i) for i, key in enumerate(keys)]


def _repeated(scans, series):
    return [
        None if first == position else f"with the series of {scans.paths[first].name}"
        for position, first in enumerate(find_repeated(series))
    ]


def _find_rois(names, series):
    """Tell which ROIs no scan misses, and warn of the others.

    Shapes: returned (n_rois,).
    """
    missing = sum(np.isnan(scan).any(axis=0).astype(int) for scan in series)
    if missing.all():
        raise ValueError("Each ROI has missing points in some scan: lower max_missing.")
    if missing.any():
        worst = int(np.argmax(missing))
        of = f"of {len(missing)} ROIs"
        dropped = counted(np.count_nonzero(missing), f"{of} is dropped", f"{of} are dropped")
        _warn(
            f"{dropped} for all scans, with missing points in some: ROI {name_of(names, worst)} "
            f"in {missing[worst]} of {len(series)}."
        )
    return missing == 0


def _to_bunch(scans, names, series, kept_rois, columns, left_out):
    pandas = require("pandas", extra="data")
    numbers = list(map(str, range(1, len(kept_rois) + 1)))
    feature_names = np.array(names or numbers)[kept_rois].tolist()
    has_codes = names is not None and all(name.isdecimal() and int(name) for name in names)
    rows = scans.table.rows.reset_index(drop=True)
    target = None if columns.target is None else as_target(scans.table, columns.target)
    has_classes = target is not None and target.dtype.kind != "f"
    return Bunch(
        data=[pandas.DataFrame(scan[:, kept_rois], columns=feature_names) for scan in series],
        target=target,
        target_names=np.unique(target).astype(str).tolist() if has_classes else None,
        groups=np.arange(len(rows)) if columns.group is None else _plain(rows[columns.group]),
        sites=_sites(rows, columns.site),
        feature_names=feature_names,
        roi_codes=np.array(feature_names, dtype=int) if has_codes else None,
        phenotypic=rows,
        filenames=list(map(str, scans.paths)),
        left_out=pandas.DataFrame(left_out, columns=["participant_id", "file", "reason"]),
        n_rois_dropped=int(np.count_nonzero(~kept_rois)),
    )


def _plain(column):
    """Return a column without objects; whole numbers stay whole where others were missing."""
    return np.array(column.convert_dtypes().tolist())


def _sites(rows, column):
    return np.full(len(rows), "all") if column is None else _plain(rows[column]).astype(str)
