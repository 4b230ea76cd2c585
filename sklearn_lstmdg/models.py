"""Whole systems by name: from raw scans to a decision or a number, as one Pipeline each."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .presets import CLASSIFY, COMMUNITIES, PAPER

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

__all__ = ["describe_model", "make_model", "model_names", "register_model"]

# A factory imports its estimators when it is called, so that names are told without torch.


def _pipeline(regress_global_mean, *steps):
    """Make a Pipeline that cleans scans first."""
    from sklearn.pipeline import make_pipeline

    from .preprocessing import ScanCleaner

    return make_pipeline(ScanCleaner(regress_global_mean=regress_global_mean), *steps)


def _network(make, length, step, regress_global_mean, **parameters):
    """Clean scans, cut windows with one point to generate, and hand them to a network."""
    from .augmentation import SubsequenceAugmenter

    network = make(**parameters)
    augmenter = SubsequenceAugmenter(length, step, horizon=network.horizon)
    return _pipeline(regress_global_mean, augmenter, network)


def _lstm_dg(*common, **parameters):
    from .classifier import LSTMDGClassifier

    return _network(LSTMDGClassifier, *common, **parameters)


def _regressor(*common, **parameters):
    from .regressor import LSTMDGRegressor

    return _network(LSTMDGRegressor, *common, **parameters)


def _fc_svm(length, step, regress_global_mean, **parameters):
    """Clean scans, cut windows, classify their connectivity; a subject's windows vote."""
    from .augmentation import SubsequenceAugmenter
    from .baselines import FCSVM

    augmenter = SubsequenceAugmenter(length, step, horizon=0)
    return _pipeline(regress_global_mean, augmenter, FCSVM(**parameters))


def _of_whole_scans(steps, *fixed):
    """Make a factory from a function that returns steps; they read no windows of some length."""

    def make(length, step, regress_global_mean, **parameters):
        return _pipeline(regress_global_mean, *steps(*fixed, **parameters))

    return make


def _baseline(name, **parameters):
    from . import baselines

    return [getattr(baselines, name)(**parameters)]


def _connectivity(kind, name, **parameters):
    """Correlate ROIs, classify; the fixed penalty needs no inner search."""
    from sklearn import linear_model

    from .baselines import ConnectivityFeatures

    return [ConnectivityFeatures(kind), getattr(linear_model, name)(**parameters)]


def _logistic(kind, max_iter=1000, **parameters):
    return _connectivity(kind, "LogisticRegression", max_iter=max_iter, **parameters)


def _searched(regressor, penalty, exponents):
    """Correlate ROIs, regress; the penalty is searched for among powers of ten."""
    from .baselines import ConnectivityFeatures, PenaltySearch

    values = [10.0**exponent for exponent in exponents]
    return [ConnectivityFeatures(), PenaltySearch(regressor, penalty, values)]


def _ridge(**parameters):
    from sklearn.linear_model import Ridge

    return _searched(Ridge(**parameters), "alpha", range(-1, 6))


def _svr(kernel="linear", **parameters):
    from sklearn.svm import SVR

    return _searched(SVR(kernel=kernel, **parameters), "C", range(-5, 2))


def _mean(**parameters):
    """Predict the mean of the training targets, whatever the scan."""
    from sklearn.dummy import DummyRegressor

    return [DummyRegressor(**parameters)]


def _without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


_GENERATIVE = ("discriminative_weight", "generate_at")
_DISCRIMINATIVE = _without(CLASSIFY, *_GENERATIVE)
_REGRESS, _REGRESS_ALONE = (_without(each, "aggregation") for each in (CLASSIFY, _DISCRIMINATIVE))

