"""What kind of target a comparison is of: all that follows from it is in one object."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import get_tags

from ..scans import check_column, check_labels
from ..scans import check_target as check_numbers
from . import _paired_metrics as paired_metrics
from . import _statistics as statistics
from ._fingerprint import describe
from ._fitting import class_probabilities, decide
from ._metrics import (
    METRICS,
    auc_within_sites,
    check_rows,
    check_two_classes,
    correlate_within_sites,
    score_classes,
    score_numbers,
    score_predictions,
)

if TYPE_CHECKING:
    from pandas import DataFrame

CLASSES, CONTINUOUS = TARGETS = ("classes", "continuous")
_MOST_CLASSES = 10  # numbers of more values are taken for a quantity
_MOST_QUANTILES = 10
_PROBA = "probability_"


def find_target_kind(y: ArrayLike) -> str:
    """Tell whether a target has classes or is continuous.

    Numbers with fractions, and numbers of more than ten different values, are continuous. All else
    has classes: texts, truth values and few whole numbers.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        The target.

    Returns
    -------
    str
        "classes" or "continuous".

    Examples
    --------
    >>> from sklearn_lstmdg.evaluation import find_target_kind
    >>> find_target_kind([0, 1, 2, 1]), find_target_kind([8.5, 11.0, 31.0])
    ('classes', 'continuous')
    """
    values = np.asarray(y)
    values = np.array(values.tolist()) if values.dtype == object else values
    if values.dtype.kind not in "fiu":
        return CLASSES
    distinct = np.unique(values)
    return (
        CONTINUOUS
        if len(distinct) > _MOST_CLASSES or (distinct != np.floor(distinct)).any()
        else CLASSES
    )


class TargetKind(ABC):
    """Kind of target of a comparison: its metrics, how folds are dealt, what a fold predicts.

    Attributes
    ----------
    name : {"two classes", "classes", "continuous"}
        What it is.
    metrics : tuple of str
        Columns of ``folds`` that judge a model, and of ``summary()``.
    tested : tuple of str
        Of these, those that ``test_against`` tests by default.
    main : str
        The one to name if there is room for one: "auc" or "r".
    sized : str
        The one that numbers of subjects are estimated for: "auc" or "mae".
    percent : tuple of str
        Metrics, and others that intervals are given of, that are told in per cent.
    lower_is_better : tuple of str
        Metrics of errors.
    classes : tuple or None
        The labels, ascending.
    pos_label : object
        The positive class of two, else None.
    """

    name: str
    metrics: tuple[str, ...]
    tested: tuple[str, ...]
    main: str
    sized = "auc"
    percent: tuple[str, ...] = ()
    lower_is_better: tuple[str, ...] = ()
    classes: tuple | None = None
    pos_label: Any = None
    score_columns: tuple[str, ...] = ()
    bounds: dict = {}  # of the metrics that are not between 0 and 1
    undefined = "n_undefined"  # column that counts folds whose main metric is NaN
    why_undefined = "no fold has all classes"

    def words(self, metric: str) -> str:
        """Name a metric for readers.

        Parameters
        ----------
        metric : str
            One of ``metrics``.

        Returns
        -------
        str
            Such as "balanced accuracy" or "MAE".
        """
        return _WORDS.get(metric) or f"recall of {metric.removeprefix('recall_')}"

    @abstractmethod
    def facts(self):
        """Return what a fold keeps of it, as JSON can hold it."""

    def strata(self, y, sites, n_folds):
        """Return what folds are stratified by.

        Shapes: y (n_rows,), sites (n_rows,); returned (n_rows,).
        """
        return y

    def check_models(self, estimators):
        """Refuse models of another kind of target, by name."""
        regressors = [name for name, model in estimators.items() if is_regressor(model)]
        if regressors:
            raise ValueError(
                f"The target has {len(self.classes)} classes, and these are regressors: "
                f"{', '.join(regressors)}."
            )

    def confounds_model(self):
        """Return the model of the confounds."""
        return LogisticRegression()

    def unlabeled(self, y):
        """Tell which rows of other sites pretrain: all, where no class is that of controls."""
        return np.ones(len(y), bool)

    @abstractmethod
    def predict(self, estimator, X):
        """Return what is kept of a fitted model's predictions."""

    def columns(self, arrays):
        """Return the columns of scores in a table, from what was kept."""
        return {}

    def is_constant(self, arrays, parameters):
        """Tell whether all test scores are equal, though they need not be."""
        return len(arrays["predicted"]) > 1 and np.ptp(arrays["score"]) == 0

    @abstractmethod
    def score(self, table):
        """Return the metrics of predictions, a table or a dict of arrays."""

    def score_probabilities(self, table):
        """Return metrics that intervals are given of beside the others."""
        return {}

    @abstractmethod
    def areas(self, table):
        """Yield what names a class (columns), its rows and their scores, for each AUC."""

    @abstractmethod
    def score_within_sites(self, table, sites):
        """Return the name and value of the main metric as it is within sites."""

    @abstractmethod
    def check(self, predictions):
        """Return a checked table of predictions, and the kind whose labels are those in it."""

    @property
    @abstractmethod
    def paired_metrics(self):
        """What tests and draws need of each metric."""

    def draw_strata(self, y):
        """Return the strata of the subjects drawn, from their y (grouped, by site and subject)."""
        return y.first()


