"""A study on disk to try things on: simulated scans as XCP-D and fMRIPrep would leave them."""

import gzip
import os
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .._extras import require
from .._files import write_atomically, write_json
from .._typing import Seed
from ..base import check_number, check_whole
from ._fmriprep_files import to_tsv
from ._simulation import make_scans

_NETWORKS = ("Vis", "SomMot", "DorsAttn", "Default")
_REGIONS = [
    f"{side}_{network}_{n}" for side in ("LH", "RH") for network in _NETWORKS for n in (1, 2)
]
_SPACE = "space-MNI152NLin2009cAsym"
_T_RS = (2.0, 2.0, 2.5)  # of the sites, in turn
_WITHOUT_CONFOUNDS = 3  # number of the scan
_VOXEL = 4.0
_SHAPE = (18, 18, 6)
_MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


class _Scan(NamedTuple):
    """One scan: whose it is, in which session, its series and its motion."""

    subject: str
    session: str
    series: np.ndarray  # (n_timepoints, n_rois)
    displacement: np.ndarray  # (n_timepoints,), in mm
    t_r: float

    @property
    def folder(self):
        return Path(f"sub-{self.subject}", f"ses-{self.session}", "func")

    @property
    def stem(self):
        return f"sub-{self.subject}_ses-{self.session}_task-rest"


def make_study(
    folder: str | os.PathLike[str],
    *,
    images: bool = False,
    n_subjects: int = 30,
    n_sessions: int = 2,
    n_timepoints: int = 100,
    effect_size: float = 0.4,
    first: int = 1,
    random_state: Seed = None,
) -> Path:
    """Write a simulated study as XCP-D, or fMRIPrep, would leave it.

    It has what real studies have: three sites of two repetition times, several sessions, scans of
    several lengths, head motion, a parcel that is not covered in one participant, and one
    participant without a diagnosis. Of the images one lacks its confounds. The atlas lies beside
    the participants' table.

    Parameters
    ----------
    folder : str or path
        Where ``participants.tsv`` and ``derivatives`` are written.
    images : bool, default=False
        Whether fMRIPrep's images are written, small ones of 16 blocks, in place of XCP-D's series.
    n_subjects : int, default=30
        How many participants, at least 12.
    n_sessions : int, default=2
        Scans of each.
    n_timepoints : int, default=100
        Points of the longest scans, at least 40.
    effect_size : float, default=0.4
        Difference between the groups, as in :func:`make_scans`.
    first : int, default=1
        Number of the first participant, so that two studies can be of different people.
    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Returns
    -------
    Path
        Folder of the derivatives.

    Raises
    ------
    ValueError
        If a number is too small or not finite, or the folder holds another study's table.
    ImportError
        If nibabel, in the extra ``neuro``, is not installed and ``images`` are wanted.

    See Also
    --------
    load_bids : Reads XCP-D's series.
    extract_scans : Makes series of fMRIPrep's images.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_lstmdg.datasets import load_bids, make_study
    >>> with TemporaryDirectory() as folder:
    ...     derivatives = make_study(folder, n_subjects=12, n_sessions=1, random_state=0)
    ...     cohort = load_bids(derivatives, target="age")
    >>> len(cohort.data), cohort.feature_names[:2]
    (12, ['LH_Vis_1', 'LH_Vis_2'])
    """
    for name, value, least in (
        ("n_subjects", n_subjects, 12),
        ("n_sessions", n_sessions, 1),
        ("n_timepoints", n_timepoints, 40),
        ("first", first, 1),
    ):
        check_whole(value, name, least)
    check_number(effect_size, "effect_size", min_val=0)
    rng = check_random_state(random_state)
    root = Path(folder).expanduser()
    people = _draw_people(n_subjects, first, rng)
    _write_people(root / "participants.tsv", to_tsv(people))
    scans = _draw_scans(people, n_sessions, n_timepoints, effect_size, rng)
    _write_atlas(root)
    if images:
        return _write_images(root / "derivatives" / "fmriprep", scans, rng)
    return _write_series(root / "derivatives" / "xcp_d", scans)


def _write_people(path, table):
    """Write the participants' table, unless there is another one: a simulation replaces no data."""
    if path.is_file() and path.read_bytes() != table:
        raise ValueError(f"{path} is of another study: choose a folder of its own for this one.")
    write_atomically(path, table)


