r"""Gaussian hidden Markov models of single ROIs, fitted for many ROIs and sequences at once.

Each ROI has a model :math:`(\pi, A, \mu, \sigma^2)` of :math:`Q` states. With the density of a
point in a state, :math:`b_q(t) = N(x_t; \mu_q, \sigma_q^2)`, the scaled recursions are

.. math::

    \alpha_t = \frac{b(t) \circ A^T \alpha_{t-1}}{c_t}, \qquad
    \beta_t = A \, \frac{b(t+1) \circ \beta_{t+1}}{c_{t+1}}, \qquad
    \log p(x) = \sum_t \log c_t,

where :math:`c_t` makes :math:`\alpha_t` sum to 1. Arrays are laid out as (time, ROI, state,
sequence), so that every step in time is a few products over all ROIs and sequences. Sequences are
ordered by length: those that have not ended at a point in time are the first ones.
"""

from dataclasses import dataclass, fields
from itertools import groupby

import numpy as np

from ..scans import is_constant

_BLOCK = 1_000_000
_TINY = 1e-300
_LEAST = 1e-100
_STAY = 0.8
_JITTER = 0.1


@dataclass(frozen=True)
class GaussianHMM:
    """Hidden Markov models with a scalar Gaussian in each state; the first axis is the ROI."""

    start: np.ndarray  # (n_rois, n_states): probabilities of the first state
    transitions: np.ndarray  # (n_rois, n_states, n_states): of the next state, given the row's
    means: np.ndarray  # (n_rois, n_states), as the variances
    variances: np.ndarray

    @classmethod
    def stack(cls, models):
        """Return models of ROI after ROI as one."""
        return cls(*map(np.concatenate, zip(*(m.arrays() for m in models), strict=True)))

    def arrays(self):
        """Return start, transitions, means and variances."""
        return [getattr(self, f.name) for f in fields(self)]

    def take(self, rois):
        """Return the models of the given ROIs."""
        return GaussianHMM(*(array[rois] for array in self.arrays()))

    def put(self, rois, models):
        """Replace the models of the given ROIs, in place."""
        for into, values in zip(self.arrays(), models.arrays(), strict=True):
            into[rois] = values

    @property
    def n_states(self):
        """Number of states."""
        return self.means.shape[1]


@dataclass(frozen=True)
class _Points:
    """Sequences of some ROIs, longest first."""

    powers: np.ndarray  # (n_points, n_rois, 3, n_sequences): 1, x, x^2; 0 after a sequence's end
    n_running: np.ndarray  # (n_points,): sequences that have not ended

    def take(self, rois):
        return _Points(self.powers[:, rois], self.n_running)

    @property
    def n_values(self):
        return int(self.n_running.sum())

    def values(self):
        """Return the points of each ROI, (n_rois, n_values), in no particular order."""
        running = self.powers[:, 0, 0] > 0
        return self.powers[:, :, 1].transpose(1, 0, 2)[:, running]


def n_parameters(n_states):
    """Return the number of free parameters of a model."""
    return 2 * n_states + (n_states - 1) + n_states * (n_states - 1)


def fit_hmms(sequences, n_states, *, max_iter=30, tol=1e-5, min_variance=1e-3, bic_n="points", rng):
    """Fit one model to each ROI, with the number of states that minimises BIC."""
    n_rois, n_states = sequences.n_rois, sorted(n_states)
    jitter = {q: rng.standard_normal((n_rois, q)) for q in n_states}
    n_values = int((sequences.n_windows * sequences.lengths).sum())
    penalty = np.log(n_values if bic_n == "points" else len(sequences))
    models, n_iter = [None] * n_rois, np.zeros(n_rois, dtype=int)
    for rois in _blocks(sequences, n_states[-1]):
        centre, scale = _centre_and_scale(sequences, rois)
        points = _lay_out(sequences, rois, centre, scale)
        best = np.full(len(rois), np.inf)
        for q in n_states:
            start = _start(points, _JITTER * jitter[q][rois])
            fitted, iterations = _maximise(points, start, max_iter, tol, min_variance)
            bic = n_parameters(q) * penalty - 2 * _forward(points, fitted).sum(axis=1)
            for i in np.flatnonzero(bic < best):
                model = _to_units(_sort_states(fitted.take([i])), centre[i], scale[i])
                models[rois[i]], n_iter[rois[i]], best[i] = model, iterations[i], bic[i]
    return models, n_iter


