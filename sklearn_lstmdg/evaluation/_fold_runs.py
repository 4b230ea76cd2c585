"""Any fit over planned folds: side by side, each result kept at once, resumable."""

import contextlib
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import joblib
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from .. import network
from .._files import write_json
from .._text import counted
from ..base import bounded_jobs
from ._cluster import active_client, run_on_cluster
from ._fingerprint import package_versions
from ._progress import Progress
from ._store import (
    LOCK,
    FoldResult,
    FoldStore,
    check_names,
    key_of,
    locked,
    read_settings,
    refuse_other_files,
    refuse_other_run,
)

_ONE_FIT = threading.RLock()  # torch's generator and thread number belong to the whole process
_PREFIX = ".lstmdg-cohort-"
_SECONDS_TO_LOCK = 60
_SECONDS_BETWEEN_TABLES = 30


@dataclass(frozen=True)
class FoldTask:
    """One fold of one model.

    Parameters
    ----------
    facts : dict
        What JSON can hold, kept with the result: ``model``, ``site``, ``repeat`` and ``fold``,
        which name it, ``fingerprint``, a dict of all that the result depends on, and more.
    work : object
        What the fit is given. It travels to the worker: small things only.

    Examples
    --------
    >>> from sklearn_lstmdg.evaluation import FoldTask
    >>> facts = {"model": "svm", "site": "NYU", "repeat": 0, "fold": 1, "fingerprint": {}}
    >>> FoldTask(facts).key
    ('svm', 'NYU', 0, 1)
    """

    facts: dict[str, Any]
    work: Any = None

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Model, site, repeat and fold."""
        return key_of(self.facts)


def run_folds(
    tasks: Sequence[FoldTask],
    fit: Callable[[FoldTask, Any], tuple],
    data: object,
    *,
    out: str | os.PathLike[str] | None = None,
    settings: dict[str, Any] | None = None,
    common: Sequence[str] = (),
    n_jobs: int | None = None,
    verbose: int = 0,
    tabulate: Callable[[], None] | None = None,
    save_models: bool = False,
) -> dict[tuple[str, str, int, int], FoldResult]:
    """Run a fit over planned folds and keep each result, going on where an earlier run stopped.

    Parameters
    ----------
    tasks : list of FoldTask
        All folds, those that are finished included.
    fit : callable
        ``fit(task, data)`` returns a dict of arrays and a dict of facts, and a fitted estimator
        if models are saved. Workers import it by name. It runs on one thread.
    data : object
        What all fits read, such as the rows of X. Workers map its arrays from one file.
    out : path, default=None
        Results folder; None keeps results in memory only. It is made where missing.
    settings : dict, default=None
        What the run is, for ``settings.json``, which also gets the models and sites of all runs.
    common : sequence of str, default=()
        Items of the fingerprint in which all folds of the folder must agree, planned or not.
    n_jobs : int, default=None
        Folds side by side, as in joblib, or on the workers of an active Dask cluster.
    verbose : int, default=0
        1 reports finished folds, and the time left, on standard error.
    tabulate : callable, default=None
        Called without arguments while folds are finished, to write tables of those that are
        there: after the first, then so seldom that it takes 2 % of the time at most.
    save_models : bool, default=False
        Whether the fitted estimators are kept, each in a model file in the folder ``models`` of
        ``out``. A fold that was finished without its model is fitted again.

    Returns
    -------
    dict of FoldResult
        Facts and arrays by model, site, repeat and fold, in the order of the tasks. Facts are
        those of the task and of the fit, ``seconds``, ``finished``, ``warnings`` and ``versions``,
        and ``model_file``, the name of the model's file, where models are saved.

    Raises
    ------
    ValueError
        If the folder holds results of other settings, or a name of a model or site is too long for
        a file or differs from another in case alone.
    RuntimeError
        If a fit fails; the message names its fold. Finished folds are kept.

    Warns
    -----
    UserWarning
        For each model that warned in some folds, for each damaged file, where folds were
        finished with other versions of packages, and where they are fitted again for their models.
    """
    # Workers may have another working directory.
    out = None if out is None else Path(out).expanduser().resolve()
    if save_models and out is None:
        raise ValueError("save_models needs a results folder, out.")
    results = {}
    if out is not None:
        for names in zip(*(task.key[:2] for task in tasks), strict=True):
            check_names(names)
        refuse_other_files(out)
        FoldStore(out).clean()
        results = _register(tasks, out, settings, common)
        if save_models:
            results = _with_models(out, results)
        _warn_of_versions(results.values())
    waiting = [task for task in tasks if task.key not in results]
    now_and_then = _NowAndThen(tabulate)
    for result in _run(waiting, fit, data, n_jobs, out, results, verbose, save_models):
        results[result.key] = result
        now_and_then()
    if out is not None:
        _register(tasks, out, settings, common)  # another run may have begun meanwhile
    results = {task.key: results[task.key] for task in tasks}
    _report_warnings(results.values())
    return results


def _register(tasks, out, settings, common):
    """Refuse other runs, write the settings, and return the results that are finished."""
    planned = {task.key: task.facts["fingerprint"] for task in tasks}
    shared = {name: tasks[0].facts["fingerprint"][name] for name in common}
    with locked(out):
        finished = FoldStore(out).read_all()
        for key, result in finished.items():
            refuse_other_run(out, result, planned.get(key, shared))
        if settings is not None:
            _write_settings(tasks, out, settings)
    return {key: result for key, result in finished.items() if key in planned}


def _with_models(out, results):
    """Return the results whose models are stored; the others' folds are fitted again."""
    kept = {key: r for key, r in results.items() if FoldStore(out).has_model(r)}
    if len(kept) < len(results):
        n_missing = len(results) - len(kept)
        finished = counted(n_missing, "fold was finished", "folds were finished")
        message = f"{finished} without a model, and will be fitted again."
        warnings.warn(message, UserWarning, stacklevel=4)
    return kept


