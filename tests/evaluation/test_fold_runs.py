"""Any fit over planned folds, kept and taken up again."""

import time
import warnings

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_lstmdg.evaluation import FoldTask, _fold_runs, run_folds


def tasks(what="1", n_folds=3, model="sum"):
    keys = ({"model": model, "site": "S", "repeat": 0, "fold": fold} for fold in range(n_folds))
    return [FoldTask(key | {"fingerprint": {"data": what}}, key["fold"]) for key in keys]


def add(task, data):
    if task.work == 2:
        warnings.warn("two is much", UserWarning, stacklevel=1)
    return {"sum": data + task.work}, {"n_iter": task.work}


def fail(task, data):
    raise ValueError("no luck")


def test_results_come_in_the_order_of_the_tasks_with_what_the_fit_said():
    with pytest.warns(UserWarning, match="'sum' warned in 1 of its folds.*two is much"):
        results = run_folds(tasks(), add, np.arange(2), n_jobs=2)
    assert list(results) == [("sum", "S", 0, fold) for fold in range(3)]
    last = results["sum", "S", 0, 2]
    assert last.arrays["sum"].tolist() == [2, 3] and last.facts["n_iter"] == 2
    assert last.facts["warnings"] == ["UserWarning: two is much"] and last.facts["seconds"] >= 0
    assert "numpy" in last.facts["versions"] and "finished" in last.facts


def test_a_run_goes_on_where_it_stopped(tmp_path):
    run_folds(tasks(n_folds=2), add, np.arange(2), out=tmp_path)
    with pytest.raises(RuntimeError, match=r"'sum' failed at site 'S', repeat 0, fold 2.*luck"):
        run_folds(tasks(), fail, np.arange(2), out=tmp_path)
    results = run_folds(tasks(n_folds=2), fail, None, out=tmp_path)
    assert results["sum", "S", 0, 1].arrays["sum"].tolist() == [1, 2]
    assert not (tmp_path / "settings.json").exists()


def test_another_run_is_refused(tmp_path):
    run_folds(tasks(n_folds=1), add, np.arange(2), out=tmp_path)
    with pytest.raises(ValueError, match="'sum' at site 'S', these differ: data"):
        run_folds(tasks("2", n_folds=1), add, np.arange(2), out=tmp_path)
    run_folds(tasks("2", 1, "other"), add, np.arange(2), out=tmp_path)
    with pytest.raises(ValueError, match="these differ: data"):
        run_folds(tasks("2", 1, "third"), add, np.arange(2), out=tmp_path, common=("data",))


def test_parts_of_the_data_are_only_told_of(tmp_path):
    """Folders of earlier versions have none, and go on."""
    run_folds(tasks(n_folds=1), add, np.arange(2), out=tmp_path)
    (task,) = tasks(n_folds=1)
    task.facts["fingerprint"]["parts of the data"] = {"labels": "x"}
    assert run_folds([task], fail, None, out=tmp_path)[task.key].arrays["sum"].tolist() == [0, 1]


def test_tables_grow_with_the_run(monkeypatch):
    clock = iter([*[40.0, 41.0], 42.0, 89.0, *[91.5, 91.5], 100.0])
    monkeypatch.setattr(_fold_runs.time, "monotonic", lambda: next(clock))
    calls = []
    now_and_then = _fold_runs._NowAndThen(lambda: calls.append("written"))
    told = []
    for _ in range(5):
        now_and_then()
        told.append(len(calls))
    assert told == [1, 1, 1, 2, 2], "what took a second waits for 50"


def count_threads(task, data):
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"threads": np.array(pools)}, {}


def test_a_fit_has_one_thread_of_linear_algebra():
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2):
        results = run_folds(tasks(n_folds=1), count_threads, np.arange(2))
        pools = count_threads(None, None)[0]["threads"]
    told = results["sum", "S", 0, 0].arrays["threads"]
    assert len(told) and set(told) == {1}
    assert set(pools) == {2}, "the caller's are as they were"


def meet(task, data):
    """Count the fits that run while this one does."""
    meet.running.append(task.key)
    time.sleep(0.05)
    n_running = len(meet.running)
    meet.running.remove(task.key)
    return {"n": np.array(n_running)}, {}


meet.running = []


def test_fits_in_threads_come_one_by_one():
    """The numbers of threads that a fit sets are those of the whole process."""
    with joblib.parallel_config(backend="threading", n_jobs=2):
        results = run_folds(tasks(n_folds=4), meet, np.arange(2), n_jobs=2)
    assert [int(result.arrays["n"]) for result in results.values()] == [1] * 4
