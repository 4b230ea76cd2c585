"""Linear autoregressions, of each ROI alone or of all together: what a generator has to beat."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

_HELD_EVERY = 5


class Persistence:
    """The next point is the last one."""

    n_lags = 1

    def predict(self, points):
        """Return the last of points (n_rows, n_points, n_rois)."""
        return points[:, -1]


@dataclass(frozen=True)
class _Autoregression:
    """Weights of lags, and a constant; fitted as models side by side, one or many."""

    weights: np.ndarray
    intercept: np.ndarray

    @classmethod
    def moments(cls, points, targets):
        """Return sums of products of lags and the constant, with each other and with targets."""
        inputs, outputs = cls._arrange(points, targets)
        inputs = np.concatenate([inputs, np.ones((*inputs.shape[:-1], 1))], axis=-1)
        return inputs.swapaxes(1, 2) @ inputs, inputs.swapaxes(1, 2) @ outputs


class RoiAutoregression(_Autoregression):
    r"""Each ROI from its own past, :math:`\hat x_{t+1,r} = b_r + \sum_l a_{lr} x_{t-l,r}`."""

    @property
    def n_lags(self):
        """Points that are read."""
        return len(self.weights)

    def predict(self, points):
        """Return the point after points (n_rows, n_lags, n_rois)."""
        return np.einsum("nlr,lr->nr", points, self.weights) + self.intercept

    @staticmethod
    def _arrange(points, targets):
        return points.transpose(2, 0, 1), targets.T[..., None]

    @classmethod
    def from_solution(cls, solution):
        """Make one of ridge weights (n_rois, n_lags + 1, 1)."""
        return cls(solution[:, :-1, 0].T, solution[:, -1, 0])


class VectorAutoregression(_Autoregression):
    r"""Each ROI from the past of all, :math:`\hat x_{t+1} = b + \sum_l A_l x_{t-l}`."""

    @property
    def n_lags(self):
        """Points that are read."""
        return len(self.weights) // len(self.intercept)

    def predict(self, points):
        """Return the point after points (n_rows, n_lags, n_rois)."""
        return points.reshape(len(points), -1) @ self.weights + self.intercept

    @staticmethod
    def _arrange(points, targets):
        return points.reshape(1, len(points), -1), targets

    @classmethod
    def from_solution(cls, solution):
        """Make one of ridge weights (1, n_lags * n_rois + 1, n_rois)."""
        return cls(solution[0, :-1], solution[0, -1])


def fit_by_validation(kind, rows, alphas):
    """Fit an autoregression whose penalty is chosen on held-out subjects.

    Every fifth subject is held out; the penalty with the least squared error there is used on all.
    """
    validating = list(range(_HELD_EVERY - 1, len(rows), _HELD_EVERY)) or [len(rows) - 1]
    kept = _sum_moments(kind, [row for i, row in enumerate(rows) if i not in validating])
    errors = [
        sum(np.square(model.predict(rows[i][0]) - rows[i][1]).sum() for i in validating)
        for model in (kind.from_solution(solution) for solution in _ridge(*kept, alphas))
    ]
    best = alphas[int(np.argmin(errors))]
    return kind.from_solution(next(_ridge(*_sum_moments(kind, rows), [best])))


def _sum_moments(kind, rows):
    moments = (kind.moments(*row) for row in rows)
    return reduce(lambda sums, more: (sums[0] + more[0], sums[1] + more[1]), moments)


def _ridge(gram, cross, alphas):
    """Yield ridge solutions of stacked normal equations, the constant last and not penalised."""
    n, totals = gram[:, -1:, -1:], gram[:, :-1, -1:]
    centred = gram[:, :-1, :-1] - totals @ totals.swapaxes(1, 2) / n
    values, vectors = np.linalg.eigh(centred)
    rotated = vectors.swapaxes(1, 2) @ (cross[:, :-1] - totals @ cross[:, -1:] / n)
    scale = values.mean(axis=1, keepdims=True)[..., None]
    for alpha in alphas:
        shrunk = np.maximum(values, 0)[..., None] + alpha * np.where(scale > 0, scale, 1)
        weights = vectors @ (rotated / shrunk)
        intercept = (cross[:, -1:] - totals.swapaxes(1, 2) @ weights) / n
        yield np.concatenate([weights, intercept], axis=1)
