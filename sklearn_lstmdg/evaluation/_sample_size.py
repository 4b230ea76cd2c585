"""How many subjects a difference takes to be seen."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from .._extras import require
from ..base import check_number
from ._metrics import models_beside
from ._paired_tests import pair_predictions
from ._target_kinds import check_predictions

if TYPE_CHECKING:
    from pandas import DataFrame


def subjects_needed(
    predictions: "DataFrame",
    reference: str = "lstm-dg",
    difference: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    pos_label: object = None,
) -> "DataFrame":
    r"""Estimate how many subjects it takes to see a difference, by the predictions at hand.

    A two-sided test at level :math:`\alpha` finds a true difference :math:`\delta` of two models,
    both tested on the same N subjects, with probability :math:`1 - \beta` where [1]_

    .. math:: N = (z_{1 - \alpha / 2} + z_{1 - \beta})^2 V / \delta^2,

    V being N times the variance of the difference, which does not depend on N: here DeLong's [2]_
    for the predictions that there are, times their number. The difference is of AUC (the mean over
    classes, where there are several), or of a continuous target's mean absolute error.

    Parameters
    ----------
    predictions : DataFrame
        Of a :class:`Comparison`, or read from ``predictions.csv``.
    reference : str, default="lstm-dg"
        The model that each of the others is compared with.
    difference : float, default=None
        The difference to be seen; by default 0.02 of AUC. For a continuous target, whose unit the
        difference has, there is no default, and without it ``n_needed`` is missing.
    power : float, default=0.8
        Probability of seeing it.
    alpha : float, default=0.05
        Level of the two-sided test.
    pos_label : object, default=None
        The positive label of two; by default the greater one.

    Returns
    -------
    DataFrame
        One row per other ``model``: ``n_subjects`` that there are, ``difference_pooled`` (AUC of
        the reference minus that of the model, over each site's subjects, mean over sites), its
        ``standard_error``, ``smallest_difference``, which the subjects that there are would show
        with that probability, and ``n_needed`` subjects at the same sites and of the same classes,
        in the same proportions. Missing where a class is, or where both models rank all subjects
        alike.

    Raises
    ------
    ValueError
        If a column, a score or a model is missing, a number is out of its range, the models were
        not tested on the same folds.

    Warns
    -----
    UserWarning
        If a model lacks predictions that the reference has, or has more.

    Notes
    -----
    The trained models are taken as they are: that other training sets give other models comes on
    top. Repeats are averaged. Rows of one ``subject``, which may be a family, count together [3]_,
    and those needed have as many each. One alone of a class at a site counts by its distance from
    no difference.

    References
    ----------
    .. [1] N. A. Obuchowski. "Sample Size Calculations in Studies of Test Accuracy", Statistical
       Methods in Medical Research 7, 1998.
    .. [2] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson. "Comparing the Areas under Two or More
       Correlated Receiver Operating Characteristic Curves", Biometrics 44, 1988.
    .. [3] N. A. Obuchowski. "Nonparametric Analysis of Clustered ROC Curve Data", Biometrics 53,
       1997.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models, subjects_needed
    >>> y = np.tile([0, 1], 50)
    >>> X = np.random.default_rng(0).normal(size=(100, 5)) + y[:, None] / 2
    >>> models = {name: LogisticRegression(C=C) for name, C in (("weak", 0.001), ("strong", 1.0))}
    >>> comparison = compare_models(models, X, y, n_folds=5, random_state=0)
    >>> needed = subjects_needed(comparison.predictions, "weak")
    >>> bool(needed["n_needed"][0] > needed["n_subjects"][0])
    True
    """
    pandas = require("pandas", extra="data")
    for name, value in {"power": power, "alpha": alpha}.items():
        check_number(value, name, min_val=0, max_val=1, include_boundaries="neither")
    predictions, kind = check_predictions(predictions, pos_label)
    difference = _check_difference(difference, kind)
    paired = kind.paired_metrics[kind.sized]
    reach = norm.isf(alpha / 2) + norm.ppf(power)
    records = []
    for model in models_beside(reference, predictions, "predictions"):
        estimate = _estimate(pair_predictions(predictions, reference, model), paired)
        smallest = reach * estimate["standard_error"]
        smallest = smallest if smallest > 0 else np.nan
        n_needed = np.ceil(estimate["n_subjects"] * (smallest / difference) ** 2)
        found = {"smallest_difference": smallest, "n_needed": n_needed}
        records.append({"model": model} | estimate | found)
    return pandas.DataFrame(records).astype({"n_needed": "Int64"})


def _check_difference(difference, kind):
    """Return the difference to be seen, NaN where there is none."""
    is_area = kind.sized == "auc"
    if difference is None:
        return 0.02 if is_area else np.nan
    most = 1 if is_area else np.inf
    check_number(difference, "difference", min_val=0, max_val=most, include_boundaries="neither")
    return difference


def _estimate(pairs, paired):
    """Return the number of subjects, the difference and its standard error."""
    pandas = require("pandas", extra="data")
    parts = [_deviate(part, paired) for _, part in pairs.groupby(["site", "repeat"])]
    rows = pandas.concat(parts).dropna(subset="deviation")
    rows = rows.groupby(["site", "subject", "row"])[["gain", "deviation"]].mean()
    n_sites = rows.index.get_level_values("site").nunique()
    deviations = rows["deviation"].groupby(["site", "subject"]).sum() / n_sites
    return {
        "n_subjects": len(deviations),
        "difference_pooled": rows["gain"].groupby("site").mean().mean(),
        "standard_error": np.sqrt(np.square(deviations).sum()) if n_sites else np.nan,
    }


def _deviate(part, paired):
    """Return what each row of a site adds to the difference, and to its error."""
    gain, deviation = paired.deviations(part)
    return part.assign(gain=gain, deviation=deviation)
