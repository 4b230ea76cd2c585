"""The jointly discriminative and generative recurrent network for a continuous target."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils._param_validation import StrOptions

from ._typing import Scans
from .base import keeps_model_if_refused
from .joint import JointEstimatorMixin
from .scans import check_target

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["LSTMDGRegressor"]

_MONITORS = {"loss", "discriminative_loss", "subject_loss", "r"}


class LSTMDGRegressor(JointEstimatorMixin, RegressorMixin, BaseEstimator):
    r"""Recurrent network that tells a number from scans, and generates their next point.

    The network of :class:`LSTMDGClassifier` for a continuous target, such as age or severity: what
    is the logit of a class there is the target :math:`\hat y` here, and :math:`L_D` is the squared
    error :math:`(\hat y - y)^2` in place of cross-entropy [1]_. A bag's prediction is the mean over
    its windows.

    The target is standardized inside, by mean and standard deviation of the rows that train, so
    that learning rate and ``discriminative_weight`` mean the same for every unit. Predictions are
    in the target's unit.

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
        :math:`\lambda`: how much the target counts beside the generated points.
    generate_at : {"last", "all"}, default="all"
        Where the generative loss is taken: at the last point that is read, as in the paper; or at
        each, :math:`L_G = \frac{1}{T} \sum_t (W_d c_t + b_d - x_{t+1})^2`, averaged over ROIs,
        with a dropout mask for each point: few updates are enough to learn to generate.
    augment : tuple of {"sign", "reverse"} or None, default=("sign", "reverse")
        Each time a window trains, the points that it generates included, its sign is flipped with
        probability 1/2, and its time too. Predictions are averaged over all such versions of a
        window. Generation and community activity read it as it is. Give None where the target
        shows in the mean or the sign of the signals, or in what comes first; in standardized scans
        it hardly does.
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
        Share of the groups that is held back with ``patience``; 0 holds none back.
    monitor : str or callable, default="subject_loss"
        What the best epoch is chosen by: "loss" or "discriminative_loss" of the validation windows;
        "subject_loss" (squared error) or "r" (Pearson's) of the validation subjects' predictions;
        or ``monitor(y, predicted)`` of these, both standardized, greater is better. Ties, and an r
        that is not defined, are decided by the validation loss.
    horizon : int, default=1
        Points at the end of every sequence that are generated and never read (a window that trains
        reversed ends where it began). 0, where nothing is generated, needs variant "d" or "s".
    n_nets : int, default=1
        Nets to train, each from its own seed, on one internal split. Predictions are averaged.
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
    target_mean_, target_scale_ : float
        Mean and standard deviation of the target in the rows that trained first. Going on with
        ``warm_start``, and ``partial_fit``, keep them.
    n_features_in_ : int
        Number of ROIs.
    history_ : dict of ndarray of shape (n_epochs,)
        By epoch: total, generative and discriminative loss of training and validation windows, and
        the validation subjects' squared error and r; of the standardized target.
    n_iter_, best_epoch_, n_validation_ : int
        Epochs trained; the epoch, from 1, whose weights are kept; rows that chose it.
    membership_ : ndarray of shape (n_rois, n_communities)
        :math:`W_d`: each ROI's membership in each community. Variants "dg" and "h".
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
    LSTMDGClassifier : The network for classes.

    Notes
    -----
    The defaults are the classifier's. With ``n_nets`` above 1, predictions are of all nets; all
    else is the first net's.

    The internal split holds back whole groups, whatever their target.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_lstmdg import LSTMDGRegressor, SubsequenceAugmenter
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_pipeline(
    ...     SubsequenceAugmenter(length=30, step=10),
    ...     LSTMDGRegressor(n_communities=6, n_units=4, max_epochs=2, random_state=0),
    ... )
    >>> age = cohort.phenotypic["AGE_AT_SCAN"]
    >>> model.fit(cohort.data, age).predict(cohort.data).shape
    (20,)
    >>> model[-1].membership_.shape
    (12, 6)
    """

    _parameter_constraints = {
        **JointEstimatorMixin._parameter_constraints,
        "monitor": [StrOptions(_MONITORS), callable],
    }

    _n_classes = 0

    @keeps_model_if_refused
    def partial_fit(self, X: Scans, y: ArrayLike) -> "Self":
        """Train for one epoch, without validation.

        Parameters
        ----------
        X, y : as in ``fit``
            Labelled rows. The first call's decide by what the target is standardized.

        Returns
        -------
        self
            The regressor, one epoch further.
        """
        return self._partial_fit(X, y)

    def predict(self, X: Scans) -> NDArray[np.float64]:
        """Return the target of each row, of a bag the mean over its windows.

        Parameters
        ----------
        X : as in ``fit``
            Rows to predict.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        return np.array([row.mean() for row in self.predict_windows(X)])

    def predict_windows(self, X: Scans) -> list[NDArray[np.float64]]:
        """Return the target as every window tells it, row by row.

        Parameters
        ----------
        X : as in ``fit``
            Rows to predict.

        Returns
        -------
        list of ndarray of shape (n_windows_i,)
        """
        scores, _ = self._finite_scores(X)
        return [self.target_mean_ + self.target_scale_ * row[:, 0] for row in scores]

    def _check_y(self, y, n_rows):
        return check_target(y, n_rows)

    def _hold_out(self, validation, y, groups, rng):
        return super()._hold_out(validation, np.zeros(len(y), dtype=int), groups, rng)

    def _labels(self, y, trains, weights):
        """Return the standardized target; mean and deviation are those of the first training."""
        if not hasattr(self, "_nets"):
            self._measure(y[trains], weights[trains])
        return (y - self.target_mean_) / self.target_scale_, weights

    def _measure(self, y, weights):
        """Keep the mean and deviation of the rows that train."""
        mean = np.average(y, weights=weights)
        scale = np.sqrt(np.average(np.square(y - mean), weights=weights))
        # The mean of equal values may be off by a bit.
        if scale == 0 or np.ptp(y) == 0:
            raise ValueError(
                f"y is {y[0]} in all rows that train (n_samples={len(y)}): there is nothing to "
                "learn."
            )
        self.target_mean_, self.target_scale_ = float(mean), float(scale)

    def _tells_nothing(self, logits):
        if logits.std() > 0.01:
            return None
        return f"{len(logits)} windows of the training rows are all given about the same value"
