"""One fold: seed a model, hand it training and validation rows, score the test rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, clone

from .._routing import fit_arguments, last_step, pretrains, request_metadata, set_random_states
from .._typing import Scans
from ..communities import common_influence, common_memberships
from ..scans import probabilities


def fit_fold(estimator, seed, X, y, groups, fold, predict, X_unlabeled=None):
    """Train a clone on the training and validation rows and predict the test rows.

    ``predict(estimator, X)`` returns the arrays that are kept of the predictions. Return what is
    kept in arrays and in facts, and the clone.
    """
    estimator = clone(estimator)
    sequence = np.random.SeedSequence(seed)
    set_random_states(estimator, lambda n: (sequence.generate_state(n) >> 1).tolist())
    rows = np.sort(np.append(fold.train, fold.validation))
    is_validation = np.isin(rows, fold.validation)
    is_routed = get_config()["enable_metadata_routing"] or X_unlabeled is not None
    with config_context(enable_metadata_routing=is_routed):
        request_metadata(estimator)
        arguments = fit_arguments(estimator, groups[rows], is_validation, X_unlabeled)
        estimator.fit(X.take(rows).in_form(), y[rows], **arguments)
        arrays = predict(estimator, X.take(fold.test).in_form())
    facts = {"pretrained_on": _pretrained_on(estimator, X_unlabeled)}
    facts["n_validation"] = _count_validation(estimator, arguments, len(fold.validation))
    return arrays | _learnt_arrays(estimator), facts | _learnt_numbers(estimator), estimator


def _count_validation(estimator, arguments, n_told):
    """Return how many rows trained nothing: what a model says itself, or all that it was told."""
    is_told = any(name.split("__")[-1] == "validation" for name in arguments)
    return int(getattr(last_step(estimator), "n_validation_", n_told if is_told else 0))


def _pretrained_on(estimator, X_unlabeled):
    """Return what a fitted model says itself, or else what it was given."""
    if not pretrains(estimator):
        return None
    given = "training" if X_unlabeled is None else "X_unlabeled"
    return getattr(last_step(estimator), "pretrained_on_", given)


def class_probabilities(estimator: BaseEstimator, X: Scans) -> NDArray[np.float64]:
    """Return what a comparison takes for the class probabilities of a fitted classifier.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``, or with a decision function, which goes through the logistic
        function, or with several classes through the softmax.
    X : array-like or list
        What it reads.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)

    Raises
    ------
    ValueError
        If they are not finite, or not one a class.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn_lstmdg.evaluation import class_probabilities
    >>> ridge = RidgeClassifier().fit([[0.0], [1.0]], [0, 1])
    >>> class_probabilities(ridge, [[0.5]]).tolist()
    [[0.5, 0.5]]
    """
    if hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    else:
        decisions = np.asarray(estimator.decision_function(X))
        proba = probabilities(decisions.reshape(len(decisions), -1))
    if not np.isfinite(proba).all():
        raise ValueError("The model's predicted probabilities are not finite.")
    if proba.shape[1] != len(estimator.classes_):
        raise ValueError(f"{proba.shape[1]} scores a row, for {len(estimator.classes_)} classes")
    return proba


def decide(proba, classes, pos_label=None):
    """Return the class of the greatest probability; of equals never the positive one of two.

    Shapes: proba (n_rows, n_classes), classes (n_classes,); returned (n_rows,).
    """
    # The positive class comes last, for the first of equals is decided for.
    order = np.argsort([label == pos_label for label in classes], kind="stable")
    return classes[order[proba[:, order].argmax(axis=1)]]


def _learnt_arrays(estimator):
    fitted = last_step(estimator)
    arrays = {name: getattr(fitted, f"{name}_", None) for name in ("membership", "influence")}
    nets = getattr(fitted, "memberships_", ())
    if len(nets) > 1:
        common, own = common_memberships(nets), fitted.influences_
        arrays = {"membership": common, "influence": common_influence(common, nets, own)}
        arrays |= {"memberships": nets, "influences": own}
    arrays = {name: np.asarray(value) for name, value in arrays.items() if value is not None}
    names = getattr(fitted, "feature_names_in_", ())
    if len(names) and len(names) == len(arrays.get("membership", ())):
        arrays["roi_names"] = np.asarray(names, dtype=str)
    history = getattr(fitted, "history_", None) or {}
    return arrays | {f"history_{name}": np.asarray(values) for name, values in history.items()}


def _learnt_numbers(estimator):
    fitted = last_step(estimator)
    numbers = {name: getattr(fitted, f"{name}_", None) for name in ("n_iter", "best_epoch")}
    return {name: None if n is None else int(np.max(n)) for name, n in numbers.items()}
