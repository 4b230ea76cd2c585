"""From fMRIPrep's images to ROI series as BIDS derivatives."""

import gzip
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from .._bunch import Bunch, plain
from .._extras import require
from .._files import read_json, write_atomically, write_csv, write_json
from .._text import counted
from .._version import __version__
from ..base import bounded_jobs, check_number
from ..scans import level_of_the_caller
from ._atlases import Atlas, find_atlas
from ._bids_files import (
    BidsFile,
    Sidecars,
    displacement,
    find_participants,
    homes_of,
    mean_of_known,
)
from ._cohorts import LeftOut
from ._fmriprep_files import SeriesFiles, find_images, participants_table, to_tsv
from ._image_progress import ImageProgress
from ._image_series import ImageSeries, Settings, read_image

if TYPE_CHECKING:
    from nibabel import Nifti1Image
    from pandas import DataFrame

_MAKER = "sklearn_lstmdg"
_STRATEGIES = ("simple", "scrubbing", "compcor", "ica_aroma")
_STRATEGY_OPTIONS = (
    *("motion", "wm_csf", "global_signal", "compcor", "n_compcor", "scrub", "fd_threshold"),
    *("std_dvars_threshold", "demean"),
)
_DATASET = "fmriprep"
_COUNTS = {"NumberOfPoints": int, "NumberOfPointsScrubbed": int, "MissingROIs": [str]}
_COUNTS |= {"MeanFramewiseDisplacement": (None, int | float)}


