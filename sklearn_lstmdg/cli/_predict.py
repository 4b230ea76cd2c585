"""``lstmdg predict``: what saved models say of new scans."""

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._extras import require
from .._files import fits, write_csv
from .._text import counted, listed, to_csv
from ..evaluation import class_probabilities, decide, load_comparison
from ..persistence import load_model, read_facts
from ..scans import check_times
from ._scan_options import has_scans, load_cohort, settle_scans
from ._terminal import say

_ID = "participant_id"
_OF_SCANS = (_ID, "SUB_ID", "session", "run", "task")
_OF_FOLD = {"model": str, "site": str, "repeat": int, "fold": int}


class SavedModel(NamedTuple):
    """A model, the file that it was read from, and what that tells of its training."""

    path: Path
    estimator: Any
    facts: dict

    def predict(self, scans):
        """Return class probabilities (n_scans, n_classes), or a regressor's values (n_scans, 1)."""
        if self.classes is None:
            return np.asarray(self.estimator.predict(scans), dtype=np.float64)[:, None]
        return class_probabilities(self.estimator, scans)

    @property
    def classes(self):
        """The names of the classes; None of a regressor."""
        classes = getattr(self.estimator, "classes_", None)
        return None if classes is None else classes.tolist()


def run(args):
    """Predict the scans that the options ask for by the mean of the models."""
    if args.out is not None and Path(args.out).is_dir():
        raise ValueError(f"{args.out} is a folder: --out is the table.")
    models = [_load(Path(path).expanduser()) for path in args.models]
    for other in models[1:]:
        if other.classes != models[0].classes:
            told = " and ".join(f"{m.classes or 'values'} ({m.path})" for m in (models[0], other))
            raise ValueError(f"The models predict different things, which have no mean: {told}.")
    settle_scans(args, needs_target=False)
    if not has_scans(args):
        raise ValueError("predict needs scans: give --bids, --table or --data-dir.")
    cohort = load_cohort(args)
    table = _predict(models, cohort)
    _warn_of_times(models, np.asarray(cohort.t_r, dtype=float))
    _warn_of_known(models, _identities(cohort, args))
    if args.out is None:
        say(to_csv(table).rstrip("\n"))
        return
    write_csv(Path(args.out), table)
    if not args.quiet:
        say(f"{counted(len(table), 'scan')} predicted: {args.out}")


def _load(path):
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name the model files, such as {path}/*.skops.")
    if not path.exists():
        raise FileNotFoundError(f"There is no model file {path}.")
    facts = read_facts(path)
    if facts.get("t_r") is not None:  # one, or those of all scans that trained
        facts["t_r"] = _check_times(path, np.atleast_1d(np.array(facts["t_r"], dtype=object)))
    return SavedModel(path, load_model(path), facts)


def _check_times(path, times):
    try:
        return check_times(times, len(times)).tolist()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} has facts that cannot be: t_r is {times.tolist()}.") from error


def _predict(models, cohort):
    """Return a table of the scans with each class's probability, or the predicted value."""
    means = np.mean([model.predict(_scans_for(model, cohort.data)) for model in models], axis=0)
    table, classes = _table_of_scans(cohort), models[0].classes
    if classes is None:
        return table.assign(prediction=means[:, 0])
    probabilities = {
        f"probability_{name}": column for name, column in zip(classes, means.T, strict=True)
    }
    predicted = decide(means, np.asarray(classes), models[0].facts.get("pos_label"))
    return table.assign(**probabilities, predicted=predicted)


def _table_of_scans(cohort):
    """Return who and which scan each row is, or its file where no column tells."""
    pandas = require("pandas", extra="data")
    phenotypic = pandas.DataFrame(cohort.phenotypic).reset_index(drop=True)
    names = [name for name in _OF_SCANS if name in phenotypic]
    table = phenotypic[names]
    if not {_ID, "SUB_ID"} & set(names):
        table.insert(0, "file", [Path(name).name for name in cohort.filenames])
    return table


def _scans_for(model, scans):
    """Return the scans with the ROIs that a model was trained on, which must all be there."""
    wanted = getattr(model.estimator, "feature_names_in_", None)
    there = list(getattr(scans[0], "columns", ()))
    if wanted is None or not there:
        _check_number(model, np.shape(scans[0])[1])
        return scans
    wanted, chosen = wanted.tolist(), set(wanted)
    kept = [name for name in there if name in chosen]
    if kept != wanted:
        raise ValueError(f"The scans are not of {model.path}'s ROIs: {_difference(there, wanted)}.")
    if len(kept) == len(there):
        return scans
    of = f"of {len(there)} ROIs"
    left_out = counted(len(there) - len(kept), f"{of} is left out", f"{of} are left out")
    message = f"{left_out}, on which {model.path} was not trained."
    warnings.warn(message, UserWarning, stacklevel=2)
    return [scan[kept] for scan in scans]


def _check_number(model, n_rois):
    expected = getattr(model.estimator, "n_features_in_", n_rois)
    if n_rois != expected:
        raise ValueError(f"The scans have {n_rois} ROIs, and {model.path} reads {expected}.")


def _difference(there, wanted):
    """Tell the first name that differs."""
    missing = [name for name in wanted if name not in there]
    if missing:
        return f"it reads {missing[0]!r} (ROI {wanted.index(missing[0]) + 1}), which they lack"
    kept = [name for name in there if name in wanted]
    place = next(i for i, name in enumerate(wanted) if kept[i] != name)
    return f"in another order, ROI {place + 1} is {kept[place]!r} where it reads {wanted[place]!r}"


def _warn_of_times(models, t_r):
    """Warn where scans have other repetition times than a model's training."""
    for model in models:
        known = model.facts.get("t_r")
        if not known:
            continue
        others = np.unique(t_r[np.isfinite(t_r) & ~np.isclose(t_r[:, None], known).any(axis=1)])
        if len(others):
            here, there = (", ".join(f"{s:g}" for s in seconds) for seconds in (others, known))
            warnings.warn(
                f"Scans have a repetition time of {here} s, where {model.path} was trained on "
                f"{there} s: windows last otherwise. --resample-to {known[0]:g} mends that.",
                UserWarning,
                stacklevel=2,
            )
            return


def _identities(cohort, args):
    """Return by which names a run folder would know the subjects."""
    if args.data_dir is None and args.group is None:
        return set(map(str, cohort.phenotypic.get(_ID, ())))
    return set(map(str, cohort.groups))


def _warn_of_known(models, subjects):
    """Warn of subjects that a model was trained on, where its results folder tells."""
    trained = _training_subjects(models)
    known = sorted(subjects & trained)
    if known:
        warnings.warn(
            f"Models were trained on {len(known)} of the {counted(len(subjects), 'subject')}, of "
            f"whom they tell little that is new: {listed(known)}.",
            UserWarning,
            stacklevel=2,
        )


def _training_subjects(models):
    """Return whom models were trained on; nobody where their files lie in no results folder."""
    folders, trained = {}, set()
    for model in models:
        if fits(model.facts, _OF_FOLD):
            folders.setdefault(model.path.absolute().parents[1], []).append(model)
    for folder, mine in folders.items():
        with suppress(FileNotFoundError):
            comparison = load_comparison(folder)
            for model in mine:
                trained |= _subjects_of_fold(comparison, model)
    return trained


def _subjects_of_fold(comparison, model):
    try:
        subjects = comparison.training_subjects(*(model.facts[name] for name in _OF_FOLD))
    except KeyError:
        return set()
    return set(map(str, subjects.tolist()))
