"""Finished folds on disk: one file each, written at once or not at all, never mixed."""

import contextlib
import json
import os
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from .._files import read_json, write_atomically
from ._fingerprint import N_ROWS, PARTS, digest
from ._folds import WITHIN_SITE

LOCK = ".lock"


def key_of(facts):
    """Return the model, site, repeat and fold that facts are of."""
    return facts["model"], facts["site"], facts["repeat"], facts["fold"]


@dataclass(frozen=True)
class FoldResult:
    """What a trained fold leaves: facts that JSON can hold, and arrays of rows and results."""

    facts: dict[str, Any]
    arrays: dict[str, NDArray]

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Model, site, repeat and fold."""
        return key_of(self.facts)


class FoldStore:
    """Folder with one file for each finished fold."""

    def __init__(self, out):
        self.out = Path(out)
        self.folder = self.out / "folds"

    def path(self, key):
        """Return the file of a fold, given its model, site, repeat and fold."""
        model, site, repeat, fold = key
        names = f"{quote(model, safe=' ')}__{quote(site, safe=' ')}"
        return self.folder / f"{names}__repeat{repeat}__fold{fold}.npz"

    def write(self, result):
        """Write a finished fold and return it, or that of another run that was faster."""
        facts = result.facts | {"checksum": _checksum(result)}
        buffer = BytesIO()
        np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **result.arrays)
        path = self.path(result.key)
        with locked(self.out):
            earlier = self._read(path)
            if earlier is None:
                write_atomically(path, buffer.getvalue())
                return result
        refuse_other_run(self.out, earlier, result.facts.get("fingerprint", {}))
        return earlier

    def clean(self):
        """Delete what killed runs have left half written."""
        with locked(self.out) as is_mine:
            for folder in (self.out, self.folder) if is_mine else ():
                for path in folder.glob(".*.tmp"):
                    path.unlink()

    def read_all(self):
        """Read every finished fold; a damaged file is renamed and counts as not finished."""
        results = (self._read(path) for path in sorted(self.folder.glob("*.npz")))
        return {result.key: result for result in results if result is not None}

    def _read(self, path):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # not finished, or set aside by another run
            return None
        try:
            return self._parse(content, path)
        except Exception as error:  # whatever damage does to zip, npy and JSON
            _set_aside(path, error)
            return None

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
        f"{path} is damaged ({error}); it is kept as {aside.name} and its work is done again.",
        UserWarning,
        stacklevel=2,
    )


def refuse_other_run(out, result, fingerprint):
    """Raise where a stored fold depends on other facts than those of this run."""
    there = {"scheme": WITHIN_SITE, "X_unlabeled": None} | result.facts.get("fingerprint", {})
    changed = [n for n, value in fingerprint.items() if n != PARTS and there.get(n) != value]
    if changed:
        model, site = result.key[:2]
        parts = _changed_parts(there.get(PARTS), fingerprint.get(PARTS))
        told = [f"data ({parts})" if n == "data" and parts else n for n in changed]
        raise ValueError(
            f"{out} holds results of another run: of model {model!r} at site {site!r}, "
            f"these differ: {', '.join(told)}. Choose another folder, or delete this one."
        )


def _changed_parts(there, here):
    """Say which parts of the data differ; how many rows there are if that does."""
    there, here = there or {}, here or {}
    changed = [name for name in here if name in there and there[name] != here[name]]
    if N_ROWS in changed:  # the rest cannot be the same
        return f"{there[N_ROWS]} rows there, {here[N_ROWS]} now"
    return ", ".join(changed)


def read_settings(out):
    """Return what ``settings.json`` of a results folder holds; nothing where there is none."""
    path = Path(out) / "settings.json"
    try:
        form, content = {"models": dict, "sites": [str]}, read_json(path)
        return read_json(path, {name: form[name] for name in form if name in content})
    except FileNotFoundError:
        return {}
    except ValueError as error:
        _set_aside(path, error)
        return {}


@contextlib.contextmanager
def locked(folder, wait=True):
    """Hold a folder's lock, which the system takes back from a process that dies.

    Yields whether it is held: some systems and network folders have no locks, and then work goes
    on without, since every single file is written at once or not at all.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    lock = FileLock(Path(folder) / LOCK, timeout=-1 if wait else 0)
    is_held = False
    with contextlib.suppress(OSError, NotImplementedError):  # Timeout is an OSError
        lock.acquire()
        is_held = True
    try:
        yield is_held
    finally:
        lock.release()
