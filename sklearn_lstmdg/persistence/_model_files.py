"""Model files: one safetensors file of arrays, whose metadata is JSON, checked before it is used.

The metadata hold "format", "format_version", "model" (a JSON text) and "sha256", the checksum of
the whole file with zeros in the checksum's own place.
"""

import hashlib
import json

from .._extras import require
from .._files import write_atomically

__all__ = ["FORMAT_VERSION", "read_model_file", "write_model_file"]

FORMAT_VERSION = 1
_FORMAT = "sklearn_lstmdg"
_NO_CHECKSUM = "0" * 64


def write_model_file(path, document, arrays):
    """Write a model so that at any moment there is the whole file, or what was there before.

    Parameters
    ----------
    path : Path
        The file; its folder must exist.
    document : dict
        What JSON can hold.
    arrays : dict of ndarray
        By name, contiguous, in C order, of the dtypes that safetensors has.

    Raises
    ------
    ImportError
        If safetensors is not installed.
    """
    metadata = {
        "format": _FORMAT,
        "format_version": str(FORMAT_VERSION),
        "model": json.dumps(document, allow_nan=False, separators=(",", ":")),
        "sha256": _NO_CHECKSUM,
    }
    content = require("safetensors.numpy", extra="files").save(arrays, metadata)
    checksum = hashlib.sha256(content).hexdigest()
    write_atomically(path, content.replace(_entry(_NO_CHECKSUM), _entry(checksum), 1))


def read_model_file(path):
    """Read and check a model file; nothing of it is executed.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    document : dict
    arrays : dict of ndarray
        Read-only.

    Raises
    ------
    ValueError
        If the file is damaged, is no model file, or is of a newer format.
    ImportError
        If safetensors is not installed.
    """
    safetensors = require("safetensors.numpy", extra="files")
    content = path.read_bytes()
    metadata = _read_metadata(path, content)
    _check_version(path, metadata)
    _check_checksum(path, content, metadata)
    try:
        return json.loads(metadata["model"]), safetensors.load(content)
    except Exception as error:  # whatever safetensors and JSON find wrong
        raise ValueError(f"{path} is damaged: {error}") from error


def _entry(checksum):
    """Return the checksum as the header spells it; quotes inside other texts are escaped."""
    return f'"sha256":"{checksum}"'.encode()


def _read_metadata(path, content):
    """Return the metadata of a safetensors file, which are texts by name."""
    n_bytes = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 + n_bytes:
            raise ValueError("its header ends after the file")
        header = json.loads(content[8 : 8 + n_bytes].decode("utf-8"))
        metadata = header.get("__metadata__", {})
        is_ours = metadata.get("format") == _FORMAT
    except (ValueError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path} is no model file of sklearn_lstmdg, or is cut short or damaged ({error}). "
            "Files of pickle and joblib are read by these libraries, and only if you trust them."
        ) from error
    if not is_ours:
        raise ValueError(f"{path} is a safetensors file, but holds no model of sklearn_lstmdg.")
    return metadata


def _check_version(path, metadata):
    version = metadata.get("format_version")
    if not (isinstance(version, str) and version.isdecimal() and len(version) < 10):
        raise ValueError(f"{path} is damaged: its format version is {version!r:.40}.")
    if int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{path} has format {version}, and this version of sklearn_lstmdg reads formats up to "
            f"{FORMAT_VERSION}: update sklearn_lstmdg."
        )


def _check_checksum(path, content, metadata):
    told = metadata.get("sha256")
    blank = content.replace(_entry(told), _entry(_NO_CHECKSUM), 1)
    if hashlib.sha256(blank).hexdigest() != told:
        raise ValueError(f"{path} is damaged: its checksum does not fit its content.")
