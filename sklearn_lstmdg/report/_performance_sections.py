"""How well the models did: estimates with intervals, tests, chance, curves."""

import warnings

from .._extras import require
from ..evaluation import (
    ABOUT_INTERVALS,
    ABOUT_TESTS,
    confidence_intervals,
    intervals_over_sites,
    null_from_permutations,
    subjects_needed,
    test_against,
)
from ._charts import chance_figures, interval_figures
from ._drawings import loss_figures, roc_figures
from ._study import ALL_SITES, where

N_SMALL = 20  # subjects of a site whose line is folded away
_MOST_PANELS = 12
_SIGNED = ("r", "r2")  # whose intervals may hold a minus
WORDS = {
    **{"acc": "Accuracy", "balanced_acc": "Balanced accuracy", "tpr": "TPR", "tnr": "TNR"},
    **{"auc": "AUC", "r": "r", "mae": "MAE", "r2": "R²", "brier": "Brier score"},
}


def results(study):
    """Return each model's metrics with their intervals: over all sites, and site by site."""
    whole, by_site = _estimates(study)
    main = study.comparison.kind.main
    parts = {_whole(study): whole} | dict(
        iter(by_site[by_site["n"] >= N_SMALL].groupby("site", sort=False))
    )
    shown = {name: _renamed(part, main) for name, part in [*parts.items()][:_MOST_PANELS]}
    chance = 0.5 if main == "auc" else 0.0
    return {
        "models": _add_mixed(study, whole).to_dict("records"),
        "where": f" of {ALL_SITES}" if study.n_sites > 1 else where(study.sites[0]),
        "sites": by_site[by_site["n"] >= N_SMALL].to_dict("records"),
        "small_sites": by_site[by_site["n"] < N_SMALL].to_dict("records"),
        "n_small": N_SMALL,
        "columns": _columns(study, whole),
        "kind": study.kind,
        "positive": study.class_names and study.class_names[0],
        "n_one_class": _n_one_class(study.folds),
        "is_mixed": "pooled" in study.sites and study.kind == "two classes",
        "about": ABOUT_INTERVALS,
        "figures": interval_figures(shown, WORDS[main], chance, study.reference, "main"),
    }


def _whole(study):
    """Tell in a caption of whom the estimates over all folds are."""
    if study.n_sites > 1:
        return ALL_SITES
    return study.sites[0] if where(study.sites[0]) else "all subjects"


def _n_one_class(folds):
    """Count the test folds without an AUC, each once for all models."""
    unknown = folds[folds["auc"].isna()] if "auc" in folds else folds.iloc[:0]
    return len(unknown[["site", "repeat", "fold"]].drop_duplicates())


def _estimates(study):
    """Return estimates over all sites, and site by site, the largest first."""
    predictions, label = study.own_sites, study.comparison.pos_label
    percent = study.comparison.kind.percent
    by_site = _widen(confidence_intervals(predictions, pos_label=label), percent)
    counts = predictions.groupby("site")["subject"].nunique()
    by_site["n"] = by_site["site"].map(counts)
    by_site = by_site.sort_values(["n", "site"], ascending=[False, True], kind="stable")
    if study.n_sites == 1:
        return by_site, by_site.iloc[:0]
    over_all = intervals_over_sites(study.comparison.predictions, pos_label=label)
    whole = _widen(over_all.assign(site=ALL_SITES), percent)
    return whole.assign(n=int(counts.sum())), by_site


def _widen(estimates, percent):
    """Return a row for each model and site, with each metric, and the ends of its interval."""
    scale = estimates["metric"].isin(percent).map({True: 100, False: 1})
    values = estimates[["pooled", "low", "high"]].mul(scale, axis=0)
    records = {}
    for row, value in zip(estimates.itertuples(), values.itertuples(index=False), strict=True):
        record = records.setdefault((row.model, row.site), {"model": row.model, "site": row.site})
        record |= {row.metric: value.pooled, f"{row.metric}_low": value.low}
        record[f"{row.metric}_high"] = value.high
    return require("pandas", extra="data").DataFrame(list(records.values()))


