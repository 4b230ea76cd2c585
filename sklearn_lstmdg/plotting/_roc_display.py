"""Receiver operating characteristics with their spread over folds."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from ..evaluation import Comparison
from ._display import GREY, Display, Names, Panel, color, tidy

_PALE = "0.75"
_GRID = np.linspace(0, 1, 101)


class ROCDisplay(Display):
    """ROC curves of models, averaged over folds, with their spread.

    Parameters
    ----------
    curves : dict of str to ndarray of shape (n_folds, 101)
        By model: the true positive rate of each fold at false positive rates 0, 0.01, ..., 1.
    areas : dict of str to ndarray of shape (n_folds,)
        By model: the area under each fold's own curve.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.

    See Also
    --------
    sklearn.metrics.RocCurveDisplay : Curves of single folds. It neither averages them nor draws
        their spread, and asks for the fitted estimators of all folds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models
    >>> from sklearn_lstmdg.plotting import ROCDisplay
    >>> y = np.tile([0, 1], 15)
    >>> X = np.random.default_rng(0).normal(size=(30, 4)) + y[:, None]
    >>> models = {"logistic": LogisticRegression()}
    >>> comparison = compare_models(models, X, y, n_folds=3, random_state=0)
    >>> display = ROCDisplay.from_comparison(comparison)
    >>> display.curves["logistic"].shape
    (3, 101)
    """

    def __init__(self, curves: dict[str, NDArray], areas: dict[str, NDArray]):
        self.curves = curves
        self.areas = areas

    @classmethod
    def from_comparison(
        cls,
        comparison: Comparison,
        *,
        models: Names = None,
        site: str | None = None,
        band: str | None = "error",
        highlight: str | None = None,
        ax: Panel = None,
    ) -> "ROCDisplay":
        """Draw the curves of a comparison.

        Parameters
        ----------
        comparison : Comparison
            From ``compare_models`` or ``load_comparison``.
        models : sequence of str, default=None
            Which models, in which order; all by default.
        site : str, default=None
            One site; by default the folds of all sites count alike.
        band, highlight, ax : as in ``plot``
            Half width of the bands, the model in colour, and where to draw.

        Returns
        -------
        ROCDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a model has no fold, there, whose test subjects are of both classes, or the target
            has not two classes.
        """
        frame = comparison.predictions
        if "score" not in frame:
            raise ValueError("ROC curves are of two classes: the predictions have no score.")
        frame = frame if site is None else frame[frame["site"] == site]
        models = list(dict.fromkeys(frame["model"])) if models is None else list(models)
        curves, areas = {}, {}
        for model in models:
            folds = frame[frame["model"] == model].groupby(["site", "repeat", "fold"])
            tested = [(fold["y"] == comparison.pos_label, fold["score"]) for _, fold in folds]
            tested = [(y, score) for y, score in tested if y.nunique() == 2]
            if not tested:
                raise ValueError(f"Model {model!r} has no fold with test subjects of both classes.")
            curves[model] = np.array([_curve(y, score) for y, score in tested])
            areas[model] = np.array([roc_auc_score(y, score) for y, score in tested])
        return cls(curves, areas).plot(band, highlight, ax=ax)

    def plot(
        self, band: str | None = "error", highlight: str | None = None, ax: Panel = None
    ) -> "ROCDisplay":
        """Draw one mean curve and one band for each model.

        Parameters
        ----------
        band : {"error", "deviation", None}, default="error"
            Half width of the band: standard error of the mean curve, standard deviation over
            folds, or no band. Folds share training subjects, so that the standard error is too
            small; it shows how curves differ, not whether.
        highlight : str, default=None
            A model to draw in colour with its band; the others are grey lines then. By default
            each has a colour.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        ROCDisplay
            Drawn.

        Raises
        ------
        ValueError
            If band is none of these, or there is no such model.
        """
        if band not in ("error", "deviation", None):
            raise ValueError(f"band must be 'error', 'deviation' or None, got {band!r}.")
        if highlight is not None and highlight not in self.curves:
            raise ValueError(f"highlight={highlight!r} is none of {', '.join(self.curves)}.")
        self._open(ax, size=(5.2, 5)).plot([0, 1], [0, 1], color=GREY, lw=1, ls=":", label="chance")
        for number, (model, curves) in enumerate(self.curves.items()):
            if highlight is None or model == highlight:
                shade = color(number if highlight is None else 0)
                self._draw(model, curves, shade, band)
            else:
                self.ax_.plot(_GRID, curves.mean(axis=0), color=_PALE, lw=1, zorder=1)
        names = {"xlabel": "False positive rate", "ylabel": "True positive rate"}
        self.ax_.set(**names, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        spread = {"error": "standard error", "deviation": "standard deviation"}
        title = "Mean over folds" + (f"; band: {spread[band]}" if band else "")
        look = {"frameon": False, "fontsize": "small", "title_fontsize": "small"}
        self.ax_.legend(title=title, loc="lower right", alignment="left", **look)
        tidy(self.ax_)
        return self

    def _draw(self, model, curves, shade, band):
        mean, area = curves.mean(axis=0), self.areas[model].mean()
        self.ax_.plot(_GRID, mean, color=shade, lw=2, label=f"{model}, AUC {area:.2f}")
        if band is None or len(curves) < 2:
            return
        spread = curves.std(axis=0, ddof=1)
        spread = spread / np.sqrt(len(curves)) if band == "error" else spread
        low, high = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
        self.ax_.fill_between(_GRID, low, high, color=shade, alpha=0.15, lw=0)


def _curve(y, score):
    """Return the true positive rate on the grid, the upper end of each vertical step."""
    false_positive, true_positive, _ = roc_curve(y, score)
    curve = np.interp(_GRID, false_positive, true_positive)
    curve[0] = 0
    return curve
