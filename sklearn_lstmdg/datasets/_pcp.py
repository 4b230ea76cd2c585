"""The files of the Preprocessed Connectomes Project (PCP): table, names, ROI series."""

import math
import re
from pathlib import Path

import numpy as np

from .._extras import require

_TABLE = "Phenotypic_V1_0b_preprocessed1.csv"
_NO_FILE_NAME = "no_filename"
_COLUMNS = ("SUB_ID", "SITE_ID", "FILE_ID", "DX_GROUP")
_NUMBERS = ("SUB_ID", "DX_GROUP", "AGE_AT_SCAN", "SEX", "func_mean_fd")

# Values that nilearn's quality_checked asks for in the columns of the three raters.
_QUALITY = {
    "qc_rater_1": ["OK"],
    "qc_anat_rater_2": ["OK", "maybe"],
    "qc_func_rater_2": ["OK", "maybe"],
    "qc_anat_rater_3": ["OK"],
    "qc_func_rater_3": ["OK"],
}

# ROI codes that are faults of an atlas's mask, with the reason.
_FAULTY_CODES = {"ho": {3455: "two voxels, constant zero in many subjects"}}


def find_root(data_dir):
    """Return the folder of the data set."""
    root = Path(data_dir).expanduser() / "ABIDE_pcp"
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder {root}; data_dir must contain ABIDE_pcp/.")
    return root