def _draw_people(n_subjects, first, rng):
    """Return the columns of the participants' table; the last has no diagnosis."""
    numbers = range(n_subjects)
    diagnoses = [("control", "patient")[n % 2] for n in numbers]
    return {
        "participant_id": [f"sub-{first + n:02d}" for n in numbers],
        "diagnosis": [*diagnoses[:-1], "n/a"],
        "site": [("Bern", "Kyoto", "Oslo")[n // 2 % 3] for n in numbers],
        "age": rng.randint(18, 60, n_subjects).tolist(),
        "sex": ["MF"[i] for i in rng.randint(0, 2, n_subjects)],
    }


def _draw_scans(people, n_sessions, n_timepoints, effect_size, rng):
    """Draw scans of each participant: sessions are parts of one long series."""
    n_subjects = len(people["participant_id"])
    options = {"n_rois": len(_REGIONS), "n_communities": 4, "effect_size": effect_size}
    cohort = make_scans(n_subjects, n_sessions * n_timepoints, random_state=rng, **options)
    rows = [np.flatnonzero(cohort.target == label).tolist() for label in (0, 1)]
    for number in range(n_subjects):
        sessions = np.split(cohort.data[rows[number % 2].pop()], n_sessions)
        t_r = _T_RS[number // 2 % 3]
        for session, series in enumerate(sessions, start=1):
            kept = series[: n_timepoints - 4 * rng.randint(0, 4)].copy()
            if number == n_subjects // 2:
                kept[:, -1] = np.nan
            moved = np.r_[np.nan, rng.gamma(4, 0.03, len(kept) - 1)]
            subject = people["participant_id"][number].removeprefix("sub-")
            yield _Scan(subject, str(session), kept, moved, t_r)


def _write_series(derivatives, scans):
    """Write XCP-D's files."""
    for scan in scans:
        path = (
            derivatives / scan.folder / f"{scan.stem}_{_SPACE}_seg-Blocks_stat-mean_timeseries.tsv"
        )
        write_atomically(path, to_tsv(dict(zip(_REGIONS, scan.series.T.tolist(), strict=True))))
        write_json(path.with_suffix(".json"), {"RepetitionTime": scan.t_r})
        motion = {"framewise_displacement": scan.displacement.tolist()}
        write_atomically(path.with_name(f"{scan.stem}_motion.tsv"), to_tsv(motion))
    write_json(derivatives / "dataset_description.json", {"Name": "XCP-D (simulated)"})
    return derivatives


def _write_atlas(root):
    """Write names and, where nibabel is installed, the image of the blocks."""
    table = {"index": list(range(1, len(_REGIONS) + 1)), "name": _REGIONS}
    write_atomically(root / "atlas-Blocks_dseg.tsv", to_tsv(table))
    if find_spec("nibabel") is not None:
        write_atomically(root / "atlas-Blocks_dseg.nii.gz", _nifti(_blocks()))


def _write_images(derivatives, scans, rng):
    """Write fMRIPrep's files."""
    labels = _blocks()
    for number, scan in enumerate(scans):
        stem = derivatives / scan.folder / f"{scan.stem}_{_SPACE}_desc-"
        covered = np.isfinite(scan.series).all(axis=0)
        inside = (labels == 0) | np.isin(labels, np.flatnonzero(covered) + 1)
        voxels = rng.normal(1000, 1, (*_SHAPE, len(scan.series))).astype(np.float32)
        voxels += 10 * np.pad(np.nan_to_num(scan.series), ((0, 0), (1, 0))).T[labels]
        write_atomically(stem.with_name(f"{stem.name}preproc_bold.nii.gz"), _nifti(voxels))
        write_atomically(
            stem.with_name(f"{stem.name}brain_mask.nii.gz"), _nifti(inside.astype("u1"))
        )
        write_json(stem.with_name(f"{stem.name}preproc_bold.json"), {"RepetitionTime": scan.t_r})
        if number != _WITHOUT_CONFOUNDS:
            name = f"{scan.stem}_desc-confounds_timeseries.tsv"
            write_atomically(stem.with_name(name), to_tsv(_confounds(scan, rng)))
    write_json(derivatives / "dataset_description.json", {"Name": "fMRIPrep (simulated)"})
    return derivatives


def _blocks():
    """Return codes of blocks of 3 x 3 x 4 voxels, one voxel apart."""
    labels = np.zeros(_SHAPE, np.int16)
    for n in range(len(_REGIONS)):
        x, y = (1 + 4 * place for place in divmod(n, 4))
        labels[x : x + 3, y : y + 3, 1:5] = n + 1
    return labels


def _nifti(voxels):
    affine = np.diag([_VOXEL, _VOXEL, _VOXEL, 1.0])
    affine[:3, 3] = [-34, -50, 0]
    image = require("nibabel", extra="neuro").Nifti1Image(voxels, affine)
    return gzip.compress(image.to_bytes(), compresslevel=1, mtime=0)


def _confounds(scan, rng):
    """Return the columns that nilearn's strategies take."""
    n_points = len(scan.series)
    columns = {}
    for name in ("csf", "white_matter", "global_signal", *_MOTION):
        values = rng.standard_normal(n_points)
        change = np.r_[np.nan, np.diff(values)]
        columns |= {name: values, f"{name}_derivative1": change}
        columns |= {f"{name}_power2": values**2, f"{name}_derivative1_power2": change**2}
    columns["framewise_displacement"] = scan.displacement
    columns["std_dvars"] = np.r_[np.nan, 1 + 0.1 * rng.standard_normal(n_points - 1)]
    columns["cosine00"] = np.cos(np.pi * (np.arange(n_points) + 0.5) / n_points)
    return {name: values.tolist() for name, values in columns.items()}
