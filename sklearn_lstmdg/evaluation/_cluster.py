"""Folds on the workers of a Dask cluster, whether it is a machine's or a supercomputer's."""

from joblib import parallel_config
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

from .._extras import require


def active_client():
    """Return the client of joblib's active backend; None unless that is Dask's."""
    return getattr(get_active_backend()[0], "client", None)


def run_on_cluster(client, function, calls):
    """Call a function on the workers and yield results as they come.

    joblib's own way is not taken: with one worker it would compute in the caller's process, and
    it waits for ever where a task has killed its workers.
    """
    distributed = require("distributed", extra="dask")
    config = get_config()
    futures = [client.submit(_call, config, function, *call, pure=False) for call in calls]
    try:
        for future in distributed.as_completed(futures):
            yield future.result()
    finally:
        client.cancel(futures)


def _call(config, function, *arguments):
    # What a model would parallelise stays on the worker's one thread.
    with config_context(**config), parallel_config(backend="sequential"):
        return function(*arguments)
