"""ROI series of BIDS derivatives, with the participants' table."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._bunch import Bunch
from .._extras import require
from .._text import counted
from ..base import check_number
from ._bids_files import (
    Sidecars,
    choose,
    find_codes,
    find_participants,
    find_series,
    homes_of,
    mean_motion,
    parse_name,
)
from ._cohorts import MOTION, Columns, LeftOut, Scans, as_list, load_cohort, warn_of_codes
from ._participant_ids import written_alike
from ._table_files import read_rows

if TYPE_CHECKING:
    from pandas import DataFrame

_ID = "participant_id"


def load_bids(
    derivatives: str | os.PathLike[str],
    participants: "str | os.PathLike[str] | DataFrame | None" = None,
    *,
    target: str | None = None,
    atlas: str | None = None,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    run: str | int | Sequence[str | int] | None = None,
    space: str | None = None,
    desc: str | None = None,
    site: str | None = None,
    group: str | None = None,
    confounds: str | Sequence[str] | None = None,
    max_missing: float = 0.1,
    entities: Mapping[str, str | Sequence[str]] | None = None,
) -> Bunch:
    """Load ROI series of BIDS derivatives: of XCP-D, giga_connectome, HALFpipe and others.

    Every file ``sub-*_timeseries.tsv`` below the folder is found (or C-PAC's ``.1D``), in time
    points by ROIs. Labels may have their entity before them: ``"ses-1"`` is ``"1"``.

    Parameters
    ----------
    derivatives : str or path
        Folder of the derivatives.
    participants : str, path or DataFrame, default=None
        Table (.tsv or .csv) with the column ``participant_id``, with or without ``sub-``. None is
        ``participants.tsv`` in `derivatives`, or in one of the two folders that it lies in (a data
        set holds its derivatives in ``derivatives/``).
    target : str, default=None
        Column of labels, or of numbers; None loads scans without, for prediction or pretraining.
    atlas : str, default=None
        Label of the atlas (``seg-`` or ``atlas-``). It and all labels that follow may be None
        where there is only one.
    task : str or list of str, default=None
        Label of the task, or several, each scan of which is a row.
    session, run : str or list of str, default=None
        Labels of sessions and runs; None loads all, each a row, but where a file without a run
        may be runs joined.
    space, desc : str, default=None
        Labels of the space and of the description.
    site : str, default=None
        Column of sites.
    group : str, default=None
        Column of families and the like, that no split divides; None is the participant.
    confounds : str or list of str, default=None
        Columns that may explain the target; ``"func_mean_fd"`` is head motion, see Notes.
    max_missing : float, default=0.1
        Proportion of ROIs with missing points (``n/a``) above which a scan is left out.
    entities : dict of str or of list of str, default=None
        Labels of further entities, such as ``{"feature": "fc1"}``; ``"none"`` is of files without.

    Returns
    -------
    Bunch
        With the attributes

        - ``data`` : list of float32 DataFrames of shape (n_timepoints_i, n_rois), one a scan,
          whose columns are the ROIs' names: estimators know them as ``feature_names_in_``;
        - ``target`` : ndarray of shape (n_scans,), of str (class names), int or float; or None;
        - ``target_names`` : list of str, the classes in ascending order; None where the target is
          not of classes;
        - ``groups``, ``sites`` : ndarray of shape (n_scans,); one site, "all", if none is named;
        - ``feature_names`` : list of str, the ROIs; numbers from 1 if files do not name them;
        - ``roi_codes`` : ndarray of int of shape (n_rois,), from the ``dseg.tsv`` of the atlas
          below `derivatives`, or names that are numbers; else None;
        - ``t_r`` : ndarray of shape (n_scans,), repetition times in seconds;
        - ``phenotypic`` : DataFrame of n_scans rows, the table's columns, session, run and task
          where they differ, and ``func_mean_fd``;
        - ``confounds`` : DataFrame of n_scans rows, or None;
        - ``filenames`` : list of str;
        - ``left_out`` : DataFrame with ``participant_id``, ``file`` and ``reason``;
        - ``n_rois_dropped`` : int, ROIs that have missing points in some scan;
        - ``DESCR`` : str.

    Raises
    ------
    ValueError
        If a label is not there, or several are and none is named: the message lists them; a table
        or series is damaged, or holds text for numbers; ROIs differ between scans; or a repetition
        time is unknown or impossible.
    FileNotFoundError
        If a folder, the participants' table or all series are not there.

    Warns
    -----
    UserWarning
        If participants or scans are left out (``left_out`` says why), or ROIs are dropped.

    See Also
    --------
    load_scans : Series of any files that a table lists.

    Notes
    -----
    Left out are participants without series, series without participant, scans without target,
    site or group, scans above `max_missing`, and second files of the identical series.

    Repetition times are ``RepetitionTime`` or ``SamplingFrequency`` of the nearest sidecar,
    ``*_timeseries.json`` before ``*_bold.json``, in the derivatives before the participants' data
    set, by BIDS's inheritance principle [1]_. Beside its series XCP-D says only "TR": what counts
    is the sidecar of the denoised image. HALFpipe writes seconds as ``SamplingFrequency``, and is
    read so.

    Head motion, in the column ``func_mean_fd``, is the mean framewise displacement in mm of
    XCP-D's ``_motion.tsv`` or fMRIPrep's ``_desc-confounds_timeseries.tsv`` beside the series, or
    what giga_connectome's or HALFpipe's sidecar says of it.

    The table is read as by :func:`load_scans`. Ids must be those of the files' names, zeros
    included: ``sub-1`` is not ``sub-01``.

    References
    ----------
    .. [1] Gorgolewski K. J. et al., "The brain imaging data structure, a format for organizing and
       describing outputs of neuroimaging experiments", Scientific Data 2016.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import load_bids
    >>> cohort = load_bids(
    ...     "study/derivatives/xcp_d", target="diagnosis", atlas="4S156Parcels", site="site"
    ... )  # doctest: +SKIP
    >>> cohort.left_out  # doctest: +SKIP
    """
    check_number(max_missing, "max_missing", min_val=0, max_val=1)
    root = Path(derivatives).expanduser()
    files = find_series(root)
    table = _read_participants(root, participants, files, target, names=[site, group])
    asked = as_list(confounds)
    table.check_column(target=target, site=site, group=group)
    table.check_columns(confounds=[name for name in asked if name != MOTION])
    there = [name for name in asked if name in table.rows]
    table.refuse_commas(*there, *[target][: target is not None])
    table.refuse_mixed(*there)
    warn_of_codes(table, there)
    wanted = {"atlas": atlas, "task": task, "session": session, "run": run, "space": space}
    chosen = choose(files, wanted | {"desc": desc} | dict(entities or {}))
    left_out = LeftOut()
    scans = _match(table, chosen, files, left_out)
    cohort = load_cohort(scans, Columns(target, site, group or _ID), left_out, max_missing)
    loaded = [parse_name(Path(name)) for name in cohort.filenames]
    sidecars = Sidecars(*homes_of(root), *table.folder)
    cohort.t_r = np.array([sidecars.t_r(file) for file in loaded])
    cohort.phenotypic = _add_facts(cohort.phenotypic, loaded, sidecars, is_needed=MOTION in asked)
    cohort.confounds = cohort.phenotypic[asked] if asked else None
    label = loaded[0].entities.get("atlas")
    if cohort.roi_codes is None:
        cohort.roi_codes = find_codes(root, label, cohort.feature_names)
    cohort.DESCR = (
        f"{counted(len(loaded), 'scan')} of "
        f"{counted(cohort.phenotypic[_ID].nunique(), 'participant')}, atlas {label or 'unknown'}, "
        f"from {root}. {left_out.told()}."
    )
    return cohort


def _read_participants(root, participants, files, target, names):
    """Return the participants' table, whose ids are unique and begin with ``sub-``."""
    if participants is None:
        participants = find_participants(root)
    if participants is None:
        if target is not None:
            raise FileNotFoundError(
                f"There is no participants.tsv in {root} or the two folders above: name the table."
            )
        ids = list(dict.fromkeys(file.participant for file in files))
        participants = require("pandas", extra="data").DataFrame({_ID: ids})
    table = read_rows(participants, texts=[_ID], names=names)
    table.check_columns(participants=_ID)
    table.refuse_missing(_ID)
    ids = "sub-" + table.rows[_ID].str.removeprefix("sub-")
    twice = ids.duplicated().to_numpy()
    if twice.any():
        position = int(np.argmax(twice))
        raise ValueError(f"{table.line(position)}: {ids.iloc[position]} is there twice.")
    return table._replace(rows=table.rows.assign(**{_ID: ids}))


def _match(table, chosen, files, left_out):
    """Return the scans of participants in the table; note those of others, and who has none."""
    position = {name: i for i, name in enumerate(table.rows[_ID])}
    _refuse_alike(table, position, chosen, files)
    known = [file for file in chosen if file.participant in position]
    if not known:
        raise ValueError(
            f"No participant of {table.where} has a series: it has {next(iter(position))} and so "
            f"on, the series are of {chosen[0].participant} and so on."
        )
    for file in chosen:
        if file.participant not in position:
            left_out.add(file.participant, "not among the participants", file.path)
    with_any, with_chosen = ({file.participant for file in some} for some in (files, known))
    for name in position:
        if name not in with_chosen:
            reason = (
                "without a series of the labels asked for" if name in with_any else "without series"
            )
            left_out.add(name, reason)
    rows = table.rows.iloc[[position[file.participant] for file in known]]
    return Scans(table._replace(rows=rows), [f.path for f in known], [f.participant for f in known])


def _refuse_alike(table, position, chosen, files):
    """Refuse participants whom names of files write otherwise, as sub-1 and sub-01."""
    strays = {file.participant: file for file in chosen if file.participant not in position}
    with_any = {file.participant for file in files}
    for name, other in written_alike([name for name in position if name not in with_any], strays):
        raise ValueError(
            f"{table.line(position[name])}: {name} seems to be {other} of {strays[other].path}: "
            "ids must be the same."
        )


def _add_facts(rows, files, sidecars, is_needed):
    """Add to the participants' rows what the files tell of each scan."""
    for name, entity in {"session": "ses", "run": "run", "task": "task"}.items():
        labels = [file.entities.get(entity) for file in files]
        if name not in rows and len(set(labels)) > 1:
            rows = rows.assign(**{name: labels})
    if MOTION not in rows:
        motion = np.array([mean_motion(file) for file in files])
        unknown = np.flatnonzero(np.isnan(motion))
        motion[unknown] = [sidecars.mean_motion(files[i]) for i in unknown]
        if np.isfinite(motion).any():
            rows = rows.assign(**{MOTION: motion})
    if is_needed:
        known = rows[MOTION].notna().to_numpy() if MOTION in rows else np.zeros(len(rows), bool)
        if not known.all():
            path = files[int(np.argmin(known))].path
            raise ValueError(
                f"{path} has no head motion beside it: no framewise_displacement in _motion.tsv or "
                "_desc-confounds_timeseries.tsv, no MeanFramewiseDisplacement in a sidecar."
            )
    return rows
