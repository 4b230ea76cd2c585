"""Communities as a table for people, beside the paper's figures."""

import numpy as np

from ..evaluation import summarize_robustness

_HEADER = ("method", "site", "size", "corr.", "null", "z", "Dice", "null", "z", "dead")
_PAPER = (
    "Paper (four sites, AAL): LSTM-DG 11 ROIs a community, tensor decomposition 16; correlation "
    "15 % and\nDice 11 % higher."
)


def format_communities(communities, robustness):
    """Format sizes and robustness, one line per method and site.

    Parameters
    ----------
    communities, robustness : DataFrame
        From ``measure_communities``.

    Returns
    -------
    str
        Means over the pairs with the first fold, as in the paper.
    """
    summary = summarize_robustness(communities, robustness)
    lines = _align([_HEADER, *map(_cells, summary.to_dict("records"))])
    n_folds = sorted(set(communities.groupby(["method", "site", "repeat"])["fold"].nunique()))
    lines += [
        "Size: mean over the communities with members. Correlation and Dice: the first fold with "
        f"each of\nthe others ({' or '.join(map(str, n_folds))} folds in all); null: ROI labels "
        "permuted; z: distance from that in its\nstandard deviations. Dead: share of communities "
        "with constant memberships.",
        *_compare_methods(summary),
        _PAPER,
    ]
    return "\n".join(lines)


def _cells(row):
    cells = [row["method"], str(row["site"]), f"{row['size']:.1f}"]
    for name in ("correlation", "dice"):
        cells += [f"{row[name]:.3f}", f"{row[f'{name}_null']:.3f}", f"{row[f'{name}_z']:.1f}"]
    return (*cells, f"{100 * row['dead']:.0f} %")


def _align(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


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
