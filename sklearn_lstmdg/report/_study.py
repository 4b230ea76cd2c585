"""All that a results folder knows."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .._bunch import Bunch
from .._extras import require
from ..evaluation import Comparison, load_comparison, subject_sites
from ._kept_files import read_record, read_table
from ._scan_atlas import find_atlas

ALL_SITES = "all sites"
_WHOLE = ("all", "pooled")  # in the place of a site, where folds are of all


def where(site):
    """Tell a site in a sentence; nothing where folds are of all sites."""
    return "" if site in _WHOLE else f" at {site}"


class Study:
    """What is in a results folder; where a file is missing, a dict is empty and a table None."""

    def __init__(self, folder, reference=None, permuted=None, atlas=None, labels=None):
        self.folder = Path(folder)
        self._atlas_files = atlas, labels
        self.comparison = load_comparison(folder)
        self.folds = self.comparison.folds
        self.models = list(dict.fromkeys(self.folds["model"]))
        self.sites = list(dict.fromkeys(self.folds["site"]))
        self.set_aside = []
        self.options, self.settings, self.cohort = (
            self._read(read_record, name) or {} for name in ("options", "settings", "cohort")
        )
        self.communities, self.robustness, self.decoding = (
            self._read(read_table, name) for name in ("communities", "robustness", "decoding")
        )
        self.permuted = [load_comparison(f) for f in self._permuted_folders(permuted)]
        self._drop_unlike_tables()
        self.reference = reference or ("lstm-dg" if "lstm-dg" in self.models else self.models[0])
        if self.reference not in self.models:
            raise ValueError(f"reference={reference!r} must be one of {', '.join(self.models)}.")
        if atlas is not None:  # a wrong one is refused, also where no community is drawn
            self.atlas = find_atlas(self.options, atlas, labels)

    def _read(self, read, name, folder=None):
        """Read a file of the folder; what is damaged counts as missing, and is told of."""
        try:
            return read(folder or self.folder, name)
        except ValueError as error:
            self.set_aside.append(str(error).replace(f"{self.folder}{os.sep}", ""))
            return None

    def _drop_unlike_tables(self):
        """Leave sizes and robustness out where they are not of the same models and sites."""
        both = [table for table in (self.communities, self.robustness) if table is not None]
        runs = [{*zip(table["method"], table["site"], strict=True)} for table in both]
        if len(runs) < 2 or runs[0] != runs[1]:
            self.communities = self.robustness = None
            if len(runs) == 2:
                self.set_aside.append("communities.csv and robustness.csv are not of one run.")

    def _permuted_folders(self, named):
        """Return the folders of runs with permuted labels: those named, else all in the folder."""
        if named is not None:
            return [Path(folder) for folder in named]
        inside = sorted(path.parent for path in self.folder.glob("*/options.json"))
        return [folder for folder in inside if self._is_permuted(folder)]

    def _is_permuted(self, folder):
        options = self._read(read_record, "options", folder) or {}
        return options.get("permute_labels") is not None and any(folder.glob("folds/*.npz"))

    @cached_property
    def atlas(self):
        """The atlas of the scans, where its image is on this machine; else None."""
        try:
            return find_atlas(self.options, *self._atlas_files)
        except ValueError as error:
            if any(self._atlas_files):
                raise
            root = Path(self.options.get("data_dir") or self.options["bids"]).expanduser()
            told = str(error).replace(f"{root}{os.sep}", "")
            self.set_aside.append(f"the atlas beside the scans: {told}")
            return None

    @cached_property
    def roi_names(self):
        """Names of the scans' ROIs: as loaded, else by their codes from the atlas, else codes."""
        names, codes = (self.cohort.get(name) for name in ("roi_names", "roi_codes"))
        if names is None and codes is not None and self.atlas is not None:
            known = dict(zip(self.atlas.codes.tolist(), self.atlas.names, strict=True))
            return [known.get(code, str(code)) for code in codes]
        return names if names is not None else codes

    def roi_name(self, number):
        """Return the name of an ROI by its number from 0."""
        names = self.roi_names or ()
        return str(names[number]) if number < len(names) else f"ROI {number}"

    @property
    def kind(self):
        """What the target is: "two classes", "classes" or "continuous"."""
        return self.comparison.kind.name

    @cached_property
    def own_sites(self):
        """The predictions, each with its subject's own site."""
        predictions = self.comparison.predictions
        return predictions.assign(site=subject_sites(predictions))

    @property
    def n_sites(self):
        """How many sites the subjects are of."""
        return self.own_sites["site"].nunique()

    @cached_property
    def names(self):
        """Names of labels, as far as the cohort's record tells them."""
        groups = (group for site in self.cohort.get("sites") or () for group in site["groups"])
        return {group["label"]: group["name"] for group in groups if "label" in group}

    def name_of(self, label):
        """Return the name of a label, or the label itself."""
        return str(self.names.get(label, label))

    @cached_property
    def class_names(self):
        """Names of the classes, the positive one of two first; None for a continuous target."""
        kind = self.comparison.kind
        if kind.classes is None:
            return None
        labels = sorted(kind.classes, key=lambda label: label != kind.pos_label)
        return [self.name_of(label) for label in labels]

    @cached_property
    def subjects(self):
        """What each model predicted of each row of X: a row for each of its tests.

        The score is the probability of the positive class of two, or of the subject's own class
        of several, or the predicted value.
        """
        pandas = require("pandas", extra="data")
        tables = []
        for (model, site, *_), fold in self.results.items():
            names = ("subject", "y", "predicted")
            table = pandas.DataFrame({"row": fold.test} | {name: fold[name] for name in names})
            table = table.assign(model=model, site=fold.get("subject_site", site))
            tables.append(table.assign(score=_score(fold, self.comparison.kind)))
        return pandas.concat(tables, ignore_index=True)

    @property
    def n_subjects(self):
        """How many subjects were tested."""
        return len(self.comparison.predictions[["site", "subject"]].drop_duplicates())

    @property
    def unit(self):
        """What a row of X is to readers: where subjects have several it is a scan."""
        return "scan" if self.subjects["row"].nunique() > self.n_subjects else "subject"

    @property
    def n_planned(self):
        """How many folds the run has when it is finished."""
        settings = self.settings
        is_left_out = settings.get("scheme") == "leave-one-site-out"
        n_folds = 1 if is_left_out else settings.get("n_folds", 0)
        planned = n_folds * settings.get("n_repeats", 0)
        planned *= len(settings.get("models", ())) * len(settings.get("sites", ()))
        return max(planned, len(self.folds))

    @property
    def is_simulated(self):
        """Whether the scans were simulated, as far as the folder knows."""
        sources = map(self.options.get, ("data_dir", "bids", "table"))
        from_command = bool(self.options) and all(source is None for source in sources)
        return bool(self.cohort.get("simulated", from_command))

    @cached_property
    def results(self):
        """All that was kept of each fold, by model, site, repeat and fold."""
        keys = self.folds[["model", "site", "repeat", "fold"]].itertuples(index=False, name=None)
        return {key: self.comparison.fold(*key) for key in keys}

    def folds_of(self, model, site):
        """Return all that was kept of each fold of a model at a site."""
        return [fold for key, fold in self.results.items() if key[:2] == (model, site)]