_WORDS = {"acc": "accuracy", "balanced_acc": "balanced accuracy", "tpr": "TPR", "tnr": "TNR"}
_WORDS |= {"auc": "AUC", "r": "r", "mae": "MAE", "r2": "R2", "brier": "Brier score"}


@dataclass(frozen=True)
class TwoClasses(TargetKind):
    """One of two classes is the positive one."""

    pos_label: Any
    classes: tuple | None = None

    name = "two classes"
    metrics = METRICS
    tested = ("acc", "tnr", "auc")
    main = "auc"
    percent = ("acc", "balanced_acc", "tpr", "tnr")
    score_columns = ("score",)
    undefined = "n_one_class"
    why_undefined = "no fold has both classes"

    def facts(self):
        """Return the positive label."""
        return {"pos_label": self.pos_label}

    def unlabeled(self, y):
        """Tell which rows are of the negative class."""
        return y != self.pos_label

    def predict(self, estimator, X):
        """Return the scores of the positive class, and the labels that are decided for."""
        proba = class_probabilities(estimator, X)
        return self.decide(proba, np.asarray(estimator.classes_))

    def decide(self, proba, classes):
        """Return the score of the positive class and the label that is decided for."""
        if self.pos_label not in classes:
            raise ValueError(f"the training rows are all of class {classes.tolist()}")
        score = proba[:, np.flatnonzero(classes == self.pos_label)[0]]
        return {"score": score, "predicted": decide(proba, classes, self.pos_label)}

    def columns(self, arrays):
        """Return the scores."""
        return {"score": arrays["score"]}

    def _judged(self, table):
        return (table[name] == self.pos_label for name in ("y", "predicted"))

    def score(self, table):
        """Return accuracy, TPR, TNR and AUC."""
        return score_predictions(*self._judged(table), table["score"])

    def score_probabilities(self, table):
        """Return balanced accuracy and the Brier score."""
        metrics, y = self.score(table), np.asarray(table["y"]) == self.pos_label
        brier = statistics.brier(y, np.asarray(table["score"])).mean()
        return {"balanced_acc": (metrics["tpr"] + metrics["tnr"]) / 2, "brier": brier}

    def areas(self, table):
        """Yield the positive rows and the scores."""
        yield {}, table["y"] == self.pos_label, table["score"]

    def score_within_sites(self, table, sites):
        """Return AUC over pairs of one site."""
        y, _ = self._judged(table)
        return "auc_within_sites", auc_within_sites(y, table["score"], sites)

    def check(self, predictions):
        """Return predictions whose labels are True and False, and their kind."""
        return check_two_classes(predictions, self.pos_label), TwoClasses(True, (False, True))

    @property
    def paired_metrics(self):
        """What tests and draws need of each metric; labels are True and False."""
        return {
            "acc": paired_metrics.Rates([np.ones_like]),
            "tpr": paired_metrics.Rates([lambda y: y]),
            "tnr": paired_metrics.Rates([np.logical_not]),
            "auc": paired_metrics.Areas({True: "score"}),
        }

    def draw_strata(self, y):
        """Return the class of most of a subject's rows."""
        return y.mean() >= 0.5


