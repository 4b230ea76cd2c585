"""Time of a sweep and peak memory of PARAFAC without the tensor, beside tensorly's solvers.

Windows of 30 points are cut, one point apart, from autoregressive scans of 176 points. All solvers
begin at the same random factors. Rounds are interleaved; the tensor is float32, the products of
ours too. Peak memory (tracemalloc) is what is allocated between the scans and the factors, the
tensor included where one is formed.

    OMP_NUM_THREADS=1 python benchmarks/parafac.py --n-windows 1000
    OMP_NUM_THREADS=1 python benchmarks/parafac.py --n-windows 26864 --solvers windows

A sweep of ours updates one of the two equal factors over ROIs, and the loadings; tensorly's
updates both, and the loadings.
"""

import argparse
import time
import tracemalloc

import numpy as np
import tensorly
from scipy.signal import lfilter
from tensorly.cp_tensor import CPTensor
from tensorly.decomposition import non_negative_parafac, non_negative_parafac_hals

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg._parafac import fit_factors, random_start
from sklearn_lstmdg._validation import check_sequences
from sklearn_lstmdg._window_tensor import WindowCorrelations

LENGTH, N_POINTS = 30, 176
DENSE = {
    "tensorly non_negative_parafac": non_negative_parafac,
    "tensorly non_negative_parafac_hals": non_negative_parafac_hals,
}


def make_rows(n_windows, n_rois, rng):
    """Return the rows of scans that have so many windows in all."""
    per_scan = N_POINTS - LENGTH + 1
    n_points = [N_POINTS] * (n_windows // per_scan)
    if n_windows % per_scan:
        n_points.append(n_windows % per_scan + LENGTH - 1)
    scans = [lfilter([1], [1, -0.8], rng.standard_normal((n, n_rois)), axis=0) for n in n_points]
    return check_sequences(SubsequenceAugmenter(LENGTH, horizon=0).fit_transform(scans))


def run_windows(rows, start):
    """Return a function that runs so many sweeps of ours."""
    tensor = WindowCorrelations(rows)
    squared_norm = tensor.squared_norm()
    return lambda n_sweeps: fit_factors(tensor, start, n_sweeps, 0, squared_norm)


def run_dense(solver, rows, start):
    """Return a function that runs so many sweeps of one of tensorly's solvers."""
    tensor = tensorly.tensor(WindowCorrelations(rows).dense())
    factors = [factor.T.astype(np.float32) for factor in start]

    def run(n_sweeps):
        init = CPTensor((None, factors))
        return solver(tensor, len(start[0]), n_iter_max=n_sweeps, init=init, tol=0)

    return run


def seconds_per_sweep(run, n_sweeps):
    """Return the time of one sweep more, which leaves out what happens once."""
    seconds = []
    for n in (1, n_sweeps + 1):
        began = time.perf_counter()
        run(n)
        seconds.append(time.perf_counter() - began)
    return (seconds[1] - seconds[0]) / n_sweeps


def peak_megabytes(prepare):
    """Return the peak of allocations of a solver's preparation and two sweeps."""
    tracemalloc.start()
    prepare()(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main():
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--n-windows", type=int, default=1000)
    parser.add_argument("--n-rois", type=int, default=116)
    parser.add_argument("--rank", type=int, default=50)
    parser.add_argument("--n-sweeps", type=int, default=5)
    parser.add_argument("--n-rounds", type=int, default=3)
    parser.add_argument("--solvers", choices=["all", "windows"], default="all")
    options = parser.parse_args()
    rows = make_rows(options.n_windows, options.n_rois, np.random.default_rng(0))
    shape = (options.n_rois, options.n_rois, options.n_windows)
    start = random_start(shape, options.rank, np.random.RandomState(0))
    prepare = {"windows (ours)": lambda: run_windows(rows, start)}
    if options.solvers == "all":
        for name, solver in DENSE.items():
            prepare[name] = lambda solver=solver: run_dense(solver, rows, start)
    peaks = {name: peak_megabytes(prepared) for name, prepared in prepare.items()}
    seconds = {name: [] for name in prepare}
    for _ in range(options.n_rounds):
        for name, prepared in prepare.items():
            seconds[name].append(seconds_per_sweep(prepared(), options.n_sweeps))
    print_table(options, shape, seconds, peaks)


def print_table(options, shape, seconds, peaks):
    """Print the times and peaks of all solvers, with the tensor's own size."""
    megabytes = 4 * np.prod(shape, dtype=float) / 1e6
    print(
        f"{options.n_windows} windows of {LENGTH} points, {options.n_rois} ROIs, rank "
        f"{options.rank}; float32 tensor {megabytes:.0f} MB; {options.n_rounds} rounds of "
        f"{options.n_sweeps} sweeps\n"
    )
    print("| solver | s per sweep, median | least | peak, MB | peak / tensor |")
    print("| --- | --- | --- | --- | --- |")
    for name, times in seconds.items():
        print(
            f"| {name} | {np.median(times):.3f} | {min(times):.3f} | {peaks[name]:.0f} "
            f"| {peaks[name] / megabytes:.2f} |"
        )


if __name__ == "__main__":
    main()
