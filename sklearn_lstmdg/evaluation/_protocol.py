"""The paper's comparison: every model on the same folds, subjects never on both sides."""

import os
import warnings
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from .._extras import require
from .._routing import pretrains
from .._text import check_encodable
from .._typing import Scans, Seed
from ..base import check_whole, draw_seed
from ..scans import check_times
from ._comparison import Comparison, load_comparison
from ._fingerprint import describe, digest
from ._fitting import fit_fold
from ._fold_runs import FoldTask, run_folds
from ._folds import POOLED, SCHEMES, WITHIN_SITE, make_folds, make_seed
from ._shared_cohort import CONFOUNDS, check_cohort
from ._store import locked, read_settings

if TYPE_CHECKING:
    from pandas import DataFrame

_PROTOCOL = "number of folds, seed or positive class"
_TARGET = "kind of target"


def compare_models(
    estimators: dict[str, BaseEstimator],
    X: Scans,
    y: ArrayLike,
    groups: ArrayLike | None = None,
    sites: ArrayLike | None = None,
    confounds: "ArrayLike | DataFrame | None" = None,
    n_folds: int = 10,
    n_repeats: int = 1,
    pos_label: object = None,
    n_jobs: int | None = None,
    out: str | os.PathLike[str] | None = None,
    random_state: Seed = None,
    verbose: int = 0,
    scheme: str = WITHIN_SITE,
    X_unlabeled: Scans | None = None,
    save_models: bool = False,
    t_r: "float | ArrayLike | None" = None,
    target_kind: str | None = None,
) -> Comparison:
    """Compare classifiers, or regressors, by subject-safe cross-validation.

    The protocol is the paper's [1]_: subjects are split into ``n_folds`` stratified folds; fold f
    is tested, fold f + 1 validates (early stopping), the others train. All models get the same
    folds. ``scheme`` has two more protocols for several sites.

    Parameters
    ----------
    estimators : dict of str to classifier or regressor
        Any that fit the target, or Pipelines, by name. Where the ``fit`` of a model, or of a
        Pipeline's last step, takes ``validation``, it is told which rows validate; the others
        train on training and validation rows alike. Every ``fit`` that takes ``groups`` gets them.
    X : array-like or list
        Scans, bags of windows or a table, one row per subject. Bags reach the models as a list.
    y : array-like of shape (n_rows,)
        Labels of two classes or more, or the numbers of a continuous target, such as ages.
    groups : array-like of shape (n_rows,), default=None
        Subjects or families: rows of a group stay together. Without groups every row is a subject.
    sites : array-like of shape (n_rows,), default=None
        Site of each row. Without sites all rows are of one, "all".
    confounds : array-like or DataFrame of shape (n_rows, n_confounds), default=None
        Head motion, age and the like. They add a model "confounds", a logistic (or ridge)
        regression on them alone: what the groups' differences in these would give. Missing values
        (NaN) become means.
    n_folds : int, default=10
        At least 3.
    n_repeats : int, default=1
        Partitions into folds, each with seeds of its own.
    pos_label : object, default=None
        The positive class of two; by default the greater label.
    n_jobs : int, default=None
        Folds trained side by side, as in joblib. Each runs on one thread.
    out : path, default=None
        Results folder. Every finished fold is written there at once, and the same call goes on
        where an earlier one has stopped. ``folds.csv`` and ``predictions.csv`` grow with the run,
        ``settings.json`` is there from the beginning, ``summary.csv`` at the end.
    random_state : int, RandomState instance or None, default=None
        Decides folds and every model's ``random_state``, whatever ``n_jobs``, and whichever other
        models and sites are compared. None takes the seed of the run in ``out`` if there is one.
    verbose : int, default=0
        1 reports finished folds, and the time left, on standard error.
    scheme : {"within-site", "leave-one-site-out", "pooled"}, default="within-site"
        "within-site", the paper's: sites are compared one by one, each with folds of its own.
        "leave-one-site-out": a site is tested by models of all others; of these, one part in
        ``n_folds``, stratified by class and site, validates. Groups that are at the tested site
        too do not train. "pooled": folds over the subjects of all sites, stratified by class and
        site; results have the site "pooled", predictions also ``subject_site``.
    X_unlabeled : array-like or list, default=None
        Scans in the form of X, of sites that are not compared: controls, for models that pretrain:
        the ``fit`` of the model, or of a Pipeline's last step, takes ``X_unlabeled``, and
        its ``pretrain_epochs``, if any, are not 0, its ``transductive``, if any, true. They get
        them together with the rows of the negative class (all rows, unless there are two classes)
        at those sites of X that have no part in the fold, after the Pipeline's earlier steps;
        ``pretrained_on`` in ``folds`` tells whether there were any. So their results, alone,
        depend on the other sites.
    save_models : bool, default=False
        Whether each fold's fitted model is kept, in the folder ``models`` of ``out``, for
        :func:`~sklearn_lstmdg.persistence.load_model` and ``lstmdg predict``. A fold that was
        finished without is fitted again. Needs the extra ``files``.
    t_r : float or array-like of shape (n_rows,), default=None
        Repetition times in seconds; a saved model tells those that it was trained on.
    target_kind : {"classes", "continuous"}, default=None
        What y is; by default what :func:`find_target_kind` takes it for.

    Returns
    -------
    Comparison
        With data frames ``folds`` and ``predictions``, and ``summary()``.

    Raises
    ------
    ValueError
        If the input is not as described, a model is for another kind of target, or ``out`` holds
        results of other data, folds, seed or parameters, or other files of their names.
    RuntimeError
        If a model fails; the message names it and the fold. Finished folds are kept.

    Warns
    -----
    ConvergenceWarning
        For each model that is hardly trained in some folds: the first of several epochs was kept,
        or all test scores are equal. It names their sites and numbers.
    UserWarning
        For each model that warned in some folds (``fold(...).warnings`` has all), for each damaged
        file in ``out``, where its folds were trained with other versions of packages, and where
        folds that were finished without their models are fitted again.

    Notes
    -----
    A subject is predicted positive where ``predict_proba`` of the positive class is the greater. A
    model without ``predict_proba`` is scored by the logistic function of its decision function, and
    with several classes by the softmax. Of several classes that of the greatest probability is
    predicted; what no training row had has probability 0.

    Folds of a continuous target are stratified by its quantiles within each site: at most ten, of
    ``n_folds`` rows or more each.

    Folds also run on a Dask cluster (extra ``dask``), with the same bits: ``with
    distributed.Client(address), joblib.parallel_config(backend="dask"):`` around the call. ``out``
    must then be a folder that all machines share. A fold whose worker dies is trained again. On
    SLURM, ``dask_jobqueue.SLURMCluster`` starts such a cluster; workers of one thread are best.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models
    >>> y = np.tile([0, 1], 15)
    >>> X = np.random.default_rng(0).normal(size=(30, 4)) + y[:, None]
    >>> models = {"logistic": LogisticRegression(), "weak": LogisticRegression(C=1e-6)}
    >>> comparison = compare_models(models, X, y, n_folds=3, random_state=0)
    >>> comparison.summary()[["model", "site", "n_subjects"]].values.tolist()
    [['logistic', 'all', 30], ['weak', 'all', 30]]
    """
    require("pandas", extra="data")
    if save_models:
        require("skops.io", extra="files")
    _check_folds(n_folds, n_repeats, scheme)
    out = None if out is None else Path(out).expanduser().resolve()
    _check_names(estimators, confounds)
    cohort = check_cohort(X, y, groups, sites, confounds, pos_label, X_unlabeled, target_kind)
    cohort.target.check_models(estimators)
    if confounds is not None:
        steps = SimpleImputer(), StandardScaler(), cohort.target.confounds_model()
        estimators = {**estimators, CONFOUNDS: make_pipeline(*steps)}
    times = check_times(np.nan if t_r is None else t_r, len(cohort.y), may_lack=True)
    seed = _check_seed(random_state, out)
    protocol = {"n_folds": int(n_folds), "seed": seed, **cohort.target.facts()}
    tasks = _plan(estimators, cohort, protocol, n_repeats, scheme, times)
    results = run_folds(
        *(tasks, _fit, cohort),
        out=out,
        settings=protocol | {"scheme": scheme},
        common=(_PROTOCOL, "scheme"),
        n_jobs=n_jobs,
        verbose=verbose,
        tabulate=None if out is None else partial(_save_folds, out),
        save_models=save_models,
    )
    if out is not None:
        with locked(out):
            load_comparison(out).save(out)
    ranks = {name: rank for rank, name in enumerate(estimators)}
    comparison = Comparison(sorted(results.values(), key=lambda result: ranks[result.key[0]]))
    _warn_of_untrained(comparison.folds)
    return comparison