@dataclass(frozen=True)
class SeveralClasses(TargetKind):
    """Three classes or more; each has a recall, and an area against all others."""

    classes: tuple
    names: tuple[str, ...] = field(init=False)

    name = "classes"
    tested = ("acc", "balanced_acc", "auc")
    main = "auc"

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(map(str, self.classes)))

    @cached_property
    def metrics(self):
        """Accuracy, balanced accuracy, macro AUC and each class's recall."""
        return (*self.tested, *(f"recall_{name}" for name in self.names))

    @property
    def percent(self):
        """All but AUC."""
        return tuple(metric for metric in self.metrics if metric != "auc")

    @property
    def score_columns(self):
        """One probability for each class."""
        return tuple(f"{_PROBA}{name}" for name in self.names)

    def facts(self):
        """Return the classes."""
        return {"pos_label": None, "target": {"kind": self.name, "classes": [*self.classes]}}

    def check_models(self, estimators):
        """Refuse regressors, and classifiers of two classes only."""
        super().check_models(estimators)
        binary = [name for name, model in estimators.items() if _is_binary(model)]
        if binary:
            raise ValueError(
                f"The target has {len(self.classes)} classes, and these models can only tell two "
                f"apart: {', '.join(binary)}."
            )

    def predict(self, estimator, X):
        """Return each class's probability, 0 for what no training row had, and the greatest's."""
        proba = class_probabilities(estimator, X)
        known = np.asarray(estimator.classes_).astype(str).tolist()
        whole = np.zeros((len(proba), len(self.classes)))
        whole[:, [self.names.index(name) for name in known]] = proba
        return {"proba": whole, "predicted": np.array(self.classes)[whole.argmax(axis=1)]}

    def columns(self, arrays):
        """Return each class's probabilities."""
        return dict(zip(self.score_columns, arrays["proba"].T, strict=True))

    def is_constant(self, arrays, parameters):
        """Tell whether all test subjects have the same probabilities."""
        return len(arrays["proba"]) > 1 and not np.ptp(arrays["proba"], axis=0).any()

    def score(self, table):
        """Return accuracy, balanced accuracy, macro AUC and recalls."""
        y, predicted = (np.asarray(table[name]).astype(str) for name in ("y", "predicted"))
        proba = np.column_stack([table[name] for name in self.score_columns])
        return dict(zip(self.metrics, score_classes(y, predicted, proba, self.names), strict=True))

    def score_probabilities(self, table):
        """Return the Brier score, half of the sum over classes."""
        errors = [statistics.brier(mine, scores) for _, mine, scores in self.areas(table)]
        return {"brier": np.mean(np.sum(errors, axis=0)) / 2}

    def areas(self, table):
        """Yield each class, its rows and its probabilities."""
        y = np.asarray(table["y"]).astype(str)
        for name, column in zip(self.names, self.score_columns, strict=True):
            yield {"class": name}, y == name, np.asarray(table[column])

    def score_within_sites(self, table, sites):
        """Return the mean over classes of AUC over pairs of one site."""
        areas = [auc_within_sites(*each, sites) for _, *each in self.areas(table)]
        return "auc_within_sites", np.mean(areas)

    def check(self, predictions):
        """Return predictions whose labels are texts, and their kind."""
        rows = check_rows(predictions, self.score_columns)
        rows = rows.assign(**{n: rows[n].astype(str) for n in ("y", "predicted")})
        unknown = sorted((set(rows["y"]) | set(rows["predicted"])) - set(self.names))
        if unknown:
            raise ValueError(f"predictions has no column {_PROBA}{unknown[0]} for that class.")
        return rows, SeveralClasses(self.names)

    @property
    def paired_metrics(self):
        """What tests and draws need of each metric; labels are texts."""
        each = {name: _equals(name) for name in self.names}
        recalls = {f"recall_{name}": paired_metrics.Rates([among]) for name, among in each.items()}
        return recalls | {
            "acc": paired_metrics.Rates([lambda y: np.ones(len(y), bool)]),
            "balanced_acc": paired_metrics.Rates([*each.values()]),
            "auc": paired_metrics.Areas(dict(zip(self.names, self.score_columns, strict=True))),
        }


