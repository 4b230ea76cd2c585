"""Whether a loaded model is as consistent as a fitted one."""

import re
import warnings
from inspect import getattr_static

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ..scans import n_connections
from ._trusted_types import LEARNT

_FITTED = re.compile(r"[A-Za-z]\w*_|_[A-Za-z]\w*", re.ASCII)
_MOST_ROIS = 100_000
_MOST_NUMBERS = 10**8  # in a synthetic scan
_MOST_CONNECTIONS = 10**7  # that it makes, where a model holds no weights for them
_ANSWERS = ("predict_proba", "decision_function", "transform", "predict", "generate")


def estimators_in(value):
    """Yield an estimator and all that it holds, each once, outer ones first."""
    waiting, seen = [value], set()
    while waiting:
        value = waiting.pop(0)
        if not isinstance(value, list | tuple | dict | BaseEstimator) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
        elif "arguments" not in vars(value):  # a net, which checks itself when it is made
            yield value
            waiting += vars(value).values()


def check_estimator_state(estimator):
    """Check that what an estimator and those inside it have learnt fits together."""
    for inner in estimators_in(estimator):
        _check_attributes(inner)
        _check_sizes(inner)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _ask(estimator)


def _check_attributes(estimator):
    cls = type(estimator)
    params = estimator.get_params(deep=False)
    # Some of scikit-learn's keep more than their parameters when they are made.
    for name in vars(estimator).keys() - vars(cls(**params)).keys():
        hides = getattr_static(cls, name, None)
        hides_code = callable(hides) or isinstance(hides, property | staticmethod | classmethod)
        is_learnt = _FITTED.fullmatch(name) and not name.startswith("__") and not hides_code
        # What scikit-learn's learn depends on its version.
        if not is_learnt or name not in LEARNT.get(f"{cls.__module__}.{cls.__name__}", (name,)):
            raise ValueError(
                f"{cls.__name__} cannot learn an attribute {name!r:.60}. What else is known of a "
                "model belongs into the facts of save_model."
            )
    for name, value in vars(estimator).items():
        # A cache holds pickles: a file must not choose where they are read.
        if (name == "memory" and isinstance(value, str)) or getattr(value, "location", None):
            raise ValueError(f"{name!r} of {cls.__name__} cannot be saved: set memory to None.")
    if hasattr(cls, "_parameter_constraints"):
        estimator._validate_params()


def _check_sizes(estimator):
    name, learnt = type(estimator).__name__, vars(estimator)
    n_rois = learnt.get("n_features_in_", 1)
    if type(n_rois) is not int or not 0 < n_rois <= _MOST_ROIS:
        raise ValueError(f"n_features_in_ of {name} is {n_rois!r:.40}.")
    names = learnt.get("feature_names_in_")
    if names is not None and (np.shape(names) != (n_rois,) or len(set(names)) < n_rois):
        raise ValueError(f"feature_names_in_ of {name} are not {n_rois} names, each once.")
    _check_classes(name, learnt, n_rois)
    _check_communities(name, learnt, n_rois)
    _check_hmms(learnt.get("_models", ()), n_rois)
    for array in learnt.values():
        is_number = isinstance(array, np.ndarray) and array.dtype.kind == "f"
        if is_number and np.isinf(array).any():
            raise ValueError(f"an array of {name} is not finite.")
    _check_nets(name, learnt, n_rois)
    if type(estimator).__module__.startswith("sklearn_lstmdg"):
        _check_numbers(name, learnt)


def _check_classes(name, learnt, n_rois):
    """Check the classes, and that there are weights for each, of all connections of scans."""
    classes = learnt.get("classes_", np.arange(2))
    if not isinstance(classes, np.ndarray) or classes.ndim != 1 or len(classes) < 2:
        raise ValueError(f"classes_ of {name} are not two or more in an array.")
    if not np.array_equal(np.unique(classes), classes):
        raise ValueError(f"classes_ of {name} are not in order, each once.")
    shape = np.shape(learnt.get("coef_", ()))
    fits = len(shape) < 2 or shape[0] == (1 if len(classes) == 2 else len(classes))
    is_of_scans = "coef_" in learnt and learnt.get("_is_table") is False
    if not fits or (is_of_scans and shape[1:] != (n_connections(n_rois),)):
        raise ValueError(f"coef_ of {name} has shape {shape}.")


