"""Losses by epoch."""

from itertools import zip_longest

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ..evaluation import Comparison
from ._display import GREY, Display, Names, Panels, color, fitted_step, tidy

_DEFAULT = ("gen_loss", "disc_loss", "subject_loss")


class HistoryDisplay(Display):
    """Training and validation losses by epoch, one fit or the folds of a comparison.

    Parameters
    ----------
    histories : list of dict
        ``history_`` of each fit: arrays by epoch, named "train_<loss>" or "valid_<loss>".
    best_epochs : list of (int or None), default=None
        The epoch, from 1, whose weights each fit kept.

    Attributes
    ----------
    NAMES : dict of str
        What known losses are called in words.
    ax_ : ndarray of Axes of shape (n_losses,)
        The panels, after ``plot``.
    figure_ : Figure
        Their figure.

    Examples
    --------
    >>> from sklearn_lstmdg.plotting import HistoryDisplay
    >>> history = {"train_loss": [1.0, 0.7, 0.6], "valid_loss": [1.1, 0.9, 1.0]}
    >>> HistoryDisplay([history], [2]).losses()
    ['loss']
    """

    NAMES = {
        "loss": "Total loss",
        "gen_loss": "Generative loss",
        "disc_loss": "Discriminative loss",
        "subject_loss": "Cross-entropy of subjects",
        "auc": "AUC of subjects",
        "accuracy": "Accuracy of subjects",
    }

    def __init__(
        self, histories: list[dict[str, ArrayLike]], best_epochs: list[int | None] | None = None
    ):
        self.histories = histories
        self.best_epochs = [None] * len(histories) if best_epochs is None else best_epochs

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, *, losses: Names = None, ax: Panels = None
    ) -> "HistoryDisplay":
        """Draw a fitted estimator's losses.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with ``history_``; a Pipeline's last step is taken.
        losses, ax : as in ``plot``
            What to draw, and where.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the estimator keeps no history.
        """
        step = fitted_step(estimator)
        if not getattr(step, "history_", None):
            raise ValueError(f"{type(step).__name__} has no history_ to draw.")
        return cls([step.history_], [getattr(step, "best_epoch_", None)]).plot(losses, ax=ax)

    @classmethod
    def from_comparison(
        cls,
        comparison: Comparison,
        model: str,
        *,
        site: str | None = None,
        losses: Names = None,
        ax: Panels = None,
    ) -> "HistoryDisplay":
        """Draw a model's losses in all folds of a comparison.

        Parameters
        ----------
        comparison : Comparison
            From ``compare_models`` or ``load_comparison``.
        model : str
            Name of the model.
        site : str, default=None
            One site; all by default.
        losses, ax : as in ``plot``
            What to draw, and where.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such fold, or the model keeps no history.
        """
        keys = comparison.folds[["model", "site", "repeat", "fold"]].itertuples(index=False)
        mine = [key for key in keys if key.model == model and site in (None, key.site)]
        folds = [fold for key in mine if (fold := comparison.fold(*key)).history]
        if not folds:
            at = "" if site is None else f" at site {site!r}"
            raise ValueError(f"The comparison holds no history of model {model!r}{at}.")
        display = cls([fold.history for fold in folds], [fold.best_epoch for fold in folds])
        return display.plot(losses, ax=ax)

    def losses(self) -> list[str]:
        """Return the names of the losses that are there, by default drawn.

        Returns
        -------
        list of str
            Of the generative, the discriminative and the subjects' loss those that are known and
            not constant 0; else all that are.
        """
        named = [name.partition("_")[2] for history in self.histories for name in history]
        known = [name for name in dict.fromkeys(named) if self._is_known(name)]
        return [name for name in _DEFAULT if name in known] or known

    def _is_known(self, name):
        return any(np.any(np.nan_to_num(self._values(name, part))) for part in ("train", "valid"))

    def _values(self, name, part):
        """Return the values of all fits, (n_fits, n_epochs), NaN after a fit's last epoch."""
        fits = [history.get(f"{part}_{name}", ()) for history in self.histories]
        return np.array(list(zip_longest(*fits, fillvalue=np.nan)), dtype=float).T

    def plot(self, losses: Names = None, ax: Panels = None) -> "HistoryDisplay":
        """Draw one panel for each loss.

        Parameters
        ----------
        losses : sequence of str, default=None
            Such as ("gen_loss", "disc_loss"); None takes those of ``losses()``.
        ax : Axes or array-like of Axes, default=None
            As many as losses; new ones by default.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a loss is not in the history, or the number of axes differs.
        """
        names = self.losses() if losses is None else list(losses)
        for name in names:
            if not self._is_known(name):
                raise ValueError(f"The history holds no {name!r}; known are {self.losses()}.")
        for panel, name in zip(self._open(ax, len(names)), names, strict=True):
            self._draw(panel, name)
        drawn = [h for panel in self.ax_ for h in panel.get_legend_handles_labels()[0]]
        handles = {handle.get_label(): handle for handle in drawn}
        self.ax_[-1].legend(handles=list(handles.values()), frameon=False, fontsize="small")
        return self

    def _draw(self, ax, name):
        for number, (part, label) in enumerate((("train", "training"), ("valid", "validation"))):
            values = self._values(name, part)
            if np.isfinite(values).any():
                self._draw_curves(ax, values, color(number), label)
                if part == "valid":
                    self._mark_best(ax, values)
        ax.set(xlabel="Epoch", ylabel=self.NAMES.get(name, name))
        ax.locator_params(axis="x", integer=True, min_n_ticks=1)
        tidy(ax)

    def _draw_curves(self, ax, values, shade, label):
        """Draw each fit thinly, and the median while half of the fits still train."""
        epochs = np.arange(1, values.shape[1] + 1)
        if len(values) == 1:
            ax.plot(epochs, values[0], color=shade, label=label)
            return
        ax.plot(epochs, values.T, color=shade, lw=0.7, alpha=0.4)
        most = np.isfinite(values).sum(axis=0) * 2 >= len(values)
        median = np.nanmedian(values[:, most], axis=0)
        ax.plot(epochs[most], median, color=shade, lw=2.2, label=f"{label}, median of folds")

    def _mark_best(self, ax, values):
        kept = [(best, row) for best, row in zip(self.best_epochs, values, strict=True) if best]
        if kept:
            epochs, losses = zip(*((best, row[best - 1]) for best, row in kept), strict=True)
            look = {"mfc": "white", "mec": GREY, "mew": 1.4, "ms": 5 if len(kept) > 1 else 8}
            ax.plot(epochs, losses, "o", **look, zorder=3, label="epoch that is kept")