_FACTORIES: "dict[str, Callable[..., Pipeline]]" = {
    "lstm-dg": _lstm_dg,
    "lstm-h": partial(_lstm_dg, variant="h"),
    "lstm-d": partial(_lstm_dg, variant="d"),
    "lstm-s": partial(_lstm_dg, variant="s"),
    "fc-svm": _fc_svm,
    "lstm-dg-paper": partial(_lstm_dg, **PAPER),
    "lstm-dg-classify": partial(_lstm_dg, **CLASSIFY),
    "lstm-h-classify": partial(_lstm_dg, **CLASSIFY | {"variant": "h"}),
    "lstm-d-classify": partial(_lstm_dg, **_DISCRIMINATIVE | {"variant": "d"}),
    "lstm-s-classify": partial(_lstm_dg, **_DISCRIMINATIVE | {"variant": "s"}),
    "lstm-dg-communities": partial(_lstm_dg, **COMMUNITIES),
    "fc-svm-scan": _of_whole_scans(_baseline, "FCSVM"),
    "fc-logistic": _of_whole_scans(_logistic, "correlation"),
    "fc-ridge": _of_whole_scans(_connectivity, "correlation", "RidgeClassifier"),
    "tangent-logistic": _of_whole_scans(_logistic, "tangent"),
    "mean-mlp": _of_whole_scans(_baseline, "MeanMLPClassifier"),
    "dtl": _of_whole_scans(_baseline, "TransferAutoencoderClassifier"),
    "hmm": _of_whole_scans(_baseline, "ROIHMMClassifier"),
    "lstm-dg-regress": partial(_regressor, **_REGRESS),
    "lstm-h-regress": partial(_regressor, **_REGRESS | {"variant": "h"}),
    "lstm-d-regress": partial(_regressor, **_REGRESS_ALONE | {"variant": "d"}),
    "lstm-s-regress": partial(_regressor, **_REGRESS_ALONE | {"variant": "s"}),
    "fc-ridge-regress": _of_whole_scans(_ridge),
    "fc-svr": _of_whole_scans(_svr),
    "mean": _of_whole_scans(_mean),
}
_SCANS, _NETS = "Pearson correlations of whole scans", "three networks, averaged"
_ABOUT = {
    "lstm-dg": "LSTM-DG, which classifies by the hidden state and generates by the cell state",
    "lstm-h": "LSTM-H, which classifies and generates by the hidden state",
    "lstm-d": "LSTM-D, which is LSTM-DG without the generative task",
    "lstm-s": "LSTM-S, one plain LSTM, averaged over time",
    "fc-svm": "linear support vector machine on Pearson correlations of windows, which vote",
    "lstm-dg-paper": "LSTM-DG, trained by the letter of its paper",
    **{f"lstm-{v}-classify": f"LSTM-{v.upper()}, {_NETS}" for v in ("dg", "h", "d", "s")},
    "lstm-dg-communities": "LSTM-DG, eight networks, whose common communities are read",
    "fc-svm-scan": f"linear support vector machine on {_SCANS}",
    "fc-logistic": f"logistic regression on {_SCANS}",
    "fc-ridge": f"ridge classifier on {_SCANS}",
    "tangent-logistic": "logistic regression on connectivity in tangent space, of whole scans",
    "mean-mlp": "network that reads each time point alone, averaged over the scan",
    "dtl": "deep transfer learning, pretrained sparse autoencoders on connectivity of scans",
    "hmm": "support vector machine on how well hidden Markov models of the ROIs fit a scan",
    **{
        f"lstm-{v}-regress": f"LSTM-{v.upper()} of a quantity, {_NETS}"
        for v in ("dg", "h", "d", "s")
    },
    "fc-ridge-regress": f"ridge regression on {_SCANS}",
    "fc-svr": f"linear support vector regression on {_SCANS}",
    "mean": "mean of the training targets, whatever the scan",
}
_REGRESSORS = {name for name in _FACTORIES if name.endswith("-regress")} | {"fc-svr", "mean"}
_KINDS = ("classifier", "regressor")


def model_names(kind: str | None = None) -> list[str]:
    """Return the names of registered models.

    Parameters
    ----------
    kind : {"classifier", "regressor"}, default=None
        Models of classes, or of a continuous target. None names both.

    Returns
    -------
    list of str
        In the order of registration.

    Raises
    ------
    ValueError
        If there are no models of this kind.

    Examples
    --------
    >>> from sklearn_lstmdg.models import model_names
    >>> model_names("classifier")[:5]
    ['lstm-dg', 'lstm-h', 'lstm-d', 'lstm-s', 'fc-svm']
    >>> model_names("regressor")[3:]
    ['lstm-s-regress', 'fc-ridge-regress', 'fc-svr', 'mean']
    """
    if kind is not None:
        _check_kind(kind)
    return [name for name in _FACTORIES if kind in (None, _KINDS[name in _REGRESSORS])]


def describe_model(name: str) -> str:
    """Tell in words what a model is, for pages that others read.

    Parameters
    ----------
    name : str
        A name.

    Returns
    -------
    str
        Part of a sentence; empty for a name that is not of this package.

    Examples
    --------
    >>> from sklearn_lstmdg.models import describe_model
    >>> describe_model("fc-ridge")
    'ridge classifier on Pearson correlations of whole scans'
    """
    return _ABOUT.get(name, "")


def _check_kind(kind):
    if kind not in _KINDS:
        raise ValueError(f"kind must be 'classifier' or 'regressor', got {kind!r}.")


