"""Recovery of planted communities as a function of noise, subjects or epochs."""

from ._display import GREY, Display, Panel, Table, color, tidy

_NAMES = {
    "correlation": "Correlation with planted communities",
    "dice": "Dice coefficient with planted communities",
    "dice_adjusted": "Recovery (Dice, 0: chance, 1: perfect)",
    "correlation_adjusted": "Recovery (correlation, 0: chance, 1: perfect)",
}


class RecoveryDisplay(Display):
    """Mean recovery of each method, with its spread over repetitions.

    Parameters
    ----------
    records : DataFrame
        One row per method and repetition: ``method``, the columns ``x`` and ``score``.
    x : str
        What varies, for example "noise".
    score : str, default="dice_adjusted"
        A measure of :func:`~sklearn_lstmdg.evaluation.community_recovery`.

    Attributes
    ----------
    ax_ : Axes
        The panel, after ``plot``.
    figure_ : Figure
        Its figure.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> import pandas
    >>> from sklearn_lstmdg.plotting import RecoveryDisplay
    >>> records = pandas.DataFrame(
    ...     {"method": "lstm-dg", "noise": [1, 1, 2, 2], "dice_adjusted": [0.8, 0.9, 0.4, 0.6]}
    ... )
    >>> display = RecoveryDisplay.from_records(records, "noise")
    >>> display.ax_.lines[0].get_ydata()
    array([0.85, 0.5 ])
    """

    def __init__(self, records: Table, x: str, score: str = "dice_adjusted"):
        missing = [name for name in ("method", x, score) if name not in records.columns]
        if missing:
            raise ValueError(f"records lacks the columns {', '.join(missing)}.")
        self.records = records
        self.x = x
        self.score = score

    @classmethod
    def from_records(
        cls, records: Table, x: str, score: str = "dice_adjusted", *, ax: Panel = None
    ) -> "RecoveryDisplay":
        """Draw recovery.

        Parameters
        ----------
        records, x, score : as in the class
            One row per method and repetition; what varies, and what is drawn.
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        RecoveryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a column is missing.
        """
        return cls(records, x, score).plot(ax)

    def plot(self, ax: Panel = None) -> "RecoveryDisplay":
        """Draw means with standard deviations over repetitions.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new one by default.

        Returns
        -------
        RecoveryDisplay
            Drawn.
        """
        self._open(ax, size=(5, 3.8))
        for number, (method, mine) in enumerate(self.records.groupby("method", sort=False)):
            by_x = mine.groupby(self.x)[self.score]
            mean, spread = by_x.mean(), by_x.std().fillna(0)
            shade = color(number)
            self.ax_.plot(mean.index, mean, color=shade, marker="o", ms=4, lw=2, label=method)
            self.ax_.fill_between(
                mean.index, mean - spread, mean + spread, color=shade, alpha=0.15, lw=0
            )
        if self.score.endswith("_adjusted"):
            self.ax_.axhline(0, color=GREY, lw=1, ls=":")
        self.ax_.set(xlabel=_words(self.x), ylabel=_NAMES.get(self.score, self.score))
        self.ax_.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
        tidy(self.ax_)
        return self


def _words(name):
    """Say a column's name in words."""
    words = name.replace("_", " ")
    return f"Number of {words[2:]}" if words.startswith("n ") else words.capitalize()
