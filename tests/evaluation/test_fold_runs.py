"""Any fit over planned folds, kept and taken up again."""

import time
import warnings
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_lstmdg.evaluation import FoldTask, _fold_runs, _store, run_folds
from sklearn_lstmdg.persistence import load_model, read_facts, save_model


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
    # Not that of the whole process, which other threads read.
    monkeypatch.setattr(_fold_runs, "time", SimpleNamespace(monotonic=lambda: next(clock)))
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


def fit_line(task, data):
    """Fit a line whose slope tells the fold, and count the fits in a file."""
    with (data["log"]).open("a") as log:
        log.write(f"{task.work}\n")
    points = np.arange(3.0)[:, None]
    return {"slope": np.array(task.work)}, {}, LinearRegression().fit(points, task.work * points)


class TestModels:
    """Each fold's model in a file."""

    @pytest.fixture
    def run(self, tmp_path):
        pytest.importorskip("skops")
        data = {"log": tmp_path / "log"}

        def run(save_models=True, **options):
            data["log"].write_text("")
            options = {"out": tmp_path / "out", "save_models": save_models} | options
            results = run_folds(tasks(model="a b/Ü"), fit_line, data, **options)
            return results, data["log"].read_text().split()

        return run

    def test_are_kept_and_are_those_that_were_fitted(self, run, tmp_path):
        results, _ = run()
        folder = tmp_path / "out" / "models"
        assert sorted(path.name for path in folder.iterdir()) == [
            f"a b%2F%C3%9C__S__repeat0__fold{fold}.skops" for fold in range(3)
        ]
        for key, result in results.items():
            model = load_model(folder / result.facts["model_file"])
            assert model.predict([[1.0]])[0] == pytest.approx(key[3])
            facts = {"model": "a b/Ü", "site": "S", "repeat": 0, "fold": key[3]}
            assert read_facts(folder / result.facts["model_file"]) == facts

    def test_are_not_kept_unless_asked_for(self, run, tmp_path):
        results, _ = run(save_models=False)
        assert not (tmp_path / "out" / "models").exists()
        assert "model_file" not in results["a b/Ü", "S", 0, 0].facts

    def test_a_fold_without_its_model_is_fitted_again_and_told(self, run):
        run(save_models=False)
        with pytest.warns(UserWarning, match="3 folds were finished without a model"):
            _, fitted = run()
        assert fitted == ["0", "1", "2"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert run()[1] == [] and run(save_models=False)[1] == []

    @pytest.mark.parametrize("damage", ["missing", "changed"])
    def test_a_lost_or_damaged_model_is_fitted_again(self, run, tmp_path, damage):
        run()
        path = tmp_path / "out" / "models" / "a b%2F%C3%9C__S__repeat0__fold1.skops"
        content = path.read_bytes()
        path.unlink() if damage == "missing" else path.write_bytes(content[:-1] + b"x")
        with pytest.warns(UserWarning, match="1 fold was finished without a model"):
            assert run()[1] == ["1"]
        assert load_model(path).coef_[0, 0] == pytest.approx(1)

    def test_half_written_models_are_cleaned_away(self, run, tmp_path):
        run()
        (tmp_path / "out" / "models" / ".killed.tmp").touch()
        run()
        assert not list((tmp_path / "out" / "models").glob(".*"))

    def test_are_written_under_the_folder_s_lock(self, run, tmp_path, monkeypatch):
        """Another run that begins meanwhile would clean a half-written one away."""
        held = []

        def save(model, path, **options):
            with _store.locked(tmp_path / "out", wait=False) as is_mine:
                held.append(not is_mine)
            save_model(model, path, **options)

        monkeypatch.setattr(_store, "save_model", save)
        run()
        assert held == [True] * 3

    def test_need_a_folder(self, run):
        with pytest.raises(ValueError, match="save_models needs a results folder"):
            run(out=None)

    def test_that_files_cannot_hold_name_their_fold(self, tmp_path):
        pytest.importorskip("skops")
        with pytest.raises(RuntimeError, match=r"'sum' failed at .* fold 0: .*parameter 'func'"):
            run_folds(tasks(n_folds=1), fit_code, None, out=tmp_path, save_models=True)
        assert not (tmp_path / "models").exists() and not (tmp_path / "folds").exists()


def double(X):
    return 2 * X


def fit_code(task, data):
    return {}, {}, FunctionTransformer(func=double).fit([[0.0]])


@pytest.mark.parametrize(
    ("names", "message"),
    [(["ü" * 31], "'ü{20}'... of a model or site is too long"), (["svm", "SVM"], "only in case")],
)
def test_names_that_no_file_system_bears_are_refused(tmp_path, names, message):
    planned = [task for name in names for task in tasks(n_folds=1, model=name)]
    with pytest.raises(ValueError, match=message):
        run_folds(planned, add, np.arange(2), out=tmp_path)
    assert list(run_folds(planned, add, np.arange(2))) == [(name, "S", 0, 0) for name in names]
