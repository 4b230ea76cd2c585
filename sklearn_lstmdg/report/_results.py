"""Sections on how well the models did."""

import warnings

from ..evaluation import compare_to, intervals
from ._drawings import auc_figure, loss_figures, roc_figure
from ._html import details, drawing, notes, number, paragraph, table, text

__all__ = ["losses", "results", "roc", "tests"]

_RATES = {"acc": "Accuracy", "tpr": "TPR", "tnr": "TNR"}
_METRICS = {"acc": "accuracy", "tnr": "TNR", "auc": "AUC"}
_P_VALUES = ("p_paired_t_liberal", "p_corrected_t", "p_permutation")


def results(study):
    """Return the comparison table, and each model's AUC with its interval."""
    estimates = intervals(study.comparison.predictions, pos_label=study.comparison.pos_label)
    auc = estimates[estimates["metric"] == "auc"]
    known = auc.set_index(["model", "site"])[["low", "high"]].to_dict("index")
    records = study.summary.to_dict("records")
    rows = [_result_row(row, known.get((row["model"], row["site"]))) for row in records]
    headings = ["Model", "Site", "Subjects", *(f"{name} (%)" for name in _RATES.values())]
    headings += ["AUC", "AUC, 95 % interval", "Folds"]
    remarks = [
        "Rates: mean (standard deviation) over folds, in per cent. TPR is the share of the "
        f"positive class ({_positive(study)}) that was found, TNR that of the other class.",
        "AUC: over the test subjects of all folds, with DeLong's 95 % interval. 0.5 is chance. "
        "The interval tells of the sample of subjects; it does not hold differences between "
        "models, which the tests below do.",
    ]
    one_class = int(study.summary["n_one_class"].sum())
    if one_class:
        remarks.append(
            f"{one_class} of the test folds held one class only: TPR or TNR without them."
        )
    figures = "".join(
        drawing(auc_figure(part, f"auc-{i}"), _describe_auc(part, site), f"AUC at {site}")
        for i, (site, part) in enumerate(auc.groupby("site", sort=False))
    )
    caption = "Comparison of models"
    panels = f'<div class="panels">{figures}</div>'
    return _alerts(study) + table(caption, headings, rows) + notes(remarks) + panels


def _result_row(row, interval):
    rates = [
        (f"{100 * row[name]:.1f} ({100 * row[f'{name}_sd']:.1f})", float(row[name]))
        if row[name] == row[name]
        else number(None)
        for name in _RATES
    ]
    span = _span(interval["low"], interval["high"]) if interval else number(None)
    counts = [number(row[name], "{:.0f}") for name in ("n_subjects", "n_folds")]
    return [
        row["model"],
        row["site"],
        counts[0],
        *rates,
        number(row["auc_pooled"]),
        span,
        counts[1],
    ]


def _span(low, high, form="{:.3f}"):
    """Return the cell of an interval, sorted by its lower end."""
    shown, order = number(low, form)
    return shown if order is None else f"{shown} to {form.format(high)}", order


def _positive(study):
    label = study.comparison.pos_label
    for site in study.cohort.get("sites", ()):
        for group in site["groups"]:
            if group["label"] == label:
                return group["name"]
    return f"label {label}"


def _describe_auc(part, site):
    models = [
        f"{row.model} {row.pooled:.2f} ({row.low:.2f} to {row.high:.2f})"
        for row in part.itertuples()
    ]
    return f"AUC and its 95 % interval at {site}: {', '.join(models)}"


def _alerts(study):
    alerts = []
    n_folds = len(study.folds)
    if n_folds < study.n_planned:
        alerts.append(
            f"Not finished: {n_folds} of {study.n_planned} folds are here. Models that were not "
            "tested on the same folds should not be compared yet."
        )
    if study.options.get("permute_labels") is not None:
        alerts.append(
            "The labels were permuted within sites: these results show what chance gives, not what "
            "the models can do."
        )
    return "".join(paragraph(alert, "alert") for alert in alerts)