@dataclass(frozen=True)
class ContinuousTarget(TargetKind):
    """A quantity, such as age; models are regressors."""

    name = "continuous"
    metrics = ("r", "mae", "r2")
    tested = ("mae", "r", "r2")
    main = "r"
    sized = "mae"
    lower_is_better = ("mae",)
    bounds = {"r": (-1, 1), "mae": (0, np.inf), "r2": (-np.inf, 1)}
    why_undefined = "in no fold do subjects, and the predictions of both models, differ"

    def facts(self):
        """Return that it is continuous."""
        return {"pos_label": None, "target": {"kind": self.name}}

    def strata(self, y, sites, n_folds):
        """Return each row's quantile within its site, of which each has ``n_folds`` rows or more.

        Shapes: y (n_rows,), sites (n_rows,); returned (n_rows,).
        """
        quantiles = np.zeros(len(y), dtype=int)
        for site in np.unique(sites):
            mine = np.flatnonzero(sites == site)
            n_quantiles = min(max(len(mine) // n_folds, 1), _MOST_QUANTILES)
            ranks = rankdata(y[mine], method="ordinal") - 1
            quantiles[mine] = ranks * n_quantiles // len(mine)
        return quantiles

    def check_models(self, estimators):
        """Refuse classifiers."""
        classifiers = [name for name, model in estimators.items() if is_classifier(model)]
        if classifiers:
            raise ValueError(
                f"The target is continuous, and these are classifiers: {', '.join(classifiers)}."
            )

    def confounds_model(self):
        """Return the model of the confounds."""
        return Ridge()

    def predict(self, estimator, X):
        """Return the predicted values."""
        predicted = np.asarray(estimator.predict(X), dtype=np.float64)
        if predicted.size != len(X):
            raise ValueError(f"predict gave the shape {predicted.shape} for {len(X)} rows")
        if not np.isfinite(predicted).all():
            raise ValueError("The model's predictions are not finite.")
        return {"predicted": predicted.ravel()}

    def is_constant(self, arrays, parameters):
        """Tell whether all predictions are equal; scikit-learn's dummies have no other."""
        is_dummy = "sklearn.dummy." in str(parameters)
        return len(arrays["predicted"]) > 1 and np.ptp(arrays["predicted"]) == 0 and not is_dummy

    def score(self, table):
        """Return Pearson's r, the mean absolute error and R2."""
        return score_numbers(table["y"], table["predicted"])

    def areas(self, table):
        """Refuse: there are none."""
        raise ValueError("The target is continuous: no class has a probability.")

    def score_within_sites(self, table, sites):
        """Return r without what sites differ by."""
        return "r_within_sites", correlate_within_sites(table["y"], table["predicted"], sites)

    def check(self, predictions):
        """Return checked predictions and their kind."""
        rows = check_rows(predictions, ())
        return rows.astype({"y": float, "predicted": float}), self

    @property
    def paired_metrics(self):
        """What tests and draws need of each metric."""
        return {
            "r": paired_metrics.Correlation(),
            "mae": paired_metrics.AbsoluteError(),
            "r2": paired_metrics.Determination(),
        }

    def draw_strata(self, y):
        """Return one stratum for all."""
        return y.first() * 0


def _equals(name):
    return lambda y: y == name


def _is_binary(model):
    """Tell whether a classifier says of itself that it can only tell two classes apart."""
    if not isinstance(model, BaseEstimator):
        return False
    tags = get_tags(model).classifier_tags
    return tags is not None and not tags.multi_class


def check_target(y, n_rows, pos_label=None, target_kind=None):
    """Return the kind of a target, and its values as files can hold them."""
    if target_kind not in (None, *TARGETS):
        raise ValueError(f"target_kind={target_kind!r} must be {' or '.join(TARGETS)}.")
    if (target_kind or find_target_kind(y)) == CONTINUOUS:
        return ContinuousTarget(), _check_numbers(y, n_rows, pos_label)
    classes, y_encoded = check_labels(y, n_rows)
    classes = np.array(classes.tolist()) if classes.dtype == object else classes
    return _kind_of_classes(classes, pos_label), classes[y_encoded]


def _kind_of_classes(classes, pos_label):
    known = tuple(describe(label) for label in classes)
    if pos_label is not None and pos_label not in classes:
        raise ValueError(f"pos_label={pos_label!r} is not among the classes {classes.tolist()}.")
    if len(classes) == 2:
        pos_label = classes[1] if pos_label is None else pos_label
        return TwoClasses(describe(np.asarray(pos_label)[()]), known)
    if pos_label is not None:
        raise ValueError(f"pos_label={pos_label!r} is for two classes, y holds {len(classes)}.")
    return SeveralClasses(known)


def _check_numbers(y, n_rows, pos_label):
    """Check a continuous target; returned as float64."""
    if pos_label is not None:
        raise ValueError(f"pos_label={pos_label!r} is for classes, and the target is continuous.")
    try:
        y = check_column(y, n_rows, "y").astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A continuous target holds numbers: {error}") from error
    values = check_numbers(y, n_rows)
    if np.ptp(values) == 0:
        raise ValueError(f"The target is continuous, but all of y is {values[0]:g}.")
    return values


def kind_of_facts(facts, y):
    """Return the kind of target of finished folds, whose true labels are y."""
    target = facts.get("target")
    if target is None:
        return TwoClasses(facts["pos_label"], tuple(np.unique(y).tolist()))
    return ContinuousTarget() if "classes" not in target else SeveralClasses((*target["classes"],))


def check_predictions(
    predictions: "DataFrame", pos_label: object = None
) -> "tuple[DataFrame, TargetKind]":
    """Check a table of predictions, and tell the kind of its target from its columns."""
    columns = [str(name) for name in getattr(predictions, "columns", ())]
    names = [name.removeprefix(_PROBA) for name in columns if name.startswith(_PROBA)]
    if names:
        return SeveralClasses((*names,)).check(predictions)
    holds_numbers = "predicted" in columns and predictions["predicted"].dtype.kind == "f"
    if "score" not in columns and holds_numbers:
        return ContinuousTarget().check(predictions)
    return TwoClasses(pos_label).check(predictions)
