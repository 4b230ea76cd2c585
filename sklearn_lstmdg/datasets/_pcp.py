"""The files of the Preprocessed Connectomes Project (PCP): table, names, ROI series."""

import math
import re
from pathlib import Path

import numpy as np

from .._extras import require

__all__ = [
    "find_files",
    "find_root",
    "read_scans",
    "read_table",
    "resolve_sites",
    "select",
    "site_stem",
    "strategy",
]

_TABLE = "Phenotypic_V1_0b_preprocessed1.csv"
_NO_FILE_NAME = "no_filename"

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
    pandas = require("pandas", extra="data")
    if not (root / _TABLE).is_file():
        raise FileNotFoundError(f"The phenotypic table {root / _TABLE} is missing.")
    return pandas.read_csv(root / _TABLE)


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
        with path.open() as lines:
            codes = _read_codes(next(lines, ""))
            scan = np.array([line.split() for line in lines], dtype=float)
        if scan.ndim == 2 and scan.shape[1] == len(codes) and np.isfinite(scan).all():
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
            if not all(map(_is_finite_number, line.split())):
                return f"{path}, line {number}: a value is not a finite number."
    return f"{path} holds no time point."


def _is_finite_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