def read_table(root):
    """Read the phenotypic table."""
    pandas, path = require("pandas", extra="data"), root / _TABLE
    if not path.is_file():
        raise FileNotFoundError(f"The phenotypic table {path} is missing.")
    try:
        table = pandas.read_csv(path, encoding="utf-8", na_values=["-9999", "-9999.0"])
    except (UnicodeDecodeError, pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise ValueError(
            f"{path} is no table of comma separated values in UTF-8: {error}"
        ) from error
    lacking = [name for name in _COLUMNS if name not in table]
    if lacking:
        raise ValueError(f"{path} has no column {', '.join(lacking)}.")
    for name in _NUMBERS:
        if name in table:
            _check_numbers(table, name, path)
    return table


def _check_numbers(table, name, path):
    """Refuse text in a column of numbers."""
    numbers = require("pandas", extra="data").to_numeric(table[name], errors="coerce")
    wrong = numbers.isna() & table[name].notna()
    if wrong.any():
        raise ValueError(f"{_cell(table, name, wrong, path)} is not a number.")
    table[name] = numbers


def _cell(table, name, wrong, path):
    """Name the first of some cells: line of the file, subject, column and value."""
    first = table.index[wrong][0]  # counted from the line below the names
    subject, value = table.at[first, "SUB_ID"], table.at[first, name]
    return f"{path}, line {first + 2}, subject {subject}: {name} {value!r}"


def read_diagnoses(rows, root):
    """Return 1 for autism and 0 for control; DX_GROUP is 1 and 2."""
    wrong = ~rows["DX_GROUP"].isin([1, 2])
    if wrong.any():
        cell = _cell(rows, "DX_GROUP", wrong, root / _TABLE)
        raise ValueError(f"{cell} is neither 1 (autism) nor 2 (control).")
    return (rows["DX_GROUP"] == 1).to_numpy(dtype=int)


def strategy(band_pass_filtering, global_signal_regression):
    """Return PCP's name for a combination of the two steps."""
    return (
        f"{'filt' if band_pass_filtering else 'nofilt'}_"
        f"{'global' if global_signal_regression else 'noglobal'}"
    )


def site_stem(site_id):
    """Return a site's name without the number of its sample."""
    return re.sub(r"_\d+$", "", site_id)


def resolve_sites(sites, site_ids):
    """Return the SITE_IDs that the given names mean."""
    known = sorted(set(site_ids))
    if sites is None:
        return known
    chosen = set()
    for site in [sites] if isinstance(sites, str) else sites:
        name = str(site).upper()
        matches = [s for s in known if name in (s.upper(), site_stem(s).upper())]
        if not matches:
            raise ValueError(f"Unknown site {site!r}; known are {', '.join(known)}.")
        chosen.update(matches)
    return sorted(chosen)


def select(table, sites, quality_checked):
    """Return the rows of the given sites, and of good quality if asked."""
    wanted = table["SITE_ID"].isin(resolve_sites(sites, table["SITE_ID"]))
    if quality_checked:
        for column, values in _QUALITY.items():
            wanted &= table[column].isin(values)
    return table[wanted]


def find_files(folder, atlas, rows, table):
    """Return the path of every row whose file exists, by the row's index."""
    prefixes = _site_prefixes(table)
    paths = {}
    for index, file_id, sub_id, site in rows[["FILE_ID", "SUB_ID", "SITE_ID"]].itertuples():
        names = [file_id]
        if file_id == _NO_FILE_NAME:
            names = [f"{prefix}_{sub_id:07d}" for prefix in prefixes.get(site, [site])]
        candidates = (folder / f"{name}_rois_{atlas}.1D" for name in names)
        path = next((path for path in candidates if path.is_file()), None)
        if path is not None:
            paths[index] = path
    if not paths:
        raise FileNotFoundError(_nothing_found(folder, atlas))
    return paths


def _site_prefixes(table):
    """Return the file name prefixes that the table uses for each site (CMU: CMU_a and CMU_b)."""
    named = table[table["FILE_ID"] != _NO_FILE_NAME]
    prefix = named["FILE_ID"].str.rsplit("_", n=1).str[0]
    return prefix.groupby(named["SITE_ID"]).unique()


def _nothing_found(folder, atlas):
    files = folder.parent.parent.glob("*/*/*_rois_*.1D")
    there = {f"{f.parent.parent.name}/{f.parent.name} {f.stem.rpartition('_')[2]}" for f in files}
    return (
        f"No file of the selected subjects ends in _rois_{atlas}.1D in {folder}. "
        f"On disk are: {', '.join(sorted(there)) or 'no scans at all'}."
    )


def read_scans(paths, atlas):
    """Read the files with their columns in one order: ascending ROI codes."""
    parts = [_read_scan(path) for path in paths]
    faulty = set(_FAULTY_CODES.get(atlas, ()))
    expected = set().union(*(codes for codes, _ in parts)) - faulty
    roi_codes = sorted(expected)
    scans = []
    for path, (codes, scan) in zip(paths, parts, strict=True):
        missing = expected.difference(codes)
        if missing:
            raise ValueError(f"{path} lacks the ROI codes {sorted(missing)} of the other files.")
        column = {code: i for i, code in enumerate(codes)}
        scans.append(scan[:, [column[code] for code in roi_codes]])
    return scans, np.array(roi_codes)


def _read_scan(path):
    """Return the ROI codes and the series of a file."""
    try:
        with path.open() as file:
            codes, lines = _read_codes(next(file, "")), list(file)
        scan = np.array([line.split() for line in lines], dtype=float)
        is_whole = scan.ndim == 2 and scan.shape[1] == len(codes) and lines[-1].endswith("\n")
        if is_whole and np.isfinite(scan).all():
            return codes, scan
    except ValueError:
        pass
    raise ValueError(_describe_damage(path))


def _read_codes(line):
    """Return the ROI codes of a file's first line."""
    codes = [int(code) for code in line.replace("#", " ").split()]
    if not codes or len(set(codes)) < len(codes):
        raise ValueError("no codes, or one of them twice")
    return codes


def _describe_damage(path):
    """Say which line of a file is not as it should be."""
    with path.open(errors="replace") as lines:
        try:
            n_rois = len(_read_codes(next(lines, "")))
        except ValueError:
            return f"{path}, line 1: expected ROI codes, each once, such as '#2001\\t#2002'."
        for number, line in enumerate(lines, start=2):
            n_values = len(line.split())
            if n_values != n_rois:
                return f"{path}, line {number}: {n_values} values for {n_rois} ROIs."
            if not line.endswith("\n"):
                return f"{path}, line {number}: the file is cut short, its last line has no end."
            if not all(map(_is_finite_number, line.split())):
                return f"{path}, line {number}: a value is not a finite number."
    return f"{path} holds no time point."


def _is_finite_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
