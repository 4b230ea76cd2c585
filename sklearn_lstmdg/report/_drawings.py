"""Figures as small panels of inline SVG, which a phone can show one below the other."""

import re
from io import BytesIO

import numpy as np

from .._extras import require
from ..plotting import HistoryDisplay, RobustnessDisplay, ROCDisplay

__all__ = ["auc_figure", "loss_figures", "robustness_figures", "roc_figure"]

_INK = "#1c2024"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    ),
}

# The displays' colours become the page's, which has others in the dark.
_PAGE_COLORS = {
    _INK: "currentColor",
    "#000000": "currentColor",
    "#737373": "var(--soft)",
    "#ffffff": "var(--paper)",
    "#0072b2": "var(--c0)",
    "#d55e00": "var(--c1)",
    "#009e73": "var(--c2)",
    "#cc79a7": "var(--c3)",
    "#e69f00": "var(--c4)",
    "#56b4e9": "var(--c5)",
}
_LOSSES = {
    "gen_loss": "generative loss",
    "disc_loss": "discriminative loss",
    "subject_loss": "cross-entropy of subjects",
    "loss": "total loss",
}


def _draw(draw, name, n_panels=1, size=(4.4, 3.4)):
    """Let a function draw on panels of their own, and return each as SVG."""
    matplotlib = require("matplotlib", extra="plot")
    figure = require("matplotlib.figure", extra="plot")
    with matplotlib.rc_context(_SETTINGS):
        figures = [figure.Figure(figsize=size, layout="constrained") for _ in range(n_panels)]
        axes = [each.add_subplot() for each in figures]
        draw(axes if n_panels > 1 else axes[0])
        return [_to_svg(each, f"{name}-{i}") for i, each in enumerate(figures)]


def _to_svg(figure, name):
    """Return a figure as SVG whose ids are its own and whose colours are the page's."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue().decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'^<svg .*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    for theirs, ours in _PAGE_COLORS.items():
        svg = svg.replace(theirs, ours)
    return svg


def auc_figure(estimates, name):
    """Draw each model's AUC with its interval.

    Parameters
    ----------
    estimates : DataFrame
        Rows of ``intervals`` of one site with the metric "auc".
    name : str
        Part of the figure's ids.

    Returns
    -------
    str
        SVG.
    """

    def draw(ax):
        places = np.arange(len(estimates))
        values = estimates["pooled"].to_numpy()
        reach = [values - estimates["low"], estimates["high"] - values]
        ax.errorbar(
            values, places, xerr=np.nan_to_num(reach), fmt="o", color="#0072B2", ecolor="0.45", ms=6
        )
        ax.axvline(0.5, color="0.45", lw=1, ls=":")
        ax.set_yticks(places, estimates["model"])
        ax.set(
            xlabel="AUC, 95 % confidence interval (dotted: chance)", ylim=(len(places) - 0.5, -0.5)
        )
        ax.spines[["top", "right"]].set_visible(False)

    return _draw(draw, name, size=(4.6, 1 + 0.3 * len(estimates)))[0]


def roc_figure(comparison, site, name):
    """Draw the mean ROC curves of a site's models.

    Parameters
    ----------
    comparison : Comparison
        The results.
    site : str
        Which site.
    name : str
        Part of the figure's ids.

    Returns
    -------
    str or None
        SVG; None where no model has a fold of both classes.
    dict of str to float
        The mean AUC over folds, by model.
    """
    areas = {}

    def draw(ax):
        areas.update(ROCDisplay.from_comparison(comparison, models=models, site=site, ax=ax).areas)

    folds = comparison.folds[comparison.folds["site"] == site].dropna(subset="auc")
    models = list(dict.fromkeys(folds["model"]))
    if not models:
        return None, {}
    return _draw(draw, name, size=(4.6, 4.6))[0], {m: float(a.mean()) for m, a in areas.items()}


def loss_figures(folds, name):
    """Draw the losses of a model's folds by epoch, one panel for each loss.

    Parameters
    ----------
    folds : list of Bunch
        From ``Comparison.fold``, of one model at one site, with a history.
    name : str
        Part of the figures' ids.

    Returns
    -------
    dict of str to str
        SVG by the loss's name in words.
    """
    display = HistoryDisplay([f.history for f in folds], [f.best_epoch for f in folds])
    losses = display.losses()[:3]

    def draw_with(loss):
        return lambda ax: display.plot([loss], ax=ax)

    return {
        _LOSSES.get(loss, loss): _draw(draw_with(loss), f"{name}-{loss}", size=(4.2, 3))[0]
        for loss in losses
    }


def robustness_figures(robustness, sizes, name):
    """Draw sizes and robustness of communities.

    Parameters
    ----------
    robustness, sizes : dict
        See ``RobustnessDisplay``.
    name : str
        Part of the figures' ids.

    Returns
    -------
    list of str
        SVG of sizes, correlations and Dice coefficients.
    """
    n_boxes = sum(map(len, sizes.values()))
    width = max(4.2, 1.5 + 0.5 * n_boxes)
    display = RobustnessDisplay(robustness, sizes)
    return _draw(display.plot, name, n_panels=3, size=(width, 3.4))
