"""From what a Pipeline is given to the windows that its network reads, and back onto the scan."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils.validation import check_is_fitted

from .._routing import unfold
from ..augmentation import SubsequenceAugmenter
from ..communities import common_memberships, common_shares
from ..joint import JointEstimatorMixin
from ..scans import Sequences, check_float32, check_sequences


@dataclass
class Reading:
    """The rows of X as a fitted network reads them."""

    model: BaseEstimator
    scans: list  # of (n_timepoints_i, n_rois): what windows are cut from, cleaned
    windows: Sequences

    def __len__(self):
        return len(self.scans)

    @property
    def is_bag(self):
        """Whether rows are bags, whose windows decide together."""
        return self.windows.kind == "bags"

    def n_read(self, row):
        """Return how many points of a window are read: not those of the horizon."""
        return max(int(self.windows.lengths[row]) - self.model.horizon, 1)

    def points(self, row):
        """Return a row's windows (n_windows, n_points, n_rois) as a copy in float64."""
        return self.windows.windows(row).astype(np.float64)

    def lay_back(self, row, values, fill=0.0):
        """Average values of windows over the windows that hold a time point of the scan.

        Shapes: values (n_windows, n_points, n_values); returned (n_timepoints, n_values), ``fill``
        where no window is, and (n_timepoints,), the number of windows.
        """
        n_timepoints, n_points = len(self.scans[row]), values.shape[1]
        total, counts = np.zeros((n_timepoints, values.shape[2])), np.zeros(n_timepoints, int)
        for window, start in zip(values, self.windows.starts[row], strict=True):
            total[start : start + n_points] += window
            counts[start : start + n_points] += 1
        mean = total / np.maximum(counts, 1)[:, None]
        mean[counts == 0] = fill
        return mean, counts


def network_of(estimator):
    """Return the fitted network's estimator at the end of a Pipeline or a search.

    Raises
    ------
    ValueError
        If it ends in something else.
    NotFittedError
        If it is not fitted.
    """
    return _checked(unfold(estimator)[-1])


def read(estimator, X):
    """Follow X through a Pipeline to the network: cleaned scans, and windows cut from them.

    Raises
    ------
    ValueError
        If the Pipeline does not end in a network, or a step follows ``SubsequenceAugmenter``.
    """
    *before, model = unfold(estimator)
    _checked(model)
    cutters = [i for i, step in enumerate(before) if isinstance(step, SubsequenceAugmenter)]
    n_cleaners = cutters[0] if cutters else len(before)
    if len(before) > n_cleaners + 1:
        raise ValueError(
            f"{type(before[n_cleaners + 1]).__name__} stands between SubsequenceAugmenter and the "
            "network: what it makes of windows cannot be laid back onto the scan. Put it before."
        )
    for step in before[:n_cleaners]:
        X = step.transform(X)
    if not cutters:
        windows = check_float32(check_sequences(X, estimator=model))
        return Reading(model, windows.series, windows)
    scans = check_sequences(X).series
    windows = check_float32(check_sequences(before[-1].transform(X), estimator=model))
    starts = [before[-1].step * np.arange(n) for n in windows.n_windows]
    series = [np.asarray(scan) for scan in scans]
    return Reading(model, series, replace(windows, series=series, starts=starts))


def check_target(target, model, n_rows):
    """Return a label, or None, for each row."""
    if target is None:
        return [None] * n_rows
    if is_regressor(model):
        raise ValueError(f"target names a class, and {type(model).__name__} has none.")
    if np.ndim(target) and len(target) != n_rows:
        raise ValueError(f"target has {len(target)} labels for {n_rows} subjects.")
    labels, known = np.broadcast_to(target, n_rows).tolist(), model.classes_.tolist()
    for label in labels:
        if label not in known:
            raise ValueError(f"target {label!r} is not among {', '.join(map(repr, known))}.")
    return labels


def class_number(classes, wanted, scores):
    """Return the number of the wanted class, or else of the second of two or the best of more."""
    if wanted is not None:
        return classes.tolist().index(wanted)
    return 1 if len(classes) == 2 else int(np.argmax(scores))


def read_communities(estimator, X, common=None):
    """Read X; return what communities are there too, and their shares of each net's nodes.

    One net has its own communities, several have those in common, or those that are given.
    Shapes: memberships (n_rois, n_communities), None of variant "d"; each net's shares
    (n_communities, n_nodes).
    """
    reading = read(estimator, X)
    model = reading.model
    variant, n_nets = model.net_.module_.variant, len(model.nets_)
    if variant == "s":
        raise ValueError("Variant 's' is one LSTM and has no communities: dg, h and d have.")
    if variant == "d" and (n_nets > 1 or common is not None):
        raise ValueError(
            f"Variant 'd' has no memberships, by which its {n_nets} nets could have communities in "
            "common: fit it with n_nets=1, and give no common ones."
        )
    if n_nets == 1 and common is None:
        membership = None if variant == "d" else model.membership_
        return reading, membership, [np.eye(model.net_.module_.n_communities)]
    if common is None:
        common = common_memberships(model.memberships_)
    return reading, np.asarray(common), common_shares(common, model.memberships_)


def roi_names(estimator, n_rois):
    """Return the names that the estimator was fitted with, or else numbers from 0."""
    names = list(getattr(estimator, "feature_names_in_", ()))
    return names if len(names) == n_rois else [f"ROI {roi}" for roi in range(n_rois)]


def _checked(model):
    check_is_fitted(model)
    if not isinstance(model, JointEstimatorMixin):
        raise ValueError(
            f"{type(model).__name__} cannot be explained: an LSTMDGClassifier or LSTMDGRegressor, "
            "or a Pipeline or search that ends in one, is needed. permutation_importance takes any "
            "estimator."
        )
    return model
