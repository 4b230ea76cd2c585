"""ROIs per second of fitting hidden Markov models of three states, against hmmlearn.

A hundred sequences of 146 points, as many iterations of expectation-maximisation for all: one ROI
by hmmlearn, one by the package, and 110 by the package at once.
"""

from functools import partial

import numpy as np
from _measure import main, timed

N_STATES = 3
# Sequences, points, ROIs, iterations.
SIZES = {"full": (100, 146, 110, 30), "quick": (6, 40, 5, 3)}


def make_series(n_sequences, n_points, n_rois):
    """Return smooth series of unit variance, (n_sequences, n_points, n_rois)."""
    noise = np.random.default_rng(0).standard_normal((n_sequences, n_points + 7, n_rois))
    smooth = sum(noise[:, lag : lag + n_points] for lag in range(8))
    return (smooth - smooth.mean(axis=1, keepdims=True)) / smooth.std(axis=1, keepdims=True)


def ours(size, alone=False):
    """``fit_hmms`` of ``ROIHMMClassifier``, on one ROI or on all."""
    from sklearn_lstmdg.baselines._gaussian_hmm import fit_hmms
    from sklearn_lstmdg.scans._validation import check_sequences

    *shape, n_iter = SIZES[size]
    series = make_series(*shape)[:, :, : 1 if alone else None]

    def fit(max_iter=n_iter):
        rng = np.random.RandomState(0)
        fit_hmms(check_sequences(series), [N_STATES], max_iter=max_iter, tol=-np.inf, rng=rng)

    fit(1)
    return {"seconds": timed(fit), "work": series.shape[2]}


def hmmlearn(size):
    """``GaussianHMM`` with diagonal covariance on one ROI."""
    from hmmlearn.hmm import GaussianHMM

    *shape, n_iter = SIZES[size]
    series = make_series(*shape)[:, :, :1]
    x, lengths = series.reshape(-1, 1), np.full(len(series), series.shape[1])

    def fit(max_iter=n_iter):
        model = GaussianHMM(N_STATES, "diag", n_iter=max_iter, tol=-np.inf, random_state=0)
        model.fit(x, lengths)

    fit(1)
    return {"seconds": timed(fit), "work": 1}


CANDIDATES = {
    "hmmlearn, one ROI": hmmlearn,
    "ROIHMMClassifier, one ROI": partial(ours, alone=True),
    "ROIHMMClassifier, all ROIs": ours,
}

if __name__ == "__main__":
    main(CANDIDATES)