def sequence_log_likelihoods(sequences, models):
    """Return the log-likelihood of each row under each ROI's model, (n_rows, n_rois)."""
    log_likelihoods = np.empty((len(sequences), len(models)))
    by_states = sorted(range(len(models)), key=lambda roi: models[roi].n_states)
    for q, rois in groupby(by_states, key=lambda roi: models[roi].n_states):
        rois = np.array(list(rois))
        for block in _blocks(sequences, q, rois):
            batch = GaussianHMM.stack([models[roi] for roi in block])
            centre = np.mean(batch.means, axis=1)
            batch = _to_units(batch, -centre[:, None], 1.0)
            points = _lay_out(sequences, block, centre, np.ones(len(block)))
            log_likelihoods[:, block] = _sum_by_row(sequences, _forward(points, batch))
    return log_likelihoods


def _blocks(sequences, n_states, rois=None):
    """Yield ROIs, as many at once as keep the arrays of one step in the processor's cache."""
    rois = np.arange(sequences.n_rois) if rois is None else rois
    n_cells = sequences.lengths.max() * sequences.n_windows.sum() * max(n_states, 3)
    size = max(1, _BLOCK // int(n_cells))
    for first in range(0, len(rois), size):
        yield rois[first : first + size]


def _by_length(sequences):
    """Return the rows, longest first, and the row of each sequence in that order."""
    rows = np.argsort(-sequences.lengths, kind="stable")
    return rows, np.repeat(rows, sequences.n_windows[rows])


def _lay_out(sequences, rois, centre, scale):
    """Copy the points of some ROIs, centred and scaled, into the layout of the recursions."""
    rows, row_of = _by_length(sequences)
    n_points = int(sequences.lengths.max())
    powers = np.zeros((n_points, len(rois), 3, len(row_of)))
    first = 0
    for row in rows:
        windows = sequences.windows(row)[:, :, rois].astype(np.float64)
        last, length = first + len(windows), windows.shape[1]
        powers[:length, :, 0, first:last] = 1
        powers[:length, :, 1, first:last] = ((windows - centre) / scale).transpose(1, 2, 0)
        first = last
    np.square(powers[:, :, 1], out=powers[:, :, 2])
    n_running = (sequences.lengths[row_of] > np.arange(n_points)[:, None]).sum(axis=1)
    return _Points(powers, n_running)


def _centre_and_scale(sequences, rois):
    """Return mean and standard deviation of each ROI's points; 1 where it is constant."""
    parts = [sequences.windows(row)[:, :, rois] for row in range(len(sequences))]
    n_values = sum(part.shape[0] * part.shape[1] for part in parts)
    centre = sum(part.sum(axis=(0, 1), dtype=np.float64) for part in parts) / n_values
    squares = sum(np.square(part - centre).sum(axis=(0, 1)) for part in parts) / n_values
    mean_square = squares + np.square(centre)
    constant = is_constant(squares, mean_square, n_values, sequences.series[0].dtype)
    return centre, np.where(constant, 1.0, np.sqrt(squares))


def _sum_by_row(sequences, log_likelihoods):
    """Sum (n_rois, n_sequences), longest first, to (n_rows, n_rois)."""
    sums = np.zeros((len(sequences), len(log_likelihoods)))
    np.add.at(sums, _by_length(sequences)[1], log_likelihoods.T)
    return sums


def _start(points, jitter):
    """Return models to start from: means at jittered quantiles, states that tend to last."""
    n_rois, n_states = jitter.shape
    levels = (np.arange(n_states) + 0.5) / n_states
    means = np.quantile(points.values(), levels, axis=1).T + jitter
    stay = _STAY if n_states > 1 else 1.0
    transitions = np.full((n_rois, n_states, n_states), (1 - stay) / max(n_states - 1, 1))
    transitions[:, range(n_states), range(n_states)] = stay
    share = np.full((n_rois, n_states), 1 / n_states)
    return GaussianHMM(share, transitions, means, share.copy())


def _maximise(points, models, max_iter, tol, min_variance):
    """Run expectation-maximisation; ROIs that have converged drop out."""
    active = np.arange(len(models.means))
    models, n_iter = models.take(active), np.zeros(len(active), dtype=int)
    previous = np.full(len(active), -np.inf)
    for _ in range(max_iter):
        new, log_likelihood = _em_step(points, models.take(active), min_variance)
        models.put(active, new)
        n_iter[active] += 1
        going = log_likelihood - previous > tol * points.n_values
        previous = log_likelihood[going]
        if not going.any():
            break
        if not going.all():
            active, points = active[going], points.take(going)
    return models, n_iter


def _em_step(points, models, min_variance=0.0):
    r"""Run one iteration of expectation-maximisation.

    With :math:`\gamma_t = \alpha_t \circ \beta_t`, the new means and variances are those of the
    points weighted by :math:`\gamma`, and the expected transitions are
    :math:`A \circ \sum_t \alpha_t (b(t+1) \circ \beta_{t+1} / c_{t+1})^T`. A state that no point
    belongs to stays as it was. Returns the new models, and the log-likelihood (n_rois,) of the
    given ones.
    """
    density, log_top = _densities(points, models)
    alpha, c = _forward_pass(points, models, density)
    log_likelihood = _log_scale(points, c, log_top).sum(axis=1)
    gamma, transitions = _backward_pass(points, models, density, alpha, c)
    moments = np.matmul(gamma, points.powers.transpose(0, 1, 3, 2)).sum(axis=0)
    mass = moments[..., 0]
    seen, weight = mass > _TINY, np.maximum(mass, _TINY)
    means = np.where(seen, moments[..., 1] / weight, models.means)
    spread = moments[..., 2] / weight - means**2
    variances = np.where(seen, np.maximum(spread, min_variance), models.variances)
    start = _normalise(gamma[0].sum(axis=-1), models.start)
    transitions = _normalise(models.transitions * transitions, models.transitions)
    return GaussianHMM(start, transitions, means, variances), log_likelihood


def _normalise(counts, otherwise):
    """Make the last axis sum to 1; where there are no counts take the other probabilities.

    None becomes 0: however unlikely a sequence is, its scales and their inverses stay numbers.
    """
    total = counts.sum(axis=-1, keepdims=True)
    shares = np.where(total > _TINY, counts / np.maximum(total, _TINY), otherwise)
    return np.maximum(shares, _LEAST)


def _densities(points, models):
    """Return the states' densities over that of the likeliest, and the log of the latter.

    The log-density is linear in 1, x and x^2; without dividing by the greatest, a point far from
    all states would have density 0 in each.
    """
    precision = 1 / models.variances
    constant = np.log(2 * np.pi * models.variances) + precision * models.means**2
    coefficients = -0.5 * constant, precision * models.means, -0.5 * precision
    density = np.matmul(np.stack(coefficients, axis=-1), points.powers)
    top = density.max(axis=2)
    density -= top[:, :, None]
    return np.exp(density, out=density), top


def _forward_pass(points, models, density):
    """Return alpha (n_points, n_rois, n_states, n_sequences) and c, 1 after a sequence's end."""
    n_points, n_rois, _, n_sequences = density.shape
    alpha, c = np.zeros_like(density), np.ones((n_points, n_rois, n_sequences))
    backwards = np.ascontiguousarray(models.transitions.transpose(0, 2, 1))
    predicted = np.broadcast_to(models.start[..., None], density.shape[1:])
    for t, n in enumerate(points.n_running):
        now, scale = alpha[t, :, :, :n], c[t, :, :n]
        np.multiply(predicted[..., :n], density[t, :, :, :n], out=now)
        np.add.reduce(now, axis=1, out=scale)
        np.divide(now, scale[:, None], out=now)
        predicted = np.matmul(backwards, now)
    return alpha, c


def _log_scale(points, c, log_top):
    """Return the log-likelihood (n_rois, n_sequences)."""
    log_c = np.log(c)
    log_c += log_top * points.powers[:, :, 0]
    return log_c.sum(axis=0)


def _forward(points, models):
    """Return the log-likelihood (n_rois, n_sequences) of each sequence under each ROI's model."""
    density, log_top = _densities(points, models)
    return _log_scale(points, _forward_pass(points, models, density)[1], log_top)


def _backward_pass(points, models, density, alpha, c):
    """Turn alpha into gamma, in place; return it and the sums of alpha times what comes next."""
    transitions = np.zeros_like(models.transitions)
    n_after, beta = 0, np.empty((*models.means.shape, 0))
    for t in range(len(alpha) - 1, 0, -1):
        n = points.n_running[t]
        onward = density[t, :, :, :n] / c[t, :, None, :n]
        onward[..., :n_after] *= beta
        transitions += np.matmul(alpha[t - 1, :, :, :n], onward.transpose(0, 2, 1))
        alpha[t, :, :, :n_after] *= beta
        n_after, beta = n, np.matmul(models.transitions, onward)
    alpha[0, :, :, :n_after] *= beta
    return alpha, transitions


def _sort_states(models):
    """Put the states of one ROI's model into ascending order of their means."""
    order = np.argsort(models.means[0], kind="stable")
    start, transitions, means, variances = (array[:, order] for array in models.arrays())
    return GaussianHMM(start, transitions[:, :, order], means, variances)


def _to_units(models, centre, scale):
    """Return the models of points that were ``centre + scale * x``."""
    start, transitions, means, variances = models.arrays()
    return GaussianHMM(start, transitions, centre + scale * means, scale**2 * variances)
