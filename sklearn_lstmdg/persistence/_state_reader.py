"""Fitted estimators made anew from JSON and arrays.

What the JSON may ask for is the table at the end of ``StateReader``: values, arrays, and the
constructors of classes in ``_saved_classes``. Nothing else is called.
"""

import math
import re
from dataclasses import fields

import numpy as np
from sklearn import config_context

from ._saved_classes import RECORDS, check_parameters, check_shapes, find_class, is_ours
from ._saved_nets import rebuild_net

__all__ = ["StateReader"]

_LABELS = (str, int, float, np.generic, type(None))
_REQUESTS, _NO_REQUESTS = "_metadata_request", {"type": "dict", "items": []}
_FITTED_NAME = re.compile(r"[A-Za-z]\w*_|_[A-Za-z]\w*", re.ASCII)


def _holds_nets(item):
    """Tell whether JSON is of a network, or of a list that begins with one."""
    first = item[0] if isinstance(item, list) and item else item
    return isinstance(first, dict) and first["type"] == "net"


class StateReader:
    """Makes an estimator from JSON and arrays.

    Parameters
    ----------
    arrays : dict of ndarray
        By the names that the JSON has.
    device : str, default=None
        What the parameter ``device`` becomes, where an estimator has it.

    Attributes
    ----------
    others : set of str
        Names of the classes found that are not of this package.
    """

    def __init__(self, arrays, device=None):
        self.others = set()
        self._arrays = arrays
        self._device = device
        self._known = {}

    def decode(self, value, owner=None):
        """Return the value that JSON stands for.

        Parameters
        ----------
        value : object
            From JSON.
        owner : estimator, default=None
            Whose value it is; a network is made for its parameters.

        Raises
        ------
        Exception
            Of any kind, if the JSON is not what ``StateWriter`` makes.
        """
        if isinstance(value, list):
            return [self.decode(item, owner) for item in value]
        if not isinstance(value, dict):
            return value
        if value["type"] not in self._DECODERS:
            raise ValueError(f"it holds a value of unknown type {value['type']!r:.40}.")
        decoded = self._DECODERS[value["type"]](self, value, owner)
        if value["type"] in ("estimator", "record") and "number" in value:
            self._known[value["number"]] = decoded
        return decoded

    def _decode_float(self, value, owner):
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[value["value"]]

    def _decode_tuple(self, value, owner):
        return tuple(self.decode(value["items"], owner))

    def _decode_range(self, value, owner):
        return range(*value["items"])

    def _decode_dict(self, value, owner):
        return {self.decode(key): self.decode(item, owner) for key, item in value["items"]}

    def _decode_array(self, value, owner):
        order = {"C": "C", "F": "F"}[value["order"]]
        return np.array(self._arrays[value["name"]], order=order)

    def _decode_scalar(self, value, owner):
        array = self._arrays[value["name"]]
        if array.ndim:
            raise ValueError(f"{value['name']} is no single number.")
        return array[()]

    def _decode_labels(self, value, owner):
        items = self.decode(value["items"])
        is_object = value["object"]
        if not all(isinstance(item, _LABELS if is_object else str) for item in items):
            raise ValueError("an array of texts holds something else.")
        return np.array(items, dtype=object if is_object else str).reshape(value["shape"])

    def _decode_record(self, value, owner):
        cls, told = RECORDS[value["class"]], value["fields"]
        if set(told) != {f.name for f in fields(cls)}:
            raise ValueError(f"{cls.__name__} has other fields.")
        return cls(**{name: self.decode(item) for name, item in told.items()})

    def _decode_net(self, value, owner):
        net = rebuild_net(value["class"], owner, self.decode(value["state"]))
        if self._device is not None and value["class"] == "Nets":
            net.to(self._device)
        return net

    def _decode_same(self, value, owner):
        return self._known[value["number"]]

    def _decode_estimator(self, value, owner):
        name, params = value["class"], value["params"]
        cls = find_class(name)
        if cls is None:
            raise ValueError(f"it holds an estimator of unknown class {name!r:.60}.")
        unknown = set(params) - set(cls._get_param_names())
        if unknown:
            raise ValueError(f"{name} has no parameter {min(unknown)!r:.60} in this version.")
        params = {key: self.decode(param) for key, param in params.items()}
        if self._device is not None and "device" in params:
            params["device"] = self._device
        estimator = cls(**params)
        check_parameters(estimator)
        self._set_state(estimator, value["state"])
        if not is_ours(name) and value["state"]:
            self.others.add(name)
        return estimator

    def _set_state(self, estimator, state):
        """Set what was learnt, networks last: they are made for the rest."""
        cls = type(estimator)
        for name in state:
            if not _FITTED_NAME.fullmatch(name) or hasattr(cls, name) or name.endswith("__"):
                raise ValueError(f"{cls.__name__} cannot learn an attribute {name!r:.60}.")
        self._set_requests(estimator, state)
        nets = [k for k, item in state.items() if _holds_nets(item)]
        for name in [k for k in state if k != _REQUESTS and k not in nets]:
            setattr(estimator, name, self.decode(state[name]))
        check_shapes(estimator)
        for name in nets:
            setattr(estimator, name, self.decode(state[name], estimator))

    def _set_requests(self, estimator, state):
        """Set the metadata that methods request."""
        for method, requests in self.decode(state.get(_REQUESTS, _NO_REQUESTS)).items():
            with config_context(enable_metadata_routing=True):
                getattr(estimator, f"set_{method}_request")(**requests)

    _DECODERS = {
        "array": _decode_array,
        "dict": _decode_dict,
        "estimator": _decode_estimator,
        "float": _decode_float,
        "labels": _decode_labels,
        "net": _decode_net,
        "range": _decode_range,
        "record": _decode_record,
        "same": _decode_same,
        "scalar": _decode_scalar,
        "tuple": _decode_tuple,
    }
