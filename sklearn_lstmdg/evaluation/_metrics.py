"""Accuracy, true positive and true negative rate, and AUC: by fold, and over all subjects."""

import numpy as np
from sklearn.metrics import roc_auc_score

from .._extras import require

METRICS = ("acc", "tpr", "tnr", "auc")
_WITHIN = "auc_within_sites"


def score_predictions(y, predicted, score):
    """Judge predictions of two classes; NaN where a class that a metric needs is missing."""
    y, predicted = np.asarray(y, bool), np.asarray(predicted, bool)
    both = y.any() and not y.all()
    return {
        "acc": _share(predicted == y),
        "tpr": _share(predicted[y]),
        "tnr": _share(~predicted[~y]),
        "auc": float(roc_auc_score(y, score)) if both else np.nan,
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


def summarise(folds, predictions, pos_label):
    """Summarise each model at each site."""
    pandas = require("pandas", extra="data")
    records = []
    for (model, site), part in folds.groupby(["model", "site"], sort=False):
        mine = predictions[(predictions["model"] == model) & (predictions["site"] == site)]
        pooled = _pool(mine, pos_label)
        record = {"model": model, "site": site}
        for metric in METRICS:
            record |= {metric: part[metric].mean(), f"{metric}_sd": part[metric].std()}
            record[f"{metric}_pooled"] = np.mean([repeat[metric] for repeat in pooled])
        record[_WITHIN] = np.mean([repeat[_WITHIN] for repeat in pooled])
        record |= {"n_folds": len(part), "n_one_class": int(part["auc"].isna().sum())}
        if "untrained" in part:  # folds.csv of earlier versions has no such column
            record["n_untrained"] = int(part["untrained"].sum())
        counts = {"n_subjects": mine["subject"].nunique(), "n_scans": len(mine) // len(pooled)}
        records.append(record | counts)
    return pandas.DataFrame(records)


def _pool(predictions, pos_label):
    """Judge each repeat's subjects together."""
    pooled = []
    for _, part in predictions.assign(subject_site=subject_sites(predictions)).groupby("repeat"):
        y, score = part["y"] == pos_label, part["score"].to_numpy()
        pooled.append(score_predictions(y, part["predicted"] == pos_label, score))
        pooled[-1][_WITHIN] = auc_within_sites(y, score, part["subject_site"])
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


def check_predictions(predictions, pos_label):
    """Check predictions; ``y`` and ``predicted`` become bool, ``row`` counts a subject's rows."""
    names = ["model", "site", "repeat", "fold", "subject", "y", "score", "predicted"]
    check_frame(predictions, names, "predictions")
    unscored = predictions[predictions["score"].isna()]
    if len(unscored):
        model, subject = unscored[["model", "subject"]].iloc[0]
        raise ValueError(f"predictions has no score of model {model!r} for subject {subject!r}.")
    labels = set(predictions["y"]) | set(predictions["predicted"])
    if pos_label is None and len(labels) != 2:
        raise ValueError(
            f"The labels are {sorted(labels, key=str)}: pos_label must say which is positive."
        )
    pos_label = max(labels) if pos_label is None else pos_label
    if pos_label not in labels:
        raise ValueError(
            f"pos_label={pos_label!r} is not among the labels {sorted(labels, key=str)}."
        )
    keys = ["model", "site", "repeat", "subject"]
    return predictions[names].assign(
        y=predictions["y"] == pos_label,
        predicted=predictions["predicted"] == pos_label,
        row=predictions.groupby(keys).cumcount(),
        subject_site=subject_sites(predictions),
    )
