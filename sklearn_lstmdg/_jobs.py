"""How many calls run side by side."""

import warnings
from numbers import Integral

from joblib import effective_n_jobs


def bounded_jobs(n_jobs, n_calls):
    """Return how many calls run side by side: no more than there are, or than processors.

    Where joblib's backend is a cluster's, its processors count. More workers than these would
    take all memory before the first call.
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise ValueError(f"n_jobs must be a whole number or None, got {n_jobs!r}.")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: -1 means all processors, None one job.")
    wanted = effective_n_jobs(n_jobs)
    available = max(1, effective_n_jobs(-1))
    if wanted > available:
        warnings.warn(
            f"n_jobs={wanted}, and there are {available} processors: {available} jobs run side by "
            "side.",
            UserWarning,
            stacklevel=3,
        )
    return max(1, min(wanted, available, n_calls))
