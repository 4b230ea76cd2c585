"""Matrix of memberships, ROIs ordered by community."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.base import BaseEstimator

from ..communities import correlate
from ._display import Display, Names, Panel, fitted_step

_MOST_NAMES = 45
_MOST_NUMBERS = 20


class MembershipDisplay(Display):
    """Membership of each ROI in each community.

    ROIs are ordered by the community in which they weigh most, and there by weight, so that
    communities are blocks along the diagonal. With a ``reference`` (planted communities, another
    fold) ROIs keep the reference's order, and each community stands where the one of the reference
    stands that it is matched with: two such pictures can be compared line by line.

    Parameters
    ----------
    membership : array-like of shape (n_rois, n_communities)
        Membership weights.
    reference : array-like of shape (n_rois, n_reference), default=None
        Memberships that decide the order.
    roi_names : sequence of length n_rois, default=None
        Names of the ROIs, written where there are at most 45.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.
    image_ : AxesImage
        The matrix.
    roi_order_ : ndarray of int of shape (n_rois,)
        ROIs from top to bottom.
    community_order_ : ndarray of int of shape (n_communities,)
        Communities from left to right.

    Raises
    ------
    ValueError
        If the numbers of ROIs do not agree.

    Examples
    --------
    >>> from sklearn_lstmdg.plotting import MembershipDisplay
    >>> display = MembershipDisplay([[0.1, 0.9], [0.8, 0.0], [0.2, 1.0]])
    >>> display.roi_order_, display.community_order_
    (array([1, 2, 0]), array([0, 1]))
    """

    def __init__(
        self, membership: ArrayLike, reference: ArrayLike | None = None, roi_names: Names = None
    ):
        self.membership = np.asarray(membership, dtype=float)
        self.reference = None if reference is None else np.asarray(reference, dtype=float)
        self.roi_names = roi_names
        for name, other in (("reference", self.reference), ("roi_names", roi_names)):
            if other is not None and len(other) != len(self.membership):
                raise ValueError(
                    f"membership has {len(self.membership)} ROIs and {name} has {len(other)}."
                )
        self.roi_order_, self.community_order_ = self._orders()

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        reference: ArrayLike | None = None,
        roi_names: Names = None,
        ax: Panel = None,
        **options: Any,
    ) -> "MembershipDisplay":
        """Draw the memberships that an estimator has learnt.

        Parameters
        ----------
        estimator : estimator or Pipeline
            Fitted, with ``membership_``; a Pipeline's last step is taken.
        reference : array-like of shape (n_rois, n_reference), default=None
            Memberships that decide the order.
        roi_names : sequence of length n_rois, default=None
            Names of the ROIs; those that the estimator knows by default.
        ax : Axes, default=None
            Where to draw; a new one by default.
        **options
            Passed to ``plot``.

        Returns
        -------
        MembershipDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the numbers of ROIs do not agree.
        """
        step = fitted_step(estimator)
        names = getattr(step, "feature_names_in_", None) if roi_names is None else roi_names
        return cls(step.membership_, reference, names).plot(ax, **options)

    def _orders(self):
        decisive = self.membership if self.reference is None else self.reference
        scaled = _scale(decisive)
        strongest = scaled.argmax(axis=1)
        rois = np.lexsort((-scaled.max(axis=1), strongest))
        if self.reference is None:
            is_used = np.isin(np.arange(scaled.shape[1]), strongest)
            return rois, np.argsort(~is_used, kind="stable")
        return rois, _match(self.reference, self.membership)

    def plot(
        self,
        ax: Panel = None,
        *,
        scale: bool = True,
        colorbar: bool = True,
        title: str | None = None,
    ) -> "MembershipDisplay":
        """Draw the matrix.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new one by default.
        scale : bool, default=True
            Whether each community's weights are divided by the largest.
        colorbar : bool, default=True
            Whether to draw the colour bar.
        title : str, default=None
            Written above.

        Returns
        -------
        MembershipDisplay
            Drawn.
        """
        self._open(ax, size=(5, 5))
        shown = _scale(self.membership) if scale else self.membership
        shown = shown[np.ix_(self.roi_order_, self.community_order_)]
        self.image_ = self.ax_.imshow(
            shown, aspect="auto", interpolation="nearest", cmap="Blues", vmin=0
        )
        self._mark_blocks()
        self._name_rois()
        self.ax_.set(title=title)
        self.ax_.tick_params(length=2)
        if colorbar:
            label = "Membership / largest of its community" if scale else "Membership"
            self.figure_.colorbar(self.image_, ax=self.ax_, label=label, shrink=0.8)
        return self

    def _mark_blocks(self):
        """Draw a line between the ROIs of different communities of the reference."""
        if self.reference is None:
            return
        strongest = _scale(self.reference).argmax(axis=1)[self.roi_order_]
        for edge in np.flatnonzero(np.diff(strongest)):
            self.ax_.axhline(edge + 0.5, color="0.6", lw=0.6)

    def _name_rois(self):
        """Write the names of ROIs and the numbers of communities, where there is room."""
        n_rois, n_communities = self.membership.shape
        if self.roi_names is None or n_rois > _MOST_NAMES:
            self.ax_.set(ylabel=f"ROI, by community ({n_rois})", yticks=[])
        else:
            names = [str(self.roi_names[roi]) for roi in self.roi_order_]
            self.ax_.set_yticks(np.arange(n_rois), names, fontsize="x-small")
        if n_communities > _MOST_NUMBERS:
            self.ax_.set(xlabel=f"Community ({n_communities})", xticks=[])
        else:
            numbers = self.community_order_.tolist()
            self.ax_.set_xticks(np.arange(n_communities), numbers, fontsize="small")
            self.ax_.set_xlabel("Community")


def _scale(membership):
    largest = membership.max(axis=0)
    return membership / np.where(largest > 0, largest, 1)


def _match(reference, membership):
    """Order communities like the reference's that they correlate with, one to one; others last."""
    similarity = correlate(reference, membership)
    planted, found = linear_sum_assignment(similarity, maximize=True)
    matched = found[np.argsort(planted)]
    rest = np.setdiff1d(np.arange(membership.shape[1]), matched)
    like = similarity[:, rest].argmax(axis=0)
    return np.concatenate([matched, rest[np.argsort(like, kind="stable")]])
