"""One estimate of each metric over all sites, none of which rewards telling sites apart."""

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from .._extras import require
from .._typing import Seed
from ..base import draw_seed
from . import _statistics as statistics
from ._confidence_intervals import estimate_pooled
from ._draws import draw_subjects
from ._target_kinds import check_predictions

if TYPE_CHECKING:
    from pandas import DataFrame


def intervals_over_sites(
    predictions: "DataFrame",
    level: float = 0.95,
    pos_label: object = None,
    n_bins: int = 10,
    random_state: Seed = 0,
) -> "DataFrame":
    r"""Estimate each model's metrics over the subjects of all sites, with confidence intervals.

    AUC is stratified: of all pairs of a positive and a negative subject *of one site*, the share
    that the model ranks rightly,

    .. math:: \frac{\sum_s n^+_s n^-_s \mathrm{AUC}_s}{\sum_s n^+_s n^-_s}

    so that scores which only tell sites apart are worth one half. Other metrics are means over all
    subjects. With several classes that holds of each class against all others. With a continuous
    target r is that of what distinguishes subjects from the mean of their site, and R2 the share of
    the squared distances from it that predictions explain.

    Parameters
    ----------
    predictions : DataFrame
        Of a :class:`Comparison`, or read from ``predictions.csv``.
    level : float, default=0.95
        Confidence level.
    pos_label : object, default=None
        The positive label of two; by default the greater one.
    n_bins : int, default=10
        Bins of the calibration error.
    random_state : int, RandomState instance or None, default=0
        Decides the draws of the bootstrap.

    Returns
    -------
    DataFrame
        One row per model and metric, as from :func:`confidence_intervals`: ``pooled``, ``low``,
        ``high`` and ``n``, and ``n_sites``. The interval of AUC is of 2000 draws of subjects (of
        families, where ``subject`` names those) with replacement from each site and class, as those
        of a continuous target are, from each site; where all draws of AUC are the same, it is
        Wilson's for the smallest class.

    Raises
    ------
    ValueError
        If a column or a score is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models, intervals_over_sites
    >>> y, sites = np.tile([0, 1], 30), np.repeat(["A", "B"], 30)
    >>> X = np.random.default_rng(0).normal(size=(60, 4)) + y[:, None]
    >>> models = {"logistic": LogisticRegression()}
    >>> comparison = compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
    >>> over_sites = intervals_over_sites(comparison.predictions).set_index("metric")
    >>> over_sites.loc["auc", ["n", "n_sites"]].tolist()
    [60, 2]
    """
    predictions, kind = check_predictions(predictions, pos_label)
    if not isinstance(random_state, Integral):
        random_state = draw_seed(check_random_state(random_state))
    # Folds of different sites may have subjects of the same names.
    subjects = predictions.groupby(["site", "subject"]).ngroup()
    predictions = predictions.assign(subject=subjects, site="all")
    estimate = _estimate_numbers if kind.name == "continuous" else _estimate_classes
    records = []
    for model, part in predictions.groupby("model", sort=False):
        estimates = estimate(part, kind, level, n_bins, random_state)
        n_sites = part["subject_site"].nunique()
        records += [
            {"model": model, "metric": name} | row | {"n_sites": n_sites}
            for name, row in estimates.items()
        ]
    return require("pandas", extra="data").DataFrame(records)


def _estimate_classes(part, kind, level, n_bins, random_state):
    estimates = estimate_pooled(part, kind, level, n_bins, random_state)
    estimates["auc"] |= _auc_within_sites(part, kind, level, random_state)
    return estimates


def _estimate_numbers(part, kind, level, n_bins, random_state):
    """Return the metrics, and their intervals, of distances from the mean of a site."""
    sites = part.groupby(["repeat", "subject_site"]).ngroup()
    y, predicted = (statistics.less_site_means(part[name], sites) for name in ("y", "predicted"))
    from_truth = part["predicted"] - part["y"] + y
    seed = draw_seed(check_random_state(random_state))
    r, errors = (
        estimate_pooled(part.assign(y=y, predicted=values), kind, level, n_bins, seed)
        for values in (predicted, from_truth)
    )
    return errors | {"r": r["r"]}


def _auc_within_sites(part, kind, level, random_state):
    """Return the share of pairs of one site that are in their order, and its interval."""
    repeats = draw_subjects(part, kind, random_state)
    values = np.mean([_share_won(repeat, kind, counts) for _, repeat, counts in repeats], axis=0)
    if not np.isfinite(values[0]):
        return {"pooled": np.nan, "low": np.nan, "high": np.nan}
    low, high = statistics.interval_of_draws(values[1:], level)
    if low == high:  # all pairs are in their order, or all scores equal
        smaller = part.groupby("y")["subject"].nunique().min()
        low, high = statistics.wilson_interval(values[0], smaller, level)
    return {"pooled": float(values[0]), "low": float(low), "high": float(high)}


def _share_won(repeat, kind, counts):
    """Return the share of pairs, of the rows as they are and in each draw, over sites and classes.

    Shapes: counts (n_draws, n_rows); returned (1 + n_draws,).
    """
    counts = np.vstack([np.ones(len(repeat)), counts])
    places = repeat.groupby("subject_site").indices.values()
    sites, drawn = [repeat.iloc[rows] for rows in places], [counts[:, rows] for rows in places]
    by_class = zip(*map(kind.areas, sites), strict=True)
    return np.mean([_share_of_class(areas, drawn) for areas in by_class], axis=0)


def _share_of_class(areas, drawn):
    """Return the share of pairs of a class and another, over all sites; NaN if there are none."""
    sums = np.zeros((2, len(drawn[0])))
    for (_, is_positive, scores), counts in zip(areas, drawn, strict=True):
        y, score = np.asarray(is_positive), np.asarray(scores)
        sums += statistics.pairs_in_draws(statistics.wins(score[y], score[~y]), y, counts)
    return statistics.ratio(*sums)