def _columns(study, estimates):
    """Return headings and formats of the metrics that there are."""
    names = [name for name in estimates if f"{name}_low" in estimates and name != "ece"]
    columns = []
    for name in names:
        is_rate = name in study.comparison.kind.percent
        words = WORDS.get(name) or f"Found of {study.name_of(name.removeprefix('recall_'))}"
        form = ".1f" if is_rate else ".3f"
        to = " to " if name in _SIGNED else "-"
        interval = f"{{{name}:{form}}} ({{{name}_low:{form}}}{to}{{{name}_high:{form}}})"
        columns.append((f"{words} (%)" if is_rate else words, interval))
    return columns


def _add_mixed(study, whole):
    """Add AUC with sites mixed where folds are of all sites."""
    summary = study.comparison.summary()
    whole = whole.copy()
    if "pooled" in study.sites and "auc_pooled" in summary:
        mixed = summary[summary["site"] == "pooled"].set_index("model")["auc_pooled"]
        whole["auc_mixed"] = whole["model"].map(mixed)
    return whole


def _renamed(part, metric):
    columns = {metric: "value", f"{metric}_low": "low", f"{metric}_high": "high"}
    return part.rename(columns=columns)[["model", "value", "low", "high"]]


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
        return {"error": str(error)}
    frame["metric"] = frame["metric"].map(study.comparison.kind.words)
    frame["test"] = frame["model"] + ", " + frame["metric"]
    return {
        "error": None,
        "tests": frame.to_dict("records"),
        "figures": _forests(frame, study),
        "errors": [*map(study.comparison.kind.words, study.comparison.kind.lower_is_better)],
        "one_scale": _has_one_scale(study),
        "liberal_only": frame["test"][frame["liberal_only"]].tolist(),
        "remarks": (frame["test"] + ": " + frame["remark"])[frame["remark"] != ""].tolist(),
        "needed": needed.dropna(subset="n_needed").to_dict("records"),
        "warnings": list(
            dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning)
        ),
        "about": ABOUT_TESTS,
    }


def _has_one_scale(study):
    """Tell whether all metrics are shares, and none has the target's unit."""
    return study.kind != "continuous"


def _forests(frame, study):
    """Draw the pooled differences of each metric, one below the other."""
    ends = {"difference_pooled": "value", "difference_pooled_low": "low"}
    renamed = frame.rename(columns=ends | {"difference_pooled_high": "high"})
    metrics = list(dict.fromkeys(frame["metric"]))
    captions = {f"{metric}, {study.reference} minus others": metric for metric in metrics}
    parts = {words: renamed[renamed["metric"] == m] for words, m in captions.items()}
    scales = [parts] if _has_one_scale(study) else [{words: parts[words]} for words in parts]
    return [
        figure
        for place, each in enumerate(scales)
        for figure in interval_figures(each, "Difference", 0, None, f"forest-{place}")
    ]


def chance(study):
    """Return what permuted labels gave, where that was run."""
    if study.kind != "two classes":
        return None
    if not study.permuted:
        return {"nulls": [], "figures": []}
    runs = [run.predictions for run in study.permuted]
    predictions, label = study.comparison.predictions, study.comparison.pos_label
    frame = null_from_permutations(predictions, runs, ("acc", "auc"), pos_label=label)
    areas = dict(iter(frame[frame["metric"] == "auc"].groupby("site", sort=False)))
    frame["metric"] = frame["metric"].map(study.comparison.kind.words)
    shown = dict([*areas.items()][:_MOST_PANELS])
    figures = chance_figures(shown, "AUC")
    return {"n_runs": len(runs), "nulls": frame.to_dict("records"), "figures": figures}


def roc(study):
    """Return ROC curves: each model's beside the others', and the reference's at each site."""
    if study.kind != "two classes":
        return None
    whole = study.sites[0] if len(study.sites) == 1 and where(study.sites[0]) else None
    sites = study.sites if len(study.sites) > 1 else []
    n_tested = study.comparison.predictions.groupby("site")["subject"].nunique()
    large = [site for site in sites if n_tested[site] >= N_SMALL][:_MOST_PANELS]
    return {
        "figures": roc_figures(study.comparison, study.models, whole, "roc"),
        "sites": [
            figure
            for place, site in enumerate(large)
            for figure in roc_figures(study.comparison, [study.reference], site, f"roc-{place}")
        ],
        "reference": study.reference,
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