def make_model(
    name: str,
    length: int = 30,
    step: int = 1,
    regress_global_mean: bool = False,
    **parameters: object,
) -> "Pipeline":
    """Make a model that reads raw scans.

    Parameters
    ----------
    name : str
        A name in the table below, or one that was registered.
    length : int, default=30
        Points of a window. Models of whole scans ignore it.
    step : int, default=1
        Points from one window to the next. Models of whole scans ignore it.
    regress_global_mean : bool, default=False
        Whether the mean over ROIs is regressed from each scan.
    **parameters
        Parameters of the classifier or regressor, in place of its defaults.

    Returns
    -------
    Pipeline
        Unfitted: ``ScanCleaner``; ``SubsequenceAugmenter`` where windows are read, or
        ``ConnectivityFeatures``; classifier or regressor.

    Raises
    ------
    ValueError
        If there is no model of this name.

    Notes
    -----
    =====================  ======  =============================================================
    name                   reads   what it is
    =====================  ======  =============================================================
    "lstm-dg"              window  the paper's model; like the next three, with the defaults
    "lstm-h"               window  it generates from the hidden state
    "lstm-d"               window  without the generative task
    "lstm-s"               window  one LSTM, averaged over time
    "fc-svm"               window  the paper's traditional baseline, windows vote
    "lstm-dg-paper"        window  LSTM-DG, literally: ``presets.PAPER``
    "lstm-dg-classify"     window  LSTM-DG to classify, ``presets.CLASSIFY``: three nets
    "lstm-h-classify"      window  LSTM-H with the same choices
    "lstm-d-classify"      window  LSTM-D with the same choices
    "lstm-s-classify"      window  LSTM-S with the same choices
    "lstm-dg-communities"  window  LSTM-DG to read communities, ``presets.COMMUNITIES``: eight nets
    "fc-svm-scan"          scan    FC-SVM, one vector a subject
    "fc-logistic"          scan    Pearson's r, ``LogisticRegression`` (C=1)
    "fc-ridge"             scan    Pearson's r, ``RidgeClassifier`` (alpha=1)
    "tangent-logistic"     scan    tangent space (extra ``neuro``), ``LogisticRegression`` (C=1)
    "mean-mlp"             scan    ``MeanMLPClassifier``
    "dtl"                  scan    ``TransferAutoencoderClassifier``
    "hmm"                  scan    ``ROIHMMClassifier``
    =====================  ======  =============================================================

    And of a continuous target:

    =====================  ======  =============================================================
    name                   reads   what it is
    =====================  ======  =============================================================
    "lstm-dg-regress"      window  LSTM-DG with the choices of ``presets.CLASSIFY``: three nets
    "lstm-h-regress"       window  LSTM-H with the same choices
    "lstm-d-regress"       window  LSTM-D with the same choices
    "lstm-s-regress"       window  LSTM-S with the same choices
    "fc-ridge-regress"     scan    Pearson's r, ``Ridge``, alpha searched for
    "fc-svr"               scan    Pearson's r, linear ``SVR``, C searched for
    "mean"                 scan    the mean of the training targets, ``DummyRegressor``
    =====================  ======  =============================================================

    Penalties of the classifying logistic and ridge models are fixed, so that nothing is searched.
    Those of the regressors are chosen in five folds over groups, and mean the same for every unit
    of the target: it is standardized. Correlations
    do not depend on standardization, but they do on ``regress_global_mean``: clean what "dtl" is
    pretrained on as the Pipeline does, ``model[-1].pretrain(model[0].fit_transform(X_unlabeled))``.

    Examples
    --------
    >>> from sklearn_lstmdg.models import make_model
    >>> make_model("lstm-h", step=5).named_steps["lstmdgclassifier"].variant
    'h'
    """
    if name not in _FACTORIES:
        raise ValueError(f"Unknown model {name!r}; known are {', '.join(_FACTORIES)}.")
    return _FACTORIES[name](length, step, regress_global_mean, **parameters)


def register_model(
    name: str, factory: "Callable[..., BaseEstimator]", kind: str = "classifier"
) -> None:
    """Add a model, or replace one, for :func:`make_model` and the command line.

    Parameters
    ----------
    name : str
        Name of the model.
    factory : callable
        ``factory(length, step, regress_global_mean, **parameters)`` returns an unfitted
        classifier, regressor or Pipeline that reads raw scans.
    kind : {"classifier", "regressor"}, default="classifier"
        Whether the model is of classes, or of a continuous target.

    Raises
    ------
    TypeError
        If the name is not a str or the factory is not callable.
    ValueError
        If ``kind`` is another.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_lstmdg.models import make_model, register_model
    >>> register_model("chance", lambda length, step, regress_global_mean: DummyClassifier())
    >>> make_model("chance")
    DummyClassifier()
    """
    if not isinstance(name, str) or not callable(factory):
        raise TypeError("register_model needs a str and a callable.")
    _check_kind(kind)
    _ABOUT.pop(name, None)
    _FACTORIES[name] = factory
    (_REGRESSORS.add if kind == "regressor" else _REGRESSORS.discard)(name)
