"""The phenotypic table of the Preprocessed Connectomes Project (PCP), checked as it is read."""

import io
import re

import numpy as np

from .._extras import require
from ._table_files import check_shape, decode, without_codes

_NAME = "Phenotypic_V1_0b_preprocessed1.csv"
_KEYS = ("SUB_ID", "SITE_ID", "FILE_ID")
_NUMBERS = ("SUB_ID", "DX_GROUP", "AGE_AT_SCAN", "SEX", "func_mean_fd")

# Values that nilearn's quality_checked asks for in the columns of the three raters.
_QUALITY = {
    "qc_rater_1": ["OK"],
    "qc_anat_rater_2": ["OK", "maybe"],
    "qc_func_rater_2": ["OK", "maybe"],
    "qc_anat_rater_3": ["OK"],
    "qc_func_rater_3": ["OK"],
}


def read_table(root, quality_checked=False):
    """Read the phenotypic table of a folder; -9999 becomes missing in every column."""
    pandas = require("pandas", extra="data")
    path = root / _NAME
    if not path.is_file():
        raise FileNotFoundError(f"The phenotypic table {path} is missing.")
    text = decode(path)
    check_shape(path, text, (*_KEYS, "DX_GROUP", *(_QUALITY if quality_checked else ())))
    table = pandas.read_csv(io.StringIO(text), dtype={"SITE_ID": str, "FILE_ID": str})
    numbers = table.apply(pandas.to_numeric, errors="coerce")
    for name in table.columns.intersection(_NUMBERS):
        wrong = table[name].notna() & ~np.isfinite(numbers[name])
        _refuse(path, table, name, wrong, "is not a number")
    table = without_codes(table)
    for name in _KEYS:
        _refuse(path, table, name, table[name].isna(), "is missing")
    _refuse(path, table, "SUB_ID", table["SUB_ID"] % 1 != 0, "is not a whole number")
    return table.astype({"SUB_ID": np.int64})


def _refuse(path, table, column, wrong, reason):
    """Raise for the first of the wrong cells of a column, naming its line and subject."""
    if wrong.any():
        first = table.index[wrong][0]  # counted from the line below the names
        value, subject = table[column][wrong].tolist()[0], table.at[first, "SUB_ID"]
        raise ValueError(
            f"{path}, line {first + 2}, subject {subject}: {column} {value!r} {reason}."
        )


def check_diagnoses(root, rows):
    """Refuse a scan that is neither of autism nor of control: it would get a wrong label."""
    wrong = ~rows["DX_GROUP"].isin([1, 2])
    _refuse(root / _NAME, rows, "DX_GROUP", wrong, "is neither 1 (autism) nor 2 (control)")


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
