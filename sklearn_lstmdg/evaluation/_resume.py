"""What a results folder holds of this run, of earlier ones, and of others."""

import json
import warnings
from pathlib import Path

from .._files import write_atomically
from ._fingerprint import package_versions
from ._store import FoldStore, locked, read_settings, refuse_other_run

__all__ = ["PROTOCOL", "register", "warn_of_versions"]

PROTOCOL = "number of folds, seed or positive class"


def register(tasks, out, protocol, scheme):
    """Write what the run is, with the models and sites of other runs into the same folder.

    Parameters
    ----------
    tasks : list of _Task
        All folds of the run.
    out : path
        The results folder.
    protocol : dict
        Number of folds, seed and positive class.
    scheme : str
        What is tested by what.

    Returns
    -------
    dict of FoldResult
        Those of the run that are finished, by model, site, repeat and fold.

    Raises
    ------
    ValueError
        If the folder holds folds of another protocol, or of other data or parameters.
    """
    models = {task.facts["model"]: task.facts["parameters"] for task in tasks}
    with locked(out):
        finished = _read_finished(tasks, out)
        earlier = read_settings(out)
        sites = [*earlier.get("sites", []), *(task.fold.site for task in tasks)]
        n_repeats = max(task.fold.repeat for task in tasks) + 1
        settings = {
            **protocol,
            "scheme": scheme,
            "n_repeats": n_repeats,
            "sites": list(dict.fromkeys(sites)),
            "models": earlier.get("models", {}) | models,
            "versions": package_versions(),
        }
        write_atomically(Path(out) / "settings.json", json.dumps(settings, indent=2).encode())
    return finished


def _read_finished(tasks, out):
    """Return the results in the folder; all of them must be of this run's protocol."""
    planned = {task.key: task.facts["fingerprint"] for task in tasks}
    any_fold = tasks[0].facts["fingerprint"]
    protocol = {name: any_fold[name] for name in (PROTOCOL, "scheme")}
    finished = FoldStore(out).read_all()
    for key, result in finished.items():
        refuse_other_run(out, result, planned.get(key, protocol))
    return {key: result for key, result in finished.items() if key in planned}


def warn_of_versions(results):
    """Say where finished folds were trained with other versions than are installed now."""
    here, others = package_versions(), {}
    for result in results:
        there = result.facts["versions"]
        others |= {name: there.get(name) for name in here if there.get(name) != here[name]}
    if others:
        changes = [f"{name} {was} (now {here[name]})" for name, was in others.items()]
        message = f"Folds were finished with other versions: {', '.join(changes)}."
        warnings.warn(message, UserWarning, stacklevel=3)
