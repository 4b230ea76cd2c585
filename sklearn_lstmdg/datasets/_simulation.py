"""Simulated cohorts: overlapping communities, haemodynamics, sites and a group difference."""

from numbers import Integral

import numpy as np
from scipy import signal
from scipy.special import gamma
from sklearn.utils import check_random_state, check_scalar

from .._bunch import Bunch
from .._typing import Seed
from ..base import check_number, check_whole
from ..scans import band_pass

_BAND = (0.01, 0.1)
_NEURAL_LAG_1 = 0.5

_DESCR = """Simulated cohort

Each scan is the sum of its communities' time courses, weighted by the ROIs' membership, and of
noise, all band-limited to 0.01-0.1 Hz. Communities 0 and 1 differ between the groups: in autism
they are less coordinated (amplitude) and coupled the other way round; where the target is
continuous, the more so the greater the severity.
"""


def make_scans(
    n_subjects: int = 40,
    n_timepoints: int = 176,
    n_rois: int = 60,
    n_communities: int = 8,
    effect_size: float = 0.3,
    *,
    n_sites: int = 1,
    noise: float = 1.0,
    t_r: float = 2.0,
    overlap: float = 0.25,
    subject_variability: float = 0.2,
    site_effect: float = 0.5,
    ragged: bool = False,
    continuous: bool = False,
    random_state: Seed = None,
) -> Bunch:
    r"""Simulate a cohort of resting-state scans with planted communities.

    A scan is

    .. math:: X = (S M_i) (W \circ E_i)^T + \sigma N,

    with the time courses :math:`S` of the communities (autoregressive neural activity,
    convolved with a haemodynamic response, 0.01-0.1 Hz), the coupling :math:`M_i` between them
    and the loadings' variation :math:`E_i` of subject i, the membership :math:`W` of the ROIs,
    and autoregressive noise :math:`N` of the same band; then the site's gain and offset are
    applied. The difference between the groups is in :math:`M_i` only: the coupling of
    communities 0 and 1, and how strongly each of them fluctuates.

    Parameters
    ----------
    n_subjects : int, default=40
        Half of them have label 1; with an odd number label 0 has one more.
    n_timepoints : int, default=176
        Points of a scan, of the longest one if ``ragged``.
    n_rois : int, default=60
        Number of ROIs.
    n_communities : int, default=8
        Number of communities, at most ``n_rois``.
    effect_size : float, default=0.3
        Difference between the groups: of the coupling of communities 0 and 1, and of the log
        amplitude of each. With 0 there is none, and every classifier is at chance.
    n_sites : int, default=1
        Number of sites, each with both groups; at most half of ``n_subjects``.
    noise : float, default=1.0
        Standard deviation of the noise; a community's time course has 1.
    t_r : float, default=2.0
        Repetition time, in seconds; below 5, or the band could not be told apart.
    overlap : float, default=0.25
        Probability that an ROI belongs to a second community.
    subject_variability : float, default=0.2
        Standard deviation, between subjects, of the log loadings, of the communities' log
        amplitudes and of their couplings.
    site_effect : float, default=0.5
        Strength of the sites' differences in gain (log), offset, amount (log) and spectrum of
        the noise.
    ragged : bool, default=False
        Whether scans end after 75 to 100 % of ``n_timepoints``.
    continuous : bool, default=False
        Whether the target is a severity from 0 to 100 in place of a label. ``effect_size`` is then
        the difference between its ends, in proportion between them; those of label 1 have 50 and
        more.
    random_state : int, RandomState instance or None, default=None
        Seed of everything that is drawn.

    Returns
    -------
    Bunch
        With the attributes

        - ``data`` : float32 ndarray of shape (n_subjects, n_timepoints, n_rois), or a list of
          arrays of shape (n_timepoints_i, n_rois) if ``ragged``;
        - ``target`` : ndarray of int of shape (n_subjects,), 1 is autism; of float where it is
          continuous;
        - ``groups`` : ndarray of int of shape (n_subjects,), the subjects' ids;
        - ``sites`` : ndarray of str of shape (n_subjects,);
        - ``roi_codes`` : ndarray of int of shape (n_rois,);
        - ``phenotypic`` : structured ndarray of shape (n_subjects,) with some of ABIDE's columns,
          drawn independently of the group;
        - ``t_r`` : ndarray of shape (n_subjects,), in seconds;
        - ``membership`` : ndarray of shape (n_rois, n_communities), not negative;
        - ``communities`` : bool ndarray of shape (n_rois, n_communities), where membership is
          positive;
        - ``discriminative_communities`` : ndarray of int, the columns that differ;
        - ``DESCR`` : str.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    load_abide : Real scans in the same form.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=10, n_rois=30, random_state=0)
    >>> cohort.data.shape, cohort.membership.shape
    ((10, 176, 30), (30, 8))
    >>> cohort.target
    array([1, 0, 1, 0, 1, 0, 0, 1, 0, 1])
    """
    _check_parameters(locals())
    rng = check_random_state(random_state)
    membership = _draw_membership(n_rois, n_communities, overlap, rng)
    sites = [_draw_site(n_rois, site_effect, rng) for _ in range(n_sites)]
    order = rng.permutation(n_subjects)
    label, site = order % 2, order // 2 % n_sites
    severity = (label + rng.uniform(size=n_subjects)) / 2 if continuous else label
    shortest = n_timepoints * 3 // 4 if ragged else n_timepoints
    lengths = rng.randint(shortest, n_timepoints + 1, n_subjects)
    scans = []
    for i in range(n_subjects):
        coupling = _draw_coupling(n_communities, severity[i], effect_size, subject_variability, rng)
        loadings = membership * np.exp(subject_variability * rng.standard_normal(membership.shape))
        courses = _draw_courses(lengths[i], n_communities, t_r, rng) @ coupling
        scan = courses @ loadings.T + noise * _draw_noise(lengths[i], sites[site[i]], t_r, rng)
        scans.append((scan * sites[site[i]]["gain"] + sites[site[i]]["offset"]).astype(np.float32))
    site_ids = np.array([f"SITE_{s + 1}" for s in site])
    return Bunch(
        data=scans if ragged else np.stack(scans),
        target=100 * severity if continuous else label,
        groups=np.arange(1, n_subjects + 1),
        sites=site_ids,
        roi_codes=np.arange(1, n_rois + 1),
        phenotypic=_draw_phenotypes(label, site_ids, rng),
        t_r=np.full(n_subjects, float(t_r)),
        membership=membership,
        communities=membership > 0,
        discriminative_communities=np.arange(min(2, n_communities)),
        DESCR=_DESCR,
    )


