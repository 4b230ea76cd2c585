"""Subject by subject: what was predicted of whom, how well calibrated, and what goes with it."""

import numpy as np
from scipy.stats import permutation_test, rankdata, spearmanr

from .._bunch import plain
from ..evaluation import calibration_curve, confusion_matrices, intervals_over_sites
from ._charts import calibration_figures, confusion_figures, scatter_figures
from ._study import ALL_SITES

MOST_ROWS = 1000  # of a table; all are in the JSON file
_FEW = 200  # subjects below which there are five bins
_FEW_SUBJECTS = 8  # below which all their orders are tried
_COVARIATES = {"motion": "Mean head motion (mm)", "age": "Age (years)"}


def confusion(study):
    """Return each model's confusion matrix over the test subjects of all sites."""
    if study.class_names is None:
        return None
    kind = study.comparison.kind
    labels = sorted(kind.classes, key=lambda label: label == kind.pos_label)
    names = [study.name_of(label) for label in labels]
    counts = confusion_matrices(study.comparison).groupby(["model", "y", "predicted"])["n"].sum()
    matrices = {
        model: counts[model].unstack().reindex(index=labels, columns=labels).to_numpy()
        for model in study.models
    }
    rows = [
        {"model": model, "true": name, "counts": row.tolist(), "share": _share(row, place)}
        for model, matrix in matrices.items()
        for place, (name, row) in enumerate(zip(names, matrix, strict=True))
    ]
    n_repeats = study.folds["repeat"].nunique()
    form = ".0f" if n_repeats == 1 else ".1f"  # counts, or their mean
    columns = [(f"Taken for {name}", f"{{counts[{i}]:{form}}}") for i, name in enumerate(names)]
    where = ALL_SITES if study.n_sites > 1 else study.own_sites["site"].iloc[0]
    figures = confusion_figures(matrices, names, where)
    return {"rows": rows, "columns": columns, "n_repeats": n_repeats, "figures": figures}


def _share(row, place):
    return 100 * row[place] / row.sum() if row.sum() else np.nan


def agreement(study):
    """Return the predicted against the true values of a continuous target."""
    if study.class_names is not None:
        return None
    means = study.subjects.groupby(["model", "row"], sort=False)[["y", "score"]].mean()
    estimates = intervals_over_sites(study.comparison.predictions).set_index(["model", "metric"])
    panels = {}
    for model in study.models:
        words = []
        for metric in study.comparison.kind.metrics:
            row = estimates.loc[(model, metric)]
            named = study.comparison.kind.words(metric)
            words.append(f"{named} {row.pooled:.2f} ({row.low:.2f} to {row.high:.2f})")
        table = means.loc[model].rename(columns={"y": "x", "score": "y"})
        panels[f"{model}: {', '.join(words)}"] = (table, "; ".join(words))
    return {"figures": scatter_figures(panels, "True", "Predicted", "agreement", is_same=True)}


def calibration(study):
    """Return how often subjects of about the same probability are positive."""
    if study.kind != "two classes":
        return None
    positive = study.comparison.pos_label
    predictions = study.own_sites.assign(site=ALL_SITES)
    n_bins = 5 if study.n_subjects < _FEW else 10
    table = calibration_curve(predictions, pos_label=positive, n_bins=n_bins)
    curves = dict(iter(table.groupby("model", sort=False)))
    errors = {
        model: float(np.mean((part["score"] - (part["y"] == positive)) ** 2))
        for model, part in predictions.groupby("model", sort=False)
    }
    share = float((predictions["y"] == positive).mean())
    return {
        "bins": table.dropna().to_dict("records"),
        "chance": share * (1 - share),
        "positive": study.class_names[0],
        "figures": calibration_figures(curves, errors),
    }


def subjects(study):
    """Return each subject's label and scores, by how many it was missed, site, motion and age."""
    known = study.cohort.get("rows") or []
    parts = study.subjects.groupby("row")
    records = [_subject(study, part, known[row : row + 1]) for row, part in parts]
    has_classes = study.class_names is not None
    by_all = sum(each["missed"] == len(study.models) for each in records) if has_classes else None
    return {
        "subjects": records,
        "most": MOST_ROWS,
        "n_missed_by_all": by_all,
        "columns": [(model, f"{{scores[{i}]:.3f}}") for i, model in enumerate(study.models)],
    }


def _subject(study, part, known):
    """Return what is known of a subject, and what each model gave it."""
    first = part.iloc[0]
    facts = known[0] if known else {"subject": first["subject"], "age": None, "motion": None}
    scores = part.groupby("model")["score"].mean()
    label = plain(first["y"])
    return {
        "subject": str(facts["subject"]),
        "site": str(first["site"]),
        "label": f"{label:g}" if study.class_names is None else study.name_of(label),
        "scores": [float(scores.get(model, np.nan)) for model in study.models],
        "missed": None if study.class_names is None else _count_missed(part),
        "age": facts["age"],
        "motion": facts["motion"],
    }


def _count_missed(part):
    """Count the models that are wrong in more than half of their repeats."""
    wrong = (part["predicted"] != part["y"]).groupby(part["model"]).mean()
    return int((wrong > 0.5).sum())


def covariates(study):
    """Return how scores go with motion and age, in each class on its own."""
    scores = study.subjects.groupby(["model", "row"], sort=False, as_index=False)
    scores = scores.agg({"score": "mean", "y": "first", "site": "first", "subject": "first"})
    scores = scores.rename(columns={"score": "y", "y": "label"})
    scores["group"] = _groups(study, scores["label"])
    correlations, figures = [], {}
    reach = None if study.kind == "continuous" else (-0.03, 1.03)
    for name, words in _COVARIATES.items() if study.cohort.get("rows") else ():
        values = {row: each[name] for row, each in enumerate(study.cohort["rows"])}
        table = scores.assign(x=scores["row"].map(values).astype(float)).dropna(subset="x")
        panels = {}
        for model, part in table.groupby("model", sort=False):
            found = {group: _correlate(mine) for group, mine in part.groupby("group", sort=False)}
            told = "; ".join(f"{n}, rank correlation {found[n]['r']:.2f}" for n in found)
            panels[model] = (part, told)
            keys = {"model": model, "covariate": words}
            correlations += [keys | {"group": group} | found[group] for group in found]
        names = study.class_names if study.kind == "two classes" else None
        figures[words] = scatter_figures(panels, words, "Score", name, names, reach=reach)
    return {"correlations": correlations, "covariates": figures}


def _groups(study, labels):
    """Return the name of each label's class; all are one where there are none."""
    if study.class_names is None:
        return "all"
    return [study.name_of(plain(label)) for label in labels]


def _correlate(part):
    """Return Spearman's correlation of subjects, NaN below three or without spread.

    A subject's scans are averaged: they are not independent.
    """
    means = part.groupby(["site", "subject"])[["x", "y"]].mean()
    x, y = (rankdata(means[name]) for name in "xy")
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return {"n": len(x), "r": np.nan, "p": np.nan}
    r, p = spearmanr(x, y)
    return {"n": len(x), "r": float(r), "p": float(p if len(x) >= _FEW_SUBJECTS else _exact(x, y))}


def _exact(x, y):
    """Return the share of all orders of a few subjects whose correlation is as far from 0."""

    def correlate(x, axis):
        return np.sum((x - x.mean(axis=axis, keepdims=True)) * (y - y.mean()), axis=axis)

    options = {"permutation_type": "pairings", "n_resamples": np.inf, "vectorized": True}
    return permutation_test((x,), correlate, **options).pvalue
