"""Deep transfer learning: connectivity coded by an autoencoder that other sites have trained."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from .. import network
from .._typing import Scans, Seed
from ..base import check_positive, draw_seed, keeps_model_if_refused
from ..scans import check_float32, check_sequences, fisher_z, scan_connectivity
from ._scan_net_classifier import LOOP_CONSTRAINTS, ScanNetClassifierMixin
from ._sparse_encoder import SparseEncoder

_WEIGHT = Interval(Real, 0, None, closed="left")


class TransferAutoencoderClassifier(ScanNetClassifierMixin, BaseEstimator):
    r"""Stacked sparse autoencoder on connectivity, pretrained elsewhere, fine-tuned here.

    The system that the paper compares with as DTL [1]_. Fisher's z of the correlations between all
    pairs of ROIs over a subject's whole scan goes through a stack of sparse autoencoders, which
    subjects of other sites have trained layer by layer without labels. A logistic layer is put on
    the last code, and all layers are trained on with the labelled subjects.

    Parameters
    ----------
    layer_sizes : sequence of int, default=(200, 100)
        Nodes of each coding layer. Ours.
    sparsity : float, default=0.05
        :math:`\rho`, the mean activity that pretraining wants of a node [2]_.
    sparsity_weight : float, default=3.0
        :math:`\beta`, weight of the divergence from it [2]_.
    weight_decay : float, default=1e-4
        :math:`\lambda`, weight of the L2 penalty, in pretraining [2]_ and in fine-tuning (ours).
    pretrain_epochs : int, default=100
        Steps of Adam for each layer, on all rows at once. Ours.
    pretrain_lr : float, default=1e-3
        Learning rate of pretraining. Ours.
    lr : float, default=1e-4
        Learning rate of fine-tuning with Adam. Ours.
    max_epochs : int, default=200
        Most epochs of fine-tuning. Ours.
    batch_size : int, default=32
        Rows per step of fine-tuning. Ours.
    patience : int, default=20
        Epochs without a lower validation loss before fine-tuning stops. Ours.
    validation_fraction : float, default=0.1
        Share of each class's groups held back; 0 trains for ``max_epochs`` without validation.
    n_threads : int, default=1
        Threads of torch.
    encoder : SparseEncoder, default=None
        An encoder that ``pretrain`` made, and put here so that clones keep it.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order and the internal split.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of ROIs; of features, where X is a table.
    pretrained_on_ : {"X_unlabeled", "training"}
        Whether the encoder was trained on subjects of other sites (``X_unlabeled`` or
        ``pretrain``), or, for want of them, on the training rows. Tables of results should tell.
    encoder_ : SparseEncoder
        The encoder that fine-tuning started from.
    history_ : dict of ndarray of shape (n_epochs,)
        Cross-entropy of fine-tuning by epoch: "train_loss", and "valid_loss" where rows validate.
    n_iter_ : int
        Epochs of fine-tuning.
    best_epoch_ : int
        Epoch, from 1, whose weights are kept.
    module_ : torch.nn.Module
        The fine-tuned network.

    See Also
    --------
    FCSVM : A linear machine on the same connectivity.

    Notes
    -----
    No code of [1]_ was found, and what we know of it does not tell layer sizes, penalties or
    optimisers: those marked as ours are our choice, the others are the tutorial's [2]_. The
    original was trained on controls of other sites: choose ``X_unlabeled`` so. Subjects that are
    tested must never be in it. Features are standardized as in the rows of pretraining.

    A bag of windows is read as the scan that they were cut from; windows that do not overlap are
    joined. A table (2-D) holds features that are ready: they are standardized, not transformed.

    References
    ----------
    .. [1] H. Li, N. A. Parikh, L. He. "A novel transfer learning approach to enhance deep neural
       network classification of brain functional connectomes", Frontiers in Neuroscience 12, 2018.
    .. [2] A. Ng et al. "UFLDL Tutorial": Autoencoders and Sparsity; Stacked Autoencoders.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg import TransferAutoencoderClassifier
    >>> here = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> elsewhere = make_scans(n_subjects=30, n_rois=12, random_state=1)
    >>> dtl = TransferAutoencoderClassifier(layer_sizes=(8, 4), max_epochs=5, random_state=0)
    >>> controls = elsewhere.data[elsewhere.target == 0]
    >>> dtl.fit(here.data, here.target, X_unlabeled=controls).pretrained_on_
    'X_unlabeled'
    >>> dtl.predict_proba(here.data).shape
    (20, 2)
    """

    __metadata_request__fit = {"groups": True, "X_unlabeled": True, "validation": True}

    _parameter_constraints = {
        **LOOP_CONSTRAINTS,
        "layer_sizes": ["array-like"],
        "sparsity": [Interval(Real, 0, 1, closed="neither")],
        "sparsity_weight": [_WEIGHT],
        "weight_decay": [_WEIGHT],
        "pretrain_epochs": [Interval(Integral, 0, None, closed="left")],
        "pretrain_lr": LOOP_CONSTRAINTS["lr"],
        "encoder": [SparseEncoder, None],
    }

    def __init__(
        self,
        layer_sizes: ArrayLike = (200, 100),
        *,
        sparsity: float = 0.05,
        sparsity_weight: float = 3.0,
        weight_decay: float = 1e-4,
        pretrain_epochs: int = 100,
        pretrain_lr: float = 1e-3,
        lr: float = 1e-4,
        max_epochs: int = 200,
        batch_size: int = 32,
        patience: int = 20,
        validation_fraction: float = 0.1,
        n_threads: int = 1,
        encoder: SparseEncoder | None = None,
        random_state: Seed = None,
    ) -> None:
        self.layer_sizes = layer_sizes
        self.sparsity = sparsity
        self.sparsity_weight = sparsity_weight
        self.weight_decay = weight_decay
        self.pretrain_epochs = pretrain_epochs
        self.pretrain_lr = pretrain_lr
        self.lr = lr
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.n_threads = n_threads
        self.encoder = encoder
        self.random_state = random_state

    def pretrain(self, X: Scans) -> "TransferAutoencoderClassifier":
        """Train an encoder on unlabelled rows, once for many fits.

        The encoder becomes the parameter ``encoder``, which clones keep: every fold of a
        cross-validation then starts from it.

        Parameters
        ----------
        X : as in ``fit``
            Rows of other sites.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the input is not as described.
        """
        self._validate_params()
        features = _features(check_sequences(X))
        self.encoder = self._pretrain(features, check_random_state(self.random_state))
        return self

    @keeps_model_if_refused
    def fit(
        self,
        X: Scans,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        X_unlabeled: Scans | None = None,
        validation: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "TransferAutoencoderClassifier":
        """Pretrain where that was not done, then fine-tune on labelled rows.

        Parameters
        ----------
        X : array-like or list
            Scans, bags of windows, or a table of ready features.
        y, groups : as in ``LSTMDGClassifier.fit``
            Class labels, and which rows belong together.
        X_unlabeled : array-like or list, default=None
            Rows to pretrain on, in place of ``encoder``. Without either, pretraining uses those
            rows of X that do not validate.
        validation : array-like of bool of shape (n_rows,), default=None
            Rows that validate, in place of the internal split.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows in the loss of fine-tuning; a row of weight 0 is left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the input is not as described, y holds one class, a scan has fewer
            than two points, or the encoder is of another size.
        FloatingPointError
            If the loss stops being finite.
        """
        fitted = self._check_fit(X, y, groups, sample_weight, validation)
        sequences = fitted.sequences
        self._is_table = sequences.kind == "table"
        rng = check_random_state(self.random_state)
        is_validation = self._hold_out(fitted.validation, fitted.y, fitted.groups, rng)
        features = _features(check_float32(sequences))
        unlabeled = None if X_unlabeled is None else self._check_unlabeled(X_unlabeled, sequences)
        self.encoder_ = self._make_encoder(features, is_validation, unlabeled, rng)
        from ._autoencoder import EncoderNet  # torch is imported when it trains

        def start(module):
            module.load_encoder(self.encoder_)

        module, rows = {"sizes": list(self.encoder_.sizes)}, network.as_rows(features)
        return self._train(EncoderNet, module, rows, fitted, is_validation, rng, start)

    def _make_encoder(self, features, is_validation, unlabeled, rng):
        """Return the encoder to start from, and note what it was trained on."""
        self.pretrained_on_ = "X_unlabeled"
        if unlabeled is not None:
            return self._pretrain(_features(unlabeled), rng)
        if self.encoder is not None:
            self._check_encoder(features.shape[1])
            return self.encoder
        self.pretrained_on_ = "training"
        return self._pretrain(features if is_validation is None else features[~is_validation], rng)

    def _check_encoder(self, n_features):
        wanted = (n_features, *check_positive(self.layer_sizes, "layer_sizes", Integral))
        if self.encoder.sizes != wanted:
            raise ValueError(
                f"encoder has layers of {self.encoder.sizes} nodes; the features of X and "
                f"layer_sizes make {wanted}."
            )

    def _pretrain(self, features, rng):
        from ._autoencoder import pretrain_encoder

        sizes = check_positive(self.layer_sizes, "layer_sizes", Integral)
        random = network.RandomStreams(draw_seed(rng), "cpu")
        length = self.pretrain_epochs, self.pretrain_lr
        names = ("sparsity", "sparsity_weight", "weight_decay")
        penalties = {name: getattr(self, name) for name in names}
        with network.torch_threads(self.n_threads):
            return pretrain_encoder(features, sizes, *length, random.cpu, **penalties)

    def _read_rows(self, sequences):
        self._check_form(sequences)
        return network.as_rows(_features(check_float32(sequences)))


def _features(sequences):
    """Return ready features as they are, or Fisher's z of each whole scan's correlations."""
    if sequences.kind == "table":
        return np.concatenate(sequences.series).astype(np.float64)
    return fisher_z(scan_connectivity(sequences))
