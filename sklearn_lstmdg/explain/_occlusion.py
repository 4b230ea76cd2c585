"""What a subject's probability, or predicted target, loses without a community."""

import numpy as np
import torch
from scipy.special import logit
from sklearn.base import BaseEstimator, is_regressor

from .._bunch import Bunch
from .._typing import Scans
from ..scans import probabilities, votes
from ._reading import check_target, class_number, read, read_communities
from ._window_logits import WindowLogits


def occlude_communities(
    estimator: BaseEstimator,
    X: Scans,
    *,
    hold: str = "mean",
    reference: Scans | None = None,
    target: object = None,
) -> Bunch:
    r"""Hold each community's hidden state, and tell what each subject's probability loses.

    In what the discriminative LSTM reads, :math:`h_{tk}` of community :math:`k` becomes a constant;
    all other communities stay as they were. Unlike ``influence_``, which knows weights alone, this
    tells of each subject, and of communities that hardly move or that others make up for.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted, of variant "dg", "h" or "d".
    X : array-like or list
        What the estimator reads.
    hold : {"mean", "zero"}, default="mean"
        What the hidden state is held at. At its mean a community loses its fluctuation, at zero its
        level too, which networks have seldom seen.
    reference : array-like or list, default=None
        Subjects over whose windows and time points the mean is taken, such as those of the
        training. None takes each subject's own.
    target : label or array-like of shape (n_subjects,), default=None
        Whose probability: one class, or one a subject. None is ``classes_[1]`` of two classes, and
        of more each subject's most probable class.

    Returns
    -------
    Bunch
        - ``loss``, (n_subjects, n_communities): probability less that without the community,
          positive where the community speaks for the class;
        - ``logit_loss``, (n_subjects, n_communities): the same of the windows' mean log-odds, their
          logit where there are two classes;
        - ``probability``, (n_subjects,): the probability that is lost from;
        - ``target``, (n_subjects,): the labels.

        Of a regressor ``loss`` and ``prediction``, what is lost from, in the target's unit.

    Raises
    ------
    ValueError
        If the variant has no communities, the Pipeline cannot be followed, or a parameter is not
        as described.

    Notes
    -----
    Communities are those of the first net, and so are the probabilities where there are several.
    Votes change in steps of one window: ``logit_loss`` is finer.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import occlude_communities
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> told = occlude_communities(model.fit(cohort.data, cohort.target), cohort.data)
    >>> told.loss.shape
    (20, 6)
    """
    if hold not in ("mean", "zero"):
        raise ValueError(f"hold must be 'mean' or 'zero', got {hold!r}.")
    reading = read_communities(estimator, X)
    model = reading.model
    targets = check_target(target, model, len(reading))
    module = WindowLogits(model).double()
    held = None if reference is None else _mean_states(module, read(estimator, reference))
    told = []
    for row, wanted in enumerate(targets):
        states = _hidden_states(module, reading, row)
        constants = states.mean(dim=(1, 2)) if held is None else held
        constants = torch.zeros_like(constants) if hold == "zero" else constants
        logits = [_logits(module, states), *_without_each(module, states, constants)]
        told.append(_judge(reading, logits, wanted))
    if is_regressor(model):
        predicted = np.array(told)
        return Bunch(loss=_lost(predicted), prediction=predicted[:, 0])
    proba, odds, labels = (np.array(values) for values in zip(*told, strict=True))
    losses = {"loss": _lost(proba), "logit_loss": _lost(odds)}
    return Bunch(**losses, probability=proba[:, 0], target=labels)


def _judge(reading, logits, wanted):
    """Return predictions, or a class's probabilities and mean log-odds and its label."""
    model = reading.model
    if is_regressor(model):
        return model.target_mean_ + model.target_scale_ * np.array([z.mean() for z in logits])
    proba = np.stack([_decide(z, reading) for z in logits])
    number = class_number(model.classes_, wanted, proba[0])
    odds = np.array([logit(probabilities(z)[:, number]).mean() for z in logits])
    return proba[:, number], odds, model.classes_[number]


def _lost(values):
    """Return what the first of a row has more than each other."""
    return values[:, :1] - values[:, 1:]


def _hidden_states(module, reading, row):
    """Return h_t (n_ways, n_read, n_windows, n_communities) of a row, in each way of reading."""
    with torch.inference_mode():
        ways = module.ways(torch.from_numpy(reading.points(row)))
        return torch.stack([module.nets[0].community_lstm(points)[0] for points in ways])


def _mean_states(module, reading):
    """Return the mean of h_t over rows, windows and time points, (n_ways, n_communities)."""
    total, n_points = 0, 0
    for row in range(len(reading)):
        states = _hidden_states(module, reading, row)
        total = total + states.sum(dim=(1, 2))
        n_points += states.shape[1] * states.shape[2]
    return total / n_points


def _logits(module, states):
    """Return the logits (n_windows, n_outputs) of hidden states, the mean over ways of reading."""
    with torch.inference_mode():
        return torch.stack([module.nets[0].discriminate(way) for way in states]).mean(dim=0).numpy()


def _without_each(module, states, constants):
    """Yield the logits with one community after the other held at a constant."""
    for k in range(states.shape[-1]):
        held = states.clone()
        held[..., k] = constants[:, None, None, k]
        yield _logits(module, held)


def _decide(logits, reading):
    """Return a row's class probabilities, as the classifier decides."""
    by_vote = reading.is_bag and reading.model.aggregation == "vote"
    return (votes if by_vote else probabilities)(logits).mean(axis=0)
