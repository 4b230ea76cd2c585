"""Figures of communities, connections and terms."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._bunch import Bunch
from .._extras import require
from ..communities import top_with_members
from ._images import centroids, to_image
from ._label_atlas import Table
from ._roi_codes import Rois, locate, read_members

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The paper's yellow, green and pink first.
_COLORS = ("#e6ab02", "#1b9e77", "#e7298a", "#7570b3", "#d95f02", "#66a61e", "#a6761d", "#666666")


def plot_communities(
    communities: "ArrayLike | BaseEstimator",
    roi_codes: Rois = None,
    atlas: Bunch | None = None,
    *,
    influence: ArrayLike | None = None,
    n_communities: int = 3,
    terms: Mapping[int, Sequence[str]] | None = None,
    figure: "Figure | None" = None,
) -> "Figure":
    """Draw the most influential communities, each as a glass brain and slices.

    Parameters
    ----------
    communities : array-like of bool of shape (n_rois, n_communities), or CommunityExtractor
        A fitted :class:`~sklearn_lstmdg.CommunityExtractor`, or ``communities_`` of one.
    roi_codes : array-like of int or str of shape (n_rois,), masker, default=None
        The atlas code, or name, of each ROI, or nilearn's masker that averaged the scans, fitted.
        None finds the names that the extractor knows in the atlas.
    atlas : Bunch, default=None
        From :func:`load_atlas`; with a masker it is not needed.
    influence : array-like of shape (n_communities,) or None, default=None
        ``influence_``; the highest come first. By default that of the extractor, if it has one,
        else the order of the columns.
    n_communities : int, default=3
        How many to draw; empty communities are passed over.
    terms : mapping from int to sequence of str, or None, default=None
        Terms to write beside a community, by its column.
    figure : matplotlib Figure or None, default=None
        Where to draw; by default a new one.

    Returns
    -------
    Figure
        A row per community: glass brain and slices.

    Raises
    ------
    ValueError
        If shapes don't fit, or all communities are empty.
    """
    pyplot = require("matplotlib.pyplot", extra="plot")
    members, names = read_members(communities)
    influence = getattr(communities, "influence_", None) if influence is None else influence
    ranks = np.zeros(members.shape[1]) if influence is None else influence
    drawn = top_with_members(members, ranks, None, n_communities)
    if not drawn:
        raise ValueError("There is no community with an ROI to draw.")
    codes, atlas = locate(roi_codes, atlas, len(members), names)
    figure = figure or pyplot.figure(figsize=(13, 2.2 * len(drawn)))
    axes = figure.subplots(len(drawn), 2, squeeze=False, width_ratios=(2, 3))
    figure.subplots_adjust(0.01, 0.02, 0.99, 1 - 0.15 / len(drawn), wspace=0.02)
    for rank, (row, community) in enumerate(zip(axes, drawn, strict=True)):
        column = community["community"]
        image = to_image(members[:, column], codes, atlas)
        _draw_community(image, row, _COLORS[rank % len(_COLORS)])
        title = _title(community, influence is not None, (terms or {}).get(column, ()))
        row[0].set_title(title, loc="left", fontsize=11)
    return figure


def _title(community, is_ranked, terms):
    size = community["size"]
    title = f"Community {community['community']}, {size} ROI{'s' if size > 1 else ''}"
    title += f", influence {community['influence']:.3g}" if is_ranked else ""
    return ": ".join([title, ", ".join(terms)] if len(terms) else [title])


def _draw_community(image, axes, color):
    plotting = require("nilearn.plotting", extra="neuro")
    colors = require("matplotlib.colors", extra="plot")
    look = {"cmap": colors.ListedColormap([color]), "colorbar": False}
    glass = {"display_mode": "lyrz", "threshold": 0.5, "resampling_interpolation": "nearest"}
    plotting.plot_glass_brain(image, axes=axes[0], **glass, **look)
    with warnings.catch_warnings():
        # numpy's, of a slice that a small community does not reach.
        warnings.filterwarnings("ignore", ".*converting a masked element", UserWarning)
        plotting.plot_roi(image, axes=axes[1], display_mode="z", cut_coords=6, alpha=0.9, **look)


def plot_connectome(
    weights: ArrayLike,
    roi_codes: Rois,
    atlas: Bunch | None = None,
    *,
    n_edges: int = 50,
    title: str | None = None,
    figure: "Figure | None" = None,
) -> "Figure":
    """Draw the strongest connections between ROIs.

    Parameters
    ----------
    weights : array-like of shape (n_rois, n_rois)
        Symmetric, as ``connectivity_coef_`` of :class:`~sklearn_lstmdg.FCSVM`.
    roi_codes : array-like of int or str of shape (n_rois,), or masker
        The atlas code, or name, of each ROI, or nilearn's masker that averaged the scans, fitted.
    atlas : Bunch, default=None
        From :func:`load_atlas`; with a masker it is not needed.
    n_edges : int, default=50
        How many connections to draw, by absolute weight; ties with the last are drawn too.
    title : str or None, default=None
        Written on the figure.
    figure : matplotlib Figure or None, default=None
        Where to draw; by default a new one.

    Returns
    -------
    Figure
        A glass brain with nodes as large as the sum of their weights.

    Raises
    ------
    ValueError
        If the weights are not a symmetric matrix with one row per code, or all are 0.
    """
    pyplot = require("matplotlib.pyplot", extra="plot")
    plotting = require("nilearn.plotting", extra="neuro")
    codes, atlas = locate(roi_codes, atlas, len(np.asarray(weights)))
    edges, drawn = _strongest(np.asarray(weights, dtype=float), len(codes), n_edges)
    figure = figure or pyplot.figure(figsize=(11, 3.6))
    size = np.abs(edges).sum(axis=0)
    plotting.plot_connectome(
        edges[np.ix_(drawn, drawn)],
        centroids(codes, atlas)[drawn],
        node_size=10 + 60 * size[drawn] / size.max(),
        node_color="0.25",
        edge_kwargs={"linewidth": 1.5},
        display_mode="lyrz",
        colorbar=True,
        figure=figure,
        title=title,
    )
    return figure


def _strongest(weights, n_rois, n_edges):
    """Return the matrix with the strongest connections alone, and the ROIs that have one."""
    if weights.shape != (n_rois, n_rois) or not np.allclose(weights, weights.T):
        raise ValueError(f"weights must be a symmetric matrix of {n_rois} x {n_rois} ROIs.")
    strength = np.abs(np.where(np.eye(n_rois, dtype=bool), 0, weights))
    ranked = np.sort(strength[np.triu_indices(n_rois, 1)])
    if not ranked.size or ranked[-1] == 0:
        raise ValueError("weights has no connection but zeros.")
    kept = (strength >= ranked[-min(n_edges, len(ranked))]) & (strength > 0)
    return np.where(kept, weights, 0), np.flatnonzero(kept.any(axis=0))


def plot_terms(
    result: Table, *, n_terms: int = 10, alpha: float = 0.05, ax: "Axes | None" = None
) -> "Axes":
    """Draw the terms that go best with a community.

    Parameters
    ----------
    result : data frame
        From :func:`decode`.
    n_terms : int, default=10
        How many terms to draw.
    alpha : float, default=0.05
        Terms with ``p_fwe`` up to it are drawn in a full colour, others pale.
    ax : matplotlib Axes or None, default=None
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Bars are r; marks are the null mean, where there is one.
    """
    pyplot = require("matplotlib.pyplot", extra="plot")
    top = result.nlargest(n_terms, "r").iloc[::-1]
    ax = ax or pyplot.subplots(figsize=(6, 0.5 + 0.32 * len(top)), layout="constrained")[1]
    tested = "p_fwe" in top
    sure = top["p_fwe"] <= alpha if tested else np.ones(len(top), dtype=bool)
    ax.barh(top["term"], top["r"], color=np.where(sure, _COLORS[1], "#b3d9cc"))
    if tested:
        ax.plot(top["null_mean"], top["term"], "|", color="0.2", markersize=9)
        note = f"marks: null mean; full colour: p over all terms ≤ {alpha:g}"
        ax.set_title(note, loc="right", fontsize="small")
    ax.set_xlabel("Pearson r with the term's map")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
