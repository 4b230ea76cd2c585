"""A subject's windows, class by class, over the time of its scan."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._typing import Scans
from ..explain import window_probabilities
from ._display import GREY, Display, Names, Panel, color, named, subject_of, tidy


class WindowProbabilityDisplay(Display):
    """Class probabilities of one subject's windows over time.

    Each window stands at the middle of the points that are read.

    Parameters
    ----------
    probabilities : array-like of shape (n_windows, n_classes)
        Class probabilities of each window.
    starts : array-like of int of shape (n_windows,)
        First time point of each window.
    n_read : int
        Points of a window that are read.
    t_r : float, default=2.0
        Repetition time, in seconds.
    class_names : sequence of length n_classes, default=None
        Names of the classes.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.
    seconds_ : ndarray of shape (n_windows,)
        The windows' middles.

    Raises
    ------
    ValueError
        If there is not one start for each window, or one name for each class.

    See Also
    --------
    sklearn_lstmdg.explain.window_probabilities : What is drawn.

    Examples
    --------
    >>> from sklearn_lstmdg.plotting import WindowProbabilityDisplay
    >>> proba = [[0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    >>> names = ["control", "autism"]
    >>> display = WindowProbabilityDisplay(proba, [0, 10, 20], 30, class_names=names)
    >>> display.plot().ax_.get_title()
    '67 % of 3 windows: autism'
    """

    def __init__(
        self,
        probabilities: ArrayLike,
        starts: ArrayLike,
        n_read: int,
        t_r: float = 2.0,
        class_names: Names = None,
    ):
        self.probabilities = np.asarray(probabilities, dtype=float)
        self.starts, self.n_read, self.t_r = np.asarray(starts), n_read, t_r
        if self.probabilities.ndim != 2 or self.starts.shape != self.probabilities.shape[:1]:
            raise ValueError(
                "probabilities must be (n_windows, n_classes) with one start for each window, got "
                f"{self.probabilities.shape} and {self.starts.shape}."
            )
        n_classes = self.probabilities.shape[1]
        numbered = [f"class {k}" for k in range(n_classes)]
        self.class_names = named(class_names, numbered, "classes")
        self.seconds_ = (self.starts + n_read / 2) * t_r

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Scans,
        *,
        row: int = 0,
        t_r: float = 2.0,
        class_names: Names = None,
        ax: Panel = None,
    ) -> "WindowProbabilityDisplay":
        """Draw the windows of one row of X.

        Parameters
        ----------
        estimator : LSTMDGClassifier or Pipeline
            Fitted.
        X : array-like or list
            What the estimator reads.
        row : int, default=0
            The subject.
        t_r, class_names : as in the class
            Repetition time, and names of the classes; None takes the labels.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        WindowProbabilityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the Pipeline does not end in a network, or there is no such row.
        """
        windows = window_probabilities(estimator, subject_of(X, row))
        names = windows.classes if class_names is None else class_names
        display = cls(
            windows.probabilities[0], windows.starts[0], int(windows.n_read[0]), t_r, names
        )
        return display.plot(ax)

    def plot(self, ax: Panel = None) -> "WindowProbabilityDisplay":
        """Draw a line for the second of two classes, or for each of more.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        WindowProbabilityDisplay
            Drawn.
        """
        self._open(ax, size=(6.2, 2.9))
        n_classes = self.probabilities.shape[1]
        if n_classes == 2:
            self._draw_two()
        else:
            for k, name in enumerate(self.class_names):
                options = {"color": color(k), "label": name, "lw": 1.6, "marker": ".", "ms": 4}
                self.ax_.plot(self.seconds_, self.probabilities[:, k], **options)
            self.ax_.set_ylabel("Probability")
            self.ax_.legend(frameon=False, fontsize="small", ncols=min(n_classes, 4))
        self._mark_window()
        voted = self.probabilities.argmax(axis=1)
        most = np.bincount(voted, minlength=n_classes).argmax() if n_classes > 2 else 1
        share = f"{np.mean(voted == most):.0%}".replace("%", " %")
        title = f"{share} of {len(voted)} windows: {self.class_names[most]}"
        self.ax_.set(xlabel="Seconds, middle of a window", ylim=(-0.02, 1.02), title=title)
        tidy(self.ax_)
        return self

    def _draw_two(self):
        """Fill the side on which each window votes."""
        positive = self.probabilities[:, 1]
        self.ax_.plot(self.seconds_, positive, color="black", lw=1.2, marker=".", ms=4)
        for number, side in enumerate((positive < 0.5, positive >= 0.5)):
            options = {"where": side, "color": color(number), "alpha": 0.35, "interpolate": True}
            self.ax_.fill_between(
                self.seconds_, 0.5, positive, **options, lw=0, label=self.class_names[number]
            )
        self.ax_.axhline(0.5, color=GREY, lw=0.8, ls="--")
        self.ax_.set_ylabel(f"Probability of {self.class_names[1]}")
        self.ax_.legend(title="votes for", frameon=False, fontsize="small", ncols=2)

    def _mark_window(self):
        """Draw how long a window is."""
        first = self.starts[0] * self.t_r
        self.ax_.plot([first, first + self.n_read * self.t_r], [0, 0], color=GREY, lw=3)
        self.ax_.annotate(
            "one window", (first, 0), (2, 4), textcoords="offset points", size="small"
        )
