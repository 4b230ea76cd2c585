"""Fitted estimators as JSON and arrays.

None, truth values, whole and finite numbers, texts and lists stand in JSON as they are; all else
is an object with a "type", which ``_state_reader`` turns back.
"""

import math
from dataclasses import fields

import numpy as np
from sklearn.utils._metadata_requests import SIMPLE_METHODS, MetadataRequest

from ._saved_classes import RECORDS, check_parameters, refusal
from ._saved_nets import is_net

__all__ = ["StateWriter"]

_DTYPES = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
_LABELS = (str, int, float, np.generic, type(None))
_HINTS = {
    "RandomState": ", give a whole number as seed",
    "function": ", and files hold no code",
}


class _CannotSaveError(Exception):
    """A value has no form in a file; says why."""


def _requests(metadata):
    """Return what each method requests, as ``set_fit_request`` and its like take it."""
    of_methods = {method: getattr(metadata, method).requests for method in SIMPLE_METHODS}
    return {method: dict(requests) for method, requests in of_methods.items() if requests}


class StateWriter:
    """Turns an estimator into JSON, and collects its arrays.

    Attributes
    ----------
    arrays : dict of ndarray
        By the path of the attribute that holds them.
    """

    def __init__(self):
        self.arrays = {}
        self._numbers = {}

    def encode_estimator(self, estimator, path=""):
        """Return an estimator of ours, or one of the few others that files may hold, as JSON.

        Parameters
        ----------
        estimator : estimator
            Fitted or not.
        path : str
            Where it stands in a larger one.

        Returns
        -------
        dict

        Raises
        ------
        ValueError
            If a parameter or attribute cannot be saved; the message names it.
        """
        name = type(estimator).__name__
        params = estimator.get_params(deep=False)
        check_parameters(estimator)
        state = {k: v for k, v in vars(estimator).items() if k not in params}
        told = {"type": "estimator", "class": name}
        for part, kind, values in (
            ("params", "parameter", params),
            ("state", "attribute", state),
        ):
            told[part] = {}
            for key, value in values.items():
                try:
                    told[part][key] = self.encode(value, f"{path}{key}")
                except _CannotSaveError as error:
                    raise ValueError(f"{kind} {key!r} of {name} cannot be saved: {error}") from None
        return told

    def encode(self, value, path):
        """Return any value as JSON."""
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"type": "float", "value": repr(value)}
        if kind is list:
            return self._items(value, path)
        if kind is np.str_:
            return str(value)
        if id(value) in self._numbers:
            return {"type": "same", "number": self._numbers[id(value)]}
        for type_, encode in self._ENCODERS.items():
            if issubclass(kind, type_):
                return encode(self, value, path)
        return self._encode_object(value, path)

    def _items(self, values, path):
        return [self.encode(value, f"{path}.{k}") for k, value in enumerate(values)]

    def _encode_tuple(self, value, path):
        if type(value) is not tuple:
            raise _CannotSaveError(f"it is a {type(value).__name__}.")
        return {"type": "tuple", "items": self._items(value, path)}

    def _encode_range(self, value, path):
        return {"type": "range", "items": [value.start, value.stop, value.step]}

    def _encode_dict(self, value, path):
        if type(value) is not dict:
            raise _CannotSaveError(f"it is a {type(value).__name__}.")
        items = [
            [self.encode(key, path), self.encode(item, f"{path}.{key}")]
            for key, item in value.items()
        ]
        return {"type": "dict", "items": items}

    def _encode_scalar(self, value, path):
        return self._encode_array(np.array(value), path) | {"type": "scalar"}

    def _encode_array(self, value, path):
        if type(value) not in (np.ndarray, np.memmap):
            raise _CannotSaveError(f"it is a {type(value).__name__}.")
        if value.dtype.kind in "OU":
            return self._encode_labels(value, path)
        if value.dtype.name not in _DTYPES:
            raise _CannotSaveError(f"files hold no arrays of dtype {value.dtype}.")
        is_fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        name = path if path not in self.arrays else f"{path}#{len(self.arrays)}"
        self.arrays[name] = np.array(value, dtype=value.dtype.newbyteorder("="), order="C")
        return {"type": "array", "name": name, "order": "F" if is_fortran else "C"}

    def _encode_labels(self, value, path):
        values = value.ravel().tolist()
        if not all(isinstance(item, _LABELS) for item in values):
            raise _CannotSaveError("of object arrays, files hold texts and numbers only.")
        return {
            "type": "labels",
            "object": value.dtype.kind == "O",
            "shape": list(value.shape),
            "items": self._items(values, path),
        }

    def _encode_object(self, value, path):
        """Return networks, records and estimators as JSON; only these may stand in two places."""
        name = type(value).__name__
        if isinstance(value, MetadataRequest):
            return self.encode(_requests(value), path)
        if is_net(value):
            return {"type": "net", "class": name, "state": self.encode(value.__getstate__(), path)}
        if RECORDS.get(name) is type(value):
            parts = {f.name: getattr(value, f.name) for f in fields(value)}
            items = {key: self.encode(part, f"{path}.{key}") for key, part in parts.items()}
            told = {"type": "record", "class": name, "fields": items}
        elif hasattr(value, "get_params") and not isinstance(value, type):
            reason = refusal(value)
            if reason is not None:
                raise _CannotSaveError(reason)
            told = self.encode_estimator(value, f"{path}.")
        else:
            raise _CannotSaveError(f"it is a {name}{_HINTS.get(name, '')}.")
        told["number"] = self._numbers[id(value)] = len(self._numbers)
        return told

    _ENCODERS = {
        tuple: _encode_tuple,
        range: _encode_range,
        dict: _encode_dict,
        np.generic: _encode_scalar,
        np.ndarray: _encode_array,
    }
