"""Tables for people, as plain text: a comparison, and its communities."""

from types import SimpleNamespace

import numpy as np
from tabulate import tabulate

from .._text import one_line
from ..evaluation import summarize_robustness, tell_untrained

_TWO_CLASSES = SimpleNamespace(
    name="two classes",
    metrics=("acc", "tpr", "tnr", "auc"),
    main="auc",
    undefined="n_one_class",
)
_POOLED = ("auc", "r", "r2")
_HEADINGS = {"balanced_acc": "BACC", "r": "r"}
_UNDEFINED = {
    "two classes": "{} of the test folds held one class only: TPR or TNR without them.",
    "classes": "{} of the test folds lacked a class: balanced accuracy and AUC without them.",
    "continuous": "In {} of the test folds predictions, or targets, are all equal: r without them.",
}
_WITHIN, _ALL = "_within_sites", "pooled"
_OF_ONE_SITE = {
    "auc": "Within sites: pairs of subjects of one site only.",
    "r": "Within sites: of what distinguishes subjects from the mean of their site.",
}
_MEASURES = ("corr.", "null", "z", "Dice", "null", "z")
_HEADER = ("method", "site", "size", *_MEASURES, "redund.", "eff.", "dead")
_PAPER = (
    "Paper (four sites, AAL): LSTM-DG 11 ROIs a community, tensor decomposition 16; correlation "
    "15 % and\nDice 11 % higher."
)


def format_summary(summary, kind=_TWO_CLASSES):
    """Format a comparison's summary like the paper's Table 1, by its kind of target."""
    metrics = [*kind.metrics, *_within_sites(summary, kind.main)]
    header = ["model", "site", "n", *map(_heading, metrics)]
    rows = [
        [row["model"], row["site"], str(row["n_subjects"]), *(_cell(row, m) for m in metrics)]
        for row in summary.to_dict("records")
    ]
    folds = " or ".join(map(str, sorted(set(summary["n_folds"]))))
    means = "One fold each" if folds == "1" else f"Mean (standard deviation) over {folds} folds"
    pooled = " and ".join(_heading(name) for name in kind.metrics if name in _POOLED)
    lines = [
        _format(header, rows),
        f"{means}; {pooled} over the test subjects of all folds.",
        *[_OF_ONE_SITE[kind.main]] * (len(metrics) > len(kind.metrics)),
        *tell_untrained(summary),
    ]
    n_undefined = int(summary[kind.undefined].sum())
    lines += [_UNDEFINED[kind.name].format(n_undefined)] if n_undefined else []
    return "\n".join(lines)


def _within_sites(summary, main):
    """Return the main metric's name within sites where subjects of several are judged together."""
    within = f"{main}{_WITHIN}"
    is_mixed = within in summary and (summary["site"] == _ALL).any()
    return [within] if is_mixed else []


def _heading(metric):
    """Return a metric's name, with its unit; of a recall, its class."""
    if metric.endswith(_WITHIN):
        return f"{_heading(metric.removesuffix(_WITHIN))} within sites"
    name = _HEADINGS.get(metric, metric.upper())
    if metric.startswith("recall_"):
        name = one_line(metric.removeprefix("recall_"))
    return name if metric in (*_POOLED, "mae") else f"{name} (%)"


def _cell(row, metric):
    """Return a metric over all test subjects, or its mean over folds with their spread."""
    if metric.endswith(_WITHIN):
        return _number(row[metric], 3) if row["site"] == _ALL else ""
    if metric in _POOLED:
        return _number(row[f"{metric}_pooled"], 3)
    scale = 1 if metric == "mae" else 100
    mean, deviation = (scale * row[name] for name in (metric, f"{metric}_sd"))
    n_decimals = _decimals(mean) if metric == "mae" else 1
    spread = "" if deviation != deviation else f" ({_number(deviation, n_decimals)})"
    return f"{_number(mean, n_decimals)}{spread}"


def _number(value, n_decimals):
    return "-" if value != value else f"{value:.{n_decimals}f}"


def _decimals(value):
    """Return how many decimals show three figures of a positive number."""
    return max(2 - int(np.floor(np.log10(value))), 0) if value > 0 else 2


def _format(header, rows):
    """Align texts to the left and numbers, from the third column on, to the right."""
    align = ["left", "left", *["right"] * (len(header) - 2)]
    cells = [[*map(one_line, row)] for row in rows]
    return tabulate(cells, header, "simple", disable_numparse=True, colalign=align)


def format_communities(communities, robustness):
    """Format sizes and robustness, one line per method and site."""
    summary = summarize_robustness(communities, robustness)
    lines = [_format(_HEADER, map(_community_cells, summary.to_dict("records")))]
    n_folds = sorted(set(communities.groupby(["method", "site", "repeat"])["fold"].nunique()))
    lines += [
        "Size: mean over the communities with members. Correlation and Dice: the first fold with "
        f"each of\nthe others ({' or '.join(map(str, n_folds))} folds in all); null: ROI labels "
        "permuted; z: distance from that in its\nstandard deviations. Redund.: correlation of each "
        "community with the most alike of the same fold;\neff.: effective number of communities. "
        "Dead: share of communities with constant memberships.",
        *_compare_methods(summary),
        _PAPER,
    ]
    return "\n".join(lines)


def _community_cells(row):
    cells = [row["method"], str(row["site"]), f"{row['size']:.1f}"]
    for name in ("correlation", "dice"):
        cells += [f"{row[name]:.3f}", f"{row[f'{name}_null']:.3f}", f"{row[f'{name}_z']:.1f}"]
    distinct = f"{row['redundancy']:.3f}", f"{row['n_effective']:.1f}"
    return (*cells, *distinct, f"{100 * row['dead']:.0f} %")


def _compare_methods(summary):
    """Say how much more robust each method's communities are than the last's, sites alike."""
    measures = ["size", "redundancy", "correlation", "dice"]
    means = summary.groupby("method", sort=False)[measures].mean()
    *methods, last = means.index
    there, lines = means.loc[last], []
    for method in methods:
        here = means.loc[method]
        gain = 100 * (here / there.replace(0, np.nan) - 1)
        lines.append(
            f"{one_line(method)} against {one_line(last)}: "
            f"{here['size']:.1f} ROIs against {there['size']:.1f}, "
            f"redundancy {here['redundancy']:.2f} against {there['redundancy']:.2f}, "
            f"correlation {gain['correlation']:+.0f} %, Dice {gain['dice']:+.0f} %."
        )
    return lines
