"""Communities against known networks."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from .._bunch import Bunch
from ..decoding import network_overlap
from ._display import Display, Panel, Table

_MEASURES = {
    "share": "Share of the community's ROIs",
    "dice": "Dice coefficient",
    "z": "z of the Dice coefficient",
}


class NetworkOverlapDisplay(Display):
    """Overlap of communities with networks as a matrix; what exceeds chance is marked.

    Parameters
    ----------
    overlap : data frame
        From :func:`~sklearn_lstmdg.decoding.network_overlap`.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.

    See Also
    --------
    sklearn_lstmdg.decoding.network_overlap : What is drawn.

    Examples
    --------
    >>> import numpy as np
    >>> from nibabel import Nifti1Image
    >>> from sklearn_lstmdg.decoding import load_atlas
    >>> from sklearn_lstmdg.plotting import NetworkOverlapDisplay
    >>> codes = np.arange(1, 9)
    >>> atlas = load_atlas(Nifti1Image(codes.reshape(2, 2, 2).astype(np.int16), np.eye(4)))
    >>> networks = ["low"] * 4 + ["high"] * 4
    >>> display = NetworkOverlapDisplay.from_communities(
    ...     codes[:, None] > 5, codes, atlas, networks, n_permutations=20, random_state=0
    ... )
    >>> display.overlap[["network", "n_shared", "share"]]
      network  n_shared  share
    0     low         0    0.0
    1    high         3    1.0
    """

    def __init__(self, overlap: Table):
        self.overlap = overlap

    @classmethod
    def from_communities(
        cls,
        communities: ArrayLike | BaseEstimator,
        roi_codes: Any = None,
        atlas: Bunch | None = None,
        networks: Any = "yeo2011-7",
        *,
        measure: str = "share",
        alpha: float = 0.05,
        ax: Panel = None,
        **options: Any,
    ) -> "NetworkOverlapDisplay":
        """Compare communities with networks, and draw.

        Parameters
        ----------
        communities, roi_codes, atlas, networks : as in ``network_overlap``
            What is compared.
        measure, alpha, ax : as in ``plot``
            What to draw, and where.
        **options
            More parameters of ``network_overlap``.

        Returns
        -------
        NetworkOverlapDisplay
            Drawn.

        Raises
        ------
        ValueError
            As from ``network_overlap``, or if there is no such measure.
        """
        overlap = network_overlap(communities, roi_codes, atlas, networks, **options)
        return cls(overlap).plot(measure, alpha=alpha, ax=ax)

    def plot(
        self, measure: str = "share", *, alpha: float = 0.05, ax: Panel = None
    ) -> "NetworkOverlapDisplay":
        """Draw a row for each community and a column for each network.

        Parameters
        ----------
        measure : {"share", "dice", "z"}, default="share"
            What is drawn.
        alpha : float, default=0.05
            Cells with ``p_fwe`` up to it have a ring, where there are null sets.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        NetworkOverlapDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such measure in the table.
        """
        known = [name for name in _MEASURES if name in self.overlap]
        if measure not in known:
            raise ValueError(f"measure must be one of {', '.join(known)}, got {measure!r}.")
        values, (rows, columns) = self._matrix(measure)
        self._open(ax, size=(1.8 + 0.5 * len(columns), 2.3 + 0.28 * len(rows)))
        self._draw(values, measure)
        self.ax_.set_yticks(range(len(rows)), [f"{name} ({size})" for name, size in rows])
        self.ax_.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
        self.ax_.set(ylabel="Community (ROIs)")
        if "p_fwe" in self.overlap:
            row, column = np.nonzero(self._matrix("p_fwe")[0] <= alpha)
            self.ax_.plot(column, row, "o", mfc="white", mec="black", ms=6)
            self.ax_.set_title(f"Rings: p over all cells ≤ {alpha:g}", fontsize="small")
        return self

    def _draw(self, values, measure):
        look = {"vmin": 0, "vmax": 1, "cmap": "cividis"}
        if measure == "z":
            reach = max(np.abs(values).max(), 1e-12)
            look = {"vmin": -reach, "vmax": reach, "cmap": "PuOr_r"}
        image = self.ax_.imshow(values, aspect="auto", interpolation="nearest", **look)
        self.figure_.colorbar(image, ax=self.ax_, shrink=0.8, label=_MEASURES[measure])

    def _matrix(self, column):
        """Return a column as a matrix, and communities with sizes and networks beside it."""
        sizes = self.overlap.drop_duplicates("community")[["community", "size"]]
        networks = self.overlap["network"].drop_duplicates().tolist()
        cells = self.overlap.pivot(index="community", columns="network", values=column)
        rows = sizes.to_numpy().tolist()
        return cells.loc[sizes["community"], networks].to_numpy(), (rows, networks)
