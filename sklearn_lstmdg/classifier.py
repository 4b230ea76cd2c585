"""The jointly discriminative and generative recurrent classifier, and its ablations."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions

from ._typing import ClassWeight, Scans, Seed
from .base import ScanClassifierMixin, keeps_model_if_refused
from .joint import JointEstimatorMixin
from .scans import check_class_weight, check_labels, class_weights, probabilities, votes

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LSTMDGClassifier"]

_MONITORS = {"loss", "discriminative_loss", "accuracy", "auc", "subject_loss"}


class LSTMDGClassifier(JointEstimatorMixin, ScanClassifierMixin, BaseEstimator):
    r"""Recurrent network that classifies scans and generates their next point.

    An LSTM whose :math:`K` nodes are functional communities reads the scan,

    .. math::
        g_t = \sigma(W_g x_t + U_g h_{t-1} + b_g), \quad g \in \{i, f, o\}, \qquad
        \tilde c_t = \tanh(W_c x_t + U_c h_{t-1} + b_c), \\
        c_t = i_t * \tilde c_t + f_t * c_{t-1}, \qquad h_t = o_t * \tanh(c_t).

    Its hidden states :math:`h_t` go through a second LSTM and a dense layer shared over time,
    whose mean over time is the logit of the class; its last cell state generates the point that
    follows, :math:`\hat x_{T+1} = W_d c_T + b_d`. Input weights :math:`W` and memberships
    :math:`W_d` stay non-negative. The loss is :math:`L_G + \lambda L_D`, squared error plus
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
        Rates before the shared dense layer, before the mean over time, and before the generative
        dense layer, against learning the training rows by heart. The third makes communities
        robust, but also copies of each other.
    discriminative_weight : float, default=1.0
        :math:`\lambda`: how much the class counts beside the generated points.
    generate_at : {"last", "all"}, default="all"
        Where the generative loss is taken: at the last point that is read, as in the paper; or at
        each, :math:`L_G = \frac{1}{T} \sum_t (W_d c_t + b_d - x_{t+1})^2`, averaged over ROIs,
        with a dropout mask for each point: few updates are enough to learn to generate.
    augment : tuple of {"sign", "reverse"} or None, default=("sign", "reverse")
        Each time a window trains, target included, its sign is flipped with probability 1/2, and
        its time too. In prediction logits are averaged over all such versions of a window.
        Generation and community activity read it as it is. Give None where classes differ in the
        mean or the sign of the signals, or in what comes first; in standardized scans they hardly
        do.
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
        Share of each class's groups that is held back with ``patience``; 0 holds none back.
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
        Nets to train, each from its own seed, on one internal split. Their logits are averaged
        window by window, before votes, means and probabilities.
    device : str, default="auto"
        A torch device; "auto" takes a GPU if there is one.
    n_threads : int, default=1
        Threads on the CPU, on which ``n_nets`` nets train side by side. One net is fastest on one.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit's weights.
    callbacks : list of skorch callbacks or None, default=None
        Further callbacks for the training. With several nets, each calls them in its turn.
    verbose : int, default=0
        1 prints a line for each epoch.
    init_seed : int or None, default=None
        Decides the first weights in place of ``random_state`` (net n takes it plus n). Fits on
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
        nets it is the first one's, as ``influence_`` is; ``CommunityExtractor`` tells what the
        nets have in common.
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

    Scans are read as they are: standardize them first, for example with ``ScanCleaner``. Rows of
    ``X`` may be scans, windows, or bags of windows; rows that belong together must share a value
    of ``groups``.

    With ``n_nets`` above 1, predictions are of all nets. All else is the first net's, whose
    communities differ from those of the others: ``history_``, ``n_iter_``, ``best_epoch_``,
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

    _parameter_constraints = {
        **JointEstimatorMixin._parameter_constraints,
        "monitor": [StrOptions(_MONITORS), callable],
        "aggregation": [StrOptions({"vote", "mean"})],
        "class_weight": [StrOptions({"balanced"}), dict, None],
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
        super().__init__(
            variant=variant,
            n_communities=n_communities,
            n_units=n_units,
            dropout=dropout,
            discriminative_weight=discriminative_weight,
            generate_at=generate_at,
            augment=augment,
            input_noise=input_noise,
            max_updates=max_updates,
            max_epochs=max_epochs,
            batch_size=batch_size,
            windows_per_epoch=windows_per_epoch,
            lr=lr,
            lr_schedule=lr_schedule,
            weight_decay=weight_decay,
            pretrain_epochs=pretrain_epochs,
            patience=patience,
            validation_fraction=validation_fraction,
            monitor=monitor,
            horizon=horizon,
            n_nets=n_nets,
            device=device,
            n_threads=n_threads,
            warm_start=warm_start,
            callbacks=callbacks,
            verbose=verbose,
            init_seed=init_seed,
            random_state=random_state,
        )
        self.aggregation = aggregation
        self.class_weight = class_weight

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
        if isinstance(self.class_weight, str):
            raise ValueError("class_weight='balanced' needs all rows at once: give a dict.")
        return self._partial_fit(X, y, classes=classes)

    @property
    def _n_classes(self):
        return len(self.classes_)

    def _check_y(self, y, n_rows, classes=None):
        """Return the rows' class numbers; the first training decides the classes."""
        is_first = not hasattr(self, "_nets")
        if is_first and classes is None:
            self.classes_, y_encoded = check_labels(y, n_rows)
            return y_encoded
        if is_first:
            self.classes_ = np.unique(classes)
        labels, y_encoded = check_labels(y, n_rows, min_classes=1)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y holds {unknown[0]!r}, which is not among the known classes.")
        return np.searchsorted(self.classes_, labels)[y_encoded]

    def _labels(self, y_encoded, trains, weights):
        """Return class numbers, and rows' weights times those of their classes.

        Balanced weights of classes are counted over training rows.
        """
        by_number = check_class_weight(self.class_weight, self.classes_)
        of_class = class_weights(by_number, y_encoded[trains], weights[trains], len(self.classes_))
        return y_encoded, weights * of_class[y_encoded]

    def _tells_nothing(self, logits):
        if len(set(votes(logits).argmax(axis=1))) > 1:
            return None
        return f"{len(logits)} windows of the training rows are all given the same class"

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
