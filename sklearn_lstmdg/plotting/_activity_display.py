"""A subject's communities over the time of its scan."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._typing import Scans
from ..communities import common_influence, common_memberships
from ..explain import community_time_courses
from ._display import GREY, Display, Names, Panel, color, fitted_step, named, subject_of, tidy

_SHOWN = 6


class CommunityActivityDisplay(Display):
    """Time courses of one subject's communities, one line below the other, on one scale.

    Parameters
    ----------
    courses : array-like of shape (n_timepoints, n_communities)
        Activity of each community; NaN where there is none.
    communities : sequence of int, default=None
        Which are drawn, from the top; None takes the first six.
    names : sequence of length n_communities, default=None
        Names of all communities; by default their numbers from 0.
    t_r : float, default=2.0
        Repetition time, in seconds.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.

    Raises
    ------
    ValueError
        If there is no such community, or not one name for each.

    See Also
    --------
    sklearn_lstmdg.explain.community_time_courses : What is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.plotting import CommunityActivityDisplay
    >>> courses = np.random.default_rng(0).standard_normal((40, 3)).cumsum(axis=0)
    >>> display = CommunityActivityDisplay(courses, communities=[2, 0]).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['Community 2', 'Community 0']
    """

    def __init__(
        self,
        courses: ArrayLike,
        communities: Sequence[int] | None = None,
        names: Names = None,
        t_r: float = 2.0,
    ):
        self.courses = np.asarray(courses, dtype=float)
        n_communities = self.courses.shape[1]
        shown = range(min(n_communities, _SHOWN)) if communities is None else communities
        self.communities = [int(k) for k in shown]
        numbered = [f"Community {k}" for k in range(n_communities)]
        self.names = named(names, numbered, "communities")
        self.t_r = t_r
        for k in self.communities:
            if not 0 <= k < n_communities:
                raise ValueError(f"There is no community {k}: they are 0 to {n_communities - 1}.")

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Scans,
        *,
        row: int = 0,
        communities: Sequence[int] | None = None,
        names: Names = None,
        t_r: float = 2.0,
        common: ArrayLike | None = None,
        ax: Panel = None,
    ) -> "CommunityActivityDisplay":
        """Draw the communities of one row of X; of several nets, those that they have in common.

        Parameters
        ----------
        estimator : LSTMDGClassifier or Pipeline
            Fitted, of variant "dg", "h" or, with one net, "d".
        X : array-like or list
            What the estimator reads.
        row : int, default=0
            The subject.
        communities : sequence of int, default=None
            Which are drawn; None takes the six of largest influence.
        names, t_r : as in the class
            Names of all communities, and repetition time.
        common : array-like of shape (n_rois, n_communities), default=None
            As in ``community_time_courses``.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        CommunityActivityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the variant has no communities, its nets none in common, or there is no such row.
        """
        courses = community_time_courses(estimator, subject_of(X, row), common=common)[0]
        if communities is None:
            influence = _influence(fitted_step(estimator), common)
            communities = np.argsort(-influence, kind="stable")[:_SHOWN].tolist()
        return cls(courses, communities, names, t_r).plot(ax)

    def plot(self, ax: Panel = None) -> "CommunityActivityDisplay":
        """Draw one line for each community, and the zero of each.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        CommunityActivityDisplay
            Drawn.
        """
        self._open(ax, size=(6.2, 0.8 + 0.55 * len(self.communities)))
        shown = self.courses[:, self.communities]
        low, high = np.nanmin(shown, axis=0), np.nanmax(shown, axis=0)
        gap = 1.15 * max(np.max(high - low), 1e-12)
        seconds = self.t_r * np.arange(len(shown))
        ticks = []
        for line, course in enumerate(shown.T):
            zero = -line * gap - (low[line] + high[line]) / 2
            self.ax_.axhline(zero, color=GREY, lw=0.5, ls=":")
            self.ax_.plot(seconds, course + zero, color=color(line), lw=1.4)
            ticks.append(-line * gap)
        self.ax_.set_yticks(ticks, [self.names[k] for k in self.communities])
        self.ax_.set_ylim(ticks[-1] - 0.6 * gap, 0.6 * gap)
        self.ax_.set(xlabel="Seconds", title="Activity of communities, one scale")
        tidy(self.ax_, has_scale=False)
        return self


def _influence(model, common):
    """Return the influence of one net's communities, or of those in common."""
    if common is None and len(model.nets_) == 1:
        return model.influence_
    nets = model.memberships_
    return common_influence(
        common_memberships(nets) if common is None else common, nets, model.influences_
    )
