"""PARAFAC of the folds of a comparison, kept fold by fold beside its results."""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import Bunch
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from ..augmentation import SubsequenceAugmenter
from ..communities import ParafacCommunities
from ..evaluation._fingerprint import describe, digest
from ..evaluation._folds import make_seed
from ..evaluation._progress import Progress
from ..evaluation._store import FoldResult, FoldStore
from ..preprocessing import ScanCleaner
from ._scan_options import load_cohort

__all__ = ["fit_parafac"]

_NAME = "parafac"


def fit_parafac(args, folds):
    """Decompose the training scans of each fold, or read what an earlier run has finished.

    Parameters
    ----------
    args : Namespace
        Options ``folder``, ``parafac_step``, ``n_jobs``, ``seed`` and ``quiet``.
    folds : dict of Bunch
        Folds of a model of the comparison, by site, repeat and fold: their training rows are
        decomposed, into as many communities as the model has.

    Returns
    -------
    dict of Bunch
        ``membership``, and ``influence`` (None), by site, repeat and fold.

    Raises
    ------
    ValueError
        If the folder does not tell how the scans were loaded, they have changed, or what is
        finished was made with other settings.
    """
    options = _read_options(args.folder)
    cohort = load_cohort(options)
    _check_subjects(cohort, folds, args.folder)
    store = FoldStore(Path(args.folder) / _NAME)
    tasks = [_plan(key, fold, cohort, options, args) for key, fold in folds.items()]
    finished = _finished(store, tasks)
    waiting = [task for task in tasks if task["key"] not in finished]
    progress = Progress([_NAME] * len(waiting), len(finished), effective_n_jobs(args.n_jobs))
    run = Parallel(n_jobs=args.n_jobs, return_as="generator_unordered")
    for result in run(delayed(_fit)(task, store) for task in waiting):
        finished[result.key] = result
        if not args.quiet:
            progress.update(result)
    _report_warnings(finished.values())
    return {
        task["key"][1:]: Bunch(
            membership=finished[task["key"]].arrays["membership"], influence=None
        )
        for task in tasks
    }


def _report_warnings(results):
    """Warn once for all folds."""
    warned = [result.facts["warnings"][0] for result in results if result.facts["warnings"]]
    if warned:
        warnings.warn(
            f"PARAFAC warned in {len(warned)} of its folds; the first: {warned[0]}",
            UserWarning,
            stacklevel=3,
        )


def _read_options(folder):
    path = Path(folder) / "options.json"
    options = json.loads(path.read_text()) if path.exists() else {}
    if "data_dir" not in options:
        raise ValueError(
            f'{path} does not tell how scans were loaded: --parafac needs a folder of "lstmdg '
            'compare".'
        )
    return argparse.Namespace(**options)


def _check_subjects(cohort, folds, folder):
    """Refuse scans whose rows are not those of the comparison."""
    groups = np.asarray(cohort.groups)
    for fold in folds.values():
        if fold.test.max() >= len(groups) or not np.array_equal(groups[fold.test], fold.subject):
            raise ValueError(f"The scans that are loaded now are not those compared in {folder}.")


def _plan(key, fold, cohort, options, args):
    """Return all that the decomposition of a fold depends on."""
    scans = [np.asarray(cohort.data[row]) for row in fold.train]
    cleaner = ScanCleaner(regress_global_mean=options.regress_global_mean)
    augmenter = SubsequenceAugmenter(options.length, args.parafac_step, horizon=0)
    model = ParafacCommunities(fold.membership.shape[1])
    model.set_params(random_state=make_seed(args.seed, _NAME, *key) % 2**32)
    fingerprint = {
        "scans": digest(*scans),
        "settings": digest(describe([cleaner, augmenter, model]), args.seed),
    }
    steps = (cleaner, augmenter, model)
    return {"key": (_NAME, *key), "scans": scans, "steps": steps, "fingerprint": fingerprint}


def _finished(store, tasks):
    planned = {task["key"]: task["fingerprint"] for task in tasks}
    finished = {key: result for key, result in store.read_all().items() if key in planned}
    for key, result in finished.items():
        there = result.facts["fingerprint"]
        changed = [name for name, value in planned[key].items() if there.get(name) != value]
        if changed:
            raise ValueError(
                f"{store.folder.parent} holds PARAFAC of other {' and '.join(changed)}: delete it, "
                "or use the earlier --parafac-step and --seed."
            )
    return finished


def _fit(task, store):
    """Decompose one fold's scans and write the memberships."""
    cleaner, augmenter, model = task["steps"]
    begin = time.perf_counter()
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(augmenter.fit_transform(cleaner.fit_transform(task["scans"])))
    _, site, repeat, fold = task["key"]
    facts = {
        **{"model": _NAME, "site": site, "repeat": repeat, "fold": fold},
        **{"fingerprint": task["fingerprint"], "n_iter": model.n_iter_},
        "reconstruction_err": float(model.reconstruction_err_),
        "warnings": [str(warning.message) for warning in caught],
        "seconds": time.perf_counter() - begin,
    }
    result = FoldResult(facts, {"membership": model.membership_})
    store.write(result)
    return result
