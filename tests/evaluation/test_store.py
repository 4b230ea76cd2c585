"""Finished folds on disk: atomic, resumable, checked, never mixed."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_lstmdg._text import read_csv
from sklearn_lstmdg.evaluation import _fold_runs, compare_models, load_comparison
from sklearn_lstmdg.evaluation._fingerprint import describe, digest
from sklearn_lstmdg.evaluation._store import FoldResult, FoldStore, locked

from _stubs import Noise

pandas = pytest.importorskip("pandas")

SCRIPT = """
import os
import resource
import signal
import sys
import time
import numpy as np
from _stubs import Noise
from sklearn_lstmdg.evaluation import compare_models

out, log, n_jobs, scale, n_written, then = sys.argv[1:]

class Filling(Noise):
    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        if n_written != "all" and open(log).read().count("fit") > int(n_written):
            if then == "wait":
                time.sleep(3600)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        return self

def sync(handle, fsync=os.fsync, calls=[]):
    calls.append(handle)
    if len(calls) == int(n_written):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)

if then == "die":
    os.fsync = sync
rng = np.random.default_rng(0)
X, y = rng.normal(size=(24, 8, 3)), np.arange(24) % 2
make = Noise if n_written == "all" or then == "die" else Filling
Filling.__module__, Filling.__qualname__ = Noise.__module__, Noise.__qualname__
models = {name: make(float(scale), seconds=0.15, log=log) for name in "ab"}
compare_models(models, X, y, n_folds=4, n_jobs=int(n_jobs), random_state=0, out=out)
"""


def make_cohort():
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 8, 3)), np.arange(24) % 2


def compare(out, models=None, cohort=None, **options):
    options = {"n_folds": 4, "random_state": 0} | options
    return compare_models(models or {"a": Noise()}, *(cohort or make_cohort()), out=out, **options)


def n_fits(log):
    return log.read_text().count("fit") if log.exists() else 0


def start(out, log, n_jobs, scale=1.0, n_written="all", then="fill the disk", **options):
    tests = Path(__file__).parents[1]
    paths = [str(tests), str(tests.parent)]
    temporary = {"TMPDIR": str(out.parent), "JOBLIB_TEMP_FOLDER": str(out.parent)}
    environment = {**os.environ, **temporary, "PYTHONPATH": os.pathsep.join(paths)}
    arguments = map(str, (out, log, n_jobs, scale, n_written, then))
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.Popen(command, env=environment, start_new_session=True, **options)


def assert_same_bits(folder, whole):
    """Two results folders hold the same folds and tables, times aside."""
    one, two = load_comparison(folder), load_comparison(whole)
    assert one.predictions.equals(two.predictions)
    for key in one._results:
        np.testing.assert_array_equal(one.fold(*key).membership, two.fold(*key).membership)
    for name in ("predictions.csv", "summary.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert not list(folder.rglob("*.tmp")) and not list(folder.rglob("*.damaged"))


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_killed_run_goes_on_and_equals_one_that_was_not_killed(tmp_path, n_jobs):
    out, log = tmp_path / "out", tmp_path / "log"
    # However late the signal comes, the run has not ended.
    process = start(out, log, n_jobs, n_written=5, then="wait")
    while len(list(out.glob("folds/*.npz"))) < 3 or not (out / "folds.csv").exists():
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = len(list(out.glob("folds/*.npz")))
    assert 3 <= finished < 8
    assert not (out / "summary.csv").exists()
    assert 1 <= len(pandas.read_csv(out / "folds.csv")) <= finished, "tables grow with the run"

    log.unlink()
    assert start(out, log, n_jobs).wait() == 0
    assert n_fits(log) == 8 - finished, "finished folds must not be trained again"
    assert start(tmp_path / "whole", tmp_path / "log2", 1).wait() == 0
    assert_same_bits(out, tmp_path / "whole")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the results of the same comparison, not disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert start(folder / "out", folder / "log", 1).wait() == 0
    return folder / "out"


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_with_the_same_bits(tmp_path, whole):
    """Killed where a file is synchronised, before it has its name, or its folder, after that."""
    out, log = tmp_path / "out", tmp_path / "log"
    # Of the settings, and of a fold; then the fold is there, and its table is killed.
    for n_sync, n_trained, n_finished in ((1, 0, 0), (3, 1, 0), (4, 2, 1), (4, 3, 2), (5, 4, 3)):
        assert start(out, log, 1, n_written=n_sync, then="die").wait() == -signal.SIGKILL
        assert n_fits(log) == n_trained and len(list(out.glob("folds/*.npz"))) == n_finished
    assert list(out.glob(".*.csv.*.tmp"))
    assert start(out, log, 1).wait() == 0
    assert n_fits(log) == 9, "one fold was lost"
    assert_same_bits(out, whole)


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_two_runs_into_one_folder(tmp_path, whole, same):
    out = tmp_path / "out"
    scales = (1.0, 1.0 if same else 2.0)
    runs = [
        start(out, tmp_path / "log", 1, scale, stderr=subprocess.PIPE, text=True)
        for scale in scales
    ]
    errors = [run.communicate()[1] for run in runs]
    codes = [run.returncode for run in runs]
    if same:
        assert codes == [0, 0]
        assert_same_bits(out, whole)
        return
    assert sorted(codes) == [0, 1], "one of them stays"
    assert "results of another run" in errors[codes.index(1)]
    stayed = scales[codes.index(0)]
    comparison = load_comparison(out)
    assert len(comparison.folds) == 8
    parameters = [comparison.fold(m, fold=f).parameters["scale"] for m in "ab" for f in range(4)]
    assert parameters == [stayed] * 8
    settings = json.loads((out / "settings.json").read_text())
    assert settings["models"]["a"]["scale"] == stayed


@pytest.mark.slow
def test_a_full_disk_loses_nothing_that_is_finished(tmp_path, whole):
    out, log = tmp_path / "out", tmp_path / "log"
    run = start(out, log, 1, n_written=3, stderr=subprocess.PIPE, text=True)
    assert "OSError" in run.communicate()[1] and run.returncode == 1
    assert len(list(out.glob("folds/*.npz"))) == 3
    assert not list(out.rglob("*.tmp")) and not (out / "summary.csv").exists()
    log.unlink()
    assert start(out, log, 1).wait() == 0
    assert n_fits(log) == 5
    assert_same_bits(out, whole)


def test_what_a_killed_run_has_left_is_deleted_but_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, live, young, other = (tmp_path / f".lstmdg-cohort-{i}" for i in range(4))
    for folder in (left, live, young, other):
        folder.mkdir()
        (folder / "cohort").write_bytes(b"scans")
    (other / "mine").write_text("not ours")
    for folder in (left, live, other):
        os.utime(folder, (0, 0))
    os.utime(young, (2**32, 2**32))  # however long this takes
    out = tmp_path / "out"
    (out / "folds").mkdir(parents=True)
    (out / "folds" / "notes.txt").write_bytes(b"kept")
    (out / "folds" / ".a.npz.0123.tmp").write_bytes(b"half a fo")
    with locked(live):
        os.utime(live, (0, 0))
        compare(out)
    assert not left.exists() and (live / "cohort").exists() and (young / "cohort").exists()
    assert (other / "mine").exists()
    assert not list(out.rglob("*.tmp")) and (out / "folds" / "notes.txt").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:50],
        lambda content: f"[{content}]",
        lambda content: content.replace('"models": {', '"models": [], "others": {'),
        lambda content: content.replace('"sites": [', '"sites": 3, "others": ['),
    ],
)
def test_a_damaged_settings_file_is_set_aside(tmp_path, damage):
    first = compare(tmp_path)
    content = (tmp_path / "settings.json").read_text()
    (tmp_path / "settings.json").write_text(damage(content))
    with pytest.warns(UserWarning, match=r"settings.json is damaged.*settings.json.damaged"):
        second = compare(tmp_path)
    assert first.predictions.equals(second.predictions)
    assert (tmp_path / "settings.json").read_text() == content


def test_folds_of_other_versions_are_told(tmp_path, monkeypatch):
    compare(tmp_path)
    monkeypatch.setattr(_fold_runs, "package_versions", lambda: {"numpy": "99"})
    with pytest.warns(UserWarning, match=rf"numpy {np.__version__} \(now 99\)"):
        compare(tmp_path, {"a": Noise(), "b": Noise()})


def test_a_changed_source_or_scheme_is_another_run(tmp_path):
    class Taker(Noise):
        def fit(self, X, y, X_unlabeled=None):
            return super().fit(X, y)

    sites, models = np.repeat(["A", "B"], 12), {"a": Noise(), "b": Taker()}
    options = {"sites": sites, "n_folds": 3}
    compare(tmp_path, models, **options)
    with pytest.raises(ValueError, match="'b' at site 'A', these differ: X_unlabeled"):
        compare(tmp_path, models, **options, X_unlabeled=np.zeros((2, 8, 3)))
    compare(tmp_path, {"a": Noise()}, **options, X_unlabeled=np.zeros((2, 8, 3)))
    for scheme in ("pooled", "leave-one-site-out"):
        with pytest.raises(ValueError, match="these differ: scheme"):
            compare(tmp_path, models, **options, scheme=scheme)


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of one thread each."""
    distributed = pytest.importorskip("distributed")
    options = {"dashboard_address": ":0", "memory_limit": 0}
    with distributed.LocalCluster(2, threads_per_worker=1, processes=True, **options) as cluster:
        yield cluster


