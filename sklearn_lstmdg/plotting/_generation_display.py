"""Real scans beside what a model generates."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._typing import Scans
from ..evaluation import connectivity_agreement, forecast, mean_connectivity, mean_spectrum
from ..scans import connectivity_matrices
from ._display import Display, Names, Panels, color, tidy

_REAL, _GENERATED = "black", color(1)


class GenerationDisplay(Display):
    """Points that a model generates on its own, beside those that were measured.

    Parameters
    ----------
    real, generated : ndarray of shape (n_subjects, n_points, n_rois)
        From :func:`~sklearn_lstmdg.evaluation.forecast`.
    t_r : float, default=2.0
        Repetition time, in seconds.
    subject : int, default=0
        Whose series are drawn; spectra and connectivity are means over all.
    rois : sequence of int, default=None
        Which ROIs' series are drawn; None takes four, evenly spread.
    roi_names : sequence of length n_rois, default=None
        Names of the ROIs.

    Attributes
    ----------
    ax_ : ndarray of Axes of shape (3,)
        Series, spectra, connectivity (real above the diagonal, generated below), after ``plot``.
    figure_ : Figure
        Their figure.

    Raises
    ------
    ValueError
        If the two do not have the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.plotting import GenerationDisplay
    >>> real, generated = np.random.default_rng(0).standard_normal((2, 3, 40, 5))
    >>> display = GenerationDisplay(real, generated, t_r=2.0).plot()
    >>> [ax.get_title() for ax in display.ax_[:2]]
    ['One subject', 'Mean spectrum']
    """

    def __init__(
        self,
        real: ArrayLike,
        generated: ArrayLike,
        t_r: float = 2.0,
        subject: int = 0,
        rois: Sequence[int] | None = None,
        roi_names: Names = None,
    ):
        if np.shape(real) != np.shape(generated) or np.ndim(real) != 3:
            raise ValueError(
                "real and generated must both have the shape (n_subjects, n_points, n_rois), got "
                f"{np.shape(real)} and {np.shape(generated)}."
            )
        self.real = np.asarray(real)
        self.generated = np.asarray(generated)
        self.t_r = t_r
        self.subject = subject
        n_rois = self.real.shape[2]
        self.rois = np.linspace(0, n_rois - 1, min(4, n_rois)).astype(int) if rois is None else rois
        self.roi_names = roi_names

    @classmethod
    def from_estimator(
        cls,
        model: BaseEstimator,
        X: Scans,
        *,
        n_steps: int = 100,
        ax: Panels = None,
        **options: Any,
    ) -> "GenerationDisplay":
        """Let a fitted model go on from each subject's first window, and draw.

        Parameters
        ----------
        model : classifier or Pipeline
            Fitted, with ``generate``.
        X : array-like or list
            Scans or bags of subjects that it was not fitted on.
        n_steps : int, default=100
            Points to generate, at most.
        ax : array-like of 3 Axes, default=None
            Where to draw; new ones by default.
        **options
            Parameters of the class; names of ROIs are by default those of the fit.

        Returns
        -------
        GenerationDisplay
            Drawn.

        Raises
        ------
        ValueError
            If scans are too short.
        """
        options.setdefault("roi_names", getattr(model, "feature_names_in_", None))
        return cls(*forecast(model, X, n_steps), **options).plot(ax)

    def plot(self, ax: Panels = None) -> "GenerationDisplay":
        """Draw series, spectra and connectivity.

        Parameters
        ----------
        ax : array-like of 3 Axes, default=None
            Where to draw; new ones by default.

        Returns
        -------
        GenerationDisplay
            Drawn.
        """
        panels = (self._draw_series, self._draw_spectra, self._draw_connectivity)
        for draw, panel in zip(panels, self._open(ax, 3), strict=True):
            draw(panel)
        return self

    def _draw_series(self, ax):
        seconds = self.t_r * np.arange(1, self.real.shape[1] + 1)
        real, generated = self.real[self.subject], self.generated[self.subject]
        gap = 1.2 * max(np.ptp(real[:, self.rois], axis=0).max(), 1e-12)
        for line, roi in enumerate(self.rois):
            ax.plot(seconds, real[:, roi] - line * gap, color=_REAL, lw=0.9)
            ax.plot(seconds, generated[:, roi] - line * gap, color=_GENERATED, lw=1.6)
        names = [f"ROI {r}" if self.roi_names is None else self.roi_names[r] for r in self.rois]
        ax.set_ylim(-(len(self.rois) - 0.3) * gap, 0.8 * gap)  # a run that drifts away is cut off
        ax.set_yticks([-line * gap for line in range(len(self.rois))], names)
        ax.set(xlabel="Seconds after the last point read", title="One subject")
        tidy(ax, has_scale=False)

    def _draw_spectra(self, ax):
        for name, shade in {"real": _REAL, "generated": _GENERATED}.items():
            spectrum = mean_spectrum(getattr(self, name), self.t_r)
            ax.plot(*spectrum, color=shade, lw=1.8, label=name)
        ax.set(xlabel="Frequency (Hz)", ylabel="Share of power", title="Mean spectrum")
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False, fontsize="small")
        tidy(ax)

    def _draw_connectivity(self, ax):
        n_rois = self.real.shape[2]
        features = np.stack([mean_connectivity(s) for s in (self.real, self.generated)])
        real, generated = connectivity_matrices(features, n_rois)
        shown = np.triu(real) + np.tril(generated)
        np.fill_diagonal(shown, np.nan)
        image = ax.imshow(shown, cmap="PuOr_r", vmin=-1, vmax=1, interpolation="nearest")
        agreement = connectivity_agreement(self.generated, self.real)
        title = f"Mean connectivity, r = {agreement:.2f}"
        ax.set(xticks=[], yticks=[], xlabel="generated (below)", title=title)
        ax.yaxis.set_label_position("right")
        ax.set_ylabel("real (above)", rotation=270, va="bottom")
        self.figure_.colorbar(image, ax=ax, shrink=0.8, label="Pearson's r")
