"""What the network's classifier and regressor share: all but what is read off its last node."""

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from . import network
from ._typing import Scans, Seed
from .base import ScanEstimatorMixin, check_whole, draw_seed, keeps_model_if_refused
from .scans import check_float32, cut_like, in_rows, level_of_the_caller

if TYPE_CHECKING:
    from skorch import NeuralNet
    from typing_extensions import Self

_POSITIVE = Interval(Integral, 1, None, closed="left")
_RATE = Interval(Real, 0, 1, closed="left")
_GENERATIVE, _WITH_COMMUNITIES = ("dg", "h"), ("dg", "h", "d")


class JointEstimatorMixin(ScanEstimatorMixin):
    """An estimator that trains the joint network; parameters are ``LSTMDGClassifier``'s.

    A subclass says what it is trained to tell: ``_n_classes``; ``_check_y(y, n_rows, **others)``,
    which returns class numbers or a target's values; ``_labels(y, trains, weights)``, what the
    network is to tell of each row, and the row's weight in that; and ``_tells_nothing(logits)``,
    how the logits of training windows show that they tell nothing, or None.
    """

    __metadata_request__fit = dict.fromkeys(
        ("groups", "X_unlabeled", "validation", "sample_weight"), True
    )

    _parameter_constraints: dict = {
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
        "horizon": [Interval(Integral, 0, None, closed="left")],
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
        sample_weight: ArrayLike | None = None,
    ) -> "Self":
        """Train on scans, windows or bags whose class or target is known.

        Parameters
        ----------
        X : array-like or list
            Scans ``(n_subjects, n_timepoints, n_rois)`` or a list of ragged ones, bags
            ``(n_subjects, n_windows, n_points, n_rois)`` or a list of them, or a table
            ``(n_subjects, n_rois)`` of scans of one point.
        y : array-like of shape (n_rows,)
            Class labels; a regressor's target, numbers.
        groups : array-like of shape (n_rows,), default=None
            Rows that belong together; the internal split keeps them so. Windows of a group are
            judged together in validation. Without groups every row stands alone.
        X_unlabeled : array-like or list, default=None
            More scans or bags for the generative task. Scans are cut as the windows of X are.
        validation : array-like of bool of shape (n_rows,), default=None
            Rows that validate, in place of the internal split. Without ``patience`` they train.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows in the discriminative loss, times those of their classes; scaled so
            that the mean over the windows is 1. A row of weight 0 is left out, of the generative
            task too: give it as ``X_unlabeled`` to keep it there.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, or y holds one class or value.
        FloatingPointError
            If the loss stops being finite.
        KeyboardInterrupt
            After Ctrl-C; the estimator keeps the best weights so far, and is fitted.
        """
        self._check_parameters(X_unlabeled)
        if not self.warm_start:
            self._forget()
        sequences, y = self._check_labelled(X, y)
        rows = self._training_rows(sequences, y, groups, sample_weight, validation)
        rng = check_random_state(self.random_state)
        is_validation = self._hold_out(rows.validation, rows.y, rows.groups, rng)
        unlabeled = None
        if X_unlabeled is not None:
            more = self._check_unlabeled(X_unlabeled, rows.sequences)
            unlabeled = cut_like(check_float32(more), rows.sequences)
        windows = self._lay_out(rows, is_validation, unlabeled)
        length = {"n_epochs": self.max_epochs, "n_updates": self.max_updates}
        self._train(windows, rng, self.lr_schedule, **length, n_pretrain=self.pretrain_epochs)
        self.n_validation_ = 0 if is_validation is None else int(is_validation.sum())
        return self._warn_if_untrained(windows[0].windows)

    def _partial_fit(self, X, y, **others):
        """Train for one epoch, without validation."""
        self._check_parameters(None)
        sequences, y = self._check_labelled(X, y, **others)
        rows = self._training_rows(sequences, y, None)
        windows = self._lay_out(rows, None, None)
        rng = check_random_state(self.random_state)
        return self._train(windows, rng, None, n_epochs=1)

    def _check_parameters(self, X_unlabeled):
        self._validate_params()
        self._check_generative(X_unlabeled)
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

    def _check_generative(self, X_unlabeled):
        is_generative = self.variant in _GENERATIVE
        if self.horizon == 0 and is_generative:
            raise ValueError(f"horizon=0 leaves variant {self.variant!r} no point to generate.")
        if X_unlabeled is not None and not is_generative:
            raise ValueError(f"Variant {self.variant!r} cannot learn from X_unlabeled.")
        if self.pretrain_epochs and not is_generative:
            raise ValueError(
                f"Variant {self.variant!r} has no generative task: pretrain_epochs must be 0."
            )

    def _hold_out(self, validation, y, groups, rng):
        """Return which rows validate, or None: without patience all train."""
        if self.patience is None and validation is None:
            return None
        is_validation = super()._hold_out(validation, y, groups, rng)
        return is_validation if self.patience else None

    def _dropout_rates(self):
        return (self.dropout,) * 3 if isinstance(self.dropout, Real) else tuple(self.dropout)

    def _check_labelled(self, X, y, **others):
        """Check X and y; the first training decides ROIs and what is told of them."""
        sequences = check_float32(self._check_rows(X, reset=not hasattr(self, "_nets")))
        if self.horizon > (longest := sequences.lengths.max()):
            raise ValueError(f"horizon={self.horizon} is beyond the {longest} points of a row.")
        return sequences, self._check_y(y, len(sequences), **others)

    def _lay_out(self, rows, is_validation, unlabeled):
        """Return training windows, unlabelled ones included, and validation windows or None."""
        sequences, subjects = rows.sequences, np.arange(len(rows.y))
        trains = np.ones(len(rows.y), dtype=bool) if is_validation is None else ~is_validation
        labels, weights = self._labels(rows.y, trains, rows.weights)
        # A bag is a subject; sequences are, where they share a group and a class or target.
        if sequences.kind != "bags":
            keys = np.column_stack([rows.groups, rows.y])
            subjects = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
        device = network.usable_device(self.device)

        def labelled(some, more=None):
            taken = sequences.take(np.flatnonzero(some))
            values = labels[some], subjects[some], weights[some]
            return network.LabelledWindows(taken, *values, more, device)

        return labelled(trains, unlabeled), None if trains.all() else labelled(~trains)

    def _train(self, windows, rng, lr_schedule, **length):
        """Train the nets, new ones or those of the last fit, and tell their history."""
        seeds = [draw_seed(rng) for _ in range(self.n_nets)]
        own = {"dropout": self._dropout_rates(), "lr_schedule": lr_schedule}
        parameters = self._plain_params() | own
        nets = getattr(self, "_nets", None)
        if nets is None:
            sizes = {"n_rois": self.n_features_in_, "n_classes": self._n_classes}
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

    def _warn_if_untrained(self, trained):
        """Warn where a net kept its first epoch, or windows of all rows are told the same of."""
        logits = self._nets.logits(trained.some_rows(32, 16), self.horizon)
        first = [net for net in self.nets_ if net.best_epoch == 1 < len(net.history)]
        if self.n_validation_ and first:
            which = f" of {len(first)} of {self.n_nets} nets" if self.n_nets > 1 else ""
            sign = f"the weights kept{which} are those of epoch 1 of {len(first[0].history)}"
            remedy = "More rows to validate on, another monitor, or patience=None"
        elif sign := self._tells_nothing(logits):
            remedy = "More updates, another learning rate, or standardized scans"
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
        """Say that signs turned at random leave no difference in means to learn from."""
        tags = super().__sklearn_tags__()
        is_given = isinstance(self.augment, tuple | list)
        kind = tags.classifier_tags or tags.regressor_tags
        kind.poor_score = is_given and "sign" in self.augment
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
        n_steps = check_whole(n_steps, "n_steps", 1)
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
        return in_rows(list(windows))
    edges = np.cumsum(sequences.n_windows)
    return in_rows([np.stack(windows[a:b]) for a, b in zip([0, *edges], edges, strict=False)])
