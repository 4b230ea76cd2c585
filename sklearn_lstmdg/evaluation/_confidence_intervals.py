"""Metrics with confidence intervals, and calibration, from the tables of a comparison."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from .._extras import require
from .._typing import Seed
from ..base import draw_seed
from . import _statistics as statistics
from ._draws import draw_subjects
from ._metrics import check_frame
from ._target_kinds import check_predictions

if TYPE_CHECKING:
    from pandas import DataFrame

# Which question each interval answers: printed under the tables that hold them.
ABOUT_INTERVALS = (
    "Interval of a metric: the same trained models, tested on other subjects of the site. "
    "Spread over folds: also other training sets, but folds share most of theirs."
)


def confidence_intervals(
    predictions: "DataFrame",
    folds: "DataFrame | None" = None,
    level: float = 0.95,
    pos_label: object = None,
    n_bins: int = 10,
    random_state: Seed = 0,
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
        The positive label of two; by default the greater one.
    n_bins : int, default=10
        Bins of the calibration error.
    random_state : int, RandomState instance or None, default=0
        Decides the draws of the bootstrap, which a continuous target's intervals are by.

    Returns
    -------
    DataFrame
        One row per model, site and metric: "acc", "balanced_acc", "tpr", "tnr", "auc", "brier" and
        "ece" (expected calibration error). With several classes a recall of each stands in place
        of "tpr" and "tnr", AUC is the mean of each class's against all others, the Brier score
        half of the sum over classes, and the calibration error that of the predicted class's
        probability. With a continuous target: "r", "mae" and "r2".

        - ``pooled``, ``low``, ``high``, ``n``: over the ``n`` test rows that the metric is of:
          what if these very models were tested on other subjects of the site? Rates: Wilson;
          balanced accuracy: Newcombe, where families with rows of several classes count once;
          AUC: DeLong; Brier score: t; none for "ece", which small samples bias; of a continuous
          target: 2000 draws of subjects with replacement, NaN of one subject. Repeats are
          averaged and do not narrow an interval, which tells of the sample of subjects, not of the
          seeds. Nor do rows of one ``subject`` that are alike, be they its scans or those of a
          family: rates and the Brier score are told of as many rows as if all were independent
          (the design effect of [1]_, for few families less), AUC as in [2]_;
        - with ``folds``: ``fold_mean``, ``fold_sd``, ``n_folds`` (where the metric is defined),
          ``fold_low`` and ``fold_high``, by the corrected resampled t (none for "ece", and for
          one fold): what if the models were trained again too?

    Raises
    ------
    ValueError
        If a column is missing.

    References
    ----------
    .. [1] L. Kish. "Survey Sampling", Wiley 1965.
    .. [2] N. A. Obuchowski. "Nonparametric Analysis of Clustered ROC Curve Data", Biometrics 53,
       1997.
    """
    pandas = require("pandas", extra="data")
    predictions, kind = check_predictions(predictions, pos_label)
    seed = draw_seed(check_random_state(random_state))
    records = []
    for (model, site), part in predictions.groupby(["model", "site"], sort=False):
        estimates = estimate_pooled(part, kind, level, n_bins, seed)
        if folds is not None:
            check_frame(folds, ["model", "site", "n_train", "n_test"], "folds")
            sizes = folds[(folds["model"] == model) & (folds["site"] == site)]
            by_fold = _by_fold(part, kind, sizes, level)
            estimates = {name: row | by_fold.get(name, {}) for name, row in estimates.items()}
        for name, row in estimates.items():
            records.append({"model": model, "site": site, "metric": name} | row)
    return pandas.DataFrame(records)


def estimate_pooled(part, kind, level, n_bins, seed):
    """Return each pooled metric with its interval, by the kind of target."""
    return _POOLED[kind.name](part, kind, level, n_bins, seed)


def _pool_two(part, kind, level, n_bins, seed):
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
    balanced = _mean_rate([rates["tpr"], rates["tnr"]], level)
    auc = statistics.auc_interval(y, rows["placement"], level, _families(rows))
    return {
        "acc": estimates.pop("acc"),
        "balanced_acc": balanced,
        **estimates,
        "auc": _row(rows["placement"][y].mean(), len(y), auc),
        "brier": _mean_row(rows["error"], level),
        "ece": _row(np.mean(ece), len(y), (np.nan, np.nan)),
    }


def _pool_classes(part, kind, level, n_bins, seed):
    """Return each pooled metric of several classes, rows averaged over repeats first."""
    columns = dict(zip(kind.names, kind.score_columns, strict=True))
    repeats = [_judge(repeat, columns) for _, repeat in part.groupby("repeat")]
    ece = [statistics.calibration_error(r["hit"], r["confidence"], n_bins) for r in repeats]
    judged = require("pandas", extra="data").concat(repeats)
    names = ["hit", "error", *kind.score_columns]
    rows = judged.groupby(["subject", "row"]).agg(dict.fromkeys(names, "mean") | {"y": "first"})
    y = rows["y"].to_numpy()
    members = {name: y == name for name in columns}
    recalls = {name: _rate(rows["hit"][mine], level) for name, mine in members.items()}
    areas = [rows[column].to_numpy() for column in kind.score_columns]
    area, interval = statistics.macro_auc(members.values(), areas, level, _families(rows))
    return {
        "acc": _rate(rows["hit"], level),
        "balanced_acc": _mean_rate([rows["hit"][mine] for mine in members.values()], level),
        "auc": _row(area, len(y), interval),
        **{f"recall_{name}": row for name, row in recalls.items()},
        "brier": _mean_row(rows["error"], level),
        "ece": _row(np.mean(ece), len(y), (np.nan, np.nan)),
    }


