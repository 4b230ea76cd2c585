"""What all figures share: colours that colour-blind readers tell apart, axes without clutter."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .._extras import require
from .._routing import last_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

Panel: TypeAlias = "Axes | None"
Panels: TypeAlias = "Axes | Sequence[Axes] | NDArray[np.object_] | None"
Table: TypeAlias = "DataFrame"
Names: TypeAlias = Sequence[str] | None

# Okabe and Ito's palette, in an order that also differs in lightness.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_HATCHES = (None, "////", "....", "xxxx")
GREY = "0.45"
_LEGEND = 45  # letters that fit the width of a panel, 6 of them a handle and its gaps


def color(number):
    """Return the color of the n-th model, method or class; colors begin anew after seven."""
    return _COLORS[number % len(_COLORS)]


def hatch(number):
    """Return what tells areas of one color apart: none for the first seven, one for the next."""
    return _HATCHES[number // len(_COLORS) % len(_HATCHES)]


def tidy(ax, has_scale=True):
    """Remove the frame's upper and right line, and the left one where y has names alone."""
    ax.spines[["top", "right"]].set_visible(False)
    if not has_scale:
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)


def legend_above(ax, handles, **options):
    """Put a legend above a panel, in as many columns as its names leave room for."""
    longest = max(len(handle.get_label()) for handle in handles)
    n_columns = min(3, len(handles), max(1, _LEGEND // (longest + 6)))
    above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
    return ax.legend(handles=handles, ncols=n_columns, **above, **options)


def named(names, numbered, things):
    """Return one name for each of some things, or the numbered ones where there are no names."""
    names = [str(name) for name in (numbered if names is None else names)]
    if len(names) != len(numbered):
        raise ValueError(f"There are {len(names)} names for {len(numbered)} {things}.")
    return names


def fitted_step(estimator):
    """Return an estimator, a Pipeline's last step or a search's best, which must be fitted."""
    step = last_step(estimator)
    check_is_fitted(step)
    return step


def subject_of(X, row):
    """Return the X of one subject."""
    if not 0 <= row < len(X):
        raise ValueError(f"There is no row {row}: X has rows 0 to {len(X) - 1}.")
    return X[row : row + 1]


class Display:
    """Where a figure is drawn."""

    def _open(self, ax, n_panels=None, size=(4.2, 3.6)):
        """Set ``figure_`` and ``ax_`` (an array where ``n_panels`` are asked for); return it."""
        n_axes = n_panels or 1
        if ax is None:
            pyplot = require("matplotlib.pyplot", extra="plot")
            options = {"figsize": (size[0] * n_axes, size[1]), "layout": "constrained"}
            ax = pyplot.subplots(1, n_axes, squeeze=False, **options)[1]
        axes = np.ravel(np.asarray(ax, dtype=object))
        if len(axes) != n_axes:
            raise ValueError(f"ax must hold {n_axes} axes for these panels, got {len(axes)}.")
        self.ax_ = axes if n_panels else axes[0]
        self.figure_ = axes[0].figure
        return self.ax_
