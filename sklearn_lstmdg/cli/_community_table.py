"""Communities as a table for people, beside the paper's figures."""

import numpy as np

__all__ = ["format_communities"]

_HEADER = ("method", "site", "size", "corr.", "null", "z", "Dice", "null", "z", "dead")
_PAPER = (
    "Paper (four sites, AAL): LSTM-DG 11 ROIs a community, tensor decomposition 16; correlation "
    "15 % and\nDice 11 % higher."
)


def format_communities(communities, robustness):
    """Format sizes and robustness, one line per method and site.

    Parameters
    ----------
    communities : DataFrame
        One row per ``method``, ``site``, ``repeat``, ``fold`` and community: ``size``, ``dead``.
    robustness : DataFrame
        ``community_robustness`` of each ``method``, ``site`` and ``repeat``.

    Returns
    -------
    str
        Means over the pairs with the first fold, as in the paper.
    """
    kept = robustness[robustness["fold"] == _reference_fold(robustness)]
    pairs = dict(iter(kept.groupby(["method", "site"], sort=False)))
    rows = [
        _cells(key, mine, pairs[key])
        for key, mine in communities.groupby(["method", "site"], sort=False)
    ]
    lines = _align([_HEADER, *rows])
    n_folds = sorted(set(communities.groupby(["method", "site", "repeat"])["fold"].nunique()))
    lines += [
        "Size: mean over the communities with members. Correlation and Dice: the first fold with "
        f"each of\nthe others ({' or '.join(map(str, n_folds))} folds in all); null: ROI labels "
        "permuted; z: distance from that in its\nstandard deviations. Dead: share of communities "
        "with constant memberships.",
        *_compare_methods(communities, kept),
        _PAPER,
    ]
    return "\n".join(lines)


def _reference_fold(robustness):
    """Return, for each row, the fold that all others of its run are compared with first."""
    return robustness.groupby(["method", "site", "repeat"])["fold"].transform("first")


def _cells(key, communities, pairs):
    living = communities[~communities["dead"]]
    cells = [*key, f"{living['size'].mean():.1f}"]
    for name in ("correlation", "dice"):
        mean = pairs[[name, f"{name}_null", f"{name}_z"]].mean()
        cells += [f"{mean.iloc[0]:.3f}", f"{mean.iloc[1]:.3f}", f"{mean.iloc[2]:.1f}"]
    return (*cells, f"{100 * communities['dead'].mean():.0f} %")


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


def _compare_methods(communities, pairs):
    """Say how much more robust each method's communities are than the last's, sites alike."""
    by_site = pairs.groupby(["method", "site"], sort=False)[["correlation", "dice"]].mean()
    means = by_site.groupby("method", sort=False).mean()
    living = communities[~communities["dead"]]
    sizes = living.groupby(["method", "site"])["size"].mean().groupby("method").mean()
    *methods, other = means.index
    lines = []
    for method in methods:
        gain = 100 * (means.loc[method] / means.loc[other].replace(0, np.nan) - 1)
        lines.append(
            f"{method} against {other}: {sizes[method]:.1f} ROIs against {sizes[other]:.1f}, "
            f"correlation {gain['correlation']:+.0f} %, Dice {gain['dice']:+.0f} %."
        )
    return lines
