"""PARAFAC of the folds of a comparison, kept fold by fold beside its results."""

import argparse
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from .._bunch import Bunch
from .._files import read_json
from ..augmentation import SubsequenceAugmenter
from ..communities import ParafacCommunities
from ..evaluation import FoldTask, describe, digest, make_seed, run_folds
from ..preprocessing import ScanCleaner
from ..scans import check_sequences
from ._scan_options import load_cohort

_NAME = "parafac"
_OPTIONS = {
    **{"data_dir": (None, str), "subjects": (None, int), "seed": int, "length": int},
    **{"atlas": (None, str), "pipeline": (None, str), "sites": (None, [str])},
    **{"resample_to": (None, int | float), "regress_global_mean": bool},
    **dict.fromkeys(("band_pass_filtering", "global_signal_regression"), (None, bool)),
    "quality_checked": (None, bool),
    **dict.fromkeys(("bids", "table", "participants", "target", "site", "group"), (None, str)),
    **dict.fromkeys(("task", "space", "desc", "scans", "t_r"), (None, str)),
    **dict.fromkeys(("session", "runs", "confounds"), (None, [str])),
    "max_missing": (None, int | float),
}


def fit_parafac(args, folds):
    """Decompose the training scans of each fold, or read what an earlier run has finished."""
    options = _read_options(args.folder)
    cohort = load_cohort(options)
    _check_subjects(cohort, folds, args.folder)
    tasks = [_plan(key, fold, cohort, options, args) for key, fold in folds.items()]
    results = run_folds(
        tasks,
        _fit,
        check_sequences(cohort.data),
        out=Path(args.folder) / _NAME,
        n_jobs=args.n_jobs,
        verbose=not args.quiet,
    )
    return {
        key[1:]: Bunch(membership=result.arrays["membership"], influence=None)
        for key, result in results.items()
    }


def _read_options(folder):
    path = Path(folder) / "options.json"
    if not path.exists() or "data_dir" not in read_json(path):
        raise ValueError(
            f'{path} does not tell how scans were loaded: --parafac needs a folder of "lstmdg '
            'compare".'
        )
    return argparse.Namespace(**read_json(path, _OPTIONS))


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
    site, repeat, fold_number = key
    facts = {
        **{"model": _NAME, "site": site, "repeat": repeat, "fold": fold_number},
        "fingerprint": {
            "scans": digest(*scans),
            "settings": digest(describe([cleaner, augmenter, model]), args.seed),
        },
    }
    return FoldTask(facts, (make_pipeline(cleaner, augmenter, model), fold.train))


def _fit(task, scans):
    """Decompose one fold's scans."""
    pipeline, rows = task.work
    model = pipeline.fit(scans.take(rows).in_form())[-1]
    error = float(model.reconstruction_err_)
    return {"membership": model.membership_}, {"n_iter": model.n_iter_, "reconstruction_err": error}
