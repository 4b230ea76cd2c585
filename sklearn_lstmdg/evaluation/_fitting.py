"""One fold: seed a model, hand it training and validation rows, score the test rows."""

import time
import warnings
from datetime import datetime, timezone

import numpy as np
from scipy.special import expit
from sklearn import config_context, get_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from .. import network

__all__ = ["fit_arguments", "fit_fold", "last_step", "set_random_states", "takes_source"]

_ENDS = {"validation", "X_source", "X_unlabeled"}  # for a Pipeline's last step alone
_SEARCHES = (GridSearchCV, RandomizedSearchCV)


def set_random_states(estimator, seed):
    """Set every ``random_state`` of an estimator and of what it contains.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    seed : int
        Decides all of them.
    """
    names = [
        name for name in sorted(estimator.get_params()) if name.split("__")[-1] == "random_state"
    ]
    states = np.random.SeedSequence(seed).generate_state(len(names)) >> 1
    estimator.set_params(**dict(zip(names, states.tolist(), strict=True)))


def takes_source(estimator):
    """Tell whether the estimator, or a Pipeline's last step, pretrains on rows of other sites."""
    return _source_keyword(estimator) is not None


def _source_keyword(estimator):
    """Return what the last step's fit calls rows to pretrain on, or None."""
    last = last_step(estimator)
    if has_fit_parameter(last, "X_source"):
        return "X_source"
    pretrains = getattr(last, "pretrain_epochs", 0) and has_fit_parameter(last, "X_unlabeled")
    return "X_unlabeled" if pretrains else None


def fit_arguments(estimator, groups, validation, X_source=None):
    """Return the keywords that bring groups and the validation mask to each fit that takes them.

    Parameters
    ----------
    estimator : estimator or Pipeline
        With metadata routing enabled, a Pipeline's steps are made to request what they take.
    groups : ndarray of shape (n_rows,)
        For every fit that takes ``groups``, and for searches.
    validation : ndarray of bool of shape (n_rows,)
        For the estimator, or the Pipeline's last step, if its fit takes ``validation``.
    X_source : array-like or list, default=None
        The same for ``X_source``, or ``X_unlabeled`` of a network that pretrains, which the
        Pipeline's earlier steps transform: a Pipeline can do that with metadata routing only.

    Returns
    -------
    dict
        Keywords of ``estimator.fit``.
    """
    values = {"groups": groups, "validation": validation}
    if X_source is not None:
        keyword = _source_keyword(estimator)
        values[keyword] = X_source
        _transform_source(estimator, keyword)
    if not _is_routed():
        return _prefixed_arguments(estimator, values)
    if isinstance(estimator, Pipeline):
        _request(estimator, is_last=True)
        wanted = get_routing_for_object(estimator).consumes("fit", values)
        ends = {n for n in _ENDS & set(values) if has_fit_parameter(last_step(estimator), n)}
        wanted = (wanted - _ENDS) | ends
    else:
        wanted = _taken(estimator, values)
        if isinstance(estimator, _SEARCHES):
            wanted = get_routing_for_object(estimator).consumes("fit", ["groups"])
    return {name: values[name] for name in wanted}


def _is_routed():
    return get_config()["enable_metadata_routing"]


def _prefixed_arguments(estimator, values):
    if not isinstance(estimator, Pipeline):
        return {name: values[name] for name in _taken(estimator, values)}
    arguments = {}
    for name, step in _steps(estimator):
        mine = values if step is estimator.steps[-1][1] else {"groups": values["groups"]}
        for key, value in _prefixed_arguments(step, mine).items():
            arguments[f"{name}__{key}"] = value
    return arguments


def _taken(estimator, names):
    """Return which of these keywords the estimator's own fit takes."""
    if isinstance(estimator, _SEARCHES):
        return {"groups"}
    return {name for name in names if has_fit_parameter(estimator, name)}


def _steps(pipeline):
    return [(name, s) for name, s in pipeline.steps if s is not None and s != "passthrough"]