class Mortal(Noise):
    """Its first fit, or each, kills the process; counts torch's threads."""

    def __init__(self, marker=None, always=False, random_state=None):
        super().__init__(random_state=random_state)
        self.marker = marker
        self.always = always

    def fit(self, X, y, groups=None, validation=None):
        import torch

        if self.always or not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        super().fit(X, y)
        self.influence_ = np.array([torch.get_num_threads()])
        return self


@pytest.mark.slow
def test_a_cluster_loses_a_worker_and_no_fold(tmp_path, cluster):
    distributed = pytest.importorskip("distributed")
    models = {"a": Noise(seconds=0.05), "b": Mortal(tmp_path / "marker")}
    with distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        run = compare(tmp_path / "out", models)
        assert (tmp_path / "marker").exists(), "no worker was killed"
        cluster.scheduler.allowed_failures = 0
        with pytest.raises(distributed.KilledWorker):
            compare(tmp_path / "out2", {"bad": Mortal(tmp_path / "marker", always=True)})
        cluster.scheduler.allowed_failures = 3
    local = compare(tmp_path / "local", models)
    assert run.predictions.equals(local.predictions)
    assert (run.fold("b").influence == 1).all()
    assert_same_bits(tmp_path / "out", tmp_path / "local")
    assert not list((tmp_path / "out").glob(".lstmdg-cohort-*"))


