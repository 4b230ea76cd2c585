"""Rows of X in one block of memory that workers map instead of copying."""

from dataclasses import dataclass

import numpy as np

from ..scans import Sequences, check_sequences
from ._fingerprint import digest

__all__ = ["PackedRows"]


@dataclass(frozen=True)
class PackedRows:
    """Rows of X laid one after the other.

    Attributes
    ----------
    points : ndarray of shape (n_points, n_rois)
        All rows' series.
    edges : ndarray of shape (n_rows + 1,)
        Where each row's series begins and ends in ``points``.
    starts : ndarray of shape (n_windows,)
        First point of each window, counted from its row's first point.
    window_edges : ndarray of shape (n_rows + 1,)
        Where each row's windows begin and end in ``starts``.
    lengths : ndarray of shape (n_rows,)
        Points per window of each row.
    kind : {"table", "scans", "bags"}
        The data form.
    is_array : bool
        Whether X was an array, so that scans are given back as one.
    """

    points: np.ndarray
    edges: np.ndarray
    starts: np.ndarray
    window_edges: np.ndarray
    lengths: np.ndarray
    kind: str
    is_array: bool

    @classmethod
    def from_input(cls, X):
        """Check X, in any data form, and pack it."""
        sequences = check_sequences(X)
        n_points = [len(series) for series in sequences.series]
        return cls(
            np.concatenate(sequences.series),
            np.append(0, np.cumsum(n_points)),
            np.concatenate(sequences.starts),
            np.append(0, np.cumsum(sequences.n_windows)),
            sequences.lengths,
            sequences.kind,
            isinstance(X, np.ndarray) and X.dtype != object,
        )

    @classmethod
    def from_table(cls, table):
        """Pack a 2-D array as it is, missing values included."""
        edges = np.arange(len(table) + 1)
        starts, lengths = np.zeros(len(table), np.intp), np.ones(len(table), np.intp)
        return cls(table, edges, starts, edges, lengths, "table", True)

    def __len__(self):
        """Return the number of rows."""
        return len(self.lengths)

    def digest(self, rows):
        """Return a fingerprint of rows."""
        windows = [self._starts(i) for i in rows]
        return digest(self.kind, self.lengths[rows], *windows, *self._series(rows))

    def digests(self):
        """Return one fingerprint a row, of its series alone."""
        return [digest(series) for series in self._series(range(len(self)))]

    def take(self, rows):
        """Return rows in the data form of X; bags always come as a list of views."""
        series = self._series(rows)
        if self.kind == "table":
            return np.concatenate(series)
        if self.kind == "scans":
            return np.stack(series) if self.is_array else series
        starts = [self._starts(i) for i in rows]
        bags = Sequences(series, starts, self.lengths[rows], self.kind)
        return [bags.windows(i) for i in range(len(bags))]

    def _series(self, rows):
        return [np.asarray(self.points[self.edges[i] : self.edges[i + 1]]) for i in rows]

    def _starts(self, row):
        return np.asarray(self.starts[self.window_edges[row] : self.window_edges[row + 1]])
