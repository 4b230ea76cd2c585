"""Finished folds on disk: one file each, written at once or not at all, never mixed."""

import contextlib
import json
import os
import warnings
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from .._files import read_json, write_atomically
from .._text import listed
from ..persistence import save_model
from ._fingerprint import N_ROWS, PARTS, digest
from ._folds import WITHIN_SITE

LOCK = ".lock"
_TABLES = ("summary.csv", "folds.csv", "predictions.csv", "confusion.csv", "left_out.csv")
_LONGEST_NAME = 90  # quoted: files have two, and 255 characters in all, also while they are written
_OF_MODELS = ("model", "site", "repeat", "fold", "pos_label", "t_r")


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
        self.models = self.out / "models"

    def path(self, key):
        """Return the file of a fold, given its model, site, repeat and fold."""
        model, site, repeat, fold = key
        names = f"{quote(model, safe=' ')}__{quote(site, safe=' ')}"
        return self.folder / f"{names}__repeat{repeat}__fold{fold}.npz"

    def write(self, result, model=None):
        """Write a finished fold, and its model if there is one.

        Return what is there then: this result, or that of another run that was faster.
        """
        path = self.path(result.key)
        with locked(self.out):  # or a run that begins takes a half-written model for a killed one's
            earlier = self._read(path)
            if earlier is None or not (model is None or self.has_model(earlier)):
                result = result if model is None else self._with_model(result, model)
                write_atomically(path, _packed(result))
                return result
        refuse_other_run(self.out, earlier, result.facts.get("fingerprint", {}))
        return earlier

    def _with_model(self, result, model):
        """Write a fold's model, and return the result that knows its file."""
        path = self._model_path(result.key)
        facts = {name: result.facts[name] for name in _OF_MODELS if name in result.facts}
        save_model(model, path, facts=facts)
        checksum = sha256(path.read_bytes()).hexdigest()
        of_model = {"model_file": path.name, "model_checksum": checksum}
        return replace(result, facts=result.facts | of_model)

    def _model_path(self, key):
        return self.models / f"{self.path(key).stem}.skops"

    def has_model(self, result):
        """Tell whether the model of a stored fold is there, undamaged, or none is wanted."""
        if result.facts.get("model_file", "") is None:
            return True
        try:
            content = self._model_path(result.key).read_bytes()
        except FileNotFoundError:
            return False
        return sha256(content).hexdigest() == result.facts.get("model_checksum")

    def clean(self):
        """Delete what killed runs have left half written."""
        with locked(self.out) as is_mine:
            for folder in (self.out, self.folder, self.models) if is_mine else ():
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


def check_names(names):
    """Refuse names of models, or of sites, that the files of folds could not have everywhere."""
    names = list(dict.fromkeys(names))
    for name in names:
        if len(quote(name)) > _LONGEST_NAME:
            raise ValueError(
                f"The name {name[:20]!r}... of a model or site is too long for a file."
            )
    alike = {}
    for name in names:
        other = alike.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(
                f"The names {other!r} and {name!r} differ only in case, which some file systems do "
                "not tell apart."
            )


def _packed(result):
    """Return the bytes of a fold's file."""
    facts, buffer = result.facts | {"checksum": _checksum(result)}, BytesIO()
    np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **result.arrays)
    return buffer.getvalue()


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


def refuse_other_files(out):
    """Raise where a folder that no comparison has begun holds files of the names of results."""
    store = FoldStore(out)
    in_the_way = [name for name in _TABLES if (store.out / name).exists()]
    if in_the_way and not store.folder.exists() and not (store.out / "settings.json").exists():
        raise ValueError(
            f"{out} is not the folder of a comparison, and its {listed(in_the_way)} would be lost: "
            "choose another folder."
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
    # filelock raises Timeout, which is an OSError, or these two where a system has no locks.
    with contextlib.suppress(OSError, NotImplementedError):
        lock.acquire()
        is_held = True
    try:
        yield is_held
    finally:
        lock.release()
