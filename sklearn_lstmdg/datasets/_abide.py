"""ABIDE I as the Preprocessed Connectomes Project (PCP) lays it out on disk."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._bunch import Bunch
from .._extras import require
from .._text import counted
from ..base import check_number
from ..scans import resample
from ._cohorts import find_repeated
from ._phenotypic_table import check_diagnoses, read_table, resolve_sites, select, site_stem
from ._roi_files import find_files, read_scans

# Seconds, by the stem of SITE_ID: those whose filtered scans have a spectrum that ends at 0.1 Hz.
_REPETITION_TIMES = {
    **dict.fromkeys(["OLIN", "PITT"], 1.5),
    "LEUVEN": 1.65,
    **dict.fromkeys(["CALTECH", "CMU", "NYU", "SDSU", "STANFORD", "TRINITY", "UM", "USM"], 2.0),
    "YALE": 2.0,
    "SBL": 2.2,
    **dict.fromkeys(["KKI", "OHSU"], 2.5),
    **dict.fromkeys(["MAX_MUN", "UCLA"], 3.0),
}

# By SUB_ID: scans of CMU_b that have 316 points, where the site's have 202 or 236.
_OWN_REPETITION_TIMES = dict.fromkeys([50644, 50648, 50669], 1.5)

# Subjects of the paper's four sites.
_PAPER_COUNTS = {"NYU": 184, "UM": 143, "USM": 101, "UCLA": 99}


def load_abide(
    data_dir: str | os.PathLike[str],
    atlas: str = "aal",
    sites: str | Sequence[str] | None = None,
    pipeline: str = "ccs",
    band_pass_filtering: bool = True,
    global_signal_regression: bool = True,
    quality_checked: bool = False,
    resample_to: float | None = None,
) -> Bunch:
    """Load ABIDE I scans that are on disk, without any network.

    Every file that exists for a row of the phenotypic table is taken. The defaults are the
    paper's choices [1]_: pipeline CCS, atlas AAL, band-pass filtering, global signal regression,
    no quality check.

    Parameters
    ----------
    data_dir : str or path
        Folder that contains ``ABIDE_pcp/``, in the layout that nilearn caches:
        ``ABIDE_pcp/<pipeline>/<filt|nofilt>_<global|noglobal>/<FILE_ID>_rois_<atlas>.1D``.
    atlas : str, default="aal"
        Short name of the atlas: aal, cc200, cc400, dosenbach160, ez, ho or tt.
    sites : str or list of str, default=None
        Sites to load, each a SITE_ID or its stem, in any case: "um" is UM_1 and UM_2. None loads
        all sites.
    pipeline : str, default="ccs"
        Preprocessing pipeline: ccs, cpac, dparsf or niak.
    band_pass_filtering : bool, default=True
        Whether to read the scans that PCP filtered to 0.01-0.1 Hz.
    global_signal_regression : bool, default=True
        Whether to read the scans of which PCP regressed the global signal.
    quality_checked : bool, default=False
        Whether to keep only subjects that all three raters passed, as in nilearn.
    resample_to : float, default=None
        Repetition time, in seconds, to bring the scans of all other sites to (UCLA has 3 s, most
        sites 2 s).

    Returns
    -------
    Bunch
        With the attributes

        - ``data`` : list of float32 ndarray of shape (n_timepoints_i, n_rois), one per subject;
          constant ROIs are left in place;
        - ``target`` : ndarray of int of shape (n_subjects,), autism 1 and control 0;
        - ``groups`` : ndarray of int of shape (n_subjects,), SUB_ID;
        - ``sites`` : ndarray of str of shape (n_subjects,), SITE_ID;
        - ``roi_codes`` : ndarray of int of shape (n_rois,), the atlas codes of the columns,
          ascending;
        - ``phenotypic`` : DataFrame of n_subjects rows, PCP's table; its -9999, in any column, is
          missing (NaN);
        - ``t_r`` : ndarray of shape (n_subjects,), repetition time of each scan in seconds, after
          resampling; three scans of CMU have another than their site;
        - ``filenames`` : list of str;
        - ``site_counts`` : DataFrame with a row for each SITE_ID: rows of the ``table``, those
          ``selected`` by the quality check, ``files`` found, scans ``loaded`` (duplicates
          dropped), and of these ``autism``;
        - ``DESCR`` : str.

    Raises
    ------
    ValueError
        If a site is unknown, a file is damaged, cut or lacks ROI codes, ``resample_to`` is asked
        for a site of unknown repetition time, or the phenotypic table is not in UTF-8, lacks a
        column, has a row that is too long or too short, text in a column of numbers, or a
        diagnosis (``DX_GROUP``) of a loaded scan that is neither 1 nor 2.
    FileNotFoundError
        If there is no such folder or table, or no file for this combination of options.

    Warns
    -----
    UserWarning
        If subjects have the identical series: the first one of the table is kept.

    See Also
    --------
    fetch_abide : Downloads the files first.
    sklearn_lstmdg.preprocessing.ScanCleaner : What to do with the scans before cutting windows.

    Notes
    -----
    The table has ``no_filename`` for 77 subjects whose files may exist nevertheless. They are
    looked for as ``<prefix>_<SUB_ID, seven digits>``, with each prefix that the table uses for
    their site.

    Columns are found by the ROI codes in each file's first line, never by their position. Code
    3455 of the Harvard-Oxford atlas, a fault of the mask, is dropped.

    References
    ----------
    .. [1] Dvornek N. C., Li X., Zhuang J., Duncan J. S., "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019. arXiv:1910.06950.
    .. [2] Craddock C. et al., "The Neuro Bureau Preprocessing Initiative: open sharing of
       preprocessed neuroimaging data and derivatives", Neuroinformatics 2013.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import load_abide
    >>> abide = load_abide("~/nilearn_data", sites=["NYU", "UM"])  # doctest: +SKIP
    >>> abide.site_counts  # doctest: +SKIP
    """
    if resample_to is not None:
        check_number(resample_to, "resample_to", min_val=0, include_boundaries="neither")
    root = Path(data_dir).expanduser() / "ABIDE_pcp"
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder {root}; data_dir must contain ABIDE_pcp/.")
    table = read_table(root, quality_checked)
    selected = select(table, sites, quality_checked)
    filtering = "filt" if band_pass_filtering else "nofilt"
    regression = "global" if global_signal_regression else "noglobal"
    folder = root / pipeline / f"{filtering}_{regression}"
    paths = find_files(folder, atlas, selected, table)
    found = selected.loc[list(paths)]
    check_diagnoses(root, found)
    scans, roi_codes = read_scans(list(paths.values()), atlas)
    kept = _drop_duplicates(scans, found)
    rows = found.iloc[kept].reset_index(drop=True)
    scans, t_r = _resample([scans[i] for i in kept], rows, resample_to)
    counts = _count(table, selected, found, rows)
    return Bunch(
        data=[scan.astype(np.float32) for scan in scans],
        target=(rows["DX_GROUP"] == 1).to_numpy(dtype=int),
        groups=rows["SUB_ID"].to_numpy(),
        sites=rows["SITE_ID"].to_numpy(dtype=str),
        roi_codes=roi_codes,
        phenotypic=rows,
        t_r=t_r,
        filenames=[str(list(paths.values())[i]) for i in kept],
        site_counts=counts,
        DESCR=_describe(folder, atlas, counts),
    )


def fetch_abide(
    data_dir: str | os.PathLike[str] | None = None,
    atlas: str = "aal",
    sites: str | Sequence[str] | None = None,
    pipeline: str = "ccs",
    band_pass_filtering: bool = True,
    global_signal_regression: bool = True,
    quality_checked: bool = False,
    resample_to: float | None = None,
    verbose: int = 1,
) -> Bunch:
    """Download ABIDE I scans through nilearn, then load them.

    Files that are there already are not downloaded again; with all of them there, no network is
    needed.

    Parameters
    ----------
    data_dir : str or path, default=None
        Where nilearn keeps ``ABIDE_pcp/``; None is nilearn's own folder (``NILEARN_DATA`` or
        ``~/nilearn_data``).
    atlas : str, default="aal"
        As in :func:`load_abide`, like all that follow but the last.
    sites : str or list of str, default=None
        Sites to load.
    pipeline : str, default="ccs"
        Preprocessing pipeline.
    band_pass_filtering, global_signal_regression : bool, default=True
        Which of PCP's scans.
    quality_checked : bool, default=False
        Whether to keep only subjects that all three raters passed.
    resample_to : float, default=None
        Repetition time to bring all scans to.
    verbose : int, default=1
        How much nilearn tells of the download; 0 is nothing.

    Returns
    -------
    Bunch
        As from :func:`load_abide`.

    Raises
    ------
    ImportError
        If nilearn is not installed.
    OSError
        If a file cannot be downloaded. Those that have arrived can be read with
        :func:`load_abide`.

    See Also
    --------
    load_abide : Reads the files that are on disk.

    Notes
    -----
    nilearn downloads no file for the 77 rows of the phenotypic table that say ``no_filename``:
    the paper's NYU has 184 subjects, nilearn's 175. Files of such rows that were put into the
    folder by other means are loaded.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import fetch_abide
    >>> nyu = fetch_abide(sites="NYU", atlas="ho", pipeline="cpac")  # doctest: +SKIP
    """
    datasets = require("nilearn.datasets", extra="neuro")
    folder = None if data_dir is None else str(Path(data_dir).expanduser())
    options = {
        "band_pass_filtering": band_pass_filtering,
        "global_signal_regression": global_signal_regression,
        "quality_checked": quality_checked,
    }
    download = {"data_dir": folder, "derivatives": [f"rois_{atlas}"], "pipeline": pipeline}
    try:
        # No subject at first: the sites' names are in the table that this brings.
        datasets.fetch_abide_pcp(**download, **options, n_subjects=0, verbose=verbose)
        homes = map(Path, datasets.get_data_dirs(folder))  # nilearn takes the first that has it
        home = next(home for home in homes if (home / "ABIDE_pcp").is_dir())
        site_ids = resolve_sites(sites, read_table(home / "ABIDE_pcp")["SITE_ID"])
        datasets.fetch_abide_pcp(**download, **options, SITE_ID=site_ids, verbose=verbose)
    except OSError as error:
        raise OSError(
            f"The download of ABIDE stopped ({error}). Try again, or read the files that have "
            "arrived with load_abide."
        ) from error
    return load_abide(home, atlas, sites, pipeline, **options, resample_to=resample_to)


def _drop_duplicates(scans, rows):
    """Return the positions of the scans that no earlier one equals, warning of the others."""
    first, names = find_repeated(scans), rows["SUB_ID"].tolist()
    dropped = [f"{names[i]} (as {names[j]})" for i, j in enumerate(first) if i != j]
    if dropped:
        warnings.warn(
            f"{counted(len(dropped), 'subject is', 'subjects are')} dropped, with the identical "
            f"series of another: {', '.join(dropped)}.",
            stacklevel=3,
        )
    return [i for i, j in enumerate(first) if i == j]


def _resample(scans, rows, resample_to):
    """Bring the scans to one repetition time if asked, and return each one's."""
    of_site = rows["SITE_ID"].map(lambda site: _REPETITION_TIMES.get(site_stem(site), np.nan))
    t_r = rows["SUB_ID"].map(_OWN_REPETITION_TIMES).fillna(of_site).to_numpy()
    if resample_to is None:
        return scans, t_r
    if np.isnan(t_r).any():
        unknown = sorted(set(rows["SITE_ID"][np.isnan(t_r)]))
        raise ValueError(f"resample_to: the repetition time of {', '.join(unknown)} is unknown.")
    scans = [
        scan if old == resample_to else resample(scan, old, resample_to)
        for scan, old in zip(scans, t_r, strict=True)
    ]
    return scans, np.full(len(scans), float(resample_to))


def _count(table, selected, found, rows):
    """Count by SITE_ID what the table has, what was selected, found and loaded."""
    pandas = require("pandas", extra="data")
    parts = {
        "table": table,
        "selected": selected,
        "files": found,
        "loaded": rows,
        "autism": rows[rows["DX_GROUP"] == 1],
    }
    counts = {name: part["SITE_ID"].value_counts() for name, part in parts.items()}
    sites = sorted(selected["SITE_ID"].unique())
    return pandas.DataFrame(counts).loc[sites].fillna(0).astype(int)


def _describe(folder, atlas, counts):
    loaded = counts["loaded"].groupby(site_stem).sum()
    lines = [f"ABIDE I, atlas {atlas}, from {folder}", "", counts.to_string(), ""]
    for site in loaded.index.intersection(_PAPER_COUNTS, sort=False):
        lines.append(f"{site}: {loaded[site]} loaded, the paper has {_PAPER_COUNTS[site]}.")
    return "\n".join(lines)
