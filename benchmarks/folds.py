"""Ten folds of a comparison in one process, in two, and on a Dask cluster of two processes."""

from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
from _measure import main, make_cohort, timed


def compare(size, n_jobs, dask=False):
    """``compare_models`` with LSTM-DG, ten folds of 20 epochs, as long as real ones last."""
    from sklearn_lstmdg.evaluation import compare_models
    from sklearn_lstmdg.models import make_model

    scans, y = make_cohort(size)
    step, n_epochs, folds = (5, 20, 10) if size == "full" else (20, 2, 3)
    model = make_model("lstm-dg", step=step, max_epochs=n_epochs, max_updates=None)
    seen = {}

    def run():
        seen["result"] = compare_models(
            {"lstm-dg": model}, scans, y, n_folds=folds, n_jobs=n_jobs, random_state=0
        )

    with _cluster() if dask else nullcontext():
        seconds = timed(run)
    score = seen["result"].predictions["score"]
    return {"seconds": seconds, "work": folds, "digest": float(np.sum(score * np.arange(len(y))))}


@contextmanager
def _cluster():
    from dask.distributed import Client, LocalCluster
    from joblib import parallel_config

    local = LocalCluster(n_workers=2, threads_per_worker=1)
    with local as cluster, Client(cluster), parallel_config(backend="dask"):
        yield


CANDIDATES = {
    "one process": partial(compare, n_jobs=1),
    "two processes": partial(compare, n_jobs=2),
    "Dask, two processes": partial(compare, n_jobs=2, dask=True),
}

if __name__ == "__main__":
    main(CANDIDATES)
