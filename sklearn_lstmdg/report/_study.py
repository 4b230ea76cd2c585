"""All that a results folder knows."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .._bunch import Bunch
from ..evaluation import Comparison, load_comparison
from ._kept_files import read_record, read_table


class Study:
    """What is in a results folder; where a file is missing, a dict is empty and a table None."""

    def __init__(self, folder, reference=None):
        self.folder = Path(folder)
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
        self._drop_unlike_tables()
        self.reference = reference or ("lstm-dg" if "lstm-dg" in self.models else self.models[0])
        if self.reference not in self.models:
            raise ValueError(f"reference={reference!r} must be one of {', '.join(self.models)}.")

    def _read(self, read, name):
        """Read a file of the folder; what is damaged counts as missing, and is told of."""
        try:
            return read(self.folder, name)
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

    @property
    def n_subjects(self):
        """How many subjects were tested."""
        return len(self.comparison.predictions[["site", "subject"]].drop_duplicates())

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