def _save_folds(out):
    """Write what is known of the folds that are finished."""
    with locked(out):
        load_comparison(out).save_folds(out)


def _warn_of_untrained(folds):
    """Warn once for each model that is hardly trained in some of its folds, and name these."""
    for model, part in folds[folds["untrained"]].groupby("model", sort=False):
        runs = part.groupby(["site", "repeat"], sort=False)["fold"]
        where = [f"site {s!r}, repeat {r}, fold {', '.join(map(str, f))}" for (s, r), f in runs]
        n_folds = f"{len(part)} of {np.sum(folds['model'] == model)} folds"
        message = (
            f"Model {model!r} is hardly trained in {n_folds}, where it kept its first epoch or "
            f"gives all test subjects one score: {'; '.join(where)}."
        )
        warnings.warn(message, ConvergenceWarning, stacklevel=3)


def _check_folds(n_folds, n_repeats, scheme):
    check_whole(n_folds, "n_folds", 3)
    check_whole(n_repeats, "n_repeats", 1)
    if scheme not in SCHEMES:
        raise ValueError(f"scheme={scheme!r} must be one of {', '.join(SCHEMES)}.")


def _check_names(estimators, confounds):
    if not isinstance(estimators, dict) or not estimators:
        raise ValueError("estimators must be a dict of at least one model, by name.")
    unnamed = [name for name in estimators if not isinstance(name, str)]
    if unnamed:
        raise ValueError(f"The names of estimators must be str, got {unnamed[0]!r}.")
    for name, estimator in estimators.items():
        if isinstance(estimator, str):
            raise ValueError(
                f"Model {name!r} is a name, not an estimator: models.make_model({estimator!r}) "
                "makes one."
            )
    check_encodable(estimators, "a model")
    if confounds is not None and CONFOUNDS in estimators:
        raise ValueError(f"The name {CONFOUNDS!r} is taken by the model of the confounds.")


