"""What all figures share: colours that colour-blind readers tell apart, axes without clutter."""

import numpy as np

from .._extras import require

__all__ = ["GREY", "color", "make_axes", "tidy"]

# Okabe and Ito's palette, in an order that also differs in lightness.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "0.45"


def color(number):
    """Return the color of the n-th model, method or class.

    Parameters
    ----------
    number : int
        From 0; colors begin anew after seven.

    Returns
    -------
    str
        As matplotlib reads it.
    """
    return _COLORS[number % len(_COLORS)]


def make_axes(ax, n_panels=1, size=(4.2, 3.6)):
    """Return the axes to draw on, new ones where none are given.

    Parameters
    ----------
    ax : Axes, array-like of Axes or None
        What the caller was given.
    n_panels : int, default=1
        How many are needed, side by side.
    size : tuple of float, default=(4.2, 3.6)
        Width and height of a panel, in inches.

    Returns
    -------
    ndarray of Axes of shape (n_panels,)

    Raises
    ------
    ValueError
        If another number of axes is given.
    """
    if ax is None:
        pyplot = require("matplotlib.pyplot", extra="plot")
        figsize = (size[0] * n_panels, size[1])
        return pyplot.subplots(1, n_panels, figsize=figsize, squeeze=False, layout="constrained")[
            1
        ][0]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != n_panels:
        raise ValueError(f"ax must hold {n_panels} axes for these panels, got {len(axes)}.")
    return axes


def tidy(ax):
    """Remove the frame's upper and right line.

    Parameters
    ----------
    ax : Axes
        Changed in place.
    """
    ax.spines[["top", "right"]].set_visible(False)
