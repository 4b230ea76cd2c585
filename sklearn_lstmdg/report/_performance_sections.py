"""How well the models did."""

import warnings

from ..evaluation import (
    ABOUT_INTERVALS,
    ABOUT_TESTS,
    confidence_intervals,
    subjects_needed,
    test_against,
)
from ._drawings import auc_figure, loss_figures, roc_figure

_METRICS = {"acc": "accuracy", "tnr": "TNR", "auc": "AUC"}


def results(study):
    """Return the comparison, and each model's AUC with its interval."""
    estimates = confidence_intervals(
        study.comparison.predictions, pos_label=study.comparison.pos_label
    )
    auc = estimates[estimates["metric"] == "auc"]
    keys = ["model", "site"]
    models = study.comparison.summary().merge(auc[[*keys, "low", "high"]], on=keys, how="left")
    models["n_untrained"] = models.get("n_untrained", 0)
    rates = [f"{name}{end}" for name in ("acc", "tpr", "tnr") for end in ("", "_sd")]
    models[rates] *= 100
    return {
        "models": models.to_dict("records"),
        "positive": _positive(study),
        "n_one_class": int(models["n_one_class"].sum()),
        "untrained": models[models["n_untrained"] > 0].to_dict("records"),
        "has_pooled": "pooled" in study.sites,
        "about": ABOUT_INTERVALS,
        "figures": [
            figure
            for place, (site, part) in enumerate(auc.groupby("site", sort=False))
            for figure in auc_figure(part, site, f"auc-{place}")
        ],
    }


def _positive(study):
    label = study.comparison.pos_label
    groups = (group for site in study.cohort.get("sites", ()) for group in site["groups"])
    return next((g["name"] for g in groups if g["label"] == label), f"label {label}")


def tests(study):
    """Return the tests of the reference against each other model."""
    if len(study.models) < 2:
        return {}
    predictions, pos_label = study.comparison.predictions, study.comparison.pos_label
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            frame = test_against(study.folds, predictions, study.reference, pos_label=pos_label)
            needed = subjects_needed(predictions, study.reference, pos_label=pos_label)
    except ValueError as error:
        return {"error": error}
    frame["metric"] = frame["metric"].map(_METRICS)
    frame["test"] = frame["model"] + ", " + frame["metric"]
    return {
        "error": None,
        "tests": frame.to_dict("records"),
        "liberal_only": frame["test"][frame["liberal_only"]].tolist(),
        "remarks": (frame["test"] + ": " + frame["remark"])[frame["remark"] != ""].tolist(),
        "needed": needed.dropna(subset="n_needed").to_dict("records"),
        "warnings": dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning),
        "about": ABOUT_TESTS,
    }


def roc(study):
    """Return the ROC curves of each site."""
    return {
        "figures": [
            figure
            for place, site in enumerate(study.sites)
            for figure in roc_figure(study.comparison, site, f"roc-{place}")
        ]
    }


def training(study):
    """Return the losses by epoch of each model that keeps a history, site by site."""
    sites = {}
    for i, site in enumerate(study.sites):
        for j, model in enumerate(study.models):
            folds = [fold for fold in study.folds_of(model, site) if fold.history]
            if folds:
                figures = loss_figures(folds, model, site, f"loss-{i}-{j}")
                sites.setdefault(site, {})[model] = figures
    return {"sites": sites}
