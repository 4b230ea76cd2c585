"""The results of a comparison as tables, in memory and in a folder."""

import os
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._bunch import Bunch
from .._extras import require
from .._files import write_csv
from .._text import counted, one_line
from ._confusion import count_confusions
from ._folds import LEAVE_ONE_SITE_OUT
from ._metrics import summarize
from ._store import FoldResult, FoldStore, read_settings
from ._target_kinds import kind_of_facts

if TYPE_CHECKING:
    from pandas import DataFrame

_HISTORY = "history_"
_SHORT: dict[str, Any] = {"index": False, "max_rows": 20, "float_format": "{:.2f}".format}
_FOLD = ["model", "site", "repeat", "fold"]


class Comparison:
    """Results of :func:`compare_models`.

    Parameters
    ----------
    results : list of FoldResult
        Finished folds, of one kind of target.

    Attributes
    ----------
    folds : DataFrame
        One row per model, site, repeat and fold: its metrics, epochs and seconds; ``n_train``,
        ``n_validation`` and ``n_test``, the rows that trained the model, that chose its epoch and
        that judge it (a model without early stopping trains on validation rows too);
        ``untrained``: whether the first of several epochs was kept, or all test scores are equal;
        ``pretrained_on`` where a model pretrains. Site is that of the test subjects, or "pooled".
    predictions : DataFrame
        One row per model, site, repeat and test subject: ``subject``, true label ``y``, ``score``
        (probability of the positive class), ``predicted`` label and ``fold``. Where the sites
        were split together, ``subject_site`` tells each subject's. With several classes there is
        a column ``probability_`` of each in place of ``score``; with a continuous target
        ``predicted`` is a number, and there is no score.
    kind : object
        The kind of target. ``name``: "two classes", "classes" or "continuous"; ``classes``: the
        labels, ascending, or None; ``metrics``: the columns that judge a model, ``main`` the one
        to name where there is room for one; ``percent`` and ``lower_is_better``: which of them are
        told in per cent, and which are errors; ``words(metric)`` names one for readers.
    pos_label : object
        The positive class of two, else None.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_lstmdg.evaluation import compare_models
    >>> X, y = np.zeros((12, 2)), np.tile([0, 1], 6)
    >>> comparison = compare_models({"dummy": DummyClassifier()}, X, y, n_folds=3, random_state=0)
    >>> comparison.folds["n_test"].tolist()
    [4, 4, 4]
    >>> comparison
    Comparison of 1 model on 12 subjects, 3 of 3 folds hardly trained
    model  acc  tpr  tnr  auc
    dummy 0.50 0.00 1.00 0.50
    >>> comparison.fold("dummy", fold=1).score.tolist()
    [0.5, 0.5, 0.5, 0.5]
    """

    def __init__(self, results: list[FoldResult]) -> None:
        self._results = {result.key: result for result in results}
        y = np.concatenate([result.arrays["y"] for result in results])
        self.kind = kind_of_facts(results[0].facts, y)
        self.pos_label = self.kind.pos_label

    @cached_property
    def folds(self) -> "DataFrame":
        """Metrics of each fold."""
        pandas = require("pandas", extra="data")
        return pandas.DataFrame([self._fold_row(r) for r in self._results.values()])

    @cached_property
    def predictions(self) -> "DataFrame":
        """Predictions for each test subject."""
        pandas = require("pandas", extra="data")
        parts = [pandas.DataFrame(self._prediction_rows(r)) for r in self._results.values()]
        return pandas.concat(parts, ignore_index=True)

    def __repr__(self) -> str:
        return f"{self._title()}\n{self._overview().to_string(**_SHORT)}"

    def _repr_html_(self) -> str:
        table = self._overview().to_html(**_SHORT)
        return f"<p>{escape(self._title())}</p>{table}"

    def _title(self):
        folds = self.folds
        n_subjects = self.predictions["subject"].nunique()
        n_models = folds["model"].nunique()
        text = f"Comparison of {counted(n_models, 'model')} on {counted(n_subjects, 'subject')}"
        n_untrained = int(folds["untrained"].sum())
        return (
            f"{text}, {n_untrained} of {len(folds)} folds hardly trained" if n_untrained else text
        )

    def _overview(self):
        """Return the summary's means, which have a spread beside them."""
        table = self.summary()
        named = ["model"] if table["site"].nunique() == 1 else ["model", "site"]
        shown = [name for name in table if f"{name}_sd" in table]
        texts = {name: table[name].map(one_line) for name in named}
        return table[named + shown].assign(**texts)

    def summary(self) -> "DataFrame":
        """Return each model's metrics at each site.

        Returns
        -------
        DataFrame
            ``acc``, ``tpr``, ``tnr`` and ``auc``: means over the folds where they are defined,
            ``_sd``: standard deviations over folds, ``_pooled``: over the test subjects of all
            folds together (averaged over repeats). ``auc_within_sites`` counts only pairs of
            subjects of one site. ``n_one_class`` counts the folds whose test subjects are all of
            one class, so that AUC and one of the rates are undefined, ``n_untrained`` those whose
            model is hardly trained. ``n_subjects`` counts groups, of which each may have several
            scans: ``n_scans``.

            With several classes: ``acc``, ``balanced_acc``, ``auc`` (mean over classes of each
            against all others) and a ``recall_`` of each class; ``n_undefined`` counts the folds
            whose test subjects lack a class. With a continuous target: ``r`` (Pearson's), ``mae``
            (mean absolute error) and ``r2``; ``r_within_sites`` is r of what distinguishes
            subjects from the mean of their site, and ``n_undefined`` counts the folds whose
            predictions, or targets, are all equal.

            Where the sites were split together, further rows judge each
            site's subjects on their own.
        """
        folds, predictions = self.folds, self.predictions
        if "subject_site" in predictions:
            folds, predictions = _add_sites(folds, predictions, self.kind)
        return summarize(folds, predictions, self.kind)

    def fold(self, model: str, site: str = "all", repeat: int = 0, fold: int = 0) -> Bunch:
        """Return all that was kept of one fold.

        Parameters
        ----------
        model : str
            Name of the model.
        site : str, default="all"
            Name of the site; "all" where the comparison had no sites.
        repeat, fold : int, default=0
            From 0.

        Returns
        -------
        Bunch
            ``train``, ``validation``, ``test`` (row numbers of X), ``subject``, ``y``,
            ``score`` (with several classes ``proba``, with a continuous target neither),
            ``predicted`` (of the test rows), ``history`` (dict of arrays by epoch), ``membership``
            and ``influence`` (None where the model has none), ``roi_names``
            (None where X has none), ``parameters``, ``seed``, ``versions``, ``seconds``,
            ``finished``, ``n_iter``, ``best_epoch``, ``warnings``. Of several nets, membership and
            influence are those of the 20 communities that they have in common
            (:func:`~sklearn_lstmdg.communities.common_memberships`), and ``memberships`` and
            ``influences`` each net's own.

        Raises
        ------
        KeyError
            If there is no such fold.
        """
        key = (model, site, repeat, fold)
        if key not in self._results:
            raise KeyError(f"No fold {key} (model, site, repeat, fold) among the results.")
        result = self._results[key]
        arrays = dict(result.arrays)
        names = [name for name in arrays if name.startswith(_HISTORY)]
        history = {name.removeprefix(_HISTORY): arrays.pop(name) for name in names}
        learnt = dict.fromkeys(("membership", "influence", "roi_names")) | {"history": history}
        return Bunch(**(learnt | arrays | result.facts))

    def training_subjects(
        self, model: str, site: str = "all", repeat: int = 0, fold: int = 0
    ) -> NDArray:
        """Return whom a fold's model was trained and validated on.

        Parameters
        ----------
        model, site, repeat, fold : as in ``fold``
            Which fold.

        Returns
        -------
        ndarray of shape (n_subjects,)
            Subjects, ascending; without those whom no finished fold has tested.

        Raises
        ------
        KeyError
            If there is no such fold.
        """
        mine = self.fold(model, site, repeat, fold)
        rows = np.append(mine.train, mine.validation)
        # Rows of X keep their numbers in the folds that read the same rows.
        alike = [
            result.arrays
            for result in self._results.values()
            if mine.fingerprint.get("scheme") == LEAVE_ONE_SITE_OUT or result.key[1] == site
        ]
        tested = [arrays["subject"][np.isin(arrays["test"], rows)] for arrays in alike]
        return np.unique(np.concatenate(tested))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write ``summary.csv``, ``folds.csv``, ``predictions.csv``; with several classes more.

        With several classes, ``confusion.csv`` too: :func:`confusion_matrices`.

        A text that a spreadsheet would take for a formula has an apostrophe before it. Labels and
        subjects that look like numbers, such as "01", are read back as these unless
        ``pandas.read_csv`` is told ``dtype=str`` of their columns; :func:`load_comparison` keeps
        them.

        Parameters
        ----------
        folder : path
            The results folder.
        """
        self.save_folds(folder)
        write_csv(Path(folder, "summary.csv"), self.summary())
        if self.kind.name == "classes":
            confusions = count_confusions(self.predictions, self.kind.classes)
            write_csv(Path(folder, "confusion.csv"), confusions)

    def save_folds(self, folder: str | os.PathLike[str]) -> None:
        """Write ``folds.csv`` and ``predictions.csv`` alone, as :meth:`save` does.

        Parameters
        ----------
        folder : path
            The results folder.
        """
        write_csv(Path(folder, "folds.csv"), self.folds)
        write_csv(Path(folder, "predictions.csv"), self.predictions)

    def _fold_row(self, result):
        facts, arrays = result.facts, result.arrays
        row = {name: facts[name] for name in _FOLD}
        row |= _count_rows(facts, arrays)
        row |= self.kind.score(arrays | self.kind.columns(arrays))
        row |= {name: facts[name] for name in ("n_iter", "best_epoch", "seconds")}
        is_constant = self.kind.is_constant(arrays, facts.get("parameters"))
        keeps_first = row["n_validation"] > 0 and row["best_epoch"] == 1 < (row["n_iter"] or 0)
        row["untrained"] = bool(keeps_first or is_constant)
        pretrained_on = facts.get("pretrained_on")
        return row if pretrained_on is None else row | {"pretrained_on": pretrained_on}

    def _prediction_rows(self, result):
        scores = self.kind.columns(result.arrays)
        names = ("model", "site", "repeat", "subject", "y", *scores, "predicted", "fold")
        both = result.facts | result.arrays | scores
        return {name: both[name] for name in (*names, "subject_site") if name in both}


def _count_rows(facts, arrays):
    """Count the rows that did train, validate and test; earlier versions tell the planned ones."""
    n_validation = facts.get("n_validation", len(arrays["validation"]))
    n_fitted = len(arrays["train"]) + len(arrays["validation"])
    counts = {"n_train": n_fitted - n_validation, "n_validation": n_validation}
    return counts | {"n_test": len(arrays["test"])}


def _add_sites(folds, predictions, kind):
    """Add what the test subjects of each site say, to folds that hold those of all sites."""
    pandas = require("pandas", extra="data")
    own = predictions.assign(site=predictions["subject_site"])
    records = [
        dict(zip(_FOLD, key, strict=True)) | kind.score(part)
        for key, part in own.groupby(_FOLD, sort=False)
    ]
    flags = folds[["model", "repeat", "fold", "untrained"]]
    records = pandas.DataFrame(records).merge(flags, how="left")
    folds = pandas.concat([folds, records], ignore_index=True)
    return folds, pandas.concat([predictions, own], ignore_index=True)


def load_comparison(folder: str | os.PathLike[str]) -> Comparison:
    """Read the finished folds of a results folder, those of an interrupted run included.

    Parameters
    ----------
    folder : path
        What :func:`compare_models` was given as ``out``.

    Returns
    -------
    Comparison
        All models, sites, repeats and folds that are there, in the order of the models and sites
        of the last run.

    Raises
    ------
    FileNotFoundError
        If the folder holds no finished fold.
    """
    results = FoldStore(folder).read_all().values()
    if not results:
        raise FileNotFoundError(f"{folder} holds no finished fold of a comparison.")
    known = read_settings(folder)
    models, sites = (
        {name: rank for rank, name in enumerate(known.get(key, ()))} for key in ("models", "sites")
    )

    def order(result):
        model, site, repeat, fold = result.key
        return models.get(model, len(models)), sites.get(site, 0), model, site, repeat, fold

    return Comparison(sorted(results, key=order))