def _write_settings(tasks, out, settings):
    earlier = read_settings(out)
    models = {task.facts["model"]: task.facts["parameters"] for task in tasks}
    sites = [*earlier.get("sites", []), *(task.facts["site"] for task in tasks)]
    settings = settings | {
        "n_repeats": max(task.facts["repeat"] for task in tasks) + 1,
        "sites": list(dict.fromkeys(sites)),
        "models": earlier.get("models", {}) | models,
        "versions": package_versions(),
    }
    write_json(out / "settings.json", settings)


class _NowAndThen:
    """Calls a function, but seldom where it takes long."""

    def __init__(self, function):
        self.function, self.next = function, 0.0

    def __call__(self):
        """Call the function if it is time."""
        begin = time.monotonic()
        if self.function is not None and begin >= self.next:
            self.function()
            end = time.monotonic()
            self.next = end + max(_SECONDS_BETWEEN_TABLES, 50 * (end - begin))


def _run(tasks, fit, data, n_jobs, out, earlier, verbose, save_models):
    """Fit what is left, folds side by side, and yield results as they are finished."""
    client, progress = active_client(), None
    here = bounded_jobs(n_jobs, len(tasks)) if client is None else None
    if verbose:
        n_workers = here or len(client.ncores()) or 1
        models = [task.facts["model"] for task in tasks]
        progress = Progress(models, _seconds(earlier.values()), n_workers)
    # A cluster's machines share the results folder.
    with _shared(data, None if client is None else out) as path:
        calls = [(task, fit, path, out, save_models) for task in tasks]
        if client is None:
            parallel = Parallel(n_jobs=here, return_as="generator_unordered")
            results = parallel(delayed(_run_task)(*call) for call in calls)
        else:
            results = run_on_cluster(client, _run_task, calls)
        for result in results:
            if progress is not None:
                progress.update(result)
            yield result
    if progress is not None:
        progress.close()


def _seconds(results):
    """Return how long each model's finished folds took."""
    seconds = {}
    for result in results:
        seconds.setdefault(result.key[0], []).append(result.facts["seconds"])
    return seconds


def _run_task(task, fit, path, out, save_models):
    """Fit one fold and, where there is a folder, write it."""
    try:
        data = joblib.load(path, mmap_mode="r")
    except FileNotFoundError as error:
        raise RuntimeError(
            f"A worker does not see {path}: on a cluster, out must be a folder that all machines "
            "share."
        ) from error
    with _ONE_FIT:
        arrays, facts, model = _fit_task(task, fit, data)
    result = FoldResult(task.facts | facts | {"versions": package_versions()}, arrays)
    with _named(task):
        model = model if save_models else None
        return result if out is None else FoldStore(out).write(result, model)


def _fit_task(task, fit, data):
    """Return arrays, facts, and the model if the fit gives it."""
    begin = time.perf_counter()
    # On one thread the bits do not depend on how many folds run side by side.
    with (
        _named(task),
        threadpool_limits(1),
        network.torch_threads(1),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        arrays, facts, *model = fit(task, data)
    finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
    kept = {"finished": finished, "warnings": _messages(caught)}
    facts = {"seconds": time.perf_counter() - begin, **kept, **facts}
    return arrays, facts, model[0] if model else None


@contextlib.contextmanager
def _named(task):
    """Let an error name the fold."""
    try:
        yield
    except Exception as error:
        model, site, repeat, fold = task.key
        raise RuntimeError(
            f"Model {model!r} failed at site {site!r}, repeat {repeat}, fold {fold}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _messages(caught):
    """Return each warning once, without those that concern programmers only."""
    kept = [w for w in caught if not issubclass(w.category, DeprecationWarning | FutureWarning)]
    return list(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in kept))


def _warn_of_versions(results):
    """Say where finished folds were trained with other versions than are installed now."""
    here, others = package_versions(), {}
    for result in results:
        there = result.facts.get("versions", here)
        others |= {name: there.get(name) for name in here if there.get(name) != here[name]}
    if others:
        changes = [f"{name} {was} (now {here[name]})" for name, was in others.items()]
        message = f"Folds were finished with other versions: {', '.join(changes)}."
        warnings.warn(message, UserWarning, stacklevel=4)


def _report_warnings(results):
    """Warn once for each model that warned in some of its folds."""
    warned = {}
    for result in results:
        if result.facts["warnings"]:
            warned.setdefault(result.facts["model"], []).append(result.facts["warnings"][0])
    for model, texts in warned.items():
        message = f"Model {model!r} warned in {len(texts)} of its folds; the first: {texts[0]}"
        warnings.warn(message, UserWarning, stacklevel=4)


@contextlib.contextmanager
def _shared(data, folder=None):
    """Lay data in a file that workers map, and delete it, and those that killed runs have left."""
    folder = Path(folder or tempfile.gettempdir())
    for left in folder.glob(f"{_PREFIX}*"):
        _delete_left(left)
    temporary = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True)
    with temporary as mine, locked(mine):
        path = str(Path(mine) / "cohort")
        joblib.dump(data, path)
        yield path


def _delete_left(folder):
    """Delete a folder unless its run lives, or is so young that it may have no lock yet."""
    try:
        is_young = time.time() - folder.stat().st_mtime < _SECONDS_TO_LOCK
    except FileNotFoundError:
        return
    if is_young:
        return
    with locked(folder, wait=False) as is_mine:
        if is_mine:
            with contextlib.suppress(OSError):
                (folder / "cohort").unlink(missing_ok=True)
                (folder / LOCK).unlink(missing_ok=True)
                folder.rmdir()
