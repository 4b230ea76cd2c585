"""Robustness of communities against their redundancy."""

from ..evaluation import summarize_robustness
from ._display import GREY, Display, Panel, Table, color, legend_above, tidy

_MEASURES = {
    "correlation": "Correlation with the most alike of another fold",
    "dice": "Dice coefficient with the most alike of another fold",
    "matched_correlation": "Correlation between folds, one to one",
    "matched_dice": "Dice coefficient between folds, one to one",
}
_MARKERS = "os^DvP*X"


class RedundancyDisplay(Display):
    """How well communities agree between folds, against how much they repeat within one.

    Copies of one community are found again easily: of two methods of the same robustness, that
    with less redundancy has found more.

    Parameters
    ----------
    summary : DataFrame
        From :func:`~sklearn_lstmdg.evaluation.summarize_robustness`: a row for each method, or
        setting of one, and site.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.

    See Also
    --------
    RobustnessDisplay : Sizes and robustness alone, with their spread.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.utils import Bunch
    >>> from sklearn_lstmdg.evaluation import measure_communities
    >>> from sklearn_lstmdg.plotting import RedundancyDisplay
    >>> fold = Bunch(membership=np.eye(4).repeat(5, axis=0), influence=None)
    >>> folds = {("lstm-dg", "NYU", 0, number): fold for number in range(3)}
    >>> display = RedundancyDisplay.from_tables(*measure_communities(folds, random_state=0))
    >>> display.summary[["method", "correlation", "redundancy"]].round(2)
        method  correlation  redundancy
    0  lstm-dg          1.0       -0.33
    """

    def __init__(self, summary: Table):
        self.summary = summary

    @classmethod
    def from_tables(
        cls, communities: Table, robustness: Table, measure: str = "correlation", ax: Panel = None
    ) -> "RedundancyDisplay":
        """Summarize what was measured, and draw it.

        Parameters
        ----------
        communities, robustness : DataFrame
            From :func:`~sklearn_lstmdg.evaluation.measure_communities`.
        measure, ax : as in ``plot``
            What to draw, and where.

        Returns
        -------
        RedundancyDisplay
            Drawn.
        """
        return cls(summarize_robustness(communities, robustness)).plot(measure, ax)

    def plot(self, measure: str = "correlation", ax: Panel = None) -> "RedundancyDisplay":
        """Draw a point for each method and site, and what chance gives.

        Beside each point stands the effective number of communities.

        Parameters
        ----------
        measure : {"correlation", "dice", "matched_correlation", "matched_dice"}
            The robustness to draw, with its standard deviation over pairs of folds.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        RedundancyDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such measure.
        """
        if measure not in _MEASURES:
            raise ValueError(f"measure must be one of {', '.join(_MEASURES)}, got {measure!r}.")
        self._open(ax, size=(4.6, 4))
        methods, sites = (list(self.summary[key].unique()) for key in ("method", "site"))
        for row in self.summary.to_dict("records"):
            shade, marker = color(methods.index(row["method"])), _marker(sites, row["site"])
            self._draw_point(row, measure, shade, marker)
        self._add_legend(methods, sites)
        words = "Correlation with the most alike of the same fold"
        low_x, low_y = self.ax_.get_xlim()[0], self.ax_.get_ylim()[0]
        limits = {"xlim": (min(0, low_x), 1.03), "ylim": (min(0, low_y), 1.03)}
        self.ax_.set(xlabel=words, ylabel=_MEASURES[measure], **limits)
        tidy(self.ax_)
        return self

    def _draw_point(self, row, measure, shade, marker):
        """Draw a method's robustness at a site, its spread, its chance and effective number."""
        x, look = row["redundancy"], {"color": shade, "fmt": marker, "ms": 7, "elinewidth": 1.2}
        self.ax_.errorbar(x, row[measure], yerr=row[f"{measure}_sd"], **look)
        self.ax_.plot(x, row[f"{measure}_null"], marker, mfc="none", mec=shade, ms=6)
        look = {"color": shade, "fontsize": "small", "textcoords": "offset points"}
        self.ax_.annotate(f"{row['n_effective']:.0f}", (x, row[measure]), (6, 4), **look)

    def _add_legend(self, methods, sites):
        looks = {method: ("-", color(number), None) for number, method in enumerate(methods)}
        if len(sites) > 1:
            looks |= {site: (_marker(sites, site), GREY, None) for site in sites}
        looks["ROI labels permuted"] = ("o", GREY, "none")
        handles = [
            self.ax_.plot([], [], marker, color=shade, mfc=face, label=name)[0]
            for name, (marker, shade, face) in looks.items()
        ]
        legend_above(self.ax_, handles, fontsize="small")


def _marker(sites, site):
    return _MARKERS[sites.index(site) % len(_MARKERS)]
