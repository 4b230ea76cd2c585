"""What methods request of metadata routing, in model files: skops cannot take that apart itself."""

from copy import deepcopy

from sklearn import config_context
from sklearn.utils._metadata_requests import SIMPLE_METHODS

from ._consistency import estimators_in

_ATTRIBUTE = "_metadata_request"


def requests_of(estimator):
    """Return by method what each estimator inside requests, in the order of ``estimators_in``."""
    by_estimator = []
    for inner in estimators_in(estimator):
        metadata = vars(inner).get(_ATTRIBUTE)
        methods = [] if metadata is None else SIMPLE_METHODS
        requests = {method: dict(getattr(metadata, method).requests) for method in methods}
        by_estimator.append({method: asked for method, asked in requests.items() if asked})
    return by_estimator


def without_requests(estimator):
    """Return an estimator, or a copy of it where one inside has requests of its own."""
    if not any(requests_of(estimator)):
        return estimator
    estimator = deepcopy(estimator)
    for inner in estimators_in(estimator):
        vars(inner).pop(_ATTRIBUTE, None)
    return estimator


def set_requests(estimator, requests):
    """Let the estimators inside request what they did."""
    with config_context(enable_metadata_routing=True):
        for inner, asked in zip(list(estimators_in(estimator)), requests, strict=True):
            for method, names in asked.items():
                getattr(inner, f"set_{method}_request")(**names)
