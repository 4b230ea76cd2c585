"""One scan's ROI series from a file of any of the usual formats, time points by ROIs."""

import csv
import io
from itertools import pairwise
from pathlib import Path

import numpy as np

from .._extras import require
from .._text import counted
from ._table_files import MISSING, decode

_TEXT = {".tsv": "\t", ".csv": ",", ".1d": None, ".txt": None}  # None: any white space


def read_series(path):
    """Return the names of the ROIs, None without, and the series; what is missing is NaN.

    Shapes: returned (n_rois,) and (n_timepoints, n_rois).
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _TEXT and suffix not in _READERS:
        known = ", ".join([*_TEXT, *_READERS])
        raise ValueError(f"{path}: no format of series ends in {suffix!r}; known are {known}.")
    if not path.is_file():
        hint = " (a link whose content has not been fetched)" if path.is_symlink() else ""
        raise FileNotFoundError(f"There is no file {path}{hint}.")
    names, series = _read_text(path) if suffix in _TEXT else _READERS[suffix](path)
    _check_names(path, names)
    return names, _check_series(path, series, names)


def looks_cut(path):
    """Tell whether a text's last line has no end; its last number may then lack digits."""
    return path.suffix.lower() in _TEXT and not path.read_bytes().endswith((b"\n", b"\r"))


def _check_names(path, names):
    for position, name in enumerate(names or (), start=1):
        if not name.strip():
            raise ValueError(f"{path}: column {position} has no name; is it a column of row names?")
        if name in names[: position - 1]:
            raise ValueError(f"{path} has the column {name!r} twice.")


def _check_series(path, series, names):
    """Refuse what is no table of points by ROIs, or too large for single precision."""
    if series.ndim != 2 or series.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} holds an array of dtype {series.dtype} and shape {series.shape}; a scan has "
            "numbers of shape (n_timepoints, n_rois)."
        )
    if not series.size:
        raise ValueError(f"{path} holds no {'ROI' if len(series) else 'time point'}.")
    too_large = np.abs(series) > np.finfo(np.float32).max
    if too_large.any():
        point, roi = np.argwhere(too_large)[0]
        raise ValueError(
            f"{path}: time point {point} of ROI {name_of(names, roi)} is {series[point, roi]:g}, "
            "too large for single precision."
        )
    return series.astype(np.float64)


def name_of(names, roi):
    """Name an ROI, by its number from 1 if it has no name."""
    return repr(names[roi]) if names else str(roi + 1)


def _read_text(path):
    """Read rows of text whose first line may hold the names of the columns."""
    separator = _TEXT[path.suffix.lower()]
    lines = [(n, line) for n, line in enumerate(decode(path).split("\n"), start=1)]
    while lines and not lines[-1][1].strip():
        lines.pop()
    comments = []
    if separator is None:
        comments = [line for _, line in lines if line.startswith("#")]
        lines = [(n, line) for n, line in lines if not line.startswith("#")]
    if separator is None and lines and _has_commas(lines[0][1]):
        separator = ","
    names = _cells(lines[0][1], separator) if lines else None
    if names and _is_header(names):
        lines = lines[1:]
    else:
        names = _names_in_comments(comments, len(names or ()))
    if not lines:
        raise ValueError(f"{path} holds no time point.")
    n_rois = len(names or _cells(lines[0][1], separator))
    _check_lengths(path, lines, separator, n_rois)
    return names, _parse(path, lines, separator, names)


def _has_commas(line):
    """Tell whether commas separate the values of a line, as C-PAC does in .1D; 0,5 0,6 has none."""
    return "," in line and all(value.endswith(",") for value in line.split()[:-1])


def _cells(line, separator):
    if separator is None:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def _is_header(cells):
    """Tell whether cells are names: a text among them, or whole numbers that ascend."""
    if not all(map(_is_value, cells)):
        return True
    if len(cells) < 2 or not all(cell.isdecimal() for cell in cells):
        return False
    numbers = list(map(int, cells))
    return all(low < high for low, high in pairwise(numbers))


def _is_value(cell):
    """Tell whether a cell is a number, or says that there is none."""
    if cell in MISSING:
        return True
    try:
        return cell.isascii() and "_" not in cell and np.isreal(float(cell))
    except ValueError:
        return False


def _names_in_comments(comments, n_rois):
    """Return the ROI codes of a comment such as ``#2001 #2002``, or None."""
    for comment in comments:
        codes = comment.replace("#", " ").replace(",", " ").split()
        if len(codes) == n_rois == comment.count("#"):
            return codes
    return None


def _check_lengths(path, lines, separator, n_rois):
    for n, line in lines:
        is_plain = separator is not None and '"' not in line
        n_values = line.count(separator) + 1 if is_plain else len(_cells(line, separator))
        if n_values != n_rois:
            raise ValueError(
                f"{path}, line {n}: {counted(n_values, 'value')} for {counted(n_rois, 'ROI')}."
            )


def _parse(path, lines, separator, names):
    pandas = require("pandas", extra="data")
    try:
        table = pandas.read_csv(
            io.StringIO("\n".join(line for _, line in lines)),
            sep=separator or r"\s+",
            header=None,
            dtype=np.float64,
            na_values=MISSING,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except ValueError as error:
        _point_out(path, lines, separator, names)
        raise ValueError(f"{path} cannot be read: {error}") from error
    return table.to_numpy()


def _point_out(path, lines, separator, names):
    """Raise for the first cell that is no number."""
    for n, line in lines:
        for roi, cell in enumerate(_cells(line, separator)):
            if not _is_value(cell):
                raise ValueError(
                    f"{path}, line {n}, column {name_of(names, roi)}: {cell!r} is not a number."
                )


def _read_npy(path):
    return None, _open(path, lambda: np.load(path, allow_pickle=False))


def _read_npz(path):
    # Opened here, for numpy leaves the file of a damaged archive open.
    with (
        _open(path, lambda: path.open("rb")) as file,
        _open(path, lambda: np.load(file, allow_pickle=False)) as arrays,
    ):
        return None, _only(path, {name: _open(path, lambda n=name: arrays[n]) for name in arrays})


def _read_mat(path):
    """Read MATLAB's format before 7.3, without loading what needs code of its own."""
    from scipy.io import loadmat

    content = _open(path, lambda: loadmat(path))
    arrays = {name: value for name, value in content.items() if not name.startswith("__")}
    tables = {n: a for n, a in arrays.items() if a.dtype.kind in "fiu" and min(a.shape) > 1}
    return None, _only(path, tables or arrays)


def _read_parquet(path):
    pandas = require("pandas", extra="data")
    require("pyarrow", extra="parquet")
    table = _open(path, lambda: pandas.read_parquet(path))
    return list(map(str, table.columns)), table.to_numpy()


def _open(path, read):
    try:
        return read()
    except NotImplementedError as error:  # what scipy raises for a .mat file in HDF5
        raise ValueError(f"{path} is of MATLAB's version 7.3; save it with '-v7'.") from error
    except Exception as error:  # these readers raise what they like
        raise ValueError(f"{path} cannot be read: {error}") from error


def _only(path, arrays):
    if len(arrays) != 1:
        told = ", ".join(arrays) or "none"
        raise ValueError(f"{path} must hold one array of time points by ROIs; it holds {told}.")
    return next(iter(arrays.values()))


_READERS = {".npy": _read_npy, ".npz": _read_npz, ".mat": _read_mat, ".parquet": _read_parquet}
