"""Who took part, as a record that JSON can hold."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._bunch import Bunch
from ..scans import find_constant_rois

_GROUPS = {1: "autism", 0: "control"}
_SIMULATED = {1: "group 1", 0: "group 0"}
_AGE, _MOTION = ("AGE_AT_SCAN", "age"), "func_mean_fd"
_COUNTS = ("table", "selected", "files", "loaded")


def cohort_record(cohort: Bunch, sites: ArrayLike, length: int | None = None) -> dict[str, Any]:
    """Describe a cohort for the report: counts, exclusions, and both groups by site.

    Parameters
    ----------
    cohort : Bunch
        From a loader, or ``make_scans``.
    sites : array-like of str of shape (n_subjects,)
        The site that each subject is compared in.
    length : int, default=None
        Time points of a window, to tell how long windows last.

    Returns
    -------
    dict
        What JSON can hold: ``simulated`` (bool), ``roi_codes`` (list of int) and ``roi_names``
        (list of str), None where unknown, ``notices`` (list of str: what to know before reading
        results, such as mixed repetition times), ``left_out`` (``participant_id``, ``file`` and
        ``reason`` of each; None where the loader does not tell) and ``sites``, one dict per site:
        ``site``, ``samples`` (SITE_IDs), ``timepoints`` (fewest and most), ``t_r`` (repetition
        times, in seconds), what the loader counted (``table``, ``selected``, ``files``, ``loaded``;
        else None), ``target`` (``mean``, ``min`` and ``max`` of a quantity, None of classes) and
        ``groups``: of each group (of a quantity there is one, "all", whose label is None) its
        ``label``, ``name``, ``n`` (subjects), ``n_scans``, ``n_male`` and [mean, standard
        deviation, number known] of ``age`` (years) and ``motion`` (mean framewise displacement,
        mm), None where unknown. ``rows`` tells of each scan, in their order, ``subject``, ``age``
        and ``motion``, and ``constant`` the ``row`` and ``roi`` (its number from 0) of each series
        that is constant over its scan.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.report import cohort_record
    >>> cohort = make_scans(n_subjects=10, random_state=0)
    >>> record = cohort_record(cohort, cohort.sites)
    >>> [(group["name"], group["n"]) for group in record["sites"][0]["groups"]]
    [('group 1', 5), ('group 0', 5)]
    """
    sites, left_out = np.asarray(sites), cohort.get("left_out")
    return {
        "simulated": "membership" in cohort,
        "roi_codes": np.asarray(cohort.roi_codes).tolist(),
        "roi_names": cohort.get("feature_names"),
        "notices": _mixed_repetition_times(cohort, length),
        "sites": [_site(cohort, sites == site, site) for site in dict.fromkeys(sites.tolist())],
        "left_out": None if left_out is None else left_out.to_dict("records"),
        "rows": _rows(cohort),
        "constant": _constant_series(cohort.data),
    }


def _rows(cohort):
    """Tell who each scan is of, and age and motion where they are known."""
    unknown = np.full(len(cohort.data), np.nan)
    found = _column(cohort, *_AGE), _column(cohort, _MOTION)
    ages, motions = (unknown if values is None else values for values in found)
    people = _participants(cohort)
    names = people if people.dtype.kind == "U" else np.asarray(cohort.groups)
    known = zip(names.tolist(), ages.tolist(), motions.tolist(), strict=True)
    return [
        {"subject": str(name), "age": _known(age), "motion": _known(motion)}
        for name, age, motion in known
    ]


def _known(value):
    return value if value >= 0 else None


def _constant_series(scans):
    """Find the series that are constant over their whole scan."""
    return [
        {"row": row, "roi": int(roi)}
        for row, scan in enumerate(scans)
        for roi in np.flatnonzero(find_constant_rois(np.asarray(scan)))
    ]


def _mixed_repetition_times(cohort, length):
    """Tell which repetition times there are, and how long windows last; nothing if one."""
    t_r = np.asarray(cohort.t_r, dtype=float)
    seconds, counts = np.unique(t_r[np.isfinite(t_r)], return_counts=True)
    if len(seconds) < 2:
        return []
    lasts = [f", where a window lasts {length * s:g} s" if length else "" for s in seconds]
    kinds = zip(seconds, counts, lasts, strict=True)
    times = "; ".join(f"{n} scans of {s:g} s{window}" for s, n, window in kinds)
    return [
        f"Repetition times are mixed: {times}. Models may tell sites apart by them; "
        "--resample-to brings all scans to one."
    ]


def _site(cohort, rows, site):
    samples = list(dict.fromkeys(np.asarray(cohort.sites)[rows].tolist()))
    lengths = [len(cohort.data[row]) for row in np.flatnonzero(rows)]
    t_r = np.unique(np.asarray(cohort.t_r, dtype=float)[rows])
    return {
        "site": site,
        "samples": samples,
        "timepoints": [min(lengths), max(lengths)],
        "t_r": t_r[np.isfinite(t_r)].tolist(),
        **_counts(cohort, samples),
        "target": _quantity(cohort, rows),
        "groups": [_group(cohort, rows, *group) for group in _groups(cohort).items()],
    }


def _counts(cohort, samples):
    counts = cohort.get("site_counts")
    if counts is None:
        return dict.fromkeys(_COUNTS)
    mine = counts[counts.index.isin(samples)]
    return {name: int(mine[name].sum()) for name in _COUNTS}


def _is_quantity(cohort):
    return np.asarray(cohort.target).dtype.kind == "f"


def _quantity(cohort, rows):
    """Return mean and range of a continuous target; None of classes."""
    if not _is_quantity(cohort):
        return None
    values = np.asarray(cohort.target)[rows]
    return {name: float(getattr(np, name)(values)) for name in ("mean", "min", "max")}


def _groups(cohort):
    """Name each label, the last first: it is the positive one; one group where none has one."""
    if _is_quantity(cohort):
        return {None: "all"}
    if not cohort.get("target_names"):
        return _SIMULATED if "membership" in cohort else _GROUPS
    labels = np.unique(cohort.target).tolist()
    return dict(reversed(list(zip(labels, cohort.target_names, strict=True))))


def _group(cohort, rows, label, name):
    is_here = label is None or np.asarray(cohort.target) == label
    rows, people = rows & is_here, _participants(cohort)
    is_male = _is_male(cohort)
    return {
        "label": label,
        "name": name,
        "n": len(set(people[rows])),
        "n_scans": int(rows.sum()),
        "n_male": None if is_male is None else len(set(people[rows & is_male])),
        "age": _spread(_column(cohort, *_AGE), rows),
        "motion": _spread(_column(cohort, _MOTION), rows),
    }


def _is_male(cohort):
    """Tell which scans are of men: 1 in PCP's table, M or male in BIDS's; None where unknown."""
    codes = _column(cohort, "SEX")
    if codes is not None:
        return codes == 1
    words = np.asarray(cohort.phenotypic.get("sex", []), dtype=str)
    is_male = np.isin(np.char.lower(words), ("m", "male"))
    is_known = is_male | np.isin(np.char.lower(words), ("f", "female"))
    return is_male if is_known.any() else None


def _participants(cohort):
    """Return who each scan is of; without ids each is of another."""
    try:
        return np.asarray(cohort.phenotypic["participant_id"], dtype=str)
    except (KeyError, ValueError):
        return np.arange(len(cohort.data))


def _column(cohort, *names):
    """Return the first of these columns that there is and that holds numbers, else None."""
    for name in names:
        try:
            return np.asarray(cohort.phenotypic[name], dtype=float)
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _spread(values, rows):
    """Return mean, standard deviation and number of the known values; missing are negative."""
    known = [] if values is None else values[rows & (values >= 0)]
    if len(known) == 0:
        return None
    deviation = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return [float(np.mean(known)), deviation, len(known)]