def _judge(repeat, columns):
    """Return each row's hit, confidence and Brier error; for scores of a class, placements."""
    y, proba = repeat["y"].to_numpy(), repeat[[*columns.values()]].to_numpy()
    is_class = np.column_stack([y == name for name in columns])
    placed = (statistics.auc_placements(is_class[:, i], proba[:, i]) for i in range(len(columns)))
    return repeat[["subject", "row", "y"]].assign(
        hit=(repeat["predicted"] == y) * 1.0,
        confidence=proba.max(axis=1),
        error=np.square(proba - is_class).sum(axis=1) / 2,
        **dict(zip(columns.values(), placed, strict=True)),
    )


def _families(rows):
    """Return whose each row is: of a subject with several scans, or of a family."""
    return rows.index.get_level_values("subject")


def _effective_number(values, level=None):
    return statistics.effective_number(values.to_numpy(), _families(values), level)


def _mean_row(errors, level):
    mean, error, _ = statistics.corrected_mean(errors.to_numpy(), n_train=1, n_test=0)
    error *= np.sqrt(len(errors) / _effective_number(errors))
    n_families = _families(errors).nunique()
    return _row(mean, len(errors), _t_interval(mean, error, n_families - 1, level))


def _pool_numbers(part, kind, level, n_bins, seed):
    """Return each pooled metric of a continuous target, with its interval over draws."""
    repeats = [counted[1:] for counted in draw_subjects(part, kind, seed)]
    scores = [kind.score(repeat) for repeat, _ in repeats]
    n, estimates = len(part) // len(repeats), {}
    for name, paired in kind.paired_metrics.items():
        drawn = [
            paired.value(repeat["y"].to_numpy(), repeat["predicted"].to_numpy(), counts)
            for repeat, counts in repeats
        ]
        interval = statistics.interval_of_draws(np.mean(drawn, axis=0), level)
        estimates[name] = _row(np.mean([score[name] for score in scores]), n, interval)
    return estimates


_POOLED = {"two classes": _pool_two, "classes": _pool_classes, "continuous": _pool_numbers}


def _rate(hits, level):
    rate = hits.mean()
    interval = statistics.wilson_interval(rate, _effective_number(hits, level), level)
    return _row(rate, len(hits), interval)


def _mean_rate(hits, level):
    """Return the mean over classes of their rates; a family may have rows of several.

    As for a rate, it is told by no more than if all rows were independent.
    """
    rates, sizes = [mine.mean() for mine in hits], [*map(len, hits)]
    deviations = [mine - rate for mine, rate in zip(hits, rates, strict=True)]
    correlations = statistics.family_correlations(deviations, [*map(_families, hits)])
    effective = [_effective_number(mine, level) for mine in hits]
    alike = statistics.mean_interval(rates, effective, level, correlations)
    apart = statistics.mean_interval(rates, sizes, level)
    interval = min(alike[0], apart[0]), max(alike[1], apart[1])
    return _row(np.mean(rates), sum(sizes), interval)


def _row(value, n, interval):
    return {"pooled": float(value), "low": interval[0], "high": interval[1], "n": n}


def _t_interval(mean, error, df, level, bounds=(0, 1)):
    """Return the interval of a mean of values between bounds."""
    low, high = np.clip(statistics.t_interval(mean, error, df, level), *bounds)
    return float(low), float(high)


def _by_fold(part, kind, sizes, level):
    """Return mean, spread and interval over folds of each metric but the calibration error."""
    scored = []
    for _, fold in part.groupby(["repeat", "fold"]):
        metrics = kind.score(fold) | kind.score_probabilities(fold)
        scored.append(metrics | {"tested": frozenset(fold["subject"])})
    table = require("pandas", extra="data").DataFrame(scored)
    ratio = sizes["n_train"].mean(), sizes["n_test"].mean()
    bounds = {name: kind.bounds.get(name, (0, 1)) for name in table if name != "tested"}
    return {name: _fold_row(table, name, ratio, level, each) for name, each in bounds.items()}


def _fold_row(table, name, sizes, level, bounds):
    values = table[name].dropna()
    row = {"fold_mean": values.mean(), "fold_sd": values.std(), "n_folds": len(values)}
    if values.empty:
        return row | {"fold_low": np.nan, "fold_high": np.nan}
    distinct = values.groupby(table["tested"]).mean().to_numpy()
    low, high = _t_interval(*statistics.corrected_mean(distinct, *sizes), level, bounds)
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
        all repeats), ``mean_score`` and ``share_positive`` (NaN where a bin is empty). With
        several classes, one for each ``class`` too, which is then the positive one.

    Raises
    ------
    ValueError
        If a column is missing, or the target is continuous.
    """
    pandas = require("pandas", extra="data")
    predictions, kind = check_predictions(predictions, pos_label)
    edges, tables = np.linspace(0, 1, n_bins + 1), []
    for (model, site), part in predictions.groupby(["model", "site"], sort=False):
        for label, is_positive, scores in kind.areas(part):
            counts = statistics.calibration_bins(is_positive, scores, n_bins)
            names = "n_predictions", "mean_score", "share_positive"
            row = {"model": model, "site": site, **label, "low": edges[:-1], "high": edges[1:]}
            tables.append(pandas.DataFrame(row | dict(zip(names, counts, strict=True))))
    return pandas.concat(tables, ignore_index=True)
