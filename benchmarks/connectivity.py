"""Pearson features of scans and of windows, and the nested search of the linear SVM."""

from functools import partial

import numpy as np
from _measure import main, make_cohort, timed

LENGTH = 30


def _window_view(scans):
    windows = np.lib.stride_tricks.sliding_window_view(scans, LENGTH, axis=1)
    return windows.transpose(0, 1, 3, 2)


def ours(size, windows=False):
    """``connectivity_features``, in blocks of matrix products."""
    from sklearn_lstmdg.scans._connectivity import connectivity_features, n_connections

    scans, _ = make_cohort(size)
    rows = list(_window_view(scans)) if windows else [scans]
    n_rows = sum(map(len, rows))
    out = np.empty((max(map(len, rows)), n_connections(scans.shape[2])), dtype=np.float32)

    def features():
        for block in rows:
            connectivity_features(block, out[: len(block)])

    features()
    return {"seconds": timed(features), "work": n_rows}


def nilearn(size):
    """``ConnectivityMeasure`` with the empirical covariance, that is Pearson's correlation."""
    from nilearn.connectome import ConnectivityMeasure
    from sklearn.covariance import EmpiricalCovariance

    scans, _ = make_cohort(size)
    measure = ConnectivityMeasure(
        EmpiricalCovariance(store_precision=False),
        kind="correlation",
        vectorize=True,
        discard_diagonal=True,
    )
    measure.fit_transform(list(scans[:4]))
    return {"seconds": timed(lambda: measure.fit_transform(list(scans))), "work": len(scans)}


def corrcoef(size):
    """``numpy.corrcoef`` window by window, on every tenth subject."""
    scans, _ = make_cohort(size)
    windows = _window_view(scans[::10])
    above = np.triu_indices(scans.shape[2], 1)

    def features():
        for scan in windows:
            for window in scan:
                np.corrcoef(window.T)[above].astype(np.float32)

    return {"seconds": timed(features), "work": windows.shape[0] * windows.shape[1]}


def search(size, direct=False):
    """Nested search of C on whole scans: ``FCSVM``, or ``GridSearchCV`` over ``LinearSVC``."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.svm import LinearSVC

    from sklearn_lstmdg import FCSVM
    from sklearn_lstmdg.scans._connectivity import connectivity_features, n_connections

    scans, y = make_cohort(size)
    scans[y == 1, :, 1] += 0.3 * scans[y == 1, :, 0]
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    if not direct:
        model = FCSVM(cv=cv, random_state=0)
        return {"seconds": timed(lambda: model.fit(scans, y)), "work": 1}
    Cs = list(FCSVM().get_params()["Cs"])
    grid = GridSearchCV(LinearSVC(tol=1e-3, max_iter=10_000, random_state=0), {"C": Cs}, cv=cv)

    def fit():
        X = np.empty((len(scans), n_connections(scans.shape[2])), dtype=np.float32)
        connectivity_features(scans, X)
        grid.fit(X, y)

    return {"seconds": timed(fit), "work": 1}


CANDIDATES = {
    "scans: nilearn": nilearn,
    "scans: FCSVM's features": ours,
    "windows: numpy.corrcoef": corrcoef,
    "windows: FCSVM's features": partial(ours, windows=True),
    "search of C: GridSearchCV": partial(search, direct=True),
    "search of C: FCSVM": search,
}

if __name__ == "__main__":
    main(CANDIDATES)