def _check_numbers(name, learnt):
    """Refuse what no fit of ours leaves: counts that are none, numbers that are not finite."""
    for key, value in learnt.items():
        if value is None or not key.endswith("_"):
            continue
        if key.startswith("n_") or key == "best_epoch_":
            counts = np.asarray(value)
            if counts.dtype.kind not in "iu" or (counts < 0).any():
                raise ValueError(f"{key} of {name} is {value!r:.40}, and no count.")
        is_number = isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f"
        if is_number and not np.isfinite(value).all():
            raise ValueError(f"{key} of {name} is not finite.")


def _check_nets(name, learnt, n_rois):
    """Compare networks with ROIs and classes, or with the unit of a continuous target."""
    n_classes = len(learnt.get("classes_", ()))
    for net in getattr(learnt.get("_nets"), "nets", ()):
        sizes = net.arguments["n_rois"], net.arguments["n_classes"]
        if sizes != (n_rois, n_classes):
            raise ValueError(f"the network of {name} has {sizes} ROIs and classes.")
        for key, least in (("target_mean_", -np.inf), ("target_scale_", 0)):
            value = learnt.get(key)
            is_number = type(value) is float and least < value < np.inf
            if not n_classes and not is_number:
                raise ValueError(f"{key} of {name} is {value!r:.40}.")


def _check_communities(name, learnt, n_rois):
    numbers = {len(learnt[key]) for key in ("weights_", "sizes_") if key in learnt}
    for key in ("membership_", "communities_"):
        if key in learnt:
            numbers.add(learnt[key].shape[1])
            if len(learnt[key]) != n_rois:
                raise ValueError(f"{key} of {name} has {len(learnt[key])} rows, not {n_rois}.")
    if len(numbers) > 1:
        raise ValueError(f"the arrays of {name} are of {sorted(numbers)} communities.")


def _check_hmms(models, n_rois):
    for of_class in models:
        if len(of_class) != n_rois:
            raise ValueError(f"there are {len(of_class)} hidden Markov models of {n_rois} ROIs.")
        for model in of_class:
            q = model.n_states
            parts = model.start, model.means, model.variances, model.transitions
            if [part.shape for part in parts] != [(1, q)] * 3 + [(1, q, q)]:
                raise ValueError("a hidden Markov model has arrays of different states.")


def _ask(estimator):
    """Let the estimator answer for two synthetic scans."""
    X = _synthetic_scans(estimator)
    if X is None:
        return
    for name in _ANSWERS:
        try:
            answers = getattr(estimator, name)(X)
        except AttributeError:  # another kind of estimator, or a variant without this path
            continue
        if len(answers) != len(X):
            raise ValueError(f"{name} answers {len(answers)} rows for {len(X)}.")
        numbers = np.concatenate([np.ravel(np.asarray(a)) for a in answers])
        if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
            raise ValueError(f"{name} answers with numbers that are not finite.")
    for name in ("membership_", "influence_"):
        if not np.isfinite(getattr(estimator, name, 0.0)).all():
            raise ValueError(f"{name} is not finite.")


def _synthetic_scans(estimator):
    """Return scans that an estimator reads, or None where it begins with images."""
    first = estimator.steps[0][1] if isinstance(estimator, Pipeline) else estimator
    if not hasattr(first, "n_features_in_"):
        return None
    n_rois, rng = first.n_features_in_, np.random.default_rng(0)
    if getattr(first, "_is_table", not type(first).__module__.startswith("sklearn_lstmdg")):
        return rng.standard_normal((2, n_rois))
    inside = list(estimators_in(estimator))
    n_points = 8 + max(getattr(e, "length", 0) + getattr(e, "horizon", 0) for e in inside)
    for inner in inside:
        if getattr(inner, "band_pass", None):
            n_points = max(n_points, int(np.ceil(1 / (inner.band_pass[0] * inner.t_r))) + 1)
    if n_points * n_rois > _MOST_NUMBERS:
        raise ValueError(f"it reads scans of {n_points} points of {n_rois} ROIs.")
    if any(map(_connects_rois, inside)):
        # Where a model weighs the connections, it holds as many numbers itself.
        held = (value for inner in inside for value in vars(inner).values())
        n_held = sum(value.size for value in held if isinstance(value, np.ndarray))
        if n_connections(n_rois) > max(_MOST_CONNECTIONS, n_held):
            raise ValueError(f"it makes all connections of {n_rois} ROIs, more than it weighs.")
    return rng.standard_normal((2, n_points, n_rois))


def _connects_rois(estimator):
    is_nilearns = type(estimator).__name__ == "ConnectivityMeasure"
    return is_nilearns or vars(estimator).get("_is_table") is False
