"""Models in skops files: no code in a file is run, and what is damaged or does not fit is refused.

A file is a zip archive as skops writes it, uncompressed, whose comment ends with the SHA-256 of all
that stands before. skops makes objects of the types in ``TRUSTED_TYPES`` and of scikit-learn's
estimators only; it never takes the word of a file for what to import.
"""

import hashlib
import io
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._extras import require
from .._files import write_atomically
from .._version import __version__
from ._consistency import check_estimator_state, estimators_in
from ._saved_masker import pack_maskers, unpack_maskers
from ._saved_requests import requests_of, set_requests, without_requests
from ._trusted_types import TRUSTED_TYPES

_FORMAT = 2
_MARK = b"sklearn_lstmdg model %d sha256 " % _FORMAT
_DIGITS = 64
_FACTS = "facts.json"
_PROTOCOL = 2  # older nodes of skops check less
# What skops can make besides these calls, draws, or unpacks what is compressed.
_LOADERS = {
    *("ConstructorFromReduceNode", "DTypeNode", "DictNode", "JsonNode", "ListNode", "NdArrayNode"),
    *("ObjectNode", "SetNode", "SliceNode", "TupleNode", "TypeNode"),
}


def save_model(
    estimator: BaseEstimator,
    path: str | os.PathLike[str],
    *,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write a fitted estimator to a file, without pickle.

    The file is in the format of skops: a zip archive of arrays and of JSON. It is written whole or
    not at all.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package, or a Pipeline of such, of scikit-learn's, and of
        nilearn's maskers and ``ConnectivityMeasure``.
    path : str or path
        The file, by custom named ``.skops``; it is replaced where it exists.
    facts : dict, default=None
        What JSON can hold and :func:`read_facts` returns, such as ``{"t_r": 2.0}``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If something cannot be saved; the message names the parameter or attribute. Files hold no
        code, so no callable ``monitor``, no ``callbacks``, no ``RandomState`` and no estimators of
        other packages.
    TypeError
        If JSON cannot hold the facts.
    ImportError
        If skops, in the extra ``files``, is not installed.

    See Also
    --------
    load_model : Reads the file.
    read_facts : Reads the facts alone.

    Notes
    -----
    A network's optimiser is saved too: ``partial_fit`` and ``warm_start`` go on where they were.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_lstmdg import FCSVM
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.persistence import load_model, save_model
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> svm = FCSVM(Cs=[0.1], random_state=0).fit(cohort.data, cohort.target)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(svm, Path(folder) / "svm.skops")
    ...     loaded = load_model(Path(folder) / "svm.skops")
    >>> bool((loaded.predict_proba(cohort.data) == svm.predict_proba(cohort.data)).all())
    True
    """
    skops = require("skops.io", extra="files")
    check_is_fitted(estimator)
    check_estimator_state(estimator)
    requests = requests_of(estimator)
    estimator = pack_maskers(without_requests(estimator))
    reason = _refusal(skops, estimator)
    if reason is not None:
        raise ValueError(_name_culprit(skops, estimator, reason))
    document = {"sklearn_lstmdg": __version__, "requests": requests, "estimator": estimator}
    buffer = io.BytesIO(skops.dumps(document))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(_FACTS, json.dumps(dict(facts or {}), allow_nan=False))
        archive.comment = _MARK + b"0" * _DIGITS
    content = buffer.getvalue()[:-_DIGITS]
    write_atomically(Path(path), content + hashlib.sha256(content).hexdigest().encode())


def _refusal(skops, value):
    """Return why files cannot hold a value, or None where they can."""
    try:
        content = skops.dumps(value)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _count_nodes(json.loads(archive.read("schema.json")), {}, {})
        unknown = set(skops.get_untrusted_types(data=content)) - set(TRUSTED_TYPES)
    except Exception as error:  # whatever skops cannot take apart
        return str(error)
    return f"files hold no {', '.join(sorted(unknown))}" if unknown else None


def _name_culprit(skops, estimator, reason):
    """Say which parameter or attribute, of which of the estimators inside, cannot be saved."""
    for inner in reversed(list(estimators_in(estimator))):
        params = inner.get_params(deep=False)
        for name, value in (params | vars(inner)).items():
            why = _refusal(skops, value)
            if why is not None:
                kind = "parameter" if name in params else "attribute"
                return f"{kind} {name!r} of {type(inner).__name__} cannot be saved: {why}."
    return f"{type(estimator).__name__} cannot be saved: {reason}."


def load_model(path: str | os.PathLike[str], *, device: str | None = None) -> BaseEstimator:
    """Read an estimator from a file that ``save_model`` wrote; no code in the file can run.

    Parameters
    ----------
    path : str or path
        The file.
    device : str, default=None
        What the parameter ``device`` of an ``LSTMDGClassifier`` or ``LSTMDGRegressor`` becomes,
        such as "cpu" for a net that was trained with ``device="cuda"``.

    Returns
    -------
    estimator
        Fitted as it was: on the same machine its predictions have the same bits.

    Raises
    ------
    ValueError
        If the file is damaged, is no model file, holds a type that is not trusted, or arrays that
        do not fit each other or are not finite.
    ImportError
        If skops, in the extra ``files``, or a package that the model needs is not installed.

    Warns
    -----
    InconsistentVersionWarning
        If the file holds fitted estimators of scikit-learn, and another version wrote it.

    Notes
    -----
    The checksum in a file finds damage. It is no signature: a file from a stranger may hold a model
    that predicts what the stranger likes.
    """
    skops, content = require("skops.io", extra="files"), Path(path).read_bytes()
    _check_checksum(path, content)
    try:
        _check_members(content)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loaded = skops.loads(content, trusted=TRUSTED_TYPES)
            estimator = unpack_maskers(loaded["estimator"])
            set_requests(estimator, loaded["requests"])
            if device is not None:
                _move(estimator, device)
            check_estimator_state(estimator)
    except ImportError:
        raise
    except Exception as error:  # whatever a file claims that cannot be
        raise ValueError(f"No model can be made from {path}: {error}") from error
    for warning in caught:
        warnings.warn(warning.message, warning.category, stacklevel=2)
    return estimator


def _move(estimator, device):
    """Let what was trained on a device run on another one."""
    for inner in estimators_in(estimator):
        if "device" in inner.get_params(deep=False):
            inner.set_params(device=device)
            inner._nets.to(device)


def read_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the facts that ``save_model`` was given, without making the model.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    dict
        Empty where none were given.

    Raises
    ------
    ValueError
        If the file is damaged, or is no model file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_lstmdg.persistence import read_facts, save_model
    >>> line = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(line, Path(folder) / "line.skops", facts={"t_r": 2.0})
    ...     read_facts(Path(folder) / "line.skops")
    {'t_r': 2.0}
    """
    content = Path(path).read_bytes()
    _check_checksum(path, content)
    try:
        _check_members(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            facts = json.loads(archive.read(_FACTS)) if _FACTS in archive.namelist() else {}
    except Exception as error:  # whatever a file claims that cannot be
        raise ValueError(f"{path} has no facts that can be read: {error}") from error
    if not isinstance(facts, dict):
        raise ValueError(f"{path} has no facts that can be read: they are no JSON object.")
    return facts


def _check_checksum(path, content):
    if not content[:-_DIGITS].endswith(_MARK):
        raise ValueError(
            f"{path} is no model file of sklearn_lstmdg, or is cut short, damaged, or of another "
            "version's format. Files of pickle and joblib are read by these libraries, and only if "
            "you trust them."
        )
    if hashlib.sha256(content[:-_DIGITS]).hexdigest().encode() != content[-_DIGITS:]:
        raise ValueError(f"{path} is damaged: its checksum does not fit its content.")


def _check_members(content):
    """Refuse archives that could need more memory than their size tells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len({member.filename for member in members}) < len(members):
            raise ValueError("a name occurs twice in the archive.")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                raise ValueError(f"{member.filename} is compressed or larger than the file.")
            if member.filename not in ("schema.json", _FACTS):
                _check_array(archive.read(member), member.filename)
        schema = json.loads(archive.read("schema.json"), object_pairs_hook=_unique_keys)
    if not schema["protocol"] >= _PROTOCOL:
        raise ValueError(f"its protocol is {schema['protocol']!r:.40}.")
    _count_nodes(schema, {}, {})


def _count_nodes(value, seen, files):
    """Return how many nodes a part of a schema has, which are as many objects as it makes.

    An identity that stood for a small node here and a large one there, or an array with many or no
    identities, would make more of a file than its size tells.
    """
    if not isinstance(value, dict | list):
        return 0
    parts = value.values() if isinstance(value, dict) else value
    size = sum(_count_nodes(part, seen, files) for part in parts)
    if isinstance(value, list) or "__loader__" not in value:
        return size
    identity = value.get("__id__")
    if value["__loader__"] not in _LOADERS:
        raise ValueError(f"files hold no {value['__module__']}.{value['__class__']}")
    if identity and seen.setdefault(identity, size) != size:
        raise ValueError("an object is told twice, and not alike.")
    if "file" in value and not (identity and files.setdefault(value["file"], identity) == identity):
        raise ValueError(f"array {value['file']} stands for several objects.")
    return size + 1


def _check_array(content, name):
    """Compare what the header of an array claims with what there is."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}
    shape, _, dtype = read[version[0]](file)
    if prod(shape) * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"array {name} has not the size that it claims.")


def _unique_keys(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key occurs twice in the schema.")
    return dict(pairs)
