"""Tables for people, as plain text: a comparison, and its communities."""

import numpy as np
from tabulate import tabulate

from ..evaluation import summarize_robustness

_RATES = ("acc", "tpr", "tnr")
_MEASURES = ("corr.", "null", "z", "Dice", "null", "z")
_HEADER = ("method", "site", "size", *_MEASURES, "redund.", "eff.", "dead")
_PAPER = (
    "Paper (four sites, AAL): LSTM-DG 11 ROIs a community, tensor decomposition 16; correlation "
    "15 % and\nDice 11 % higher."
)


def format_summary(summary):
    """Format a comparison's summary like the paper's Table 1."""
    header = ["model", "site", "n", "ACC (%)", "TPR (%)", "TNR (%)", "AUC"]
    lines = [_format(header, map(_model_cells, summary.to_dict("records")))]
    folds = sorted(set(summary["n_folds"]))
    lines.append(
        f"Mean (standard deviation) over {' or '.join(map(str, folds))} folds; "
        "AUC over the test subjects of all folds."
    )
    lines += tell_untrained(summary)
    one_class = int(summary["n_one_class"].sum())
    if one_class:
        lines.append(f"{one_class} of the test folds held one class only: TPR or TNR without them.")
    return "\n".join(lines)


def tell_untrained(summary):
    """Say in a line how many folds of each model are hardly trained; nothing if none."""
    told = [
        f"{row['n_untrained']:.0f} of {row['n_folds']} folds of {row['model']} at {row['site']}"
        for row in summary.to_dict("records")
        if row.get("n_untrained", 0) > 0
    ]
    why = "Hardly trained (the first epoch was kept, or all scores are equal)"
    return [f"{why}: {'; '.join(told)}."] if told else []


def _model_cells(row):
    rates = [_rate(row[m], row[f"{m}_sd"]) for m in _RATES]
    return [row["model"], row["site"], str(row["n_subjects"]), *rates, f"{row['auc_pooled']:.3f}"]


def _rate(mean, deviation):
    """Return per cent, with the standard deviation where more than one fold has it."""
    text = f"{100 * mean:.1f}"
    return text if deviation != deviation else f"{text} ({100 * deviation:.1f})"


def _format(header, rows):
    """Align texts to the left and numbers, from the third column on, to the right."""
    align = ["left", "left", *["right"] * (len(header) - 2)]
    return tabulate([*rows], header, "simple", disable_numparse=True, colalign=align)


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
    means = summary.groupby("method", sort=False)[["size", "correlation", "dice"]].mean()
    sizes = means.pop("size")
    *methods, other = means.index
    lines = []
    for method in methods:
        gain = 100 * (means.loc[method] / means.loc[other].replace(0, np.nan) - 1)
        lines.append(
            f"{method} against {other}: {sizes[method]:.1f} ROIs against {sizes[other]:.1f}, "
            f"correlation {gain['correlation']:+.0f} %, Dice {gain['dice']:+.0f} %."
        )
    return lines
