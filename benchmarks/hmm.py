"""Time of the batched expectation-maximisation of ``ROIHMMClassifier`` beside hmmlearn's.

One ROI's model is fitted by hmmlearn, one ROI's by this package alone and as one of many, all with
the same number of iterations. Prints one line of a Markdown table for each.

    python benchmarks/hmm.py
"""

import argparse
import time

import numpy as np

from sklearn_lstmdg._hmm import fit_hmms
from sklearn_lstmdg._validation import check_sequences


def make_series(n_sequences, n_points, n_rois, seed=0):
    """Return smooth series of unit variance, (n_sequences, n_points, n_rois)."""
    noise = np.random.default_rng(seed).standard_normal((n_sequences, n_points + 7, n_rois))
    smooth = sum(noise[:, lag : lag + n_points] for lag in range(8))
    return (smooth - smooth.mean(axis=1, keepdims=True)) / smooth.std(axis=1, keepdims=True)


def time_ours(series, n_states, n_iter):
    """Return seconds of the wall and of the processor for each ROI."""
    rng = np.random.RandomState(0)
    return _timed(
        lambda: fit_hmms(check_sequences(series), [n_states], max_iter=n_iter, tol=0, rng=rng)
    ) / len(series.T)


def time_hmmlearn(series, n_states, n_iter):
    """Return seconds of the wall and of the processor for the first ROI, or None."""
    try:
        from hmmlearn.hmm import GaussianHMM
    except ImportError:
        return None
    model = GaussianHMM(n_states, "diag", n_iter=n_iter, tol=-np.inf, random_state=0)
    x, lengths = series[:, :, :1].reshape(-1, 1), np.full(len(series), series.shape[1])
    return _timed(lambda: model.fit(x, lengths))


def _timed(call):
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return np.array([time.perf_counter() - wall, time.process_time() - cpu])


def main():
    """Time each and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--n-sequences", type=int, default=100)
    parser.add_argument("--n-points", type=int, default=146)
    parser.add_argument("--n-rois", type=int, default=110)
    parser.add_argument("--n-states", type=int, default=3)
    parser.add_argument("--n-iter", type=int, default=30)
    args = parser.parse_args()
    series = make_series(args.n_sequences, args.n_points, args.n_rois)
    timed = {
        "hmmlearn": time_hmmlearn(series, args.n_states, args.n_iter),
        "ours, one ROI alone": time_ours(series[:, :, :1], args.n_states, args.n_iter),
        f"ours, one of {args.n_rois} ROIs": time_ours(series, args.n_states, args.n_iter),
    }
    print(
        f"{args.n_sequences} sequences x {args.n_points} points, {args.n_states} states, "
        f"{args.n_iter} iterations\n"
    )
    print("| fit | wall, s per ROI | processor, s per ROI |\n|---|---|---|")
    for name, seconds in timed.items():
        wall, cpu = ("not installed", "") if seconds is None else (f"{s:.3f}" for s in seconds)
        print(f"| {name} | {wall} | {cpu} |")


if __name__ == "__main__":
    main()