@pytest.mark.slow
def test_the_command_line_runs_on_a_cluster(tmp_path, cluster):
    from sklearn_lstmdg.cli import main

    options = ["compare", "--models", "fc-ridge", "--subjects", "12", "--folds", "3"]
    options += ["--quiet", "--out"]
    dask = ["--dask", cluster.scheduler_address]
    assert main([*options, str(tmp_path / "cluster"), *dask]) == 0
    assert main([*options, str(tmp_path / "local")]) == 0
    for name in ("predictions.csv", "summary.csv"):
        contents = [(tmp_path / folder / name).read_bytes() for folder in ("cluster", "local")]
        assert contents[0] == contents[1]


def test_the_results_folder(tmp_path):
    comparison = compare(tmp_path, {"a": Noise(), "b/ö": Noise()}, n_repeats=2)
    for name, table in {
        "summary": comparison.summary(),
        "folds": comparison.folds,
        "predictions": comparison.predictions,
    }.items():
        read = pandas.read_csv(tmp_path / f"{name}.csv")
        pandas.testing.assert_frame_equal(read, table, check_dtype=False)
    assert len(comparison.folds) == 16 and len(comparison.predictions) == 96
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["n_folds"] == 4 and settings["seed"] == 0 and settings["n_repeats"] == 2
    assert settings["models"]["a"]["scale"] == 1.0
    assert "scikit-learn" in settings["versions"]
    left = [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]
    assert not left