def extract_scans(
    fmriprep_dir: str | os.PathLike[str],
    atlas: "str | os.PathLike[str] | Nifti1Image",
    out: str | os.PathLike[str],
    strategy: str = "simple",
    *,
    labels: "str | os.PathLike[str] | Mapping[int, str] | DataFrame | None" = None,
    strategy_options: Mapping[str, Any] | None = None,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    run: str | int | Sequence[str | int] | None = None,
    space: str | None = None,
    desc: str | None = None,
    smoothing_fwhm: float | None = None,
    low_pass: float | None = None,
    high_pass: float | None = None,
    min_coverage: float = 0.5,
    data_dir: str | os.PathLike[str] | None = None,
    entities: Mapping[str, str | Sequence[str]] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Average fMRIPrep's images over an atlas, and write the series as BIDS derivatives.

    Each image is cleaned of what a strategy's confounds explain, and averaged by nilearn's
    ``NiftiLabelsMasker``, or ``NiftiMapsMasker`` where the atlas has maps. :func:`load_bids` reads
    what is written. The same call goes on where an earlier one has stopped.

    Parameters
    ----------
    fmriprep_dir : str or path
        Folder of fMRIPrep's derivatives.
    atlas : str, path or NIfTI image
        A name: "aal", "harvard-oxford", "cc200", "schaefer2018-400" (regions, and networks:
        "schaefer2018-100-17"), "yeo2011-7", "difumo-64" or "msdl", which nilearn downloads; or an
        image of whole codes, or of one map each region (4-D), in the space of the images.
    out : str or path
        Folder that is written.
    strategy : {"simple", "scrubbing", "compcor", "ica_aroma"}, default="simple"
        Of nilearn's ``load_confounds_strategy``.
    labels : str, path, mapping or DataFrame, default=None
        Names of the regions: a table (.tsv or .csv) with the columns ``index`` and ``name`` (or
        ``label``). None is the table beside the image, of the same name; without, names are codes.
    strategy_options : mapping, default=None
        Options of the strategy, such as ``{"global_signal": "basic", "fd_threshold": 0.3}``.
    task, session, run : str or list of str, default=None
        Labels of the images; None takes all sessions and runs, and the only task.
    space : str, default=None
        Label of the space; may be None where there is only one.
    desc : str, default=None
        Label of the description; None is "preproc", with "ica_aroma" "smoothAROMAnonaggr".
    smoothing_fwhm : float, default=None
        Width of a Gaussian, in mm, to smooth with before.
    low_pass, high_pass : float, default=None
        Edges of a filter in Hz. The strategies' cosines do what a high-pass filter does.
    min_coverage : float, default=0.5
        Share of a region, within the brain mask, below which its series is missing (``n/a``).
    data_dir : str or path, default=None
        Where nilearn keeps atlases.
    entities : dict of str or of list of str, default=None
        Labels of further entities, such as ``{"res": "2"}``.
    n_jobs : int, default=None
        Images read side by side, as in joblib.
    verbose : int, default=0
        1 reports images that are read, and the time left, on standard error.

    Returns
    -------
    Bunch
        With the attributes

        - ``table`` : DataFrame of the images that have series: ``participant_id``, ``file``,
          ``n_points``, ``n_scrubbed`` (points that the strategy removed), ``n_missing_rois`` and
          ``mean_fd`` (mm);
        - ``left_out`` : DataFrame with ``participant_id``, ``file`` and ``reason``;
        - ``feature_names`` : list of str, the regions;
        - ``atlas`` : str, the atlas's label, as ``load_bids(atlas=...)`` takes it;
        - ``n_read`` : int, how many images this call has read; others were finished before.

    Raises
    ------
    ValueError
        If a parameter, the atlas or its table is not as described, images are of several kinds,
        none has a series in the end, series in `out` were made by other settings, or `out` is the
        folder of another data set.
    FileNotFoundError
        If there is no such folder, or no image in it.
    OSError
        If an atlas cannot be downloaded.
    ImportError
        If nilearn, in the extra ``neuro``, is not installed.

    Warns
    -----
    UserWarning
        If images are left out: how many, and why the first.

    See Also
    --------
    load_bids : Reads the series.

    Notes
    -----
    An image without confounds, sidecar or content, or beyond the atlas, is left out, and the
    others go on; ``left_out.csv`` in `out` says why, ``extracted.csv`` counts the points of the
    others. A sidecar keeps settings and source of each series, ``_outliers.tsv`` which points were
    removed, ``_motion.tsv`` the framewise displacement of all points. The folder also gets
    ``dataset_description.json``, the atlas and, where there is one, ``participants.tsv``: columns
    that you have added to it stay.

    Removed points leave gaps, which windows then bridge.

    References
    ----------
    .. [1] Wang H.-T. et al., "Continuous evaluation of denoising strategies in resting-state fMRI
       connectivity using fMRIPrep and Nilearn", PLOS Computational Biology 2024.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import extract_scans, load_bids
    >>> done = extract_scans(
    ...     "study/derivatives/fmriprep", "schaefer2018-100", "study/derivatives/series"
    ... )  # doctest: +SKIP
    >>> cohort = load_bids("study/derivatives/series", target="diagnosis")  # doctest: +SKIP
    """
    options = {name: plain(value) for name, value in (strategy_options or {}).items()}
    numbers = [plain(value) for value in (smoothing_fwhm, low_pass, high_pass, min_coverage)]
    _check_parameters(strategy, options, *numbers)
    root, out = Path(fmriprep_dir).expanduser(), Path(out).expanduser()
    desc = desc or ("smoothAROMAnonaggr" if strategy == "ica_aroma" else "preproc")
    labels_of = {"task": task, "session": session, "run": run, "space": space, "desc": desc}
    files = find_images(root, labels_of | dict(entities or {}))
    found = find_atlas(atlas, labels, data_dir)
    settings = Settings(strategy, options, *numbers)
    job = Job(root, out, found, settings, found.fingerprint())
    waiting = [file for file in files if not job.is_finished(file)]
    _refuse_others(out / "dataset_description.json")
    _write_shared(job)
    left_out = _read_all(job, waiting, len(files), n_jobs, verbose)
    return _conclude(job, files, left_out, len(waiting))


class Job(NamedTuple):
    """All that the series of an image depend on, and where they go."""

    root: Path
    out: Path
    atlas: Atlas
    settings: Settings
    fingerprint: str

    def paths(self, file: BidsFile) -> SeriesFiles:
        """Return the files of an image's series."""
        return SeriesFiles(self.out, self.root, file, self.atlas.label)

    def record(self, file: BidsFile) -> dict[str, Any]:
        """Return what the sidecar keeps, to know series of other settings."""
        size = {"image_bytes": file.path.stat().st_size}
        return self.settings._asdict() | {"atlas_sha256": self.fingerprint} | size

    def is_finished(self, file: BidsFile) -> bool:
        """Tell whether the series are there; refuse those of other settings."""
        paths = self.paths(file)
        if not (paths.sidecar.is_file() and paths.series.is_file()):
            return False
        there = read_json(paths.sidecar, {"Settings": dict})["Settings"]
        wanted = json.loads(json.dumps(self.record(file)))
        changed = [name for name, value in wanted.items() if there.get(name) != value]
        if changed:
            raise ValueError(
                f"{paths.series} was made by other settings, these differ: {', '.join(changed)}. "
                "Choose another folder, or delete it."
            )
        return True


def _check_parameters(strategy, options, smoothing_fwhm, low_pass, high_pass, min_coverage):
    if strategy not in _STRATEGIES:
        raise ValueError(f"strategy {strategy!r} is none of {', '.join(_STRATEGIES)}.")
    for name in options:
        if name not in _STRATEGY_OPTIONS:
            raise ValueError(
                f"strategy_options: {name!r} is none of {', '.join(_STRATEGY_OPTIONS)}."
            )
    check_number(min_coverage, "min_coverage", min_val=0, max_val=1)
    positive = {"smoothing_fwhm": smoothing_fwhm, "low_pass": low_pass, "high_pass": high_pass}
    for name, value in positive.items():
        if value is not None:
            check_number(value, name, min_val=0, include_boundaries="neither")
    if low_pass is not None and high_pass is not None and low_pass <= high_pass:
        raise ValueError(f"high_pass={high_pass:g} Hz must be below low_pass={low_pass:g} Hz.")


def _read_all(job, files, n_images, n_jobs, verbose):
    """Read images side by side, and return those that are left out."""
    left_out, progress = LeftOut(), ImageProgress(n_images, n_images - len(files), verbose)
    lean = job._replace(atlas=job.atlas.without_voxels())
    parallel = Parallel(n_jobs=bounded_jobs(n_jobs, len(files)), return_as="generator_unordered")
    for number, reason in parallel(delayed(_try)(lean, f, i) for i, f in enumerate(files)):
        file = files[number]
        if reason:
            left_out.add(file.participant, reason, file.path)
        progress.update(file.path.name, reason)
    progress.close()
    left_out.sort(key=lambda record: record["file"])
    return left_out


def _try(job, file, number):
    """Write the series of an image; return its number, and why it is left out or None."""
    try:
        # On one thread the bits do not depend on how many images are read side by side.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            t_r = Sidecars(*homes_of(job.root)).t_r(file)
            _write_series(job, file, read_image(file, job.atlas, job.settings, t_r), t_r)
    except ImportError:
        raise
    except Exception as error:  # one image of many: whatever nibabel and nilearn raise
        return number, " ".join(str(error).split()) or type(error).__name__
    return number, None


def _write_series(job: Job, file: BidsFile, series: ImageSeries, t_r: float) -> None:
    """Write the files of a series, the sidecar last: it says that they are whole."""
    paths, names = job.paths(file), job.atlas.names
    motion = displacement(file)
    if motion.size:
        write_atomically(paths.motion, to_tsv({"framewise_displacement": motion.tolist()}))
    write_atomically(paths.outliers, to_tsv({"outlier": (~series.kept).astype(int).tolist()}))
    columns = dict(zip(names, series.values.T.tolist(), strict=True))
    write_atomically(paths.series, to_tsv(columns))
    missing, mean_fd = np.isnan(series.values).all(axis=0), mean_of_known(motion)
    sidecar = {
        "RepetitionTime": t_r,
        "SamplingFrequency": 1 / t_r,
        "Sources": [f"bids:{_DATASET}:{file.path.relative_to(job.root).as_posix()}"],
        "NumberOfPoints": int(series.kept.sum()),
        "NumberOfPointsScrubbed": int((~series.kept).sum()),
        "MissingROIs": [name for name, lacks in zip(names, missing, strict=True) if lacks],
        "MeanFramewiseDisplacement": round(mean_fd, 6) if np.isfinite(mean_fd) else None,
        "Confounds": series.confounds,
        "Settings": job.record(file),
    }
    write_json(paths.sidecar, sidecar)


def _write_shared(job):
    """Write what all series share: atlas, the description of the data set and participants."""
    _write_atlas(job.out, job.atlas)
    description = {
        "Name": "ROI series",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": _MAKER, "Version": __version__}],
        "DatasetLinks": {_DATASET: os.path.relpath(job.root, job.out).replace(os.sep, "/")},
    }
    write_json(job.out / "dataset_description.json", description)
    table, there = find_participants(job.root), job.out / "participants.tsv"
    if table is not None and table.resolve() != there.resolve():
        write_atomically(there, participants_table(table, there))


def _refuse_others(path):
    """Refuse the folder of a data set that something else has made, such as fMRIPrep's own."""
    if not path.is_file():
        return
    makers = read_json(path).get("GeneratedBy")
    makers = makers if isinstance(makers, list) else []
    if not any(isinstance(each, dict) and each.get("Name") == _MAKER for each in makers):
        raise ValueError(
            f"{path.parent} is the folder of another data set, whose {path.name} would be lost: "
            "choose a folder of its own for the series."
        )


def _write_atlas(out, atlas):
    """Write names and, of labels, the image, so that communities are drawn without the network."""
    is_labels = atlas.codes is not None
    codes = atlas.codes.tolist() if is_labels else range(1, len(atlas.names) + 1)
    stem = f"atlas-{atlas.label}_{'dseg' if is_labels else 'probseg'}"
    write_atomically(out / f"{stem}.tsv", to_tsv({"index": codes, "name": atlas.names}))
    if is_labels:
        voxels = np.asarray(atlas.image.dataobj).astype(np.int32)
        image = require("nibabel", extra="neuro").Nifti1Image(voxels, atlas.image.affine)
        write_atomically(out / f"{stem}.nii.gz", gzip.compress(image.to_bytes(), mtime=0))


def _conclude(job, files, left_out, n_waiting):
    """Write the tables of all images, and return them."""
    pandas = require("pandas", extra="data")
    names = ["participant_id", "file", "reason"]
    lost = pandas.DataFrame(list(left_out), columns=names)
    against = set(lost["file"])
    table = pandas.DataFrame([_count(job, f) for f in files if str(f.path) not in against])
    write_csv(job.out / "left_out.csv", lost)
    if table.empty:
        raise ValueError(f"No image has a series: {left_out[0]['file']}: {left_out[0]['reason']}.")
    write_csv(job.out / "extracted.csv", table)
    if left_out:
        _warn_of(left_out, len(files), job.out)
    more = {"feature_names": job.atlas.names, "atlas": job.atlas.label}
    return Bunch(table=table, left_out=lost, **more, n_read=n_waiting - len(left_out))


def _count(job, file):
    """Return a row of the table from the sidecar of a series."""
    paths = job.paths(file)
    sidecar = read_json(paths.sidecar, _COUNTS)
    return {
        "participant_id": file.participant,
        "file": str(paths.series.relative_to(job.out)),
        "n_points": sidecar["NumberOfPoints"],
        "n_scrubbed": sidecar["NumberOfPointsScrubbed"],
        "n_missing_rois": len(sidecar["MissingROIs"]),
        "mean_fd": sidecar["MeanFramewiseDisplacement"],
    }


def _warn_of(left_out, n_images, out):
    first = left_out[0]
    of = f"of {counted(n_images, 'image')}"
    told = counted(len(left_out), f"{of} is left out", f"{of} are left out")
    warnings.warn(
        f"{told}, see {out / 'left_out.csv'}; the first is {first['file']}: {first['reason']}.",
        UserWarning,
        stacklevel=level_of_the_caller(),
    )