def _check_parameters(values):
    for name in ("n_subjects", "n_timepoints", "n_rois", "n_communities", "n_sites"):
        least = {"n_subjects": 2, "n_timepoints": 4}.get(name, 1)
        check_whole(values[name], name, least)
    check_scalar(values["n_communities"], "n_communities", Integral, max_val=values["n_rois"])
    check_scalar(values["n_sites"], "n_sites", Integral, max_val=values["n_subjects"] // 2)
    for name in ("effect_size", "noise", "subject_variability", "site_effect"):
        check_number(values[name], name, min_val=0)
    check_number(values["overlap"], "overlap", min_val=0, max_val=1)
    limits = {"min_val": 0, "max_val": 0.5 / _BAND[1], "include_boundaries": "neither"}
    check_number(values["t_r"], "t_r", **limits)


def _draw_membership(n_rois, n_communities, overlap, rng):
    """Give every ROI one community, evenly, and some a second one."""
    first = rng.permutation(n_rois) % n_communities
    membership = np.zeros((n_rois, n_communities))
    rois = np.arange(n_rois)
    membership[rois, first] = rng.uniform(0.5, 1, n_rois)
    if n_communities > 1:
        second = (first + rng.randint(1, n_communities, n_rois)) % n_communities
        both = rng.uniform(size=n_rois) < overlap
        membership[rois[both], second[both]] = rng.uniform(0.5, 1, both.sum())
    return membership


def _draw_site(n_rois, strength, rng):
    """Draw what a scanner does to every scan of its site."""
    return {
        "gain": np.exp(strength * rng.standard_normal(n_rois) / 2),
        "offset": strength * rng.standard_normal(n_rois),
        "noise_level": np.exp(strength * rng.standard_normal() / 4),
        "noise_lag_1": np.tanh(strength * rng.standard_normal()),
    }


def _draw_coupling(n_communities, severity, effect_size, variability, rng):
    """Draw how a subject's communities mix, shifted for the first two by a severity in [0, 1]."""
    coupling = rng.standard_normal((n_communities, n_communities)) * variability / 2
    coupling = coupling + coupling.T
    shift = (1 - 2 * severity) * effect_size / 2
    coupling[:2, :2] += shift * (1 - np.eye(2))[:n_communities, :n_communities]
    np.fill_diagonal(coupling, 1)
    amplitude = variability * rng.standard_normal(n_communities)
    amplitude[:2] += shift
    return coupling * np.exp(amplitude)


def _draw_courses(n_timepoints, n_communities, t_r, rng):
    """Draw haemodynamic time courses of unit variance, shape (n_timepoints, n_communities)."""
    response = _haemodynamic_response(t_r)
    n_points = n_timepoints + len(response)
    activity = _draw_autoregressive(n_points, n_communities, _NEURAL_LAG_1, rng)
    return _limit_band(signal.lfilter(response, 1, activity, axis=0), n_timepoints, t_r)


def _draw_noise(n_timepoints, site, t_r, rng):
    n_points = n_timepoints + len(_haemodynamic_response(t_r))
    noise = _draw_autoregressive(n_points, len(site["gain"]), site["noise_lag_1"], rng)
    return site["noise_level"] * _limit_band(noise, n_timepoints, t_r)


def _haemodynamic_response(t_r):
    """Return the canonical response to an impulse: a peak near 5 s, an undershoot near 15 s."""
    seconds = np.arange(0, 32, t_r)
    peak, undershoot = (seconds ** (k - 1) * np.exp(-seconds) / gamma(k) for k in (6, 16))
    return peak - undershoot / 6


def _draw_autoregressive(n_points, n_series, lag_1, rng):
    return signal.lfilter([1], [1, -lag_1], rng.standard_normal((n_points, n_series)), axis=0)


def _limit_band(series, n_timepoints, t_r):
    """Filter, drop the run-in and scale to unit variance."""
    series = band_pass(series, *_BAND, t_r)[-n_timepoints:]
    return series / series.std(axis=0)


def _draw_phenotypes(target, site_ids, rng):
    """Draw the columns of ABIDE's table that confound most often, alike in both groups."""
    n_subjects = len(target)
    columns = {
        "SUB_ID": np.arange(1, n_subjects + 1),
        "SITE_ID": site_ids,
        "DX_GROUP": 2 - target,
        "AGE_AT_SCAN": rng.uniform(7, 30, n_subjects).round(2),
        "SEX": 1 + (rng.uniform(size=n_subjects) < 0.15),
        "func_mean_fd": rng.lognormal(-2.6, 0.5, n_subjects).round(4),
    }
    dtype = [(name, values.dtype) for name, values in columns.items()]
    return np.array(list(zip(*columns.values(), strict=True)), dtype=dtype)
