"""Functional communities from any estimator that learns memberships."""

import warnings
from dataclasses import replace
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .._routing import fit_arguments, follow, unfold
from .._text import counted
from .._typing import Scans, Seed
from ..base import NamedOutputMixin, ScanEstimatorMixin, keeps_model_if_refused
from ..classifier import LSTMDGClassifier
from ..scans import check_groups, level_of_the_caller
from ._common_communities import common_influence, common_memberships
from ._memberships import find_constant, member_weights, two_means

_ROWS_AT_ONCE = 16


class CommunityExtractor(
    NamedOutputMixin,
    ScanEstimatorMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    r"""Turn memberships into communities, and scans into the communities' time courses.

    The memberships :math:`w_{rk}` of all ROIs in community :math:`k` are split by 2-means; the
    ROIs :math:`C_k` of the cluster with larger memberships are its members [1]_. A community's
    time course is the membership-weighted mean of its members' series,

    .. math:: z_{tk} = \sum_{r \in C_k} w_{rk} x_{tr} \Big/ \sum_{r \in C_k} w_{rk} .

    Of several nets (``LSTMDGClassifier(n_nets=8)``) the memberships are those that the nets have in
    common, :func:`common_memberships`: they are found again in other subjects, as those of one net
    are not.

    Parameters
    ----------
    estimator : estimator, default=None
        What learns ``membership_`` (n_rois, n_communities), not negative: an ``LSTMDGClassifier``
        of variant "dg" or "h", a ``ParafacCommunities``, or one of your own; or a Pipeline whose
        last step does, such as ``make_model("lstm-dg-communities")``, which cuts windows, as the
        paper does, and trains eight nets. None is ``LSTMDGClassifier()`` with all its defaults on
        whole scans, which needs ``y`` and, on a cohort, minutes to hours.
    prefit : bool, default=False
        Whether ``estimator`` is fitted already and taken as it is. This does not survive
        ``clone``, and so no cross-validation: there, wrap the fitted estimator in scikit-learn's
        ``FrozenEstimator``.
    n_communities : int, default=20
        Communities that several nets have in common, at most as many as ROIs; one net has its own.
    clusterer : clusterer, default=None
        What splits a column of memberships, such as ``KMeans(2, n_init=10, random_state=0)``.
        None is the exact optimum of 2-means, which needs no seed.
    random_state : int, RandomState instance or None, default=None
        Seeds the default estimator; one that is given has a seed of its own.

    Attributes
    ----------
    n_features_in_ : int
        Number of ROIs.
    estimator_ : estimator
        The fitted estimator.
    membership_ : ndarray of shape (n_rois, n_communities)
        Membership of each ROI in each community: the estimator's, or what several nets have in
        common.
    communities_ : ndarray of bool of shape (n_rois, n_communities)
        Members of each community. An ROI may belong to several, or to none.
    sizes_ : ndarray of int of shape (n_communities,)
        Number of members.
    n_constant_ : int
        Communities in which all ROIs have the same membership: they have no members, and their
        time course is 0.
    n_empty_ : int
        Those among them whose memberships are all 0.
    influence_ : ndarray of shape (n_communities,)
        The estimator's ``influence_``, where it has it; of several nets, :func:`common_influence`.

    See Also
    --------
    common_memberships : What several nets have in common.
    community_influence : Influence that takes the scale of community activity into account.
    top_communities : The most influential communities by the names of their ROIs.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> from sklearn_lstmdg import LSTMDGClassifier
    >>> from sklearn_lstmdg.communities import CommunityExtractor
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = LSTMDGClassifier(n_communities=6, n_units=4, max_epochs=2, random_state=0)
    >>> extractor = CommunityExtractor(model).fit(cohort.data, cohort.target)
    >>> extractor.communities_.shape
    (12, 6)
    >>> extractor.transform(cohort.data).shape
    (20, 60, 6)
    """

    __metadata_request__fit = {"groups": True}

    _parameter_constraints = {
        "estimator": [HasMethods("fit"), None],
        "prefit": ["boolean"],
        "n_communities": [Interval(Integral, 1, None, closed="left")],
        "clusterer": [HasMethods("fit_predict"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        prefit: bool = False,
        *,
        n_communities: int = 20,
        clusterer: BaseEstimator | None = None,
        random_state: Seed = None,
    ):
        self.estimator = estimator
        self.prefit = prefit
        self.n_communities = n_communities
        self.clusterer = clusterer
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(
        self, X: Scans, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> "CommunityExtractor":
        """Fit the estimator, unless it is fitted already, and find its communities.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of scans of one point, as the estimator reads them.
        y : array-like of shape (n_rows,), default=None
            Class labels, where the estimator needs them.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together, for the estimator's fit, or those of a Pipeline's steps,
            where these take ``groups``.

        Returns
        -------
        self
            The fitted extractor.

        Raises
        ------
        ValueError
            If the input is not as described, or the estimator's ``membership_`` (that of a net) is
            missing, not of X's ROIs, not finite, or negative.

        Warns
        -----
        UserWarning
            If communities have constant memberships: how many.
        """
        self._validate_params()
        sequences = self._check_rows(X, reset=True)
        check_groups(groups, len(sequences))
        self.estimator_ = self._fit_estimator(X, y, groups)
        nets = _memberships_of(self.estimator_, sequences.n_rois)
        several = len(nets) > 1
        self.membership_ = common_memberships(nets, self.n_communities) if several else nets[0]
        self.communities_ = self._split()
        self.sizes_ = self.communities_.sum(axis=0)
        self.n_constant_ = int(find_constant(self.membership_).sum())
        self.n_empty_ = int((~self.membership_.any(axis=0)).sum())
        if self.n_constant_:
            of = f"of {len(self.sizes_)} communities"
            told = counted(self.n_constant_, f"{of} has", f"{of} have")
            warnings.warn(
                f"{told} the same membership for every ROI ({self.n_empty_} of them 0), and no "
                "members.",
                UserWarning,
                stacklevel=level_of_the_caller(),
            )
        return self

    def _fit_estimator(self, X, y, groups):
        if not self.prefit:
            estimator = clone(self._estimator_or_default())
            return estimator.fit(X, y, **fit_arguments(estimator, groups))
        if self.estimator is None:
            raise ValueError("prefit=True needs a fitted estimator, got estimator=None.")
        check_is_fitted(self.estimator)
        return self.estimator

    def _estimator_or_default(self):
        if self.estimator is not None:
            return self.estimator
        return LSTMDGClassifier(random_state=self.random_state)

    def _split(self):
        """Return the members of each community."""
        if self.clusterer is None:
            return two_means(self.membership_)
        communities = np.zeros(self.membership_.shape, dtype=bool)
        for k in np.flatnonzero(~find_constant(self.membership_)):
            communities[:, k] = _upper_cluster(self.membership_[:, k], clone(self.clusterer))
        return communities

    def transform(self, X: Scans) -> NDArray | list[NDArray]:
        """Return the time course of each community.

        Parameters
        ----------
        X : array-like or list
            Scans, bags or a table, not necessarily in the form that was fitted.

        Returns
        -------
        ndarray or list of ndarray
            In the form of X, with communities in place of ROIs: ``(n_subjects, n_timepoints,
            n_communities)`` for scans, ``(n_subjects, n_windows, n_points, n_communities)`` for
            bags (read-only views), ``(n_subjects, n_communities)`` for a table; a list where X is
            a list, of DataFrames for DataFrames and where ``set_output`` says so. 0 where a
            community has no members.
        """
        check_is_fitted(self)
        sequences = self._check_rows(X)
        weights = member_weights(self.membership_.astype(np.float64), self.communities_)
        courses = [series @ weights.astype(series.dtype) for series in sequences.series]
        names = None if sequences.names is None else self.get_feature_names_out().tolist()
        rows = replace(sequences, series=courses, names=None).in_form()
        return self._contained(rows, X, names)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the communities.

        Parameters
        ----------
        input_features : array-like of str of shape (n_rois,), default=None
            Only checked, against the ROIs of the fit.

        Returns
        -------
        ndarray of str of shape (n_communities,)
            "community0", "community1", ...
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array([f"community{k}" for k in range(len(self.sizes_))], dtype=object)

    @property
    def influence_(self) -> NDArray:
        """Influence of each community on the decision, from the estimator."""
        check_is_fitted(self)
        learner = unfold(self.estimator_)[-1]
        if _n_nets(learner) == 1:
            return learner.influence_
        return common_influence(self.membership_, learner.memberships_, learner.influences_)

    def __sklearn_tags__(self):
        """Declare the data forms that scikit-learn's checks try, and whether y is needed."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.target_tags.required = (
            not self.prefit and get_tags(self._estimator_or_default()).target_tags.required
        )
        return tags


def _n_nets(learner):
    """Return how many memberships an estimator has learnt, by one net or several."""
    return len(getattr(learner, "memberships_", ())) or 1


def _memberships_of(estimator, n_rois):
    """Return the memberships that an estimator, or each of its nets, learnt, checked."""
    step = unfold(estimator)[-1]
    name = type(step).__name__
    try:
        found = step.memberships_ if _n_nets(step) > 1 else [step.membership_]
    except AttributeError as error:
        raise ValueError(f"{name} has no membership_ to take communities from: {error}") from error
    return [_check_membership(membership, name, n_rois) for membership in found]


def _check_membership(membership, name, n_rois):
    membership = check_array(
        membership, dtype=[np.float64, np.float32], copy=True, input_name="membership_"
    )
    if len(membership) != n_rois:
        raise ValueError(
            f"The membership_ of {name} has {len(membership)} ROIs and X has {n_rois}."
        )
    if membership.min() < 0:
        roi, community = np.argwhere(membership < 0)[0]
        raise ValueError(
            f"The membership_ of {name} must not be negative, but is "
            f"{membership[roi, community]:g} for ROI {roi} in community {community}."
        )
    return membership


def _upper_cluster(column, clusterer):
    """Return which ROIs are in the cluster of larger memberships."""
    column = column.astype(np.float64)
    labels = clusterer.fit_predict(column[:, None])
    found = np.unique(labels)
    if len(found) != 2:
        raise ValueError(f"clusterer must find 2 clusters, {clusterer} found {len(found)}.")
    return labels == found[np.argmax([column[labels == label].mean() for label in found])]


def community_influence(estimator: BaseEstimator, X: Scans | None = None) -> NDArray[np.float64]:
    r"""Return how strongly each community weighs in the decision.

    The paper's influence is the sum of absolute input weights of the second LSTM over all gates
    and nodes. It ignores how far the activity :math:`h_k` of a community fluctuates: a community
    that hardly moves has no effect, whatever its weights. With ``X`` the sum is multiplied by the
    standard deviation of :math:`h_k`.

    An extractor of several nets has the communities that they have in common: their influence is
    :func:`common_influence` of the nets' own.

    Parameters
    ----------
    estimator : estimator
        Fitted, with ``influence_``, and for ``X`` with ``community_activity``: an
        ``LSTMDGClassifier`` of variant "dg", "h" or "d", a Pipeline that ends with one, or a
        ``CommunityExtractor`` of either.
    X : array-like or list, default=None
        Scans or bags, as the estimator reads them. The deviation is taken over all their points;
        a point counts once for every window that holds it.

    Returns
    -------
    ndarray of shape (n_communities,)
        Influence.

    Raises
    ------
    AttributeError
        If the estimator, or the variant, has no influence or no activity.

    Examples
    --------
    >>> from sklearn_lstmdg import LSTMDGClassifier
    >>> from sklearn_lstmdg.communities import community_influence
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = LSTMDGClassifier(n_communities=6, n_units=4, max_epochs=2, random_state=0)
    >>> community_influence(model.fit(cohort.data, cohort.target), cohort.data).shape
    (6,)
    """
    if not isinstance(estimator, CommunityExtractor):
        return _influence(estimator, X, unfold(estimator)[-1].influence_)
    check_is_fitted(estimator)
    fitted = estimator.estimator_
    learner = unfold(fitted)[-1]
    if _n_nets(learner) == 1:
        return _influence(fitted, X, learner.influence_)
    each = [_influence(fitted, X, own, net=net) for net, own in enumerate(learner.influences_)]
    return common_influence(estimator.membership_, learner.memberships_, each)


def _influence(estimator, X, influence, **which):
    """Return influence, with X times the standard deviation of activity over all points."""
    influence = np.array(influence, dtype=np.float64)
    if X is None:
        return influence
    scaler = StandardScaler()
    for start in range(0, len(X), _ROWS_AT_ONCE):
        learner, points = follow(estimator, X[start : start + _ROWS_AT_ONCE])
        for row in learner.community_activity(points, **which):
            scaler.partial_fit(row.reshape(-1, row.shape[-1]).astype(np.float64))
    return influence * np.sqrt(scaler.var_)
