"""What a fitted network tells: probabilities, generated points, community activity, memberships."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..scans import check_sequences
from ._training import probabilities, torch_threads
from ._window_table import WindowSet

__all__ = ["NetReaderMixin"]


class NetReaderMixin:
    """Prediction methods of an estimator with ``nets_``, ``classes_`` and ``aggregation``."""

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
        """Return class probabilities: a bag's by ``aggregation``, a sequence's own.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        return self._row_proba(*self._read(X))

    def _row_proba(self, sequences, logits):
        proba = probabilities(logits)
        if sequences.kind != "bags":
            return proba
        rows = np.split(proba, np.cumsum(sequences.n_windows)[:-1])
        return np.stack([self._aggregate(row) for row in rows])

    def _aggregate(self, proba):
        if self.aggregation == "mean":
            return proba.mean(axis=0)
        if proba.shape[1] == 2:
            positive = np.mean(proba[:, 1] >= 0.5)
            return np.array([1 - positive, positive])
        return np.bincount(proba.argmax(axis=1), minlength=proba.shape[1]) / len(proba)

    def predict_window_proba(self, X):
        """Return the class probabilities of every window, row by row.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        list of ndarray of shape (n_windows_i, n_classes)
        """
        sequences, logits = self._read(X)
        return np.split(probabilities(logits), np.cumsum(sequences.n_windows)[:-1])

    def decision_function(self, X):
        """Return scores in the order of ``predict_proba``, always finite.

        Parameters
        ----------
        X : as in ``fit``
            Rows to classify.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_classes)
            Logits of sequences, averaged over the nets. For bags the probability less 0.5, or with
            more than two classes the probabilities.
        """
        sequences, logits = self._read(X)
        if sequences.kind != "bags":
            return logits[:, 0] if logits.shape[1] == 1 else logits
        proba = self._row_proba(sequences, logits)
        return proba[:, 1] - 0.5 if proba.shape[1] == 2 else proba

    def generate(self, X, n_steps=1):
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
        check_is_fitted(self)
        self._check_variant("generate", ("dg", "h"))
        if not isinstance(n_steps, Integral) or n_steps < 1:
            raise ValueError(f"n_steps must be a whole number of at least 1, got {n_steps!r}.")
        sequences, windows = self._windows(X)
        with torch_threads(self.n_threads):
            chunks = [generated for _, generated, _ in self.net_.read(windows, 0, n_steps)]
        points = np.concatenate([chunk.transpose(0, 1).cpu().numpy() for chunk in chunks])
        return _by_row(points, sequences)

    def community_activity(self, X):
        """Return :math:`h_t` of the first LSTM at every point of X.

        Parameters
        ----------
        X : as in ``fit``
            Sequences to read.

        Returns
        -------
        ndarray of shape (n_rows, n_points, n_communities) or, for bags, \
                (n_rows, n_windows, n_points, n_communities)
            A list of ndarray where rows are ragged.
        """
        check_is_fitted(self)
        self._check_variant("community_activity", ("dg", "h", "d"))
        sequences, windows = self._windows(X)
        with torch_threads(self.n_threads):
            chunks = [hidden.transpose(0, 1).cpu().numpy() for hidden in self.net_.listen(windows)]
        return _by_row([window for chunk in chunks for window in chunk], sequences)

    @property
    def membership_(self):
        """Membership W_d of each ROI in each community."""
        check_is_fitted(self, "net_")
        self._check_variant("membership_", ("dg", "h"))
        return self.net_.module_.generative_dense.weight.detach().cpu().numpy().copy()

    @property
    def influence_(self):
        """Sum of each community's absolute input weights to the discriminative LSTM."""
        check_is_fitted(self, "net_")
        self._check_variant("influence_", ("dg", "h", "d"))
        weights = self.net_.module_.discriminative_lstm.weight_ih_l0
        return weights.detach().abs().sum(dim=0).cpu().numpy()

    def _check_variant(self, name, variants):
        variant = self.net_.module_.variant
        if variant not in variants:
            raise AttributeError(
                f"variant {variant!r} has no {name}: it exists for " + ", ".join(variants) + "."
            )

    def _windows(self, X):
        check_is_fitted(self, "net_")
        sequences = check_sequences(X, estimator=self)
        return sequences, WindowSet.from_sequences(sequences, self.net_.device)

    def _read(self, X):
        """Return the rows and their windows' logits, averaged over the nets, in float64."""
        sequences, windows = self._windows(X)
        with torch_threads(self.n_threads):
            logits = [self._logits(net, windows) for net in self.nets_]
        return sequences, np.mean(logits, axis=0)

    def _logits(self, net, windows):
        logits = net.empty_logits(windows)
        for answers, _, chunk in net.read(windows, self.horizon, n_steps=0):
            logits[chunk] = answers.double().cpu()
        return logits.numpy()


def _by_row(windows, sequences):
    """Put what was computed window by window back into rows, stacked where shapes agree."""
    if sequences.kind != "bags":
        return _stack(list(windows))
    edges = np.cumsum(sequences.n_windows)
    return _stack([np.stack(windows[a:b]) for a, b in zip([0, *edges], edges, strict=False)])


def _stack(rows):
    return np.stack(rows) if len({row.shape for row in rows}) == 1 else rows
