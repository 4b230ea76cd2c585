"""Metrics with confidence intervals, and calibration, from the tables of a comparison."""

from typing import TYPE_CHECKING

import numpy as np

from .._extras import require
from . import _statistics as statistics
from ._metrics import check_frame, check_predictions, score_predictions

if TYPE_CHECKING:
    from pandas import DataFrame


def confidence_intervals(
    predictions: "DataFrame",
    folds: "DataFrame | None" = None,
    level: float = 0.95,
    pos_label: object = None,
    n_bins: int = 10,
) -> "DataFrame":
    """Estimate each model's metrics at each site, with confidence intervals.

    Parameters
    ----------
    predictions : DataFrame
        Of a :class:`Comparison`, or read from ``predictions.csv``.
    folds : DataFrame, default=None
        Adds the metrics by fold.
    level : float, default=0.95
        Confidence level.
    pos_label : object, default=None
        The positive label; by default the greater one.
    n_bins : int, default=10
        Bins of the calibration error.

    Returns
    -------
    DataFrame
        One row per model, site and metric: "acc", "balanced_acc", "tpr", "tnr", "auc", "brier" and
        "ece" (expected calibration error).

        - ``pooled``, ``low``, ``high``, ``n``: over the ``n`` test subjects that the metric is of:
          what if these very models were tested on other subjects of the site? Rates: Wilson;
          balanced accuracy: Newcombe; AUC: DeLong; Brier score: t; none for "ece", which small
          samples bias. Repeats are averaged and do not narrow an interval, which tells of the
          sample of subjects, not of the seeds. Rows of a family count as independent;
        - with ``folds``: ``fold_mean``, ``fold_sd``, ``n_folds`` (where the metric is defined),
          ``fold_low`` and ``fold_high``, by the corrected resampled t (none for "ece", and for
          one fold): what if the models were trained again too?

    Raises
    ------
    ValueError
        If a column is missing.
    """
    pandas = require("pandas", extra="data")
    predictions = check_predictions(predictions, pos_label)
    records = []
    for (model, site), part in predictions.groupby(["model", "site"], sort=False):
        estimates = estimate_pooled(part, level, n_bins)
        if folds is not None:
            check_frame(folds, ["model", "site", "n_train", "n_test"], "folds")
            sizes = folds[(folds["model"] == model) & (folds["site"] == site)]
            by_fold = _by_fold(part, sizes, level)
            estimates = {name: row | by_fold.get(name, {}) for name, row in estimates.items()}
        for name, row in estimates.items():
            records.append({"model": model, "site": site, "metric": name} | row)
    return pandas.DataFrame(records)


def estimate_pooled(part, level, n_bins):
    """Return each pooled metric with its interval; rows are averaged over repeats first."""
    repeats = [repeat for _, repeat in part.groupby("repeat")]
    ece = [statistics.calibration_error(r["y"], r["score"], n_bins) for r in repeats]
    placements = [statistics.auc_placements(r["y"], r["score"]) for r in repeats]
    judged = require("pandas", extra="data").concat(repeats)
    judged["hit"] = judged["predicted"] == judged["y"]
    judged["placement"] = np.concatenate(placements)
    judged["error"] = statistics.brier(judged["y"], judged["score"])
    names = ["y", "hit", "placement", "error"]
    rows = judged.groupby(["subject", "row"])[names].mean()
    y = rows["y"].to_numpy() == 1
    rates = {"acc": rows["hit"], "tpr": rows["hit"][y], "tnr": rows["hit"][~y]}
    estimates = {name: _rate(hits, level) for name, hits in rates.items()}
    tpr, tnr = (estimates[name] for name in ("tpr", "tnr"))
    both = tpr["pooled"], tpr["n"], tnr["pooled"], tnr["n"]
    balanced = _row((both[0] + both[2]) / 2, len(y), statistics.balanced_interval(*both, level))
    auc = statistics.auc_interval(y, rows["placement"], level)
    error = statistics.corrected_mean(rows["error"].to_numpy(), n_train=1, n_test=0)
    return {
        "acc": estimates.pop("acc"),
        "balanced_acc": balanced,
        **estimates,
        "auc": _row(rows["placement"][y].mean(), len(y), auc),
        "brier": _row(error[0], len(y), _t_interval(*error, level)),
        "ece": _row(np.mean(ece), len(y), (np.nan, np.nan)),
    }


def _rate(hits, level):
    rate, n = hits.mean(), len(hits)
    return _row(rate, n, statistics.wilson_interval(rate, n, level))


def _row(value, n, interval):
    return {"pooled": float(value), "low": interval[0], "high": interval[1], "n": n}


def _t_interval(mean, error, df, level):
    """Return the interval of a mean of values between 0 and 1."""
    low, high = np.clip(statistics.t_interval(mean, error, df, level), 0, 1)
    return float(low), float(high)


def _by_fold(part, sizes, level):
    """Return mean, spread and interval over folds of each metric but the calibration error."""
    scored = []
    for _, fold in part.groupby(["repeat", "fold"]):
        y, predicted, score = (fold[name].to_numpy() for name in ("y", "predicted", "score"))
        metrics = score_predictions(y, predicted, score)
        metrics["balanced_acc"] = (metrics["tpr"] + metrics["tnr"]) / 2
        metrics["brier"] = statistics.brier(y, score).mean()
        scored.append(metrics | {"tested": frozenset(fold["subject"])})
    table = require("pandas", extra="data").DataFrame(scored)
    ratio = sizes["n_train"].mean(), sizes["n_test"].mean()
    return {name: _fold_row(table, name, ratio, level) for name in table if name != "tested"}


def _fold_row(table, name, sizes, level):
    values = table[name].dropna()
    row = {"fold_mean": values.mean(), "fold_sd": values.std(), "n_folds": len(values)}
    if values.empty:
        return row | {"fold_low": np.nan, "fold_high": np.nan}
    distinct = values.groupby(table["tested"]).mean().to_numpy()
    low, high = _t_interval(*statistics.corrected_mean(distinct, *sizes), level)
    return row | {"fold_low": low, "fold_high": high}


def calibration_curve(
    predictions: "DataFrame", pos_label: object = None, n_bins: int = 10
) -> "DataFrame":
    """Count how often subjects of about the same probability are positive.

    Parameters
    ----------
    predictions : DataFrame
        Of a :class:`Comparison`, or read from ``predictions.csv``.
    pos_label : object, default=None
        The positive label; by default the greater one.
    n_bins : int, default=10
        Bins of equal width.

    Returns
    -------
    DataFrame
        One row per model, site and bin: its edges ``low`` and ``high``, ``n_predictions`` (over
        all repeats), ``mean_score`` and ``share_positive`` (NaN where a bin is empty).
    """
    pandas = require("pandas", extra="data")
    predictions = check_predictions(predictions, pos_label)
    edges, tables = np.linspace(0, 1, n_bins + 1), []
    for (model, site), part in predictions.groupby(["model", "site"], sort=False):
        counts = statistics.calibration_bins(part["y"], part["score"], n_bins)
        columns = dict(zip(("n_predictions", "mean_score", "share_positive"), counts, strict=True))
        row = {"model": model, "site": site, "low": edges[:-1], "high": edges[1:]}
        tables.append(pandas.DataFrame(row | columns))
    return pandas.concat(tables, ignore_index=True)
