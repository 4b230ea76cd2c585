"""Calls on the workers of a cluster, here threads of this process."""

import time

import joblib
import pytest
from joblib.parallel import get_active_backend
from sklearn import config_context, get_config

from sklearn_lstmdg.evaluation._cluster import active_client, run_on_cluster

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    options = {"dashboard_address": ":0", "processes": False, "memory_limit": 0}
    with distributed.Client(n_workers=1, threads_per_worker=1, **options) as client:
        yield client


def test_the_client_is_that_of_the_active_backend(client):
    assert active_client() is None
    with joblib.parallel_config(backend="dask"):
        assert active_client() is client
    with joblib.parallel_config(backend="threading"):
        assert active_client() is None


def test_equal_calls_are_each_made(client, tmp_path):
    def note(number):
        with (tmp_path / "calls").open("a") as calls:
            calls.write(f"{number}\n")
        return number

    results = list(run_on_cluster(client, note, [(1,), (1,), (2,)]))
    assert sorted(results) == [1, 1, 2]
    assert sorted((tmp_path / "calls").read_text().split()) == ["1", "1", "2"]


def test_workers_have_the_caller_s_settings_and_compute_on_one_thread(client):
    def look():
        return get_config()["assume_finite"], type(get_active_backend()[0]).__name__

    with config_context(assume_finite=True), joblib.parallel_config(backend="dask"):
        told = list(run_on_cluster(client, look, [()]))
    assert told == [(True, "SequentialBackend")]


def test_what_nobody_waits_for_is_not_computed(client, tmp_path):
    def wait(number):
        (tmp_path / str(number)).touch()
        wait_until(lambda: len(list(tmp_path.glob("[0-9]"))) == 1 or (tmp_path / "gate").exists())

    results = run_on_cluster(client, wait, [(number,) for number in range(4)])
    next(results)
    wait_until(lambda: len(list(tmp_path.glob("[0-9]"))) == 2)  # else the second is cancelled too
    results.close()
    (worker,) = client.cluster.workers.values()
    wait_until(lambda: not client.cluster.scheduler.tasks)
    wait_until(lambda: len(worker.state.tasks) <= 1)  # the one that stands at the gate
    (tmp_path / "gate").touch()
    client.submit(int, 1).result()
    assert len(list(tmp_path.glob("[0-9]"))) == 2


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_error_on_a_worker_is_the_caller_s(client):
    def fail():
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        list(run_on_cluster(client, fail, [()]))