def _check_seed(random_state, out):
    if isinstance(random_state, Integral):
        return check_whole(random_state, "random_state", 0)
    if random_state is not None:
        return draw_seed(check_random_state(random_state))
    earlier = {} if out is None else read_settings(out)
    return earlier.get("seed", int(np.random.SeedSequence().generate_state(1)[0]))


def _plan(estimators, cohort, protocol, n_repeats, scheme, times):
    """Return every fold of every model; all models' first folds come first."""
    seed, n_folds = protocol["seed"], protocol["n_folds"]
    strata = cohort.target.strata(cohort.y, cohort.sites, n_folds)
    folds = make_folds(strata, cohort.groups, cohort.sites, n_folds, n_repeats, seed, scheme)
    parameters = {model: describe(estimator) for model, estimator in estimators.items()}
    data = _fingerprint_data(estimators, cohort, folds)
    tasks = []
    for fold in folds:
        others = cohort.unlabeled_rows(fold)
        for model, estimator in estimators.items():
            rows = others if pretrains(estimator) else None
            key = {"model": model, "site": fold.site, "repeat": fold.repeat, "fold": fold.fold}
            fingerprint = {
                **_fingerprint_protocol(protocol, scheme),
                **data[model == CONFOUNDS, fold.site],
                "rows of the folds": digest(fold.train, fold.validation, fold.test),
                "X_unlabeled": None if rows is None else cohort.unlabeled_fingerprint(rows),
                "parameters": digest(parameters[model]),
            }
            facts = key | {"seed": make_seed(seed, *key.values()), "fingerprint": fingerprint}
            facts |= {**cohort.target.facts(), "parameters": parameters[model]}
            facts |= _times_of(times, fold)
            tasks.append(FoldTask(facts, (estimator, fold, rows)))
    return tasks


def _fingerprint_protocol(protocol, scheme):
    fingerprint = {_PROTOCOL: digest(protocol), "scheme": scheme}
    if "target" in protocol:  # not of two classes, whose folds of earlier versions lack it
        fingerprint[_TARGET] = digest(protocol["target"])
    return fingerprint


def _times_of(times, fold):
    """Return the repetition times that a fold's model is trained on, where they are known."""
    known = np.unique(times[np.append(fold.train, fold.validation)])
    known = known[np.isfinite(known)].tolist()
    return {"t_r": known} if known else {}


def _fingerprint_data(models, cohort, folds):
    """Return facts of what models read, by whether it is the confounds, and by site."""
    kinds = {(model == CONFOUNDS): model for model in models}
    sites = {fold.site: fold.rows for fold in folds if fold.repeat == 0}
    return {
        (kind, site): cohort.fingerprint(model, rows)
        for kind, model in kinds.items()
        for site, rows in sites.items()
    }


def _fit(task, cohort):
    """Train a fold's model and return what its predictions are and what it has learnt."""
    estimator, fold, unlabeled = task.work
    X = cohort.rows_of(task.facts["model"])
    y, groups = np.asarray(cohort.y), np.asarray(cohort.groups)
    X_unlabeled = None if unlabeled is None else cohort.take_unlabeled(unlabeled)
    predict, seed = cohort.target.predict, task.facts["seed"]
    arrays, facts, model = fit_fold(estimator, seed, X, y, groups, fold, predict, X_unlabeled)
    arrays |= {"subject": np.asarray(cohort.subjects)[fold.test], "y": y[fold.test]}
    if fold.site == POOLED:
        arrays["subject_site"] = np.asarray(cohort.sites)[fold.test]
    arrays |= {name: getattr(fold, name) for name in ("train", "validation", "test")}
    if task.facts["model"] == CONFOUNDS:  # it reads no scans: there is nothing to keep it for
        return arrays, facts | {"model_file": None}
    return arrays, facts, model
