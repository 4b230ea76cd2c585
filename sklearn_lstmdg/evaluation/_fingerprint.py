"""What a result depends on, in words that stay the same from run to run."""

import hashlib
import inspect
import json
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from types import FunctionType, MethodType

import numpy as np

from .._bunch import plain
from .._version import __version__

# These change neither the data nor the model: the run's seed sets every random_state.
_IRRELEVANT = {"random_state", "n_jobs", "verbose"}
# What "data" consists of, to tell what differs; folders of earlier versions do not know it.
PARTS = "parts of the data"
N_ROWS = "number of rows"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "joblib")


def describe(value: object) -> object:
    """Describe a parameter, or an estimator with all its parameters, as JSON can hold it.

    Parameters
    ----------
    value : object
        A plain value, a collection, an array, a function, an estimator or another object.

    Returns
    -------
    object
        Plain values; never an address in memory.

    Examples
    --------
    >>> from sklearn.svm import LinearSVC
    >>> describe(LinearSVC(C=2.0))["C"]
    2.0
    """
    value = plain(value)
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return f"array {value.shape} {digest(value)}"
    if isinstance(value, list | tuple | set):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, partial):
        return [describe(value.func), describe(value.args), describe(value.keywords)]
    return _describe_object(value)


def _describe_object(value):
    if isinstance(value, FunctionType):
        return _describe_function(value)
    if isinstance(value, MethodType):
        return [describe(value.__func__), describe(value.__self__)]
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    is_estimator = hasattr(value, "get_params")
    parameters = value.get_params(deep=False) if is_estimator else getattr(value, "__dict__", {})
    kept = {key: p for key, p in parameters.items() if key not in _IRRELEVANT}
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return {"class": name, **describe(kept)}


def _describe_function(function):
    """Return the name of a function, and what its results depend on: its code and its values."""
    try:
        code = inspect.getsource(function)
    except OSError:  # typed in, or made by a program
        code = repr((function.__code__.co_code, function.__code__.co_names))
    cells = function.__closure__ or ()
    enclosed = [cell.cell_contents for cell in cells if cell.cell_contents is not function]
    constants = [c for c in function.__code__.co_consts if isinstance(c, int | float | str)]
    return {
        "function": f"{function.__module__}.{function.__qualname__}",
        "code": digest(code, constants),
        "values": describe([enclosed, function.__defaults__, function.__kwdefaults__]),
    }


def digest(*values: object) -> str:
    """Return a SHA-256 of arrays and of what JSON can hold.

    Parameters
    ----------
    *values : ndarray or object
        Arrays count with their type and shape.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            sha.update(f"{value.dtype.str}{value.shape}".encode())
            sha.update(np.ascontiguousarray(value).tobytes())
        else:
            sha.update(json.dumps(value, sort_keys=True).encode())
    return sha.hexdigest()


def package_versions():
    """Return the versions of this package and of those that decide its numbers."""
    versions = {"sklearn-lstmdg": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return versions
