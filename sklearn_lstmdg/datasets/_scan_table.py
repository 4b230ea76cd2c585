"""ROI series of any files that a table lists, one row a scan."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._bunch import Bunch
from .._extras import require
from .._text import counted
from ._cohorts import Columns, LeftOut, Scans, as_list, check_t_r, load_cohort, warn_of_codes
from ._participant_ids import ids_in, written_alike
from ._table_files import read_rows

if TYPE_CHECKING:
    from pandas import DataFrame

_ID = "participant_id"


def load_scans(
    table: "str | os.PathLike[str] | DataFrame",
    *,
    target: str | None,
    scans: str | os.PathLike[str] = "scan",
    site: str | None = None,
    group: str | None = None,
    confounds: str | Sequence[str] | None = None,
    t_r: str | float | None = None,
) -> Bunch:
    """Load ROI series from files that a table lists, one row a scan.

    Parameters
    ----------
    table : str, path or DataFrame
        Table (.tsv or .csv) of scans.
    target : str or None
        Column of labels, or of numbers; None loads scans without, for prediction or pretraining.
    scans : str or path, default="scan"
        Column of files, relative to the table's folder (of a DataFrame: to the working directory);
        or a folder, whose files are named as the column ``participant_id`` says, with or without
        ``sub-``, up to a ``.`` or ``_``. See Notes for formats.
    site : str, default=None
        Column of sites.
    group : str, default=None
        Column of what no split divides: subjects, or families. None is ``participant_id``, and
        without this column each row is on its own.
    confounds : str or list of str, default=None
        Columns that may explain the target.
    t_r : str or float, default=None
        Column of repetition times in seconds, or the one of all scans.

    Returns
    -------
    Bunch
        As from :func:`load_bids`; ``t_r`` is NaN where unknown.

    Raises
    ------
    ValueError
        If a column is not there, a file is named twice, damaged, or of another number or order of
        ROIs than the first, a point is missing, or a repetition time is impossible.
    FileNotFoundError
        If a file is not there.

    Warns
    -----
    UserWarning
        If scans are left out (``left_out`` says why): those without target, site or group, and
        second files of the identical series.

    See Also
    --------
    load_bids : Reads derivatives in BIDS's layout.

    Notes
    -----
    A file holds time points by ROIs. ``.tsv`` and ``.csv`` may have names of ROIs in their first
    line, ``.1D`` and ``.txt`` (white space between values) in a comment ``#2001 #2002``; ``.npy``,
    ``.npz`` and ``.mat`` (before 7.3) hold one array, ``.parquet`` (with pyarrow) one table.

    In the table, ids stay as written, and a column in which a value begins with a zero (01, but not
    0.5 or 08.5) is of names. Missing is what is empty, ``n/a``, ``NA``, ``NaN`` or -9999. Columns
    are separated by commas in ``.csv`` and by tabs in ``.tsv``, or as Excel's first line ``sep=;``
    says; numbers have a point before decimals.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_lstmdg.datasets import load_scans
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("ann", "ben"):
    ...         np.save(Path(folder, f"{name}.npy"), np.random.rand(100, 6))
    ...     table = pandas.DataFrame({"participant_id": ["ann", "ben"], "group": ["A", "B"]})
    ...     cohort = load_scans(table, target="group", scans=folder, t_r=2.0)
    >>> cohort.data[0].shape, cohort.target.tolist(), cohort.target_names
    ((100, 6), ['A', 'B'], ['A', 'B'])
    """
    rows = read_rows(table, texts=[_ID, str(scans)], names=[site, group])
    asked, times = as_list(confounds), t_r if isinstance(t_r, str) else None
    rows.check_column(target=target, site=site, group=group, t_r=times)
    rows.check_columns(confounds=asked)
    rows.refuse_commas(*asked, *[target][: target is not None])
    rows.refuse_mixed(*asked)
    warn_of_codes(rows, asked)
    _check_times(rows, t_r)
    paths = _find_files(rows, str(scans))
    group = group or (_ID if _ID in rows.rows else None)
    names = rows.rows[_ID].tolist() if _ID in rows.rows else [path.name for path in paths]
    left_out = LeftOut()
    cohort = load_cohort(Scans(rows, paths, names), Columns(target, site, group), left_out)
    told = np.nan if t_r is None else t_r if times is None else cohort.phenotypic[times]
    cohort.t_r = np.full(len(cohort.data), told, dtype=float)
    cohort.confounds = cohort.phenotypic[asked] if asked else None
    cohort.DESCR = (
        f"{counted(len(cohort.data), 'scan')} that {rows.where} lists. {left_out.told()}."
    )
    return cohort


def _check_times(table, t_r):
    """Refuse repetition times that cannot be, of a column or of all scans."""
    if isinstance(t_r, str):
        told = table.rows[t_r].tolist()
        seconds = require("pandas", extra="data").to_numeric(table.rows[t_r], errors="coerce")
        for position in np.flatnonzero(table.rows[t_r].notna()):
            known = np.isfinite(seconds.iloc[position])
            value = float(seconds.iloc[position]) if known else told[position]
            check_t_r(value, f"{table.line(position)}: {t_r}")
    elif t_r is not None:
        check_t_r(t_r, "t_r")


def _find_files(table, scans):
    """Return the file of each row: by its column, or by the participant's id in a folder."""
    home = Path(*table.folder)
    if scans in table.rows:
        table.refuse_missing(scans)
        paths = [home / Path(name).expanduser() for name in table.rows[scans].astype(str)]
    else:
        paths = _find_in_folder(table, Path(scans).expanduser())
    first = {}
    for position, path in enumerate(paths):
        if not path.is_file():
            raise FileNotFoundError(f"{table.line(position)}: there is no file {path}.")
        if first.setdefault(path, position) != position:
            raise ValueError(f"{table.line(position)}: {path} is there twice.")
    return paths


def _find_in_folder(table, folder):
    """Return the file that each participant's id names."""
    if not folder.is_dir():
        table.check_columns(scans=str(folder))
    table.check_columns(participants=_ID)
    table.refuse_missing(_ID)
    files = {}
    for path in sorted(folder.iterdir()):
        for name in ids_in(path.name):
            files.setdefault(name, []).append(path)
    paths = [files.get(name.removeprefix("sub-"), []) for name in table.rows[_ID]]
    for position, found in enumerate(paths):
        if len(found) != 1:
            name, told = table.rows[_ID].iloc[position], ", ".join(path.name for path in found)
            raise ValueError(
                f"{table.line(position)}: one file of {name} is needed in {folder}, there is "
                f"{told or _none_but(name, files)}."
            )
    return [found[0] for found in paths]


def _none_but(name, files):
    """Tell that no file has a name, and which has one that is written alike."""
    alike = written_alike([name], files)
    return f"none, but {files[alike[0][1]][0].name}: ids must be the same" if alike else "none"
