"""What classifiers share that train a small network on whole scans, one row a subject."""

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from ..network import probabilities, seeded, torch_threads, train_with_early_stopping
from ..scans import (
    check_groups,
    check_labels,
    check_sequences,
    check_validation_mask,
    hold_out_groups,
)

__all__ = ["ScanNetMixin"]


class ScanNetMixin:
    """Training and prediction of an estimator that makes ``module_`` and reads rows for it.

    An estimator has the parameters ``lr``, ``max_epochs``, ``batch_size``, ``patience``,
    ``validation_fraction`` and ``n_threads``, and a method ``_read_rows(sequences)`` that returns
    what the module reads: a list of float32 tensors, one a row.
    """

    def _check_fit(self, X, y, groups):
        """Return the rows, their class numbers and their groups."""
        self._validate_params()
        sequences = check_sequences(X, estimator=self, reset=True)
        self._is_table = sequences.kind == "table"
        self.classes_, codes = check_labels(y, len(sequences))
        return sequences, codes, check_groups(groups, len(sequences))

    def _hold_out(self, validation, codes, groups, rng):
        if validation is not None:
            return check_validation_mask(validation, groups)
        if self.validation_fraction == 0:
            return None
        return hold_out_groups(codes, groups, self.validation_fraction, rng)

    def _train(self, rows, codes, held, make_module, rng, weight_decay=0.0):
        """Make the module and train it, with torch's generator seeded."""
        seed = rng.randint(np.iinfo(np.int32).max)
        n_classes = len(self.classes_)
        with torch_threads(self.n_threads), seeded(seed, "cpu"):
            self.module_ = make_module(1 if n_classes == 2 else n_classes)
            self.history_, self.best_epoch_ = train_with_early_stopping(
                self.module_,
                rows,
                torch.from_numpy(codes),
                held,
                lr=self.lr,
                batch_size=self.batch_size,
                max_epochs=self.max_epochs,
                patience=self.patience,
                weight_decay=weight_decay,
            )
        self.module_.eval()
        self.n_iter_ = len(self.history_["train_loss"])
        return self

    def predict(self, X):
        """Return the most probable class of each row, the first of equals.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        proba = self.predict_proba(X)
        return self.classes_[np.argmax(proba, axis=1)]

    def predict_proba(self, X):
        """Return class probabilities, one a row: a bag is read as its whole scan.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        return probabilities(self._logits(X))

    def decision_function(self, X):
        """Return logits.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
        """
        logits = self._logits(X)
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def _logits(self, X):
        """Return the rows' logits in float64, each row read on its own."""
        check_is_fitted(self)
        rows = self._read_rows(check_sequences(X, estimator=self))
        with torch_threads(self.n_threads), torch.inference_mode():
            return torch.cat([self.module_([row]) for row in rows]).double().numpy()

    def __sklearn_tags__(self):
        """Declare the data forms that scikit-learn's checks try."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        return tags
