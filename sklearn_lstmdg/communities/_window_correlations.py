r"""Products with the tensor of windows' correlation matrices.

With the standardized window :math:`Z_s` (T points of R ROIs, each ROI centred and of length 1)
its correlation matrix is :math:`C_s = Z_s^T Z_s`, so that products with the R x R x S tensor are
products with the windows, block by block.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..scans import is_constant

_BLOCK_BYTES = 6144 * 4  # of one ROI: 204 windows of 30 points in float32


class WindowCorrelations:
    """The tensor of the windows' correlation matrices, known by its products only.

    A window of one point is not centred: its slice is the outer product of the point with itself.
    An ROI that is constant in a window has correlation 0 there, with itself too. Sums over blocks
    of windows are float64, whatever the products are.
    """

    def __init__(self, sequences, dtype=np.float32):
        counts, n_rois = sequences.n_windows, sequences.n_rois
        self.dtype = np.dtype(dtype)
        self.shape = (n_rois, n_rois, int(counts.sum()))
        self.rows = np.repeat(np.arange(len(counts)), counts)  # that windows belong to
        self.lengths = np.repeat(sequences.lengths, counts)
        self.n_points = int(self.lengths.sum())
        self._mean = np.zeros((self.shape[2], n_rois))
        self._scale = np.ones((self.shape[2], n_rois), dtype=self.dtype)
        self.n_constant = self._measure(sequences)
        size = _BLOCK_BYTES // self.dtype.itemsize
        self._blocks = _lay_out(self._compact(sequences), self.lengths, size)

    def _measure(self, sequences):
        """Store each window's means and inverse lengths; return the number of constants."""
        ends, n_constant = np.cumsum(sequences.n_windows), 0
        for row, end in enumerate(ends):
            windows = sequences.windows(row)
            n_windows, n_points = windows.shape[:2]
            if n_points == 1:
                continue
            size = max(1, _BLOCK_BYTES // 32 // n_points)
            for start in range(0, n_windows, size):
                part = windows[start : start + size]
                where = slice(end - n_windows + start, end - n_windows + start + len(part))
                self._mean[where], length, constant = _moments(part)
                self._scale[where] = np.where(constant, 0, 1 / np.where(constant, 1, length))
                n_constant += int(constant.sum())
        return n_constant

    def _compact(self, sequences):
        """Return series in the products' number format where windows overlap, which is cheap."""
        series, end = list(sequences.series), 0
        for row, starts in enumerate(sequences.starts):
            end += len(starts)
            overlap = len(starts) * sequences.lengths[row] >= 2 * len(series[row])
            if overlap and series[row].dtype != self.dtype:
                mean = series[row].mean(axis=0)
                self._mean[end - len(starts) : end] -= mean
                series[row] = (series[row] - mean).astype(self.dtype)
        return replace(sequences, series=series)

    def blocks(self):
        """Yield slices of windows with their standardized points, (n_windows, n_points, n_rois).

        One buffer serves all blocks: what is yielded is overwritten by the next.
        """
        n_rois = self.shape[0]
        largest = max((b.stop - b.start) * self.lengths[b.start] for b, _ in self._blocks)
        buffer = np.empty(largest * n_rois, dtype=self.dtype)
        for block, parts in self._blocks:
            shape = (block.stop - block.start, self.lengths[block.start], n_rois)
            z, start = buffer[: np.prod(shape)].reshape(shape), 0
            for part in parts:
                where, stop = block.start + start, start + len(part)
                mean = self._mean[where : where + len(part), None]
                mean = mean.astype(np.result_type(part, self.dtype))
                np.subtract(part, mean, out=z[start:stop], casting="same_kind")
                start = stop
            z *= self._scale[block][:, None]
            yield block, z

    def squared_norm(self):
        """Return the sum of squares of all correlations, from the smaller Gram matrices."""
        total = 0.0
        for _, z in self.blocks():
            other = z.transpose(0, 2, 1)
            gram = z @ other if z.shape[1] < z.shape[2] else other @ z
            total += float(np.square(gram, out=gram).sum(dtype=np.float64))
        return total

    def roi_products(self, b, loadings, kept=None):
        r"""Return :math:`\sum_s c_{sk} C_s b_k` for each k (the MTTKRP of a mode of ROIs).

        Shapes: b (n_communities, n_rois), loadings (n_communities, n_windows), kept (n_points,
        n_communities); returned (n_communities, n_rois).
        """
        products, start = np.zeros(b.shape), 0
        for block, z in self.blocks():
            projected = project(z, b)
            stop = start + projected.size // len(b)
            if kept is not None:
                kept[start:stop] = projected.reshape(-1, len(b))
            products += sum_back(z, projected, loadings[:, block])
            start = stop
        return products

    def window_products(self, a, b):
        r"""Return :math:`a_k^T C_s b_k` for each s and k (the MTTKRP of the mode of windows).

        Shapes: a, b (n_communities, n_rois); returned (n_communities, n_windows).
        """
        products = np.empty((len(a), self.shape[2]))
        for block, z in self.blocks():
            projected = project(z, a)
            other = projected if b is a else project(z, b)
            products[:, block] = np.einsum("stk,stk->ks", projected, other)
        return products

    def dense(self):
        """Form the tensor: ndarray of shape (n_rois, n_rois, n_windows)."""
        tensor = np.empty(self.shape, dtype=self.dtype)
        for block, z in self.blocks():
            tensor[..., block] = np.moveaxis(z.transpose(0, 2, 1) @ z, 0, 2)
        return tensor


def project(z, factor):
    """Return each window's points projected on each component, z_s a_k.

    Shapes: z (n_windows, n_points, n_rois), factor (n_communities, n_rois); returned (n_windows,
    n_points, n_communities).
    """
    flat = z.reshape(-1, z.shape[2]) @ factor.T.astype(z.dtype)
    return flat.reshape(*z.shape[:2], len(factor))


def sum_back(z, projected, loadings):
    r"""Return :math:`\sum_s c_{sk} z_s^T p_{sk}` for projections :math:`p_{sk} = z_s b_k`.

    Shapes: z (n_windows, n_points, n_rois), projected (n_windows, n_points, n_communities),
    loadings (n_communities, n_windows); returned (n_communities, n_rois).
    """
    projected *= np.ascontiguousarray(loadings.T, dtype=z.dtype)[:, None]
    return projected.reshape(-1, len(loadings)).T @ z.reshape(-1, z.shape[2])


def _moments(windows):
    """Return each ROI's mean, its length once centred, and whether it is constant."""
    n_points = windows.shape[1]
    mean = windows.mean(axis=1, dtype=np.float64)
    centred = windows - mean[:, None]
    square = np.einsum("str,str->sr", centred, centred)
    variance = square / n_points
    constant = is_constant(variance, variance + np.square(mean), n_points, windows.dtype)
    return mean, np.sqrt(square), constant


def _lay_out(sequences, lengths, block_points):
    """Return blocks of neighbouring windows of one length: which, and their parts by row."""
    edges = np.flatnonzero(np.diff(lengths)) + 1
    bounds = [0]
    for start, stop in zip([0, *edges], [*edges, len(lengths)], strict=True):
        size = max(1, block_points // lengths[start])
        bounds += [*range(start + size, stop, size), stop]
    blocks = [(slice(int(i), int(j)), []) for i, j in pairwise(bounds)]
    ends, current = np.cumsum(sequences.n_windows), 0
    for row, end in enumerate(ends):
        windows, first = sequences.windows(row), end - len(sequences.starts[row])
        while current < len(blocks) and blocks[current][0].start < end:
            block, parts = blocks[current]
            parts.append(windows[max(block.start - first, 0) : block.stop - first])
            if block.stop > end:
                break
            current += 1
    return blocks