def _request(pipeline, is_last):
    """Let each step request the groups, and the last step alone what is for it."""
    for _, step in _steps(pipeline):
        ends = is_last and step is pipeline.steps[-1][1]
        if isinstance(step, Pipeline):
            _request(step, ends)
            continue
        if has_fit_parameter(step, "groups"):
            step.set_fit_request(groups=True)
        for name in sorted(_ENDS):
            if has_fit_parameter(step, name):
                step.set_fit_request(**{name: ends})


def _transform_source(estimator, keyword):
    while isinstance(estimator, Pipeline):
        estimator.set_params(transform_input=[keyword])
        estimator = estimator.steps[-1][1]


def last_step(estimator):
    """Return the estimator itself, a Pipeline's last step, or a search's best estimator."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def fit_fold(estimator, seed, X, y, groups, fold, X_source=None):
    """Train a clone on the training and validation rows and predict the test rows.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Left as it is.
    seed : int
        Decides every ``random_state``.
    X : PackedRows
        All rows.
    y : ndarray of shape (n_rows,)
        Labels of all rows.
    groups : ndarray of shape (n_rows,)
        Groups of all rows.
    fold : Fold
        Which rows train, validate and test.
    X_source : array-like or list, default=None
        Rows of other sites to pretrain on.

    Returns
    -------
    arrays : dict of ndarray
        "proba" (n_test, n_classes) and "classes"; "membership", "influence" and "history_<name>"
        where the model has them.
    facts : dict
        "seconds", "finished" (time of day, UTC), "warnings", and "n_iter", "best_epoch" and
        "pretrained_on" ("source" or "training"; None where a model does not pretrain).
    """
    estimator = clone(estimator)
    set_random_states(estimator, seed)
    rows = np.sort(np.append(fold.train, fold.validation))
    is_valid = np.isin(rows, fold.validation)
    begin = time.perf_counter()
    # On one thread the bits do not depend on how many folds run side by side.
    with (
        threadpool_limits(1),
        network.torch_threads(1),
        warnings.catch_warnings(record=True) as caught,
        config_context(enable_metadata_routing=_is_routed() or X_source is not None),
    ):
        warnings.simplefilter("always")
        arguments = fit_arguments(estimator, groups[rows], is_valid, X_source)
        estimator.fit(X.take(rows), y[rows], **arguments)
        proba = _predict_proba(estimator, X.take(fold.test))
    facts = {
        "seconds": time.perf_counter() - begin,
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "warnings": _messages(caught),
        "pretrained_on": _pretrained_on(estimator, X_source),
    }
    arrays = {"proba": proba, "classes": np.asarray(estimator.classes_)}
    return arrays | _learnt_arrays(estimator), facts | _learnt_numbers(estimator)


def _pretrained_on(estimator, X_source):
    """Return what a fitted model says itself, or else what it was given."""
    if not takes_source(estimator):
        return None
    given = "training" if X_source is None else "source"
    return getattr(last_step(estimator), "pretrained_on_", given)


def _predict_proba(estimator, X):
    """Return class probabilities; a decision function goes through the logistic function."""
    if hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    else:
        positive = expit(estimator.decision_function(X))
        proba = np.column_stack([1 - positive, positive])
    if not np.isfinite(proba).all():
        raise ValueError("The model's predicted probabilities are not finite.")
    return proba


def _messages(caught):
    """Return each warning once, without those that concern programmers only."""
    kept = [w for w in caught if not issubclass(w.category, DeprecationWarning | FutureWarning)]
    return list(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in kept))


def _learnt_arrays(estimator):
    fitted = last_step(estimator)
    arrays = {
        name: np.asarray(getattr(fitted, f"{name}_"))
        for name in ("membership", "influence")
        if getattr(fitted, f"{name}_", None) is not None
    }
    history = getattr(fitted, "history_", None) or {}
    return arrays | {f"history_{name}": np.asarray(values) for name, values in history.items()}


def _learnt_numbers(estimator):
    fitted = last_step(estimator)
    numbers = {name: getattr(fitted, f"{name}_", None) for name in ("n_iter", "best_epoch")}
    return {name: None if n is None else int(np.max(n)) for name, n in numbers.items()}
