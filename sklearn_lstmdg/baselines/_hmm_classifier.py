"""Hidden Markov models of single ROIs and a linear support vector machine on their likelihoods."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._typing import ClassWeight, Folds, Scans, Seed
from ..base import ScanClassifierMixin, check_positive, draw_seed, keeps_model_if_refused
from ..scans import cut_like, find_constant_rois, warn_of_constant_rois
from ._fcsvm import FCSVM
from ._gaussian_hmm import fit_hmms, sequence_log_likelihoods
from ._linear_svm import SEARCH_CONSTRAINTS, search_folds

_SVM_PASSES = 10_000


def _of_states(name: str, doc: str) -> property:
    """Return what a classifier tells of its models' states."""

    def by_roi(self: "ROIHMMClassifier") -> list:
        return self._by_roi(lambda model: getattr(model, name)[0])

    return property(by_roi, doc=doc)


class ROIHMMClassifier(ScanClassifierMixin, BaseEstimator):
    """Hidden Markov model of each ROI, and a linear SVM on the scans' log-likelihoods.

    The series of each ROI, in all subjects of both classes, is modelled by one hidden Markov model
    with a Gaussian in each state [1]_. The number of states minimises the Bayesian information
    criterion (BIC). The log-likelihoods of a scan under the models of its ROIs, per time point,
    are the features of a linear support vector machine, whose C is searched for as in ``FCSVM``.

    Parameters
    ----------
    n_states : sequence of int, default=(1, 2, 3, 4, 5, 6)
        Candidates for the number of states of a model.
    per_class : bool, default=False
        A variant: one model for each class and ROI; features are log-likelihood ratios to the
        first class. The SVM then learns from features of rows that the models have not seen: the
        models are fitted once more for each fold of the search.
    bic_n : {"points", "subjects"}, default="points"
        What BIC counts as observations: time points, or rows as in the published code.
    transductive : bool, default=False
        Whether the models also learn from ``X_unlabeled``, which as in the published code may be
        the rows to predict. Scores on those rows are then no estimate for new subjects. Only to
        reproduce published figures.
    max_iter : int, default=30
        Most iterations of expectation-maximisation, as in the published code.
    tol : float, default=1e-5
        A model stops where an iteration gains less in mean log-likelihood per time point.
    min_variance : float, default=1e-3
        Smallest variance of a state, as a share of the ROI's variance over all points (of 1, for
        an ROI that is constant).
    Cs, cv, class_weight : as in ``FCSVM``
        Of the SVM and its search for C.
    random_state : int, RandomState instance or None, default=None
        Decides where the models start, the folds, and the order in which the solver visits rows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs.
    n_states_ : ndarray of shape (n_rois,)
        Number of states of each model. With ``per_class``, of shape (n_classes, n_rois).
    n_iter_ : ndarray of shape (n_rois,)
        Iterations of each model. With ``per_class``, of shape (n_classes, n_rois).
    start_probabilities_, means_, variances_ : list of ndarray of shape (n_states_[roi],)
        Of the states of each ROI, in ascending order of their means, in the units of X. With
        ``per_class``, a list of such lists, one for each class.
    transitions_ : list of ndarray of shape (n_states_[roi], n_states_[roi])
        Probabilities of the next state (column) given the state (row) of each ROI. With
        ``per_class``, a list of such lists.
    C_ : float
        The chosen C.
    cv_results_ : dict of ndarray
        The search, as ``FCSVM.cv_results_``. Empty without a search.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the standardized features: one for each ROI, with ``per_class`` one for each
        class but the first and ROI.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    patterns_ : ndarray of shape (n_rois,), or of the shape of ``coef_``
        Activation patterns [2]_: the covariance of the standardized features times the weights.
        They, not the weights, tell which ROIs go with the classes. One number for each ROI with
        two classes.

    See Also
    --------
    FCSVM : The search for C, on functional connectivity.
    ScanCleaner : Standardizes each subject's scan, as the published code does.

    Notes
    -----
    The published code is followed in one model for both classes, one scalar series per model, BIC,
    iterations, likelihoods as features and patterns. It fits the models on training and test rows;
    here, only on the rows given to ``fit``. It divides no likelihood by the number of points, which
    matters only where lengths differ. Its BIC also counts parameters that are not free.

    The models see all rows given to ``fit``, without their labels, before the search for C splits
    these rows; so does the standardization of the features. With ``per_class`` the models use
    labels, and no model is asked for a row of its own fold. Where there are too few groups for
    folds, it is.

    Windows of a bag are sequences of their own; a bag's feature is the sum of their log-likelihoods
    over the sum of their points. Where windows overlap, points count as often as windows hold
    them, also in BIC: give whole scans to this estimator. A table (2-D) holds scans of one point,
    in which there is no dynamics to model.

    Models start from means at jittered quantiles of the ROI's values, and from states that last.
    All ROIs and sequences are fitted at once: some 30 seconds of one processor core for 154 scans
    of 176 points and 110 ROIs with the default parameters; with ``per_class`` about six times that.

    References
    ----------
    .. [1] E. Jun, E. Kang, J. Choi, H.-I. Suk. "Modeling regional dynamics in low-frequency
       fluctuation and its application to Autism spectrum disorder diagnosis", NeuroImage 184, 2019.
    .. [2] S. Haufe et al. "On the interpretation of weight vectors of linear models in
       multivariate neuroimaging", NeuroImage 87, 2014.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg import ROIHMMClassifier
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=8, random_state=0)
    >>> model = ROIHMMClassifier(n_states=(1, 2), random_state=0).fit(cohort.data, cohort.target)
    >>> model.n_states_.shape, model.patterns_.shape
    ((8,), (8,))
    """

    __metadata_request__fit = {"groups": True, "X_unlabeled": True}

    _parameter_constraints = {
        **SEARCH_CONSTRAINTS,
        "n_states": ["array-like"],
        "per_class": ["boolean"],
        "bic_n": [StrOptions({"points", "subjects"})],
        "transductive": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "min_variance": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        n_states: ArrayLike = (1, 2, 3, 4, 5, 6),
        *,
        per_class: bool = False,
        bic_n: str = "points",
        transductive: bool = False,
        max_iter: int = 30,
        tol: float = 1e-5,
        min_variance: float = 1e-3,
        Cs: ArrayLike = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
        cv: Folds = 5,
        class_weight: ClassWeight = None,
        random_state: Seed = None,
    ) -> None:
        self.n_states = n_states
        self.per_class = per_class
        self.bic_n = bic_n
        self.transductive = transductive
        self.max_iter = max_iter
        self.tol = tol
        self.min_variance = min_variance
        self.Cs = Cs
        self.cv = cv
        self.class_weight = class_weight
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(
        self,
        X: Scans,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        X_unlabeled: Scans | None = None,
    ) -> "ROIHMMClassifier":
        """Fit the models of all ROIs, then the SVM on the rows' log-likelihoods.

        Parameters
        ----------
        X : array-like or list
            Scans ``(n_subjects, n_timepoints, n_rois)`` or a list of ragged ones, bags of windows,
            or a table ``(n_subjects, n_rois)`` of scans of one point.
        y, groups : as in ``LSTMDGClassifier.fit``
            Class labels, and which rows belong together.
        X_unlabeled : array-like or list, default=None
            More rows for the models, with ``transductive=True`` only. Where rows of X are bags,
            scans are cut as their windows are.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, or y holds one class.

        Warns
        -----
        UserWarning
            If ROIs are constant: how many series.
        """
        self._check_parameters(X_unlabeled)
        sequences, y_encoded, groups, *_ = self._check_fit(X, y, groups)
        unlabeled = None if X_unlabeled is None else self._check_unlabeled(X_unlabeled, sequences)
        if unlabeled is not None and sequences.kind == "bags":
            unlabeled = cut_like(unlabeled, sequences)
        if sequences.kind != "table":
            n_constant = sum(int(find_constant_rois(scan).sum()) for scan in sequences.series)
            warn_of_constant_rois(n_constant, "log-likelihoods that tell little")
        rng = check_random_state(self.random_state)
        seed = draw_seed(rng)
        self._models, n_iter = self._fit_models(sequences, y_encoded, seed, unlabeled)
        self.n_iter_ = n_iter if self.per_class else n_iter[0]
        features = _features(sequences, self._models)
        folds = search_folds(y_encoded, groups, self.cv, rng)
        if self.per_class:
            for train, test in folds:
                models, _ = self._fit_models(sequences.take(train), y_encoded[train], seed)
                features[test] = _features(sequences.take(test), models)
        return self._fit_svm(features, y_encoded, groups, folds or self.cv, seed)

    def _check_parameters(self, X_unlabeled):
        self._validate_params()
        check_positive(self.n_states, "n_states", Integral)
        if self.transductive and self.per_class:
            raise ValueError("transductive=True needs per_class=False: X_unlabeled has no classes.")
        if self.transductive != (X_unlabeled is not None):
            raise ValueError(
                "transductive=True and X_unlabeled go together: one says that models may learn "
                "from rows without labels, the other holds these rows."
            )

    def _fit_models(self, sequences, y_encoded, seed, unlabeled=None):
        """Return models and iterations of all ROIs, for each class or for all rows together."""
        parts = [sequences if unlabeled is None else sequences.join(unlabeled)]
        if self.per_class:
            parts = [sequences.take(np.flatnonzero(y_encoded == k)) for k in np.unique(y_encoded)]
        options = {n: getattr(self, n) for n in ("max_iter", "tol", "min_variance", "bic_n")}
        fitted = [
            fit_hmms(part, self.n_states, rng=np.random.RandomState(seed), **options)
            for part in parts
        ]
        return [models for models, _ in fitted], np.array([n_iter for _, n_iter in fitted])

    def _fit_svm(self, features, y_encoded, groups, cv, seed):
        self._scaler = StandardScaler().fit(features)
        features = self._scaler.transform(features)
        svm = FCSVM(self.Cs, cv=cv, max_iter=_SVM_PASSES, class_weight=self.class_weight)
        svm.set_params(random_state=seed).fit(features, self.classes_[y_encoded], groups)
        covariance = np.atleast_2d(np.cov(features, rowvar=False))
        patterns = svm.coef_ @ covariance
        self.patterns_ = patterns[0] if len(patterns) == 1 else patterns
        self.C_, self.cv_results_ = svm.C_, svm.cv_results_
        self.coef_, self.intercept_ = svm.coef_, svm.intercept_
        self._svm = svm
        return self

    def _scores(self, X):
        """Return the rows' margins."""
        return self._svm._scores(self._scaled_features(X))

    def _scaled_features(self, X):
        return self._scaler.transform(_features(self._check_rows(X), self._models))

    def _probabilities(self, scores):
        return self._svm._probabilities(scores)

    @property
    def n_states_(self) -> NDArray[np.intp]:
        """Number of states of each model."""
        return np.array(self._by_roi(lambda model: model.n_states))

    start_probabilities_ = _of_states("start", "Probabilities of the first state, ROI by ROI.")
    transitions_ = _of_states("transitions", "Transition probabilities, ROI by ROI.")
    means_ = _of_states("means", "Means of the states, ROI by ROI.")
    variances_ = _of_states("variances", "Variances of the states, ROI by ROI.")

    def _by_roi(self, what):
        check_is_fitted(self)
        values = [[what(model) for model in models] for models in self._models]
        return values if len(values) > 1 else values[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # one time point is little to go by
        return tags


def _features(sequences, models):
    """Return log-likelihoods per point, or where classes have models the differences to the first.

    Of shape (n_rows, n_rois), with models of classes (n_rows, (n_classes - 1) * n_rois).
    """
    n_points = (sequences.n_windows * sequences.lengths)[:, None]
    first, *others = [sequence_log_likelihoods(sequences, m) / n_points for m in models]
    return np.hstack([other - first for other in others]) if others else first
