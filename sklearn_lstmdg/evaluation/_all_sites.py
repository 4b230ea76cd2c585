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
    the squared distances from it that predictions explain. (Of ten subjects at each site the mean
    lies so near to them that R2 is too low by a tenth of what is not explained.)

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
        Decides the draws of the bootstrap, which a continuous target's intervals are by.

    Returns
    -------
    DataFrame
        One row per model and metric, as from :func:`confidence_intervals`: ``pooled``, ``low``,
        ``high`` and ``n``, and ``n_sites``. The interval of AUC is DeLong's, site by site, on the
        scale of the logit; rows of one ``subject``, which may be a family, count together. Those
        of a continuous target are of 2000 draws of subjects (of families) from each site.

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
    estimates["auc"] |= _auc_within_sites(part, kind, level)
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


def _auc_within_sites(part, kind, level):
    """Return the share of pairs of one site that are in their order, and its interval."""
    repeats = [_judge_within_sites(repeat, kind) for _, repeat in part.groupby("repeat")]
    area = np.mean([area for area, _ in repeats])
    with_pairs = part[part.groupby("subject_site")["y"].transform("nunique") > 1]
    smallest = with_pairs.groupby("y")["subject"].nunique().min()
    low = high = np.nan
    if np.isfinite(area) and smallest > 1:
        added = require("pandas", extra="data").concat([added for _, added in repeats])
        deviations = added.groupby(level=0).sum() / len(repeats)
        low, high = statistics.logit_interval(area, deviations, smallest, level)
    return {"pooled": float(area), "low": low, "high": high}


def _judge_within_sites(repeat, kind):
    """Return the mean over classes of AUC within sites, and what each row adds to its error."""
    names, sites = repeat["subject"].to_numpy(), repeat["subject_site"].to_numpy()
    judged = [
        statistics.stratified_auc(is_positive, np.asarray(scores), sites, names)
        for _, is_positive, scores in kind.areas(repeat)
    ]
    area, deviations = (np.mean(each, axis=0) for each in zip(*judged, strict=True))
    return area, require("pandas", extra="data").Series(deviations, index=names)