def tests(study):
    """Return the tests of the reference against each other model."""
    if len(study.models) < 2:
        return paragraph("One model was run: there is nothing to test it against.")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            frame = compare_to(
                study.folds,
                study.comparison.predictions,
                study.reference,
                pos_label=study.comparison.pos_label,
            )
    except ValueError as error:
        return paragraph(f"The models cannot be tested against each other yet: {error}", "alert")
    rows = [_test_row(row) for row in frame.to_dict("records")]
    headings = ["Against", "Metric", "Difference", "95 % interval", "Pooled difference"]
    headings += ["p, paired t (liberal)", "p, corrected t", "Holm", "p, permutation", "Holm"]
    headings += ["Folds"]
    remarks = [
        f"One-tailed: is {study.reference} better than the model of the row? A p near 1 says that "
        "it is worse. All sites together.",
        "Paired t is the paper's test. It takes folds for independent, which they are not, and "
        "finds differences that are not there; Nadeau's and Bengio's corrected resampled t, which "
        "the interval is from, and the permutation test (the two models swapped at random in each "
        "subject) do not.",
        f"Holm: corrected for all {len(frame)} rows. Rely on these where more than one "
        "comparison is looked at.",
    ]
    if frame["liberal_only"].any():
        names = [f"{r.model}, {_METRICS[r.metric]}" for r in frame.itertuples() if r.liberal_only]
        remarks.append(f"Below 0.05 by the liberal test alone: {'; '.join(names)}.")
    remarks += [str(warning.message) for warning in caught if warning.category is UserWarning]
    return table(f"{study.reference} against each other model", headings, rows) + notes(remarks)


def _test_row(row):
    sign = "{:+.3f}"
    liberal, corrected, permutation = (number(row[name]) for name in _P_VALUES)
    return [
        row["model"],
        _METRICS[row["metric"]],
        number(row["difference"], sign),
        _span(row["difference_low"], row["difference_high"], sign),
        number(row["difference_pooled"], sign),
        liberal,
        corrected,
        number(row["p_corrected_t_holm"]),
        permutation,
        number(row["p_permutation_holm"]),
        number(row["n_folds"], "{:.0f}"),
    ]


def roc(study):
    """Return the ROC curves of each site."""
    figures = []
    for i, site in enumerate(study.sites):
        svg, areas = roc_figure(study.comparison, site, f"roc-{i}")
        if svg is None:
            continue
        told = ", ".join(f"{model} {area:.2f}" for model, area in areas.items())
        alternative = f"Mean ROC curves over folds at {site}. Mean AUC: {told}"
        figures.append(drawing(svg, alternative, f"ROC curves at {site}"))
    if not figures:
        return paragraph("No test fold holds subjects of both classes: there is no curve to draw.")
    remark = (
        "Mean over folds, so that the AUC in the legend is that of the folds and may differ from "
        "the table's, which ranks the test subjects of all folds together."
    )
    return paragraph(remark, "soft") + f'<div class="panels">{"".join(figures)}</div>'


def losses(study):
    """Return the losses by epoch of each model that keeps a history."""
    parts = []
    for i, site in enumerate(study.sites):
        content = "".join(
            _losses_of(study.folds_of(model, site), model, site, f"loss-{i}-{j}")
            for j, model in enumerate(study.models)
        )
        if content:
            name = f"{site}" if len(study.sites) > 1 else ""
            parts.append(
                details(name, content)
                if name and parts
                else f"<h3>{text(name)}</h3>" * bool(name) + content
            )
    return "".join(parts) or paragraph("None of the models keeps a history of its training.")


def _losses_of(folds, model, site, name):
    folds = [fold for fold in folds if fold.history]
    if not folds:
        return ""
    kept = [fold.best_epoch for fold in folds if fold.best_epoch]
    epochs = f"epochs {min(kept)} to {max(kept)} were kept" if kept else "the last epoch was kept"
    figures = "".join(
        drawing(
            svg,
            f"{loss.capitalize()} of {model} at {site} by epoch, training and validation, in "
            f"{len(folds)} folds; {epochs}",
            f"{model}: {loss}",
        )
        for loss, svg in loss_figures(folds, name).items()
    )
    return f'<h3>{text(model)}</h3><div class="panels">{figures}</div>'
