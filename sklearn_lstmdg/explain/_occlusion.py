"""What a subject's probability, or predicted target, loses without a community."""

import numpy as np
import torch
from numpy.typing import ArrayLike
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
    common: ArrayLike | None = None,
) -> Bunch:
    r"""Hold each community's hidden state, and tell what each subject's probability loses.

    In what the discriminative LSTM reads, :math:`h_{tk}` of community :math:`k` becomes a constant;
    all other communities stay as they were. Unlike ``influence_``, which knows weights alone, this
    tells of each subject, and of communities that hardly move or that others make up for.

    Communities of several nets do not correspond: occluded are those that they have in common, in
    all nets at once. In each net n the hidden state of its community j moves to the constant
    :math:`c_{nj}` by the share :math:`s_{nkj}` of it that the common community explains
    (:func:`~sklearn_lstmdg.communities.common_shares`),

    .. math:: h'_{tnj} = h_{tnj} - s_{nkj} (h_{tnj} - c_{nj}),

    so that what is lost is lost by the probability of all nets together, the classifier's own.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted, of variant "dg", "h" or, with one net, "d".
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
    common : array-like of shape (n_rois, n_communities), default=None
        Memberships of the communities to occlude, such as ``membership_`` of a
        ``CommunityExtractor``. None is one net's own communities, and of several nets
        ``common_memberships`` of them.

    Returns
    -------
    Bunch
        - ``loss``, (n_subjects, n_communities): probability less that without the community,
          positive where the community speaks for the class;
        - ``logit_loss``, (n_subjects, n_communities): the same of the windows' mean log-odds, their
          logit where there are two classes;
        - ``probability``, (n_subjects,): the probability that is lost from;
        - ``target``, (n_subjects,): the labels;
        - ``membership``, (n_rois, n_communities): of which communities; None of variant "d".

        Of a regressor ``loss``, ``prediction``, what is lost from, in the target's unit, and
        ``membership``.

    Raises
    ------
    ValueError
        If the variant has no communities, none in common among its nets, the Pipeline cannot be
        followed, or a parameter is not as described.

    Notes
    -----
    Votes change in steps of one window: ``logit_loss`` is finer. What of a net's communities no
    common community explains stays in place, so that losses of a few common communities do not
    tell all that the nets read. Common communities may share ROIs, and then the nodes that they
    are made of.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import occlude_communities
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> occluded = occlude_communities(model.fit(cohort.data, cohort.target), cohort.data)
    >>> occluded.loss.shape
    (20, 6)
    """
    if hold not in ("mean", "zero"):
        raise ValueError(f"hold must be 'mean' or 'zero', got {hold!r}.")
    reading, membership, shares = read_communities(estimator, X, common)
    model = reading.model
    targets = check_target(target, model, len(reading))
    module = WindowLogits(model).double()
    held = None if reference is None else _mean_states(module, read(estimator, reference))
    occluded = []
    for row, wanted in enumerate(targets):
        states = _hidden_states(module, reading, row)
        constants = states.mean(dim=(2, 3)) if held is None else held
        constants = torch.zeros_like(constants) if hold == "zero" else constants
        logits = [_logits(module, states), *_without_each(module, states, constants, shares)]
        occluded.append(_judge(reading, logits, wanted))
    if is_regressor(model):
        predicted = np.array(occluded)
        return Bunch(loss=_lost(predicted), prediction=predicted[:, 0], membership=membership)
    proba, odds, labels = (np.array(values) for values in zip(*occluded, strict=True))
    losses = {"loss": _lost(proba), "logit_loss": _lost(odds)}
    return Bunch(**losses, probability=proba[:, 0], target=labels, membership=membership)


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
    """Return each net's h_t of a row, in each way of reading.

    Shapes: returned (n_nets, n_ways, n_read, n_windows, n_communities).
    """
    with torch.inference_mode():
        ways = module.ways(torch.from_numpy(reading.points(row)))
        states = [net.community_lstm(points)[0] for net in module.nets for points in ways]
        return torch.stack(states).unflatten(0, (len(module.nets), len(ways)))


def _mean_states(module, reading):
    """Return the mean of h_t over rows, windows and points, (n_nets, n_ways, n_communities)."""
    total, n_points = 0, 0
    for row in range(len(reading)):
        states = _hidden_states(module, reading, row)
        total = total + states.sum(dim=(2, 3))
        n_points += states.shape[2] * states.shape[3]
    return total / n_points


def _logits(module, states):
    """Return the logits (n_windows, n_outputs), the mean over nets and ways of reading."""
    with torch.inference_mode():
        pairs = zip(module.nets, states, strict=True)
        answers = [net.discriminate(way) for net, ways in pairs for way in ways]
        return torch.stack(answers).mean(dim=0).numpy()


def _without_each(module, states, constants, shares):
    """Yield the logits with one community after the other held, by its shares of the nodes."""
    parts = torch.from_numpy(np.stack(shares, axis=1))  # (n_communities, n_nets, n_nodes)
    above = states - constants[:, :, None, None]
    for part in parts:
        yield _logits(module, states - part[:, None, None, None] * above)


def _decide(logits, reading):
    """Return a row's class probabilities, as the classifier decides."""
    by_vote = reading.is_bag and reading.model.aggregation == "vote"
    return (votes if by_vote else probabilities)(logits).mean(axis=0)
