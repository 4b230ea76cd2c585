"""Likelihoods of hidden Markov models, and series to fit them to."""

import numpy as np


def log_normal(x, mean, variance):
    return -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)


def log_space_likelihood(x, model, roi):
    """Forward recursion in logarithms, without any scaling."""
    log_alpha = np.log(model.start[roi]) + log_normal(x[0], model.means[roi], model.variances[roi])
    for point in x[1:]:
        moved = log_alpha[:, None] + np.log(model.transitions[roi])
        log_b = log_normal(point, model.means[roi], model.variances[roi])
        log_alpha = np.logaddexp.reduce(moved, axis=0) + log_b
    return np.logaddexp.reduce(log_alpha)


def simulate(rng, n_scans, n_points, means, stay):
    states = np.zeros((n_scans, n_points), dtype=int)
    for t in range(1, n_points):
        jump = rng.random(n_scans) > stay
        states[:, t] = np.where(jump, rng.integers(len(means), size=n_scans), states[:, t - 1])
    return np.array(means)[states] + 0.5 * rng.standard_normal((n_scans, n_points))
