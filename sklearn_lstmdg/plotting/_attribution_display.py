"""Attributions of a subject's decision by ROI and time."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._typing import Scans
from ..explain import attribute
from ._display import Display, Names, Panels, color, named, subject_of, tidy

_SHOWN = 12
_MOST_NAMES = 30


class AttributionDisplay(Display):
    """Attributions of one subject over time, and its most relevant ROIs.

    Relevance is the mean over time of absolute attributions.

    Parameters
    ----------
    attributions : array-like of shape (n_timepoints, n_rois)
        From :func:`~sklearn_lstmdg.explain.attribute`.
    roi_names : sequence of length n_rois, default=None
        Names of the ROIs, written beside the map where there are at most 30.
    t_r : float, default=2.0
        Repetition time, in seconds.

    Attributes
    ----------
    ax_ : ndarray of Axes of shape (2,)
        The map, and the ROIs, after ``plot``.
    figure_ : Figure
        Their figure.
    relevance_ : ndarray of shape (n_rois,)
        Relevance of each ROI.

    Raises
    ------
    ValueError
        If there is not one name for each ROI.

    Examples
    --------
    >>> from sklearn_lstmdg.plotting import AttributionDisplay
    >>> display = AttributionDisplay([[0.1, -0.4], [0.0, 0.2], [0.2, -0.3]], ["insula", "cuneus"])
    >>> display.relevance_.round(1)
    array([0.1, 0.3])
    """

    def __init__(self, attributions: ArrayLike, roi_names: Names = None, t_r: float = 2.0):
        self.attributions = np.asarray(attributions, dtype=float)
        numbered = [f"ROI {roi}" for roi in range(self.attributions.shape[1])]
        self.roi_names = named(roi_names, numbered, "ROIs")
        self.t_r = t_r
        self.relevance_ = np.abs(self.attributions).mean(axis=0)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Scans,
        *,
        row: int = 0,
        roi_names: Names = None,
        t_r: float = 2.0,
        ax: Panels = None,
        **options: Any,
    ) -> "AttributionDisplay":
        """Attribute the decision on one row of X, and draw.

        Parameters
        ----------
        estimator : LSTMDGClassifier or Pipeline
            Fitted.
        X : array-like or list
            What the estimator reads.
        row : int, default=0
            The subject.
        roi_names, t_r : as in the class
            Names of the ROIs, None taking those of the fit, and repetition time.
        ax : array-like of 2 Axes, default=None
            Where to draw; new ones by default.
        **options
            Parameters of ``attribute``.

        Returns
        -------
        AttributionDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the Pipeline cannot be followed, or there is no such row.
        """
        attributed = attribute(estimator, subject_of(X, row), **options)
        names = attributed.feature_names if roi_names is None else roi_names
        return cls(attributed.attributions[0], names, t_r).plot(ax)

    def plot(self, ax: Panels = None) -> "AttributionDisplay":
        """Draw the map and the twelve most relevant ROIs.

        Parameters
        ----------
        ax : array-like of 2 Axes, default=None
            Where to draw; new ones by default.

        Returns
        -------
        AttributionDisplay
            Drawn.
        """
        panels = self._open(ax, 2, size=(5, 3.6))
        self._draw_map(panels[0])
        self._draw_relevance(panels[1])
        return self

    def _draw_map(self, ax):
        n_timepoints, n_rois = self.attributions.shape
        largest = max(np.quantile(np.abs(self.attributions), 0.995), 1e-12)
        image = ax.imshow(
            self.attributions.T,
            aspect="auto",
            interpolation="nearest",
            cmap="PuOr_r",
            vmin=-largest,
            vmax=largest,
            extent=(0, n_timepoints * self.t_r, n_rois - 0.5, -0.5),
        )
        ax.set(xlabel="Seconds", title="Attribution by ROI and time")
        if n_rois > _MOST_NAMES:
            ax.set(ylabel=f"ROI ({n_rois})", yticks=[])
        else:
            ax.set_yticks(np.arange(n_rois), self.roi_names, fontsize="x-small")
        self.figure_.colorbar(image, ax=ax, shrink=0.8, extend="both")

    def _draw_relevance(self, ax):
        top = np.argsort(-self.relevance_, kind="stable")[:_SHOWN][::-1]
        places = np.arange(len(top))
        ax.barh(places, self.relevance_[top], color=color(0), height=0.7)
        ax.set_yticks(places, [self.roi_names[roi] for roi in top], fontsize="small")
        ax.locator_params(axis="x", nbins=4)
        ax.set(xlabel="Mean absolute attribution", title="Most relevant ROIs")
        tidy(ax)
