"""Windows as places in one table of points, gathered batch by batch, never all at once."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch


@dataclass
class WindowSet:
    """Windows of many rows over one table of points.

    Attributes
    ----------
    points : Tensor of shape (n_points, n_rois), float32
        The series of all rows, one after the other.
    first : ndarray of shape (n_windows,)
        First point of each window.
    lengths : ndarray of shape (n_windows,)
        Points of each window, those of the horizon included.
    rows : ndarray of shape (n_windows,)
        Row of ``X`` that each window belongs to, ascending.
    is_bag : bool
        Whether rows are bags: what is computed for one row is then computed on its own.
    """

    points: torch.Tensor
    first: np.ndarray
    lengths: np.ndarray
    rows: np.ndarray
    is_bag: bool

    @classmethod
    def from_sequences(cls, sequences, device="cpu"):
        """Lay the rows' series one after the other."""
        counts = sequences.n_windows
        ends = np.cumsum([len(series) for series in sequences.series])
        points = np.empty((ends[-1], sequences.n_rois), dtype=np.float32)
        np.concatenate(sequences.series, out=points, casting="same_kind")
        offsets = np.repeat(ends - [len(series) for series in sequences.series], counts)
        first = np.concatenate(sequences.starts) + offsets
        lengths = np.repeat(sequences.lengths, counts)
        rows = np.repeat(np.arange(len(sequences)), counts)
        tensor = torch.from_numpy(points).to(device)
        return cls(tensor, first, lengths, rows, sequences.kind == "bags")

    def __len__(self):
        """Return the number of windows."""
        return len(self.first)

    def chunks(self, size):
        """Yield runs of neighbouring windows of one length, never across the edge of a bag.

        A bag's chunks depend on that bag alone, and so does what is computed from them.
        """
        edges = np.flatnonzero(np.diff(self.lengths)) + 1
        if self.is_bag:
            edges = np.union1d(edges, np.flatnonzero(np.diff(self.rows)) + 1)
        for run in np.split(np.arange(len(self)), edges):
            yield from (run[i : i + size] for i in range(0, len(run), size))

    def series_of(self, chunk, horizon):
        """Return the points around a chunk, its windows' first points there, and points to read."""
        start, n_points = self.first[chunk[0]], int(self.lengths[chunk[0]])
        series = self.points[start : self.first[chunk[-1]] + n_points]
        first = torch.from_numpy(np.asarray(self.first[chunk] - start, dtype=np.int64))
        return series, first.to(series.device), max(n_points - horizon, 1)


class LabelledWindows:
    """Windows with what the discriminative task needs to know of them.

    Parameters
    ----------
    windows : WindowSet
        Windows of labelled rows, then of unlabelled ones.
    labels : ndarray of int64 of shape (n_rows,)
        Class number of each row, -1 where unknown.
    subjects : ndarray of shape (n_rows,)
        Whose scan each row comes from: windows of one subject vote together.
    weights : ndarray of shape (n_rows,)
        Weight of each row's class; scaled to mean 1 over the labelled windows.
    """

    @classmethod
    def from_rows(cls, sequences, labels, subjects, weights, unlabeled=None, device="cpu"):
        """Lay labelled rows, then unlabelled ones, into one table of points."""
        if unlabeled is not None:
            n_more = len(unlabeled)
            sequences = sequences.join(unlabeled)
            labels = np.append(labels, np.full(n_more, -1))
            subjects = np.append(subjects, np.full(n_more, -1))
            weights = np.append(weights, np.zeros(n_more))
        return cls(WindowSet.from_sequences(sequences, device), labels, subjects, weights)

    def __init__(self, windows, labels, subjects, weights):
        self.windows = windows
        self.labels = labels[windows.rows]
        self.subjects = subjects[windows.rows]
        weights = weights[windows.rows]
        self.weights = weights / weights[self.labels >= 0].mean()

    def batches(self, size, horizon, drawn=None, generator=None):
        """Yield shuffled batches: points, lengths (None where equal), target, labels, weights.

        Of all windows, or of as many or such a share as ``drawn`` tells.
        """
        device = self.windows.points.device
        first, lengths, labels = (
            torch.from_numpy(np.ascontiguousarray(values, dtype=np.int64)).to(device)
            for values in (self.windows.first, self.windows.lengths, self.labels)
        )
        weights = torch.from_numpy(self.weights.astype(np.float32)).to(device)
        order = torch.randperm(len(first), generator=generator)[: self._n_drawn(drawn)]
        for batch in order.to(device).split(size):
            points, n_read, target = split_horizon(
                self.windows.points, first[batch], lengths[batch], horizon
            )
            yield points, n_read, target, labels[batch], weights[batch]

    def _n_drawn(self, drawn):
        if drawn is None or isinstance(drawn, Integral):
            return drawn
        return max(round(drawn * len(self.windows)), 1)


def gather_windows(points, first, n_points):
    """Gather windows of one length into a time-major batch.

    Shapes: points (n_total, n_rois), first (n_windows,); returned (n_points, n_windows, n_rois).
    """
    where = first + torch.arange(n_points, device=points.device)[:, None]
    where = where.clamp_(max=len(points) - 1).flatten()
    return points.index_select(0, where).view(n_points, len(first), points.shape[1])


def split_horizon(points, first, lengths, horizon):
    """Split windows into the points that are read and the horizon that is generated."""
    n_read = (lengths - horizon).clamp(min=1)
    longest = int(n_read.max())
    read = gather_windows(points, first, longest)
    if horizon == 0:
        return read, _unless_equal(n_read), None
    target = gather_windows(points, first + n_read, horizon)
    missing = n_read + torch.arange(horizon, device=points.device)[:, None] >= lengths
    if missing.any():
        target[missing] = torch.nan
    return read, _unless_equal(n_read), target


def _unless_equal(lengths):
    return None if (lengths == lengths[0]).all() else lengths
