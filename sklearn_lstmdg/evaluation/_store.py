"""Finished folds on disk: one file each, written at once or not at all, never mixed."""

import contextlib
import json
import os
import uuid
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ._fingerprint import digest

__all__ = ["FoldResult", "FoldStore", "write_atomically"]


@dataclass(frozen=True)
class FoldResult:
    """What one trained fold leaves.

    Attributes
    ----------
    facts : dict
        What JSON can hold: model, site, repeat, fold, seed, parameters, versions, seconds,
        fingerprint and more.
    arrays : dict of ndarray
        Row numbers, subjects, labels, scores, and what the model has learnt.
    """

    facts: dict
    arrays: dict

    @property
    def key(self):
        """Model, site, repeat and fold."""
        return tuple(self.facts[name] for name in ("model", "site", "repeat", "fold"))


class FoldStore:
    """Folder with one file for each finished fold.

    Parameters
    ----------
    folder : path
        The results folder; files are in its ``folds``.
    """

    def __init__(self, folder):
        self.folder = Path(folder) / "folds"

    def path(self, key):
        """Return the file of a fold, given its model, site, repeat and fold."""
        model, site, repeat, fold = key
        names = f"{quote(model, safe=' ')}__{quote(site, safe=' ')}"
        return self.folder / f"{names}__repeat{repeat}__fold{fold}.npz"

    def write(self, result):
        """Write a finished fold."""
        facts = result.facts | {"checksum": _checksum(result)}
        buffer = BytesIO()
        np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **result.arrays)
        write_atomically(self.path(result.key), buffer.getvalue())

    def read_all(self):
        """Read every finished fold.

        Returns
        -------
        dict of FoldResult
            By model, site, repeat and fold.

        Warns
        -----
        UserWarning
            For each damaged file, which is renamed and so counts as not finished.
        """
        results = (self._read(path) for path in sorted(self.folder.glob("*.npz")))
        return {result.key: result for result in results if result is not None}

    def _read(self, path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # another run has set it aside
            return None
        try:
            result = self._parse(content, path)
        except Exception as error:  # whatever damage does to zip, npy and JSON
            _set_aside(path, error)
            return None
        return result

    def _parse(self, content, path):
        with np.load(BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        checksum = facts.pop("checksum")
        result = FoldResult(facts, arrays)
        if _checksum(result) != checksum or self.path(result.key).name != path.name:
            raise ValueError("its checksum or its name does not fit")
        return result


def _checksum(result):
    names = sorted(result.arrays)
    return digest(result.facts, names, *(result.arrays[name] for name in names))


def _set_aside(path, error):
    aside = path.with_name(path.name + ".damaged")
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, aside)
    warnings.warn(
        f"{path} is damaged ({error}); it is kept as {aside.name} and its fold is trained again.",
        UserWarning,
        stacklevel=2,
    )


def write_atomically(path, content):
    """Write a file so that at any moment there is the whole of it or nothing.

    Parameters
    ----------
    path : Path
        Its folder is made where missing.
    content : bytes
        What to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Make a renamed file outlast a power failure, where folders can be synchronised."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
