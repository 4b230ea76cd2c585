"""Any fit over planned folds, kept and taken up again."""

import warnings

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import FoldTask, run_folds


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
