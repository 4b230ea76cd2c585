"""The jointly discriminative and generative recurrent classifier, and its ablations."""

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted

from . import network
from ._typing import ClassWeight, Scans, Seed
from .base import ScanClassifierMixin, draw_seed, keeps_model_if_refused
from .scans import (
    check_class_weight,
    check_float32,
    check_groups,
    check_labels,
    cut_like,
    level_of_the_caller,
    probabilities,
    votes,
)

if TYPE_CHECKING:
    from skorch import NeuralNet
    from typing_extensions import Self

__all__ = ["LSTMDGClassifier"]

_POSITIVE = Interval(Integral, 1, None, closed="left")
_RATE = Interval(Real, 0, 1, closed="left")
_MONITORS = {"loss", "discriminative_loss", "accuracy", "auc", "subject_loss"}
_GENERATIVE, _WITH_COMMUNITIES = ("dg", "h"), ("dg", "h", "d")


class LSTMDGClassifier(ScanClassifierMixin, BaseEstimator):
    r"""Recurrent network that classifies scans and generates their next point.

    An LSTM whose :math:`K` nodes are functional communities reads the scan,

    .. math::
        g_t = \sigma(W_g x_t + U_g h_{t-1} + b_g), \quad g \in \{i, f, o\}, \qquad
        \tilde c_t = \tanh(W_c x_t + U_c h_{t-1} + b_c), \\
        c_t = i_t * \tilde c_t + f_t * c_{t-1}, \qquad h_t = o_t * \tanh(c_t).

    Its hidden states :math:`h_t` go through a second LSTM and a dense layer shared over time,
    whose mean over time is the logit of the class; its last cell state generates the point that
    follows, :math:`\hat x_{T+1} = W_d c_T + b_d`. Input weights :math:`W` and memberships
    :math:`W_d` stay non-negative. Trained is :math:`L_G + \lambda L_D`, squared error plus
    weighted cross-entropy [1]_.

    Parameters
    ----------
    variant : {"dg", "h", "d", "s"}, default="dg"
        The paper's LSTM-DG; LSTM-H, which generates from the hidden state; LSTM-D, without the
        generative task; LSTM-S, one discriminative LSTM of ``n_units`` nodes.
    n_communities : int, default=50
        :math:`K`, nodes of the first LSTM.
    n_units : int, default=20
        Nodes of the discriminative LSTM.
    dropout : float or tuple of three floats, default=(0.5, 0.5, 0.0)
        Rate before the shared dense layer, the mean over time, and the generative dense layer,
        against learning the training rows by heart. The last makes memberships robust, and
        communities copies of each other.
    discriminative_weight : float, default=1.0
        :math:`\lambda`: how much the class counts beside the generated points.
    generate_at : {"last", "all"}, default="all"
        Where the generative loss is taken: at the last point that is read, as in the paper; or at
        each, :math:`L_G = \frac{1}{T} \sum_t (W_d c_t + b_d - x_{t+1})^2`, averaged over ROIs,
        with a dropout mask for each point: few updates are enough to learn to generate.
    augment : tuple of {"sign", "reverse"} or None, default=("sign", "reverse")
        Each time a window trains, target included, its sign is flipped, or its time, with
        probability 1/2. Logits are then averaged over all such versions of a window. Generation
        and community activity read it as it is. Where classes differ in the mean or the sign of
        the signals, or in what comes first, as they hardly do in standardised scans, give None.
    input_noise : float, default=0.7
        Standard deviation of the Gaussian noise added to the training input, in the units of X.
    max_updates : int or None, default=1000
        Steps of the optimiser after which training ends: what it means depends neither on the
        number of scans nor on the windows' step.
    max_epochs : int or None, default=None
        Epochs after which training ends. Of two limits the one that comes first counts; one must
        be given.
    batch_size : int, default=32
        Windows per step.
    windows_per_epoch : int, float or None, default=None
        Windows that an epoch trains on, drawn anew for each without replacement: a number, or a
        share in (0, 1] of all. None takes all.
    lr : float, default=3e-3
        Learning rate of Adam.
    lr_schedule : {"cosine"} or None, default="cosine"
        "cosine" lets the learning rate fall to a hundredth over the length of training, so that
        the last weights are settled. None, and ``partial_fit``, keep it as it is.
    weight_decay : float, default=0.0
        Decoupled weight decay: every step shrinks weights and biases by ``lr * weight_decay``.
    pretrain_epochs : int, default=0
        Epochs of the generative task alone, on the training rows and ``X_unlabeled``, with which
        ``fit`` begins; then the optimiser starts anew. Going on with ``warm_start``, and
        ``partial_fit``, leave them out. Variants "dg" and "h".
    patience : int or None, default=None
        Epochs without improvement on validation rows before training stops, and goes back to the
        best epoch. None trains to the end, on all rows, those of ``validation`` included.
    validation_fraction : float, default=0.1
        Share of each class's groups held back where there is ``patience``; 0 holds none back.
    monitor : str or callable, default="subject_loss"
        What the best epoch is chosen by: "loss" (the paper's) or "discriminative_loss" of the
        validation windows; "accuracy", "auc" or "subject_loss" (cross-entropy) of the validation
        subjects' mean probabilities; or ``monitor(y, proba)`` of the subjects' class numbers and
        probabilities, greater is better. Ties, and an AUC that is not defined, are decided by the
        validation loss.
    horizon : int, default=1
        Points at the end of every sequence that are generated and never read (a window that trains
        reversed ends where it began). 0, where nothing is generated, needs variant "d" or "s".
    aggregation : {"vote", "mean"}, default="mean"
        A bag's probability: the proportion of its windows that are labelled so, as in the paper,
        or the mean of their probabilities, which keeps how sure each is.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in the discriminative loss, counted over the training rows.
    n_nets : int, default=1
        Nets to train, each from its own seed, on one internal split. Window by window their logits
        are averaged; votes, means and probabilities come from that.
    device : str, default="auto"
        A torch device; "auto" takes a GPU if there is one.
    n_threads : int, default=1
        Threads on the CPU, on which ``n_nets`` nets train side by side. One net is fastest on one.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit's weights.
    callbacks : list of skorch callbacks or None, default=None
        More callbacks for the training; of several nets, each calls them in its turn.
    verbose : int, default=0
        1 prints a line for each epoch.
    init_seed : int or None, default=None
        Decides the first weights, of net n with n added, in place of ``random_state``. Fits on
        other subjects that begin alike find the same communities under the same numbers.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order, dropout, noise and the internal split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs.
    history_ : dict of ndarray of shape (n_epochs,)
        By epoch: total, generative and discriminative loss of training and validation windows, and
        the validation subjects' cross-entropy, AUC and accuracy.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int
        Epoch, from 1, whose weights are kept.
    n_validation_ : int
        Rows that chose the epoch, and trained nothing.
    membership_ : ndarray of shape (n_rois, n_communities)
        :math:`W_d`: each ROI's membership in each community. Variants "dg" and "h". Of several
        nets it is the first one's, as ``influence_`` is: what they have in common tells
        ``CommunityExtractor``.
    influence_ : ndarray of shape (n_communities,)
        Sum of each community's absolute input weights over all gates and nodes of the
        discriminative LSTM. Variants "dg", "h" and "d".
    memberships_, influences_ : list of ndarray
        The same of each net.
    net_ : skorch.NeuralNet
        The first net; ``net_.module_`` is the torch module.
    nets_ : list of skorch.NeuralNet
        All ``n_nets`` nets.

    See Also
    --------
    SubsequenceAugmenter : Cuts scans into the windows that the paper trains on.

    Notes
    -----
    The defaults are a study's: no early stopping, a fixed length, turned windows, the generative
    loss at all points. ``presets.PAPER`` is the paper's training, with early stopping, votes and
    the loss at the last point; ``presets.CLASSIFY`` averages three nets of the defaults, and
    ``presets.COMMUNITIES`` is for reading communities. Weights start as in Keras, which the paper
    used.

    Scans are read as they are: standardise them first, for example with ``ScanCleaner``. Rows of
    ``X`` may be scans, windows, or bags of windows; rows that belong together must share a value
    of ``groups``.

    With ``n_nets`` above 1, predictions are of all nets. All else is the first net's, whose
    communities are not those of the others: ``history_``, ``n_iter_``, ``best_epoch_``,
    ``membership_``, ``influence_``, ``generate`` and ``community_activity``. Epochs of pretraining
    are in none of them.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_pipeline(
    ...     SubsequenceAugmenter(length=30, step=10),
    ...     LSTMDGClassifier(n_communities=6, n_units=4, max_epochs=2, random_state=0),
    ... )
    >>> model.fit(cohort.data, cohort.target).predict_proba(cohort.data).shape
    (20, 2)
    >>> model[-1].membership_.shape
    (12, 6)
    """

    __metadata_request__fit = {"groups": True, "X_unlabeled": True, "validation": True}

    _parameter_constraints = {
        "variant": [StrOptions({"dg", "h", "d", "s"})],
        "n_communities": [_POSITIVE],
        "n_units": [_POSITIVE],
        "dropout": [_RATE, tuple, list],
        "discriminative_weight": [Interval(Real, 0, None, closed="left")],
        "generate_at": [StrOptions({"last", "all"})],
        "augment": [tuple, list, None],
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "max_updates": [_POSITIVE, None],
        "max_epochs": [_POSITIVE, None],
        "batch_size": [_POSITIVE],
        "windows_per_epoch": [_POSITIVE, Interval(RealNotInt, 0, 1, closed="right"), None],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"cosine"}), None],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "pretrain_epochs": [Interval(Integral, 0, None, closed="left")],
        "patience": [_POSITIVE, None],
        "validation_fraction": [_RATE],
        "monitor": [StrOptions(_MONITORS), callable],
        "horizon": [Interval(Integral, 0, None, closed="left")],
        "aggregation": [StrOptions({"vote", "mean"})],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "n_nets": [_POSITIVE],
        "device": [str],
        "n_threads": [_POSITIVE],
        "warm_start": ["boolean"],
        "callbacks": [list, None],
        "verbose": ["verbose"],
        "init_seed": [Interval(Integral, 0, 2**62, closed="left"), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        variant: str = "dg",
        *,
        n_communities: int = 50,
        n_units: int = 20,
        dropout: float | Sequence[float] = (0.5, 0.5, 0.0),
        discriminative_weight: float = 1.0,
        generate_at: str = "all",
        augment: Sequence[str] | None = ("sign", "reverse"),
        input_noise: float = 0.7,
        max_updates: int | None = 1000,
        max_epochs: int | None = None,
        batch_size: int = 32,
        windows_per_epoch: float | None = None,
        lr: float = 3e-3,
        lr_schedule: str | None = "cosine",
        weight_decay: float = 0.0,
        pretrain_epochs: int = 0,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        monitor: str | Callable = "subject_loss",
        horizon: int = 1,
        aggregation: str = "mean",
        class_weight: ClassWeight = None,
        n_nets: int = 1,
        device: str = "auto",
        n_threads: int = 1,
        warm_start: bool = False,
        callbacks: list | None = None,
        verbose: int = 0,
        init_seed: int | None = None,
        random_state: Seed = None,
    ) -> None:
        self.variant = variant
        self.n_communities = n_communities
        self.n_units = n_units
        self.dropout = dropout
        self.discriminative_weight = discriminative_weight
        self.generate_at = generate_at
        self.augment = augment
        self.input_noise = input_noise
        self.max_updates = max_updates
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.windows_per_epoch = windows_per_epoch
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.pretrain_epochs = pretrain_epochs
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.monitor = monitor
        self.horizon = horizon
        self.aggregation = aggregation
        self.class_weight = class_weight
        self.n_nets = n_nets
        self.device = device
        self.n_threads = n_threads
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.verbose = verbose
        self.init_seed = init_seed
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(
        self,
        X: Scans,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        X_unlabeled: Scans | None = None,
        validation: ArrayLike | None = None,
    ) -> "Self":
        """Train on labelled scans, windows or bags.

        Parameters
        ----------
        X : array-like or list
            Scans ``(n_subjects, n_timepoints, n_rois)`` or a list of ragged ones, bags
            ``(n_subjects, n_windows, n_points, n_rois)`` or a list of them, or a table
            ``(n_subjects, n_rois)`` of scans of one point.
        y : array-like of shape (n_rows,)
            Class labels.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together; the internal split keeps them so. Windows of a group vote
            together in validation. Without groups every row stands alone.
        X_unlabeled : array-like or list, default=None
            More scans or bags for the generative task. Scans are cut as the windows of X are.
        validation : array-like of bool of shape (n_rows,), default=None
            Rows that validate, in place of the internal split. Without ``patience`` they train.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, or y holds one class.
        FloatingPointError
            If the loss stops being finite.
        KeyboardInterrupt
            After Ctrl-C; the classifier keeps the best weights so far, and is fitted.
        """
        self._check_parameters(X_unlabeled)
        if not self.warm_start:
            self._forget()
        sequences, y_encoded = self._check_labelled(X, y)
        groups = check_groups(groups, len(sequences))
        rng = check_random_state(self.random_state)
        is_validation = self._hold_out(validation, y_encoded, groups, rng)
        unlabeled = None
        if X_unlabeled is not None:
            more = self._check_unlabeled(X_unlabeled, sequences)
            unlabeled = cut_like(check_float32(more), sequences)
        windows = self._lay_out(sequences, y_encoded, groups, is_validation, unlabeled)
        length = {"n_epochs": self.max_epochs, "n_updates": self.max_updates}
        self._train(windows, rng, **length, n_pretrain=self.pretrain_epochs)
        self.n_validation_ = 0 if is_validation is None else int(is_validation.sum())
        return self._warn_if_untrained(windows[0])

    @keeps_model_if_refused
    def partial_fit(self, X: Scans, y: ArrayLike, classes: ArrayLike | None = None) -> "Self":
        """Train for one epoch, without validation.

        Parameters
        ----------
        X, y : as in ``fit``
            Labelled rows.
        classes : array-like of shape (n_classes,), default=None
            All class labels, where the first call's ``y`` may lack some.

        Returns
        -------
        self
            The classifier, one epoch further.
        """
        self._check_parameters(None)
        if isinstance(self.class_weight, str):
            raise ValueError("class_weight='balanced' needs all rows at once: give a dict.")
        sequences, y_encoded = self._check_labelled(X, y, classes)
        groups = check_groups(None, len(sequences))
        windows = self._lay_out(sequences, y_encoded, groups, None, None)
        rng = check_random_state(self.random_state)
        return self._train(windows, rng, {"lr_schedule": None}, n_epochs=1)

    def _check_parameters(self, X_unlabeled):
        self._validate_params()
        is_generative = self.variant in _GENERATIVE
        if self.horizon == 0 and is_generative:
            raise ValueError(f"horizon=0 leaves variant {self.variant!r} no point to generate.")
        if X_unlabeled is not None and not is_generative:
            raise ValueError(f"Variant {self.variant!r} cannot learn from X_unlabeled.")
        if self.pretrain_epochs and not is_generative:
            raise ValueError(
                f"Variant {self.variant!r} has no generative task: pretrain_epochs must be 0."
            )
        if self.max_updates is None and self.max_epochs is None:
            raise ValueError("max_updates or max_epochs must end training: both are None.")
        if unknown := set(map(str, self.augment or ())) - {"sign", "reverse"}:
            raise ValueError(f"augment knows 'sign' and 'reverse', and not {min(unknown)!r}.")
        for given in self.callbacks or ():
            callback = given[1] if isinstance(given, tuple) and len(given) == 2 else given
            if not hasattr(callback, "on_epoch_end"):
                raise ValueError(
                    f"callbacks must be skorch's, or pairs of a name and one, got {given!r}."
                )
        if self.device not in ("auto", "cpu"):
            network.usable_device(self.device)
        rates = self._dropout_rates()
        if len(rates) != 3 or not all(isinstance(r, Real) and 0 <= r < 1 for r in rates):
            raise ValueError(f"dropout must be a rate in [0, 1) or three, got {self.dropout!r}.")

    def _hold_out(self, validation, y_encoded, groups, rng):
        """Return which rows validate, or None: without patience all train."""
        if self.patience is None and validation is None:
            return None
        held = super()._hold_out(validation, y_encoded, groups, rng)
        return held if self.patience else None

    def _dropout_rates(self):
        return (self.dropout,) * 3 if isinstance(self.dropout, Real) else tuple(self.dropout)

    def _check_labelled(self, X, y, classes=None):
        """Check X and y; the first training decides ROIs and classes."""
        is_first = not hasattr(self, "_nets")
        sequences = check_float32(self._check_rows(X, reset=is_first))
        if is_first and classes is None:
            self.classes_, y_encoded = check_labels(y, len(sequences))
            return sequences, y_encoded
        if is_first:
            self.classes_ = np.unique(classes)
        labels, y_encoded = check_labels(y, len(sequences), min_classes=1)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown[0]!r}, which is not among the known classes.")
        return sequences, np.searchsorted(self.classes_, labels)[y_encoded]

    def _lay_out(self, sequences, y_encoded, groups, is_validation, unlabeled):
        """Return training windows, unlabelled ones included, and validation windows or None."""
        class_weight = check_class_weight(self.class_weight, self.classes_)
        counted = y_encoded if is_validation is None else y_encoded[~is_validation]
        present = np.unique(counted)
        weights = np.ones(len(self.classes_))
        weights[present] = compute_class_weight(class_weight, classes=present, y=counted)
        weights = weights[y_encoded]
        # A bag is a subject; sequences are, where they share a group and a class.
        is_bag = sequences.kind == "bags"
        n_classes = len(self.classes_)
        subjects = np.arange(len(groups)) if is_bag else groups * n_classes + y_encoded
        device = network.usable_device(self.device)

        def labelled(rows, more=None):
            taken = sequences.take(np.flatnonzero(rows))
            values = y_encoded[rows], subjects[rows], weights[rows]
            return network.LabelledWindows.from_rows(taken, *values, more, device)

        if is_validation is None:
            return labelled(np.ones(len(groups), dtype=bool), unlabeled), None
        return labelled(~is_validation, unlabeled), labelled(is_validation)

    def _train(self, windows, rng, others=(), **length):
        """Train the nets, new ones or those of the last fit, and tell their history."""
        seeds = [draw_seed(rng) for _ in range(self.n_nets)]
        parameters = {**self._plain_params(), "dropout": self._dropout_rates(), **dict(others)}
        nets = getattr(self, "_nets", None)
        if nets is None:
            sizes = {"n_rois": self.n_features_in_, "n_classes": len(self.classes_)}
            nets = network.Nets(**sizes, **parameters)
        else:
            nets.update(**parameters)
        try:
            nets.train(windows, seeds, **length, n_threads=self.n_threads)
        except KeyboardInterrupt:
            if nets.nets:
                self._keep(nets)
            raise
        return self._keep(nets)

    def _keep(self, nets):
        self._nets, net = nets, nets.first
        self.history_, self.n_iter_ = net.recorded(), len(net.history)
        self.best_epoch_ = net.best_epoch
        return self

    def _warn_if_untrained(self, training):
        """Warn where the first epoch was kept, or windows of all rows are given one class."""
        logits = self._nets.logits(training.windows.some_rows(32, 16), self.horizon)
        if self.n_validation_ and self.best_epoch_ == 1 < self.n_iter_:
            sign = f"the weights kept are those of epoch 1 of {self.n_iter_}"
            remedy = "More rows to validate on, another monitor, or patience=None"
        elif len(set(votes(logits).argmax(axis=1))) == 1:
            sign = f"{len(logits)} windows of the training rows are all given the same class"
            remedy = "More updates, another learning rate, or standardised scans"
        else:
            return self
        warnings.warn(
            f"The net is hardly trained: {sign}. {remedy} may help.",
            ConvergenceWarning,
            stacklevel=level_of_the_caller(),
        )
        return self

    def _forget(self):
        for name in ("_nets", "history_", "n_iter_", "best_epoch_", "n_validation_"):
            vars(self).pop(name, None)

    def __sklearn_tags__(self):
        """Say that signs turned at random leave no difference in means to tell classes by."""
        tags = super().__sklearn_tags__()
        is_given = isinstance(self.augment, tuple | list)
        tags.classifier_tags.poor_score = is_given and "sign" in self.augment
        return tags

    def __sklearn_is_fitted__(self):
        """Tell whether there are nets."""
        return hasattr(self, "_nets")

    @property
    def net_(self) -> "NeuralNet":
        """The first net."""
        return self.nets_[0]

    @property
    def nets_(self) -> "list[NeuralNet]":
        """All nets."""
        check_is_fitted(self)
        return self._nets.nets

    @property
    def membership_(self) -> NDArray[np.float32]:
        """Membership W_d of each ROI in each community."""
        self._check_variant("membership_", _GENERATIVE)
        return self._nets.memberships[0]

    @property
    def influence_(self) -> NDArray[np.float32]:
        """Sum of each community's absolute input weights to the discriminative LSTM."""
        self._check_variant("influence_", _WITH_COMMUNITIES)
        return self._nets.influences[0]

    @property
    def memberships_(self) -> list[NDArray[np.float32]]:
        """Memberships of each net."""
        self._check_variant("memberships_", _GENERATIVE)
        return self._nets.memberships

    @property
    def influences_(self) -> list[NDArray[np.float32]]:
        """Influences of each net."""
        self._check_variant("influences_", _WITH_COMMUNITIES)
        return self._nets.influences

    def _check_variant(self, name, variants):
        check_is_fitted(self)
        if self._nets.variant not in variants:
            raise AttributeError(
                f"variant {self._nets.variant!r} has no {name}: it exists for "
                f"{', '.join(variants)}."
            )

    def _windows(self, X):
        check_is_fitted(self)
        self._check_parameters(None)
        sequences = check_float32(self._check_rows(X))
        return sequences, network.WindowSet.from_sequences(sequences, self.net_.device)

    def _scores(self, X):
        """Return the windows' logits, averaged over the nets, row by row."""
        sequences, windows = self._windows(X)
        logits = self._nets.logits(windows, self.horizon, self.n_threads)
        is_bag = sequences.kind == "bags"
        return np.split(logits, np.cumsum(sequences.n_windows)[:-1]), is_bag

    def predict_window_proba(self, X: Scans) -> list[NDArray[np.float64]]:
        """Return the class probabilities of every window, row by row.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        list of ndarray of shape (n_windows_i, n_classes)
        """
        return [probabilities(row) for row in self._scores(X)[0]]

    def generate(self, X: Scans, n_steps: int = 1) -> NDArray[np.float32] | list:
        """Generate the points that follow, after reading every point of X.

        Parameters
        ----------
        X : as in ``fit``
            Sequences to go on from.
        n_steps : int, default=1
            Points to generate; from the second on, what was generated is read.

        Returns
        -------
        ndarray of shape (n_rows, n_steps, n_rois) or, for bags, \
                (n_rows, n_windows, n_steps, n_rois)
            A list of ndarray where bags are ragged.
        """
        self._check_variant("generate", _GENERATIVE)
        if not isinstance(n_steps, int | np.integer) or n_steps < 1:
            raise ValueError(f"n_steps must be a whole number of at least 1, got {n_steps!r}.")
        sequences, windows = self._windows(X)
        return _by_row(self._nets.generate(windows, n_steps, self.n_threads), sequences)

    def community_activity(self, X: Scans, net: int = 0) -> NDArray[np.float32] | list:
        """Return :math:`h_t` of the first LSTM at every point of X.

        Parameters
        ----------
        X : as in ``fit``
            Sequences to read.
        net : int, default=0
            Which of several nets reads them.

        Returns
        -------
        ndarray of shape (n_rows, n_points, n_communities) or, for bags, \
                (n_rows, n_windows, n_points, n_communities)
            A list of ndarray where rows are ragged.
        """
        self._check_variant("community_activity", _WITH_COMMUNITIES)
        sequences, windows = self._windows(X)
        return _by_row(self._nets.hidden_states(windows, self.n_threads, net), sequences)


def _by_row(windows, sequences):
    """Put what was computed window by window back into rows, stacked where shapes agree."""
    if sequences.kind != "bags":
        return _stack(list(windows))
    edges = np.cumsum(sequences.n_windows)
    return _stack([np.stack(windows[a:b]) for a, b in zip([0, *edges], edges, strict=False)])


def _stack(rows):
    return np.stack(rows) if len({row.shape for row in rows}) == 1 else rows
