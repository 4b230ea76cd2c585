"""What every benchmark script shares: sizes, the simulated scans, one measurement as JSON."""

import argparse
import json
import resource
import time

import numpy as np

# Subjects, time points, ROIs: the paper's NYU cohort with the AAL atlas, and a toy.
SIZES = {"full": (184, 176, 116), "quick": (12, 61, 20)}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# As on a processor whose widest vectors are AVX2's: our path, oneDNN, torch, MKL, OpenBLAS.
ON_AVX2 = {
    "LSTMDG_PATH": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}


def is_on_avx2(candidate):
    """Tell whether a candidate is to run on narrower vectors than the processor has."""
    return candidate.startswith("AVX2")


def environment(candidate):
    """Return the environment variables that a candidate must be started with."""
    return ONE_THREAD | (ON_AVX2 if is_on_avx2(candidate) else {})


def make_cohort(size):
    """Return float32 scans, autoregressive in time, and alternating classes."""
    n_subjects, n_timepoints, n_rois = SIZES.get(size, size)
    rng = np.random.default_rng(0)
    scans = rng.standard_normal((n_subjects, n_timepoints, n_rois), dtype=np.float32)
    for t in range(1, n_timepoints):
        scans[:, t] = 0.7 * scans[:, t - 1] + 0.7 * scans[:, t]
    return scans, np.arange(n_subjects) % 2


def timed(work):
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb():
    """Return the process's peak resident memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(candidates):
    """Run one candidate and print what it returned; exit with 3 where its package is missing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("candidate", choices=candidates)
    parser.add_argument("size", choices=SIZES)
    args = parser.parse_args()
    try:
        measured = candidates[args.candidate](args.size)
    except ImportError as error:
        print(error)
        raise SystemExit(3) from None
    print(json.dumps(measured | {"peak_mb": round(peak_mb())}))