def test_files_of_another_kind_are_not_written_over(tmp_path):
    compare(tmp_path / "whole")
    names = [path.name for path in (tmp_path / "whole").glob("*.csv")]
    assert len(names) >= 3
    for name in names:
        folder = tmp_path / f"other {name}"
        folder.mkdir()
        (folder / name).write_text("mine")
        with pytest.raises(ValueError, match=f"not the folder of a comparison, and its {name} wo"):
            compare(folder)
        assert (folder / name).read_text() == "mine" and len(list(folder.iterdir())) == 1


def test_tables_are_written_under_the_folder_s_lock(tmp_path, monkeypatch):
    """Two runs into one folder would otherwise leave the tables of the slower one."""
    held = []

    def save(self, folder):
        with locked(folder, wait=False) as is_mine:
            held.append(not is_mine)

    monkeypatch.setattr("sklearn_lstmdg.evaluation.Comparison.save", save)
    compare(tmp_path)
    assert held == [True]


def test_names_in_the_tables_are_no_formulas(tmp_path):
    X, y = make_cohort()
    sites, subjects = ["-A"] * 24, [f"@{row}" for row in range(24)]
    comparison = compare(tmp_path, {"=1+1": Noise()}, (X, y, subjects, sites))
    text = (tmp_path / "predictions.csv").read_text()
    assert text.splitlines()[1].startswith("'=1+1,'-A,0,'@")
    assert load_comparison(tmp_path).predictions.equals(comparison.predictions)
    pandas.testing.assert_frame_equal(
        read_csv(tmp_path / "predictions.csv"), comparison.predictions, check_dtype=False
    )


def test_a_fold_file_carries_what_made_it(tmp_path):
    compare(tmp_path, {"a": Noise(scale=3)})
    fold = load_comparison(tmp_path).fold("a", fold=2)
    assert fold.parameters["scale"] == 3 and fold.versions["numpy"] == np.__version__
    assert fold.seconds >= 0 and isinstance(fold.seed, int) and fold.fingerprint


def test_finished_folds_are_taken_and_models_and_repeats_can_be_added(tmp_path):
    log = tmp_path / "log"
    compare(tmp_path, {"a": Noise(log=log)})
    compare(tmp_path, {"a": Noise(log=log), "b": Noise(log=log)})
    assert n_fits(log) == 8
    compare(tmp_path, {"b": Noise(log=log)}, n_repeats=2)
    assert n_fits(log) == 12
    assert len(pandas.read_csv(tmp_path / "folds.csv")) == 12, "the tables hold the whole folder"


def test_seed_and_verbosity_parameters_of_models_do_not_matter(tmp_path):
    models = [LogisticRegression(random_state=1), LogisticRegression(random_state=2, verbose=0)]
    X, y = make_cohort()
    for model in models:
        compare(tmp_path, {"a": model}, (X[:, 0], y))


def changed_labels():
    X, y = make_cohort()
    return X, np.roll(y, 1)


def changed_scans():
    X, y = make_cohort()
    X[5, 3, 1] += 1e-9
    return X, y


