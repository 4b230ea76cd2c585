"""Metrics of predicted classes and numbers: by fold, and over all subjects."""

import numpy as np
from sklearn.metrics import roc_auc_score

from .._extras import require
from .._text import one_line
from . import _statistics as statistics

METRICS = ("acc", "tpr", "tnr", "auc")


def score_predictions(y, predicted, score):
    """Judge predictions of two classes; NaN where a class that a metric needs is missing."""
    y, predicted = np.asarray(y, bool), np.asarray(predicted, bool)
    return {
        "acc": _share(predicted == y),
        "tpr": _share(predicted[y]),
        "tnr": _share(~predicted[~y]),
        "auc": _area(y, score),
    }


def _share(hits):
    return float(np.mean(hits)) if len(hits) else np.nan


def auc_within_sites(y, score, sites):
    """Return the share of pairs of one site, a positive and a negative subject, in their order."""
    y, score, sites = np.asarray(y, bool), np.asarray(score), np.asarray(sites)
    won = n_pairs = 0
    for site in dict.fromkeys(sites.tolist()):
        mine = sites == site
        n = int(np.sum(y[mine])) * int(np.sum(~y[mine]))
        won += n * roc_auc_score(y[mine], score[mine]) if n else 0
        n_pairs += n
    return won / n_pairs if n_pairs else np.nan


def score_classes(y, predicted, proba, classes):
    """Judge predictions of several classes: accuracy, its mean over classes, AUC, recalls.

    AUC is the mean over classes of each against all others. What needs a class that is missing is
    NaN. Shapes: y, predicted (n_rows,); proba (n_rows, n_classes).
    """
    recalls = [_share(predicted[y == label] == label) for label in classes]
    areas = [_area(y == label, proba[:, i]) for i, label in enumerate(classes)]
    return _share(predicted == y), float(np.mean(recalls)), float(np.mean(areas)), *recalls


def _area(y, score):
    return float(roc_auc_score(y, score)) if y.any() and not y.all() else np.nan


def score_numbers(y, predicted):
    """Judge predicted numbers; NaN for r and R2 where a spread that they need is missing."""
    y, predicted = np.asarray(y, float), np.asarray(predicted, float)
    return {
        "r": _correlate(y, predicted),
        "mae": float(np.mean(np.abs(y - predicted))),
        "r2": float(1 - np.sum((y - predicted) ** 2) / statistics.sum_of_squares(y)),
    }


def _correlate(y, predicted):
    return float(np.mean(statistics.standardize(y) * statistics.standardize(predicted)))


def correlate_within_sites(y, predicted, sites):
    """Return r of what distinguishes subjects from the mean of their site."""
    return _correlate(*(statistics.less_site_means(values, sites) for values in (y, predicted)))


def summarize(folds, predictions, kind):
    """Summarize each model at each site, by the metrics of the kind of target."""
    pandas = require("pandas", extra="data")
    records = []
    for (model, site), part in folds.groupby(["model", "site"], sort=False):
        mine = predictions[(predictions["model"] == model) & (predictions["site"] == site)]
        pooled = _pool(mine, kind)
        record = {"model": model, "site": site}
        for metric in kind.metrics:
            record |= {metric: part[metric].mean(), f"{metric}_sd": part[metric].std()}
            record[f"{metric}_pooled"] = np.mean([repeat[metric] for repeat in pooled])
        within = [name for name in pooled[0] if name.endswith("_within_sites")]
        record |= {name: np.mean([repeat[name] for repeat in pooled]) for name in within}
        record |= {"n_folds": len(part), kind.undefined: int(part[kind.main].isna().sum())}
        if "untrained" in part:  # folds.csv of earlier versions has no such column
            record["n_untrained"] = int(part["untrained"].sum())
        counts = {"n_subjects": mine["subject"].nunique(), "n_scans": len(mine) // len(pooled)}
        records.append(record | counts)
    return pandas.DataFrame(records)


def tell_untrained(summary):
    """Say in a line how many folds of each model are hardly trained; nothing if none."""
    told = [
        f"{row['n_untrained']:.0f} of {row['n_folds']} folds of "
        f"{one_line(row['model'])} at {one_line(row['site'])}"
        for row in summary.to_dict("records")
        if row.get("n_untrained", 0) > 0
    ]
    why = "Hardly trained (the first epoch was kept, or all scores are equal)"
    return [f"{why}: {'; '.join(told)}."] if told else []


def _pool(predictions, kind):
    """Judge each repeat's subjects together."""
    pooled = []
    for _, part in predictions.assign(subject_site=subject_sites(predictions)).groupby("repeat"):
        name, value = kind.score_within_sites(part, part["subject_site"])
        pooled.append(kind.score(part) | {name: value})
    return pooled


def subject_sites(predictions):
    """Return each prediction's own site; that of the folds is another where sites are pooled."""
    if "subject_site" not in predictions:
        return predictions["site"]
    return predictions["subject_site"].fillna(predictions["site"])


def check_frame(frame, names, what):
    """Refuse a table that lacks columns."""
    missing = [name for name in names if name not in getattr(frame, "columns", ())]
    if missing:
        raise ValueError(f"{what} lacks the columns {', '.join(missing)}.")


def models_beside(reference, table, what):
    """Return the models of a table but the reference, which must be there, and not alone."""
    models = list(dict.fromkeys(table["model"]))
    if reference not in models or len(models) < 2:
        raise ValueError(f"{reference!r} and others are needed; {what} holds {models}.")
    return [model for model in models if model != reference]


def check_rows(predictions, scores):
    """Check the columns of predictions; ``row`` counts a subject's rows."""
    names = ["model", "site", "repeat", "fold", "subject", "y", *scores, "predicted"]
    check_frame(predictions, names, "predictions")
    for name in scores or ("predicted",):
        unscored = predictions[predictions[name].isna()]
        if len(unscored):
            model, subject = unscored[["model", "subject"]].iloc[0]
            raise ValueError(
                f"predictions has no {name} of model {model!r} for subject {subject!r}."
            )
    keys = ["model", "site", "repeat", "subject"]
    row = predictions.groupby(keys).cumcount()
    return predictions[names].assign(row=row, subject_site=subject_sites(predictions))


def check_two_classes(predictions, pos_label):
    """Check predictions of two classes; ``y`` and ``predicted`` become bool."""
    rows = check_rows(predictions, ["score"])
    labels = set(rows["y"]) | set(rows["predicted"])
    if pos_label is None and len(labels) != 2:
        raise ValueError(
            f"The labels are {sorted(labels, key=str)}: pos_label must say which is positive."
        )
    pos_label = max(labels) if pos_label is None else pos_label
    if pos_label not in labels:
        raise ValueError(
            f"pos_label={pos_label!r} is not among the labels {sorted(labels, key=str)}."
        )
    return rows.assign(y=rows["y"] == pos_label, predicted=rows["predicted"] == pos_label)
