"""Relevance of ROIs, or any value of each, on the brain."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._bunch import Bunch
from .._extras import require
from .._typing import Scans
from ..decoding import to_image
from ..explain import attribute
from ._display import Display, Panels, subject_of


class ROIRelevanceDisplay(Display):
    """One value for each ROI on a glass brain and on slices, by nilearn.

    Parameters
    ----------
    values : array-like of shape (n_rois,)
        For instance attributions summed over time, or importances. With values below 0 colors are
        on both sides of it.
    roi_codes : array-like of int or str of shape (n_rois,), or masker
        The atlas code, or name, of each ROI, or nilearn's masker that averaged the scans, fitted.
    atlas : Bunch, default=None
        From :func:`~sklearn_lstmdg.decoding.load_atlas`; with a masker it is not needed.
    label : str, default="Relevance"
        What the values are; drawn beside their scale.

    Attributes
    ----------
    image_ : Nifti1Image
        The values in the brain, 0 elsewhere.
    ax_ : ndarray of Axes of shape (2,)
        Glass brain and slices, after ``plot``.
    figure_ : Figure
        Their figure.

    Raises
    ------
    ValueError
        If values are not finite, one for each ROI, or the ROIs do not fit the atlas.

    See Also
    --------
    sklearn_lstmdg.explain.attribute : Attributions of subjects.
    sklearn_lstmdg.explain.permutation_importance : Importance of ROIs over subjects.

    Examples
    --------
    >>> import numpy as np
    >>> from nibabel import Nifti1Image
    >>> from sklearn_lstmdg.decoding import load_atlas
    >>> from sklearn_lstmdg.plotting import ROIRelevanceDisplay
    >>> codes = np.array([[[7, 7], [2, 0]]], dtype=np.int16)
    >>> atlas = load_atlas(Nifti1Image(codes, np.eye(4)), {7: "insula", 2: "cuneus"})
    >>> display = ROIRelevanceDisplay([0.5, -0.2], ["insula", "cuneus"], atlas)
    >>> display.image_.get_fdata()[0].round(1)
    array([[ 0.5,  0.5],
           [-0.2,  0. ]])
    """

    def __init__(
        self,
        values: ArrayLike,
        roi_codes: Any,
        atlas: Bunch | None = None,
        label: str = "Relevance",
    ):
        self.values = np.asarray(values, dtype=float)
        self.label = label
        if self.values.ndim != 1 or not np.isfinite(self.values).all():
            raise ValueError(
                f"values must be finite, one for each ROI, got shape {self.values.shape}."
            )
        self.image_ = to_image(self.values, roi_codes, atlas)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Scans,
        roi_codes: Any = None,
        atlas: Bunch | None = None,
        *,
        row: int = 0,
        threshold: float | None = None,
        ax: Panels = None,
        **options: Any,
    ) -> "ROIRelevanceDisplay":
        """Attribute the decision on one row of X, sum over time, and draw.

        Parameters
        ----------
        estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
            Fitted.
        X : array-like or list
            What the estimator reads.
        roi_codes, atlas : as in the class
            Where ROIs lie. None finds the names that the estimator knows in the atlas.
        row : int, default=0
            The subject.
        threshold, ax : as in ``plot``
            What to draw, and where.
        **options
            Parameters of ``attribute``.

        Returns
        -------
        ROIRelevanceDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the Pipeline cannot be followed, or there is no such row.
        """
        attributed = attribute(estimator, subject_of(X, row), **options)
        rois = attributed.feature_names if roi_codes is None else roi_codes
        values = attributed.attributions[0].sum(axis=0)
        return cls(values, rois, atlas, "Attribution, sum over time").plot(threshold, ax)

    @classmethod
    def from_importance(
        cls,
        importance: Bunch,
        roi_codes: Any = None,
        atlas: Bunch | None = None,
        *,
        threshold: float | None = None,
        ax: Panels = None,
    ) -> "ROIRelevanceDisplay":
        """Draw what a score loses without each ROI.

        Parameters
        ----------
        importance : Bunch
            From :func:`~sklearn_lstmdg.explain.permutation_importance` of each ROI alone.
        roi_codes, atlas : as in the class
            Where ROIs lie. None finds the names that the estimator knew in the atlas.
        threshold, ax : as in ``plot``
            What to draw, and where.

        Returns
        -------
        ROIRelevanceDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the importances are not those of the atlas's ROIs.
        """
        rois = importance.names if roi_codes is None else roi_codes
        values = importance.importances_mean
        return cls(values, rois, atlas, "Loss of the score, permuted").plot(threshold, ax)

    def plot(self, threshold: float | None = None, ax: Panels = None) -> "ROIRelevanceDisplay":
        """Draw the values.

        Parameters
        ----------
        threshold : float, default=None
            The smallest absolute value that is drawn; None draws all that are not 0.
        ax : array-like of 2 Axes, default=None
            Where to draw; new ones by default.

        Returns
        -------
        ROIRelevanceDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no value is drawn.
        """
        if np.abs(self.values).max() <= max(threshold or 0, 1e-12):
            raise ValueError("No value is above the threshold: there is nothing to draw.")
        plotting = require("nilearn.plotting", extra="neuro")
        glass, slices = self._open(ax, 2, size=(6.5, 2.2))
        look = self._look(threshold)
        plotting.plot_glass_brain(
            self.image_,
            axes=glass,
            display_mode="lyrz",
            plot_abs=False,
            resampling_interpolation="nearest",
            colorbar=False,
            **look,
        )
        plotting.plot_stat_map(
            self.image_,
            axes=slices,
            display_mode="z",
            cut_coords=5,
            cbar_tick_format="%.1g",
            resampling_interpolation="nearest",
            **look,
        )
        glass.set_title(self.label, loc="left", fontsize=11)
        return self

    def _look(self, threshold):
        """Return colors and their limits: around 0 where values are on both sides of it."""
        reach, signed = np.abs(self.values).max(), self.values.min() < 0
        colors = "PuOr_r" if signed else "YlOrBr"
        # Voxels without an ROI are 0, and are not drawn.
        limits = {"vmin": -reach if signed else 0, "vmax": reach}
        return {"cmap": colors, "threshold": threshold or 1e-9 * reach, **limits}