def fewer_rows():
    X, y = make_cohort()
    return X[:20], y[:20]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"models": {"a": Noise(scale=2)}}, "parameters"),
        ({"cohort": changed_labels()}, r"data \(labels\)"),
        ({"cohort": changed_scans()}, r"data \(scans\)"),
        ({"cohort": fewer_rows()}, r"data \(24 rows there, 20 now\)"),
        ({"random_state": 1}, "seed"),
        ({"n_folds": 3}, "number of folds"),
        ({"pos_label": 0}, "positive class"),
        ({"groups": np.arange(24) // 2}, "rows of the folds"),
        ({"models": {"other": Noise()}, "random_state": 1}, "seed"),
    ],
)
def test_another_run_is_never_mixed_in(tmp_path, change, what):
    compare(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    with pytest.raises(ValueError, match=rf"results of another run.*{what}.*another folder"):
        compare(tmp_path, **change)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert before == after


def test_without_a_seed_the_folder_decides(tmp_path):
    first = compare(tmp_path, random_state=None)
    (tmp_path / "folds" / "a__all__repeat0__fold2.npz").unlink()
    second = compare(tmp_path, random_state=None)
    assert first.predictions.equals(second.predictions)


def truncate(content):
    return content[: len(content) // 2]


def flip(content):
    """Flip a bit of the facts, which are what the zip file begins with."""
    return content[:300] + bytes([content[300] ^ 1]) + content[301:]


def swap_scores(content):
    """Damage that the zip file's own checks would not see."""
    from io import BytesIO

    arrays = dict(np.load(BytesIO(content)))
    arrays["score"] = arrays["score"][::-1]
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("damage", [truncate, flip, swap_scores, lambda c: b"", lambda c: b"PK"])
def test_a_damaged_file_is_set_aside_and_its_fold_trained_again(tmp_path, damage):
    log = tmp_path / "log"
    first = compare(tmp_path, {"a": Noise(log=log)})
    path = tmp_path / "folds" / "a__all__repeat0__fold1.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"fold1.npz is damaged.*fold1.npz.damaged"):
        second = compare(tmp_path, {"a": Noise(log=log)})
    assert first.predictions.equals(second.predictions)
    assert n_fits(log) == 5
    assert path.with_name(path.name + ".damaged").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(tmp_path, {"a": Noise(log=log)})
    assert n_fits(log) == 5


def test_a_file_under_another_fold_s_name_is_not_believed(tmp_path):
    compare(tmp_path)
    folds = tmp_path / "folds"
    content = (folds / "a__all__repeat0__fold0.npz").read_bytes()
    (folds / "a__all__repeat0__fold1.npz").write_bytes(content)
    with pytest.warns(UserWarning, match="damaged"):
        assert len(load_comparison(tmp_path).folds) == 3


def test_files_need_no_pickle(tmp_path):
    X, y = make_cohort()
    names = np.array(["control", "asd"], dtype=object)[y]
    subjects = np.array([f"s{i}" for i in range(24)], dtype=object)
    compare(tmp_path, cohort=(X, names), groups=subjects)
    fold = load_comparison(tmp_path).fold("a")
    assert fold.y.dtype.kind == fold.subject.dtype.kind == "U"


def test_a_relative_folder_is_the_caller_s(tmp_path, monkeypatch):
    compare(tmp_path / "here", n_jobs=2)  # starts workers, which keep their working directory
    monkeypatch.chdir(tmp_path)
    compare("there", n_jobs=2)
    assert len(list((tmp_path / "there" / "folds").iterdir())) == 4


def test_a_failed_model_keeps_what_is_finished(tmp_path):
    with pytest.raises(RuntimeError, match="'bad' failed"):
        compare(tmp_path, {"a": Noise(), "bad": LogisticRegression()})
    assert len(load_comparison(tmp_path).folds) >= 1


def test_an_empty_folder_has_no_comparison(tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished fold"):
        load_comparison(tmp_path)


def test_store_round_trip(tmp_path):
    facts = {"model": "m", "site": "UM", "repeat": 1, "fold": 2, "n_iter": None}
    result = FoldResult(facts, {"score": np.array([0.1, np.nan]), "empty": np.zeros((0, 3))})
    FoldStore(tmp_path).write(result)
    read = FoldStore(tmp_path).read_all()["m", "UM", 1, 2]
    assert read.facts == facts
    np.testing.assert_array_equal(read.arrays["score"], result.arrays["score"])


def test_descriptions_hold_no_addresses():
    def stop(y, proba):
        return 0.0

    model = LogisticRegression(C=np.float64(2), class_weight={0: 1.0})
    text = json.dumps(describe([model, stop, np.arange(3), float("nan"), object()]))
    assert describe(partial(stop, 1)) != describe(partial(stop, 2))
    assert "0x" not in text
    assert describe(model)["C"] == 2.0 and "stop" in text
    assert digest(np.zeros(2)) != digest(np.zeros(3)) != digest(np.zeros(3, dtype=np.float32))
