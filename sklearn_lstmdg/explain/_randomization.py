"""Whether attributions depend on what was learnt: Adebayo's checks with weights and labels."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .. import network
from .._bunch import Bunch
from .._routing import fit_arguments, set_random_states
from .._typing import Scans, Seed
from ..base import draw_seed
from ._attributions import attribute, attribute_reading
from ._reading import network_of, read
from ._window_logits import WindowLogits

_FROM_THE_TOP = ("shared_dense", "discriminative_lstm", "community_lstm")


def rank_correlation(
    first: Iterable[ArrayLike], second: Iterable[ArrayLike]
) -> NDArray[np.float64]:
    """Compare two sets of attributions by Spearman's rank correlation over ROIs and time.

    Parameters
    ----------
    first, second : array-like of shape (n_subjects, n_timepoints, n_rois) or list of 2-D arrays
        Attributions of the same subjects.

    Returns
    -------
    ndarray of shape (n_subjects,)
        Each subject's correlation; NaN where attributions are constant.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from sklearn_lstmdg.explain import rank_correlation
    >>> rank_correlation([[[0.1, 0.2], [0.3, 0.4]]], [[[1, 2], [4, 3]]]).round(2)
    array([0.8])
    """
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(first, second, strict=True)]
    for row, (a, b) in enumerate(pairs):
        if a.shape != b.shape:
            raise ValueError(f"Attributions of row {row} have the shapes {a.shape} and {b.shape}.")
    return np.array([_spearman(a.ravel(), b.ravel()) for a, b in pairs])


def _spearman(first, second):
    if min(np.ptp(first), np.ptp(second)) == 0:
        return np.nan
    return spearmanr(first, second).statistic


def randomize_weights(
    estimator: BaseEstimator,
    X: Scans,
    method: str = "integrated_gradients",
    *,
    random_state: Seed = None,
    **options: Any,
) -> Bunch:
    """Compare attributions with those of networks whose weights are drawn anew, layer by layer.

    From the output down, one layer after the other gets first weights, as if never trained, and
    those above keep theirs: cascading randomisation [1]_. Attributions that stay alike do not tell
    what the network has learnt.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted.
    X : array-like or list
        Subjects whose decisions are explained.
    method : {"integrated_gradients", "gradient", "saliency"}, default="integrated_gradients"
        As in ``attribute``.
    random_state : int, RandomState instance or None, default=None
        Draws the weights.
    **options : dict
        More parameters of ``attribute``.

    Returns
    -------
    Bunch
        - ``layers``: the last layer that was drawn, from the output down;
        - ``signed``, (n_layers, n_subjects): rank correlation with the trained network's;
        - ``absolute``, (n_layers, n_subjects): the same of absolute values.

    Raises
    ------
    ValueError
        As in ``attribute``.
    ImportError
        If captum is not installed: the extra ``explain``.

    Notes
    -----
    In the last layer's line nothing is left of what was learnt. The dense layer alone only weights
    the units that it reads: maps may stay as they were, up to their sign. Integrated gradients hold
    the scan as a factor, and their absolute values stay somewhat alike for any weights.

    References
    ----------
    .. [1] J. Adebayo et al. "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import randomize_weights
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> model = model.fit(cohort.data, cohort.target)
    >>> check = randomize_weights(model, cohort.data[:3], "gradient", random_state=0)
    >>> check.layers, check.signed.shape
    (['shared_dense', 'discriminative_lstm', 'community_lstm'], (3, 3))
    """
    reading = read(estimator, X)
    module = WindowLogits(reading.model).double()
    first = attribute_reading(reading, module, method, **options)
    fresh = _first_weights(reading.model, check_random_state(random_state))
    layers = [name for name in _FROM_THE_TOP if getattr(fresh[0], name) is not None]
    attributed, options = [], {**options, "target": first.target}
    for name in layers:
        for net, drawn in zip(module.nets, fresh, strict=True):
            setattr(net, name, getattr(drawn, name).double())
        attributed.append(attribute_reading(reading, module, method, **options))
    return Bunch(layers=layers, **_alike(first, attributed))


def _first_weights(model, rng):
    """Return modules as they are before training."""
    nets = []
    for net in model.nets_:
        arguments = {**net.arguments, "device": "cpu", "callbacks": None, "verbose": 0}
        nets.append(network.WindowNet.make(**arguments))
        nets[-1].start(draw_seed(rng))
    return [net.module_.requires_grad_(False) for net in nets]


def randomize_labels(
    estimator: BaseEstimator,
    X: Scans,
    y: ArrayLike,
    X_explained: Scans | None = None,
    method: str = "integrated_gradients",
    *,
    groups: ArrayLike | None = None,
    random_state: Seed = None,
    **options: Any,
) -> Bunch:
    """Compare attributions with those of a model that is trained on permuted labels.

    Attributions that stay alike tell of the scans, and not of what distinguishes the classes [1]_.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted on X and y.
    X : array-like or list
        Training subjects.
    y : array-like of shape (n_subjects,)
        Their labels, which are permuted.
    X_explained : array-like or list, default=None
        Subjects whose decisions are explained; None takes X.
    method : {"integrated_gradients", "gradient", "saliency"}, default="integrated_gradients"
        As in ``attribute``.
    groups : array-like of shape (n_subjects,), default=None
        Passed to ``fit``.
    random_state : int, RandomState instance or None, default=None
        Draws the permutation, and the seed of the second training.
    **options : dict
        More parameters of ``attribute``.

    Returns
    -------
    Bunch
        - ``estimator``: the model of permuted labels;
        - ``signed`` and ``absolute``, (n_subjects,): rank correlations, as of
          ``randomize_weights``.

    Raises
    ------
    ValueError
        As in ``attribute``, or if the estimator is frozen.
    ImportError
        If captum is not installed: the extra ``explain``.

    References
    ----------
    .. [1] J. Adebayo et al. "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import randomize_labels
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> data, target = cohort.data, cohort.target
    >>> model = model.fit(data, target)
    >>> check = randomize_labels(model, data, target, data[:3], "gradient", random_state=0)
    >>> check.signed.shape
    (3,)
    """
    X_explained = X if X_explained is None else X_explained
    first = attribute(estimator, X_explained, method, **options)
    rng = check_random_state(random_state)
    other = clone(estimator)
    set_random_states(other, lambda n: [draw_seed(rng) for _ in range(n)])
    other.fit(X, rng.permutation(y), **fit_arguments(other, groups))
    if network_of(other) is network_of(estimator):
        raise ValueError("The estimator is frozen: it cannot be trained on permuted labels.")
    second = attribute(other, X_explained, method, **{**options, "target": first.target})
    alike = _alike(first, [second])
    return Bunch(estimator=other, signed=alike["signed"][0], absolute=alike["absolute"][0])


def _alike(first, others):
    """Return rank correlations with the first attributions, signed and of absolute values."""

    def compare(form):
        mine = [form(a) for a in first.attributions]
        theirs = [[form(a) for a in other.attributions] for other in others]
        return np.stack([rank_correlation(mine, attributions) for attributions in theirs])

    return {"signed": compare(np.asarray), "absolute": compare(np.abs)}