def _score(fold, kind):
    if kind.name == "continuous":
        return fold.predicted
    if kind.name == "two classes":
        return fold.score
    places = [kind.classes.index(label) for label in np.asarray(fold.y).tolist()]
    return fold.proba[np.arange(len(places)), places]


def read_cohort_record(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read who took part, as ``lstmdg compare`` has kept it.

    Parameters
    ----------
    folder : path
        The results folder, with ``cohort.json``.

    Returns
    -------
    dict
        As from :func:`cohort_record`; empty where there is no such file.

    Raises
    ------
    ValueError
        If the file is damaged.

    Examples
    --------
    >>> from sklearn_lstmdg.report import read_cohort_record
    >>> read_cohort_record("folder-without-a-record")
    {}
    """
    return read_record(folder, "cohort")


def best_fold(comparison: Comparison, model: str, site: str) -> Bunch:
    """Find the fold of highest test accuracy, then of highest AUC, then of lowest validation loss.

    It is chosen by its test subjects: for display, never for a result. With a continuous target it
    is that of the smallest mean absolute error, then of the highest r.

    Parameters
    ----------
    comparison : Comparison
        The results.
    model, site : str
        Names.

    Returns
    -------
    Bunch
        As from ``comparison.fold``.

    Raises
    ------
    ValueError
        If this model has no fold at this site.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models
    >>> from sklearn_lstmdg.report import best_fold
    >>> y = np.tile([0, 1], 15)
    >>> X = np.random.default_rng(0).normal(size=(30, 4)) + y[:, None]
    >>> models = {"logistic": LogisticRegression()}
    >>> comparison = compare_models(models, X, y, n_folds=3, random_state=0)
    >>> fold = best_fold(comparison, "logistic", "all")
    >>> bool(comparison.folds["acc"][fold.fold] == comparison.folds["acc"].max())
    True
    """
    folds = comparison.folds
    rows = folds[(folds["model"] == model) & (folds["site"] == site)]
    if rows.empty:
        raise ValueError(f"There is no fold of model {model!r} at site {site!r}.")

    def rank(row):
        fold = comparison.fold(model, site, row.repeat, row.fold)
        judged, agreement = (row.mae, row.r) if "mae" in folds else (-row.acc, row.auc)
        return judged, -np.nan_to_num(agreement), _validation_loss(fold)

    best = min(rows.itertuples(), key=rank)
    return comparison.fold(model, site, best.repeat, best.fold)


def _validation_loss(fold):
    losses = np.asarray(fold.history.get("valid_loss", []), dtype=float)
    if fold.best_epoch is None or not 0 < fold.best_epoch <= len(losses):
        return np.inf
    return float(np.nan_to_num(losses[fold.best_epoch - 1], nan=np.inf))
