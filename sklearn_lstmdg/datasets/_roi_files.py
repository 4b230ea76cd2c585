"""The ROI series of the Preprocessed Connectomes Project (PCP): where files lie, reading them."""

import numpy as np

from .._text import counted

_NO_FILE_NAME = "no_filename"

# ROI codes that are faults of an atlas's mask, with the reason.
_FAULTY_CODES = {"ho": {3455: "two voxels, constant zero in many subjects"}}


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
    text = path.read_text(encoding="utf-8", errors="replace")
    header, *lines = text.splitlines(keepends=True) or [""]
    codes = _read_codes(header, f"{path}, line 1")
    if not lines:
        raise ValueError(f"{path} holds no time point.")
    points = enumerate(lines, start=2)
    return codes, np.array([_read_point(x, len(codes), f"{path}, line {n}") for n, x in points])


def _read_codes(line, where):
    """Return the ROI codes of a file's first line."""
    try:
        codes = [int(code) for code in line.replace("#", " ").split()]
    except ValueError:
        codes = []
    if not codes or len(set(codes)) < len(codes):
        raise ValueError(f"{where}: expected ROI codes, each once, such as '#2001\\t#2002'.")
    return codes


def _read_point(line, n_rois, where):
    """Return one time point; a line without its end may be cut within its last number."""
    if not line.endswith("\n"):
        raise ValueError(f"{where}: the file is cut short, its last line has no end.")
    texts = line.split()
    if len(texts) != n_rois:
        raise ValueError(f"{where}: {counted(len(texts), 'value')} for {counted(n_rois, 'ROI')}.")
    try:
        values = np.array(texts, dtype=float)
    except ValueError:
        values = np.nan
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: a value is not a finite number.")
    return values
