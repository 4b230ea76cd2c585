"""Sweeps per second of PARAFAC of rank 50 on the windows' correlations, against tensorly's solvers.

Windows of 30 points are cut, one point apart, from autoregressive scans of 176 points and 116 ROIs.
All solvers begin at the same random factors; the tensor is float32, the products of ours too. What
happens once (forming the tensor, the first norm) is not in the time but in the memory: the peak of
allocations (tracemalloc) between the scans and the factors. A sweep of ours updates one of the two
equal factors over ROIs, and the loadings; tensorly's updates both, and the loadings.
"""

import tracemalloc
from functools import partial

import numpy as np
from _measure import SIZES, main, timed

LENGTH, RANK, SWEEPS = 30, 50, 10


def make_rows(n_windows, n_points, n_rois):
    """Return the rows of scans that have so many windows in all."""
    from scipy.signal import lfilter

    from sklearn_lstmdg import SubsequenceAugmenter
    from sklearn_lstmdg.scans._validation import check_sequences

    rng, per_scan = np.random.default_rng(0), n_points - LENGTH + 1
    lengths = [n_points] * (n_windows // per_scan)
    if n_windows % per_scan:
        lengths.append(n_windows % per_scan + LENGTH - 1)
    scans = [lfilter([1], [1, -0.8], rng.standard_normal((n, n_rois)), axis=0) for n in lengths]
    return check_sequences(SubsequenceAugmenter(LENGTH, horizon=0).fit_transform(scans))


def on_windows(rows, start):
    """Return a function that runs so many sweeps of ours."""
    from sklearn_lstmdg.communities._factors import fit_factors
    from sklearn_lstmdg.communities._window_correlations import WindowCorrelations

    tensor = WindowCorrelations(rows)
    squared_norm = tensor.squared_norm()
    return lambda n_sweeps: fit_factors(tensor, start, n_sweeps, 0, squared_norm)


def on_tensor(rows, start, solver):
    """Return a function that runs so many sweeps of one of tensorly's solvers."""
    import tensorly
    from tensorly import decomposition
    from tensorly.cp_tensor import CPTensor

    from sklearn_lstmdg.communities._window_correlations import WindowCorrelations

    tensor = tensorly.tensor(WindowCorrelations(rows).dense())
    factors = [factor.T.astype(np.float32) for factor in start]
    solve = getattr(decomposition, solver)
    return lambda n_sweeps: solve(
        tensor, len(start[0]), n_iter_max=n_sweeps, init=CPTensor((None, factors)), tol=0
    )


def sweep(size, n_windows, prepare):
    """Time sweeps after the first, and compare the peak of allocations with the tensor's size."""
    from sklearn_lstmdg.communities._factors import random_start

    _, n_points, n_rois = SIZES[size]
    n_windows = n_windows if size == "full" else 50
    rows = make_rows(n_windows, n_points, n_rois)
    shape = (n_rois, n_rois, n_windows)
    start = random_start(shape, RANK, np.random.RandomState(0))
    tracemalloc.start()
    run = prepare(rows, start)
    run(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    once, more = (timed(lambda n=n: run(n)) for n in (1, 1 + SWEEPS))
    share = peak / (4 * np.prod(shape, dtype=float))
    return {"seconds": more - once, "work": SWEEPS, "peak_by_tensor": round(share, 3)}


SOLVERS = {
    "tensorly non_negative_parafac": partial(on_tensor, solver="non_negative_parafac"),
    "tensorly non_negative_parafac_hals": partial(on_tensor, solver="non_negative_parafac_hals"),
    "ParafacCommunities": on_windows,
}
CANDIDATES = {
    f"{n:,} windows: {name}": partial(sweep, n_windows=n, prepare=prepare)
    for n, solvers in (
        (1000, SOLVERS),
        (4000, SOLVERS),
        (26864, {"ParafacCommunities": on_windows}),
    )
    for name, prepare in solvers.items()
}

if __name__ == "__main__":
    main(CANDIDATES)
