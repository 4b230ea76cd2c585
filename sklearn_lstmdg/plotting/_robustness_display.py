"""Sizes of communities, and how alike they are between folds and within one."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._bunch import Bunch
from .._typing import Seed
from ..evaluation import measure_communities
from ._display import GREY, Display, Panels, Table, color, hatch, legend_above, tidy

_MEASURES = {
    "correlation": "Correlation of memberships",
    "dice": "Dice coefficient of members",
}
_CHANCE = {"color": GREY, "ls": (0, (2, 1)), "lw": 1.5}


class RobustnessDisplay(Display):
    """Community sizes, robustness and redundancy of several methods, site by site.

    Parameters
    ----------
    robustness : dict of str to (dict of str to DataFrame)
        By method and site, frames from
        :func:`~sklearn_lstmdg.evaluation.community_robustness`. The pairs with the first row's
        ``fold`` are drawn: those with the reference fold.
    sizes : dict of str to (dict of str to array-like of int)
        By method and site, numbers of members of the communities of all folds.
    redundancy : dict of str to (dict of str to array-like of float), default=None
        By method and site, each community's correlation with the most alike of its own fold
        (:func:`~sklearn_lstmdg.communities.community_redundancy`). Copies are found again easily:
        robustness says little without it.

    Attributes
    ----------
    ax_ : ndarray of Axes of shape (4,) or, where redundancy is unknown, (3,)
        Sizes, correlations, Dice coefficients, redundancy, after ``plot``.
    figure_ : Figure
        Their figure.

    Notes
    -----
    Boxes hold the middle half, the line is the median, the diamond the mean; whiskers reach to the
    last point within 1.5 times the box. The dashed line is the mean after permutation of the ROI
    labels: what the same memberships give by chance.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.plotting import RobustnessDisplay
    >>> membership = np.repeat(np.eye(2), 4, axis=0)
    >>> folds = {"lstm-dg": {"NYU": [membership, membership, membership]}}
    >>> display = RobustnessDisplay.from_memberships(folds, random_state=0)
    >>> display.sizes["lstm-dg"]["NYU"]
    array([4, 4, 4, 4, 4, 4])
    """

    def __init__(
        self,
        robustness: dict[str, dict[str, Table]],
        sizes: dict[str, dict[str, ArrayLike]],
        redundancy: dict[str, dict[str, ArrayLike]] | None = None,
    ):
        self.robustness = robustness
        self.sizes = sizes
        self.redundancy = redundancy

    @classmethod
    def from_memberships(
        cls,
        memberships: dict[str, dict[str, list[NDArray]]],
        *,
        n_permutations: int = 100,
        random_state: Seed = None,
        ax: Panels = None,
    ) -> "RobustnessDisplay":
        """Measure and draw the memberships of folds.

        Parameters
        ----------
        memberships : dict of str to (dict of str to list of ndarray)
            By method and site, memberships (n_rois, n_communities) of all folds, the reference
            first.
        n_permutations, random_state : as in ``community_robustness``
            Permutations of the ROI labels, and what decides them.
        ax : array-like of 4 Axes, or 3, default=None
            Where to draw; new ones by default.

        Returns
        -------
        RobustnessDisplay
            Drawn.

        Raises
        ------
        ValueError
            If memberships are not as ``community_robustness`` takes them.
        """
        folds = {
            (method, site, 0, number): Bunch(membership=np.asarray(membership), influence=None)
            for method, sites in memberships.items()
            for site, folds in sites.items()
            for number, membership in enumerate(folds)
        }
        return cls.from_tables(*measure_communities(folds, n_permutations, random_state), ax=ax)

    @classmethod
    def from_tables(
        cls, communities: Table, robustness: Table, *, ax: Panels = None
    ) -> "RobustnessDisplay":
        """Draw what was measured.

        Parameters
        ----------
        communities, robustness : DataFrame
            From :func:`~sklearn_lstmdg.evaluation.measure_communities`. Tables of earlier versions
            lack redundancy.
        ax : array-like of 4 Axes, or 3, default=None
            Where to draw; new ones by default.

        Returns
        -------
        RobustnessDisplay
            Drawn.
        """
        sizes = _numbers(communities, "size", ~communities["dead"])
        redundancy = None
        if "redundancy" in communities:
            redundancy = _numbers(communities, "redundancy", communities["redundancy"].notna())
        return cls(_split(robustness), sizes, redundancy).plot(ax)

    def plot(self, ax: Panels = None) -> "RobustnessDisplay":
        """Draw the panels.

        Parameters
        ----------
        ax : array-like of 4 Axes, or 3, default=None
            Where to draw; new ones by default.

        Returns
        -------
        RobustnessDisplay
            Drawn.
        """
        size_panel, *panels = self._open(ax, 3 if self.redundancy is None else 4)
        self._draw(size_panel, "ROIs of a community", self.sizes)
        size_panel.set_ylim(bottom=0)
        pairs = {
            method: {site: f[f["fold"] == f["fold"].iloc[0]] for site, f in sites.items()}
            for method, sites in self.robustness.items()
        }
        for panel, (measure, words) in zip(panels, _MEASURES.items(), strict=False):
            self._draw(panel, words, pairs, measure)
        if self.redundancy is not None:
            self._draw(panels[-1], "Correlation with the most alike of the fold", self.redundancy)
        for panel in panels:
            panel.set_ylim(min(0, panel.get_ylim()[0]), 1)
        self._add_legend()
        return self

    def _draw(self, ax, label, values, measure=None):
        """Draw a box for each site and method, and what chance gives where a measure is told."""
        sites = list(dict.fromkeys(site for by_site in values.values() for site in by_site))
        width = 0.8 / len(values)
        for number, by_site in enumerate(values.values()):
            shift = (number - (len(values) - 1) / 2) * width
            for site, numbers in by_site.items():
                place = sites.index(site) + shift
                shown = numbers if measure is None else numbers[measure]
                _draw_box(ax, place, 0.8 * width, shown, number)
                if measure is not None:
                    ends = (place - width / 2, place + width / 2)
                    ax.plot(ends, [numbers[f"{measure}_null"].mean()] * 2, **_CHANCE)
        ax.set_xticks(range(len(sites)), sites)
        ax.set(xlim=(-0.6, len(sites) - 0.4), ylabel=label)
        tidy(ax)

    def _add_legend(self):
        patches = [
            self.ax_[0].bar(0, 0, label=method, **_area(number))
            for number, method in enumerate(self.sizes)
        ]
        legend_above(self.ax_[0], patches)
        words = "ROI labels permuted"
        legend_above(self.ax_[1], self.ax_[1].plot([], [], label=words, **_CHANCE))


def _split(table):
    """Return the rows of each method and site."""
    return {
        method: dict(iter(part.groupby("site", sort=False)))
        for method, part in table.groupby("method", sort=False)
    }


def _numbers(communities, name, is_told):
    """Return a column of the communities of each method and site, those that are told."""
    return {
        method: {site: part[name][is_told[part.index]].to_numpy() for site, part in at.items()}
        for method, at in _split(communities).items()
    }


def _area(number):
    """Return how a method's boxes are filled."""
    shade = color(number)
    return {"facecolor": shade, "alpha": 0.55, "edgecolor": shade, "hatch": hatch(number)}


def _draw_box(ax, place, width, values, number):
    shade = color(number)
    look = {
        "boxprops": _area(number),
        "medianprops": {"color": "black", "lw": 1.5},
        "meanprops": {"marker": "D", "mfc": "white", "mec": "black", "ms": 4},
        "whiskerprops": {"color": shade},
        "capprops": {"color": shade},
        "flierprops": {"marker": ".", "ms": 3, "mfc": shade, "mec": "none"},
    }
    options = {"manage_ticks": False, "patch_artist": True, "showmeans": True}
    ax.boxplot([values], positions=[place], widths=width, **options, **look)
