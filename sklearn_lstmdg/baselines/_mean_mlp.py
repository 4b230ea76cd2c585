"""A perceptron over single time points, averaged over time, as a classifier."""

from numbers import Integral, Real

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from .. import network
from .._typing import Scans, Seed
from ..base import check_positive, keeps_model_if_refused
from ..scans import check_float32, whole_scans
from ._scan_net_classifier import LOOP_CONSTRAINTS, ScanNetClassifierMixin


class MeanMLPClassifier(ScanNetClassifierMixin, BaseEstimator):
    """Perceptron over every time point of a scan, whose mean over time is the logit.

    A dense layer, layer normalisation, ReLU and dropout code each time point on its own; the codes'
    mean over the scan goes through a linear layer [1]_. What the order of the points tells is not
    used, nor connectivity as such.

    Parameters
    ----------
    hidden_sizes : sequence of int, default=(160,)
        Nodes of the hidden layers [1]_.
    dropout : float, default=0.49
        Rate after each hidden layer [1]_.
    lr : float, default=5e-3
        Learning rate of Adam [1]_.
    max_epochs : int, default=200
        Most epochs [1]_.
    batch_size : int, default=64
        Scans per step [1]_.
    patience : int, default=30
        Epochs without a lower validation loss before training stops [1]_.
    validation_fraction : float, default=0.1
        Share of each class's groups held back; 0 trains for ``max_epochs`` without validation.
    n_threads : int, default=1
        Threads of torch.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order, dropout and the internal split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs.
    history_ : dict of ndarray of shape (n_epochs,)
        Cross-entropy by epoch: "train_loss", and "valid_loss" where rows validate.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int
        Epoch, from 1, whose weights are kept.
    module_ : torch.nn.Module
        The trained network.

    See Also
    --------
    LSTMDGClassifier : Its variant "s" is a recurrent network averaged over time.

    Notes
    -----
    Scans are read whole and as they are: standardize them first (``ScanCleaner``). A bag of windows
    is read as the scan that they were cut from; a table (2-D) holds scans of one point.

    References
    ----------
    .. [1] P. Popov et al. "A simple but tough-to-beat baseline for fMRI time-series
       classification", NeuroImage 303, 2024; default values as in its package ml4fmri.

    Examples
    --------
    >>> from sklearn_lstmdg.baselines import MeanMLPClassifier
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> mlp = MeanMLPClassifier((8,), max_epochs=3, random_state=0)
    >>> mlp.fit(cohort.data, cohort.target).predict_proba(cohort.data).shape
    (20, 2)
    """

    __metadata_request__fit = {"groups": True, "sample_weight": True, "validation": True}

    _parameter_constraints = {
        **LOOP_CONSTRAINTS,
        "hidden_sizes": ["array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        hidden_sizes: ArrayLike = (160,),
        *,
        dropout: float = 0.49,
        lr: float = 5e-3,
        max_epochs: int = 200,
        batch_size: int = 64,
        patience: int = 30,
        validation_fraction: float = 0.1,
        n_threads: int = 1,
        random_state: Seed = None,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.dropout = dropout
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.n_threads = n_threads
        self.random_state = random_state

    @keeps_model_if_refused
    def fit(
        self,
        X: Scans,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        validation: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "MeanMLPClassifier":
        """Train on labelled scans.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of scans of one point.
        y, groups, validation : as in ``LSTMDGClassifier.fit``
            Class labels, which rows belong together, and which validate.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows in the loss; a row of weight 0 is left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, or y holds one class.
        FloatingPointError
            If the loss stops being finite.
        """
        fitted = self._check_fit(X, y, groups, sample_weight, validation)
        sizes = check_positive(self.hidden_sizes, "hidden_sizes", Integral)
        rng = check_random_state(self.random_state)
        is_validation = self._hold_out(fitted.validation, fitted.y, fitted.groups, rng)
        n_rois = self.n_features_in_
        module = {"n_rois": n_rois, "hidden_sizes": sizes, "dropout": self.dropout}
        rows = self._read_rows(fitted.sequences)
        from ._mean_mlp_module import MeanMLPNet  # torch is imported when it trains

        return self._train(MeanMLPNet, module, rows, fitted, is_validation, rng)

    def _read_rows(self, sequences):
        return network.as_rows(whole_scans(check_float32(sequences)))
