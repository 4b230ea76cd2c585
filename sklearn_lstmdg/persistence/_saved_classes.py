"""Which classes model files may hold, and what must fit together in them.

A name in a file chooses among these and nothing else; nothing is imported by a name from a file.
"""

from importlib import import_module

import numpy as np

from .._extras import require
from ..baselines import GaussianHMM, SparseEncoder
from ..scans import n_connections

__all__ = [
    "RECORDS",
    "check_parameters",
    "check_shapes",
    "find_class",
    "is_ours",
    "refusal",
]

_OURS = {name for name in import_module(__package__.partition(".")[0]).__all__ if name[0].isupper()}
RECORDS = {"GaussianHMM": GaussianHMM, "SparseEncoder": SparseEncoder}
_SCIKIT_LEARNS = {
    "FrozenEstimator": "sklearn.frozen",
    "KMeans": "sklearn.cluster",
    "LabelBinarizer": "sklearn.preprocessing",
    "LedoitWolf": "sklearn.covariance",
    "LinearSVC": "sklearn.svm",
    "LogisticRegression": "sklearn.linear_model",
    "Pipeline": "sklearn.pipeline",
    "RidgeClassifier": "sklearn.linear_model",
    "StandardScaler": "sklearn.preprocessing",
}
_NILEARNS = {"ConnectivityMeasure": "nilearn.connectome"}


def is_ours(name):
    """Tell whether a name is of an estimator of this package."""
    return name in _OURS


def find_class(name):
    """Return the class of estimators that a name in a file stands for, or None."""
    if name in _SCIKIT_LEARNS:
        return getattr(import_module(_SCIKIT_LEARNS[name]), name)
    if name in _NILEARNS:
        return getattr(require(_NILEARNS[name], extra="neuro"), name)
    return getattr(import_module(__package__.partition(".")[0]), name) if name in _OURS else None


def refusal(estimator):
    """Return why files cannot hold an estimator of its class, or None where they can."""
    cls = type(estimator)
    if find_class(cls.__name__) is cls:
        return None
    known = ", ".join(sorted([*_OURS, *_SCIKIT_LEARNS, *_NILEARNS]))
    return (
        f"of estimators, model files hold {known}, and no classes derived from them, not "
        f"{cls.__module__}.{cls.__qualname__}. Pickle and joblib save others."
    )


def check_parameters(estimator):
    """Check that files may hold an estimator with its parameters, before writing and on reading.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Raises
    ------
    ValueError
        If they may not.
    """
    cls = type(estimator)
    reason = refusal(estimator)
    if reason is not None:
        raise ValueError(f"{cls.__name__} cannot be saved: {reason}")
    if cls.__name__ == "Pipeline" and estimator.memory is not None:
        # A cache holds pickles: a file must not choose where they are read.
        raise ValueError("parameter 'memory' of Pipeline cannot be saved: set it to None.")
    if hasattr(cls, "_parameter_constraints"):
        estimator._validate_params()


def check_shapes(estimator):
    """Check that what an estimator of this package has learnt fits together; not its networks.

    Parameters
    ----------
    estimator : estimator
        With its learnt attributes.

    Raises
    ------
    ValueError
        If an attribute does not fit; the message names it.
    """
    name, learnt = type(estimator).__name__, vars(estimator)
    if not is_ours(name):
        return
    n_rois = learnt.get("n_features_in_", 1)
    if type(n_rois) is not int or n_rois < 1:
        raise ValueError(f"n_features_in_ of {name} is {n_rois!r:.40}.")
    classes = learnt.get("classes_", np.arange(2))
    n_classes = len(classes)
    n_outputs = 1 if n_classes == 2 else n_classes
    if n_classes < 2 or not isinstance(classes, np.ndarray) or classes.ndim > 1:
        raise ValueError(f"classes_ of {name} are not two or more in an array.")
    n_rows = {"coef_": n_outputs, "intercept_": n_outputs}
    n_rows |= dict.fromkeys(("membership_", "communities_"), n_rois)
    for key in n_rows.keys() & learnt.keys():
        if len(learnt[key]) != n_rows[key]:
            raise ValueError(f"{key} of {name} has {len(learnt[key])} rows, not {n_rows[key]}.")
    if name == "FCSVM" and "coef_" in learnt:
        n_features = n_rois if learnt["_is_table"] else n_connections(n_rois)
        if learnt["coef_"].shape != (n_outputs, n_features):
            raise ValueError(f"coef_ of {name} has shape {learnt['coef_'].shape}.")
    _check_hmms(learnt.get("_models", ()), n_rois)


def _check_hmms(models, n_rois):
    """Check that each class has one model a ROI, of as many states in all its arrays."""
    for of_class in models:
        if len(of_class) != n_rois:
            raise ValueError(f"there are {len(of_class)} hidden Markov models of {n_rois} ROIs.")
        for model in of_class:
            q = model.n_states
            parts = model.start, model.means, model.variances, model.transitions
            if [part.shape for part in parts] != [(1, q)] * 3 + [(1, q, q)]:
                raise ValueError("a hidden Markov model has arrays of different states.")
