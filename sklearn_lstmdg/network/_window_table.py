"""Windows as places in one table of points, gathered batch by batch, never all at once."""

from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import numpy as np
import torch

from ._joint_network import is_labelled


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

    def some_rows(self, n_rows, n_each):
        """Return the first windows of some rows, evenly spread."""
        rows, begin = np.unique(self.rows, return_index=True)
        taken = np.linspace(0, len(rows) - 1, min(n_rows, len(rows))).round().astype(int)
        counts = np.diff([*begin, len(self)])[taken].clip(max=n_each)
        some = np.concatenate(
            [np.arange(b, b + n) for b, n in zip(begin[taken], counts, strict=True)]
        )
        return WindowSet(self.points, self.first[some], self.lengths[some], self.rows[some], True)

    def around(self, cuts):
        """Return the points around windows, and where these lie among them."""
        start, end = int(cuts.start.min()), int((cuts.start + cuts.lengths).max())
        return self.points[start:end], cuts._replace(start=cuts.start - start)


class LabelledWindows:
    """Windows with what the discriminative task needs to know of them.

    Parameters
    ----------
    sequences : Sequences
        Labelled rows, whose points are laid into one table.
    labels : ndarray of shape (n_rows,)
        Class number of each row, -1 where unknown; or, as floats, a continuous target, NaN where
        unknown.
    subjects : ndarray of shape (n_rows,)
        Whose scan each row comes from: windows of one subject vote together.
    weights : ndarray of shape (n_rows,)
        Weight of each row's class; scaled to mean 1 over the labelled windows.
    unlabeled : Sequences, default=None
        More rows, which come last.
    device : str, default="cpu"
        Where the points lie.
    """

    def __init__(self, sequences, labels, subjects, weights, unlabeled=None, device="cpu"):
        if unlabeled is not None:
            n_more = len(unlabeled)
            sequences = sequences.join(unlabeled)
            labels = np.append(labels, np.full(n_more, np.nan if labels.dtype.kind == "f" else -1))
            subjects = np.append(subjects, np.full(n_more, -1))
            weights = np.append(weights, np.zeros(n_more))
        self.windows = WindowSet.from_sequences(sequences, device)
        kind, rows = np.float32 if labels.dtype.kind == "f" else np.int64, self.windows.rows
        self.labels = labels[rows].astype(kind)
        self.subjects = subjects[rows]
        weights = weights[rows]
        self.weights = weights / weights[is_labelled(torch.from_numpy(self.labels)).numpy()].mean()

    def __len__(self):
        """Return the number of windows."""
        return len(self.windows)

    def n_batches(self, size, drawn=None):
        """Return the number of batches of all windows, or of those that are drawn."""
        return -(-self._n_drawn(drawn) // size)

    def batches(self, size, drawn=None, generator=None, augment=()):
        """Yield shuffled batches of all windows, or of as many or such a share as drawn tells."""
        device = self.windows.points.device
        order = torch.randperm(len(self.windows), generator=generator)[: self._n_drawn(drawn)]
        places = (where.astype(np.int64) for where in (self.windows.first, self.windows.lengths))
        columns = (*places, self.labels, self.weights.astype(np.float32))
        first, lengths, labels, weights = (
            torch.from_numpy(values[order.numpy()]).to(device) for values in columns
        )
        cuts = Cuts(first, lengths).augmented(augment, generator)
        for start in range(0, len(order), size):
            some = slice(start, start + size)
            yield Batch(self.windows.points, cuts.take(some), labels[some], weights[some])

    def _n_drawn(self, drawn):
        n_windows = len(self.windows)
        if drawn is None:
            return n_windows
        wanted = drawn if isinstance(drawn, Integral) else max(round(drawn * n_windows), 1)
        return min(wanted, n_windows)


class Cuts(NamedTuple):
    """Where windows lie in a table of points, and how they are read: a number for each window.

    ``start`` is the point that is read first; ``direction`` is -1 where time runs backwards, and
    points are multiplied by ``sign``; None is 1 for all.
    """

    start: torch.Tensor
    lengths: torch.Tensor
    direction: torch.Tensor | None = None
    sign: torch.Tensor | None = None

    def augmented(self, augment, generator):
        """Return the windows read in ways that are drawn; the target belongs to the window."""
        drawn = {
            name: torch.randint(2, self.start.shape, generator=generator).to(self.start.device)
            for name in sorted(augment)
        }
        cuts = self
        if "reverse" in drawn:
            start = self.start + drawn["reverse"] * (self.lengths - 1)
            cuts = cuts._replace(start=start, direction=1 - 2 * drawn["reverse"])
        return cuts._replace(sign=1 - 2 * drawn["sign"]) if "sign" in drawn else cuts

    def take(self, some):
        """Return the windows of these numbers."""
        return Cuts(*(None if values is None else values[some] for values in self))

    def gather(self, points, offsets):
        """Return the points (n_offsets, n_windows, n_rois) that lie so far from the first one.

        Shapes: offsets (n_offsets, n_windows) or (n_offsets, 1).
        """
        steps = offsets if self.direction is None else offsets * self.direction
        where = (self.start + steps).clamp_(0, len(points) - 1)
        gathered = points.index_select(0, where.flatten()).view(*where.shape, -1)
        return gathered if self.sign is None else gathered.mul_(self.sign[:, None])


class Batch(NamedTuple):
    """Windows of a table of points: where they lie, and each one's label and weight."""

    points: torch.Tensor
    cuts: Cuts
    labels: torch.Tensor
    weights: torch.Tensor

    def counts(self, horizon):
        """Return how many windows have a label, and how many have a target."""
        n_known = int((self.cuts.lengths > 1).sum()) if horizon else len(self.labels)
        return int(is_labelled(self.labels).sum()), n_known

    def parts(self, horizon, generate_at):
        """Gather the windows, those together whose length is about the same."""
        return [
            Part(
                *split_horizon(self.points, self.cuts.take(some), horizon, generate_at),
                self.labels[some],
                self.weights[some],
            )
            for some in _of_like_length(self.cuts.lengths)
        ]


class Part(NamedTuple):
    """Windows of a batch: points (n_points, n_windows, n_rois), lengths, target, labels, weights.

    Lengths are None where they are equal; see ``split_horizon`` for the target.
    """

    points: torch.Tensor
    n_read: torch.Tensor | None
    target: torch.Tensor | None
    labels: torch.Tensor
    weights: torch.Tensor


def _of_like_length(lengths):
    """Return the numbers of windows, those together that padding makes less than twice as long."""
    if (lengths == lengths[0]).all():
        return [slice(None)]
    octaves = lengths.cpu().double().log2().floor()
    numbers = [(octaves == octave).nonzero()[:, 0] for octave in octaves.unique()]
    return [some.to(lengths.device) for some in numbers]


def ways_to_read(points, augment):
    """Return windows (n_points, n_windows, n_rois) in all ways in which an augmented net reads."""
    signs = (1, -1) if "sign" in augment else (1,)
    orders = [points, points.flip(0)] if "reverse" in augment else [points]
    return [sign * order for sign in signs for order in orders]


def split_horizon(points, cuts, horizon, generate_at="last"):
    """Split windows into the points that are read and those that are to be generated.

    The target holds the points of the horizon, or for "all" the point after each one that is read,
    then the horizon's further points; NaN where a window has none.
    """
    n_read = (cuts.lengths - horizon).clamp(min=1)
    each = torch.arange(int(n_read.max()), device=points.device)[:, None]
    read = cuts.gather(points, each)
    equal = bool((n_read == n_read[0]).all())
    if horizon == 0:
        return read, None if equal else n_read, None
    offsets = n_read + torch.arange(horizon, device=points.device)[:, None]
    missing = offsets >= cuts.lengths
    if generate_at == "all":
        offsets = torch.cat([(each + 1).expand(-1, len(n_read)), offsets[1:]])
        missing = torch.cat([each + 1 >= (n_read + 1).minimum(cuts.lengths), missing[1:]])
    target = cuts.gather(points, offsets)
    if missing.any():
        target[missing] = torch.nan
    return read, None if equal else n_read, target
