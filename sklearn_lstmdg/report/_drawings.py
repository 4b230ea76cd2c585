"""Figures as small panels of inline SVG, which a phone can show one below the other."""

import re
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO

import numpy as np
from markupsafe import Markup

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
_PANELS = ("Sizes of communities", "Correlation of memberships", "Dice coefficient of members")


@dataclass
class Drawing:
    """A figure's content, which is trusted as SVG, with its caption and a text in its place."""

    view_box: str
    content: Markup
    caption: str = ""
    alternative: str = ""


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
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    for theirs, ours in _PAGE_COLORS.items():
        svg = svg.replace(theirs, ours)
    found = re.search(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>(.*)</svg>', svg, flags=re.DOTALL)
    return Drawing(found[1], Markup(found[2]))


def auc_figure(estimates, site, name):
    """Draw each model's AUC with its interval, from rows of ``intervals`` of one site."""

    def draw(ax):
        places = np.arange(len(estimates))
        values = estimates["pooled"].to_numpy()
        reach = np.nan_to_num([values - estimates["low"], estimates["high"] - values])
        ax.errorbar(values, places, xerr=reach, fmt="o", color="#0072B2", ecolor="0.45", ms=6)
        ax.axvline(0.5, color="0.45", lw=1, ls=":")
        ax.set_yticks(places, estimates["model"])
        label = "AUC, 95 % confidence interval (dotted: chance)"
        ax.set(xlabel=label, ylim=(len(places) - 0.5, -0.5))
        ax.spines[["top", "right"]].set_visible(False)

    told = ", ".join(
        f"{row.model} {row.pooled:.2f} ({row.low:.2f} to {row.high:.2f})"
        for row in estimates.itertuples()
    )
    (figure,) = _draw(draw, name, size=(4.6, 1 + 0.3 * len(estimates)))
    alternative = f"AUC and its 95 % interval at {site}: {told}"
    return replace(figure, caption=f"AUC at {site}", alternative=alternative)


def roc_figure(comparison, site, name):
    """Draw the mean ROC curves of a site's models; None where no fold holds both classes."""
    folds = comparison.folds[comparison.folds["site"] == site].dropna(subset="auc")
    models = list(dict.fromkeys(folds["model"]))
    if not models:
        return None
    areas = {}

    def draw(ax):
        areas.update(ROCDisplay.from_comparison(comparison, models=models, site=site, ax=ax).areas)

    (figure,) = _draw(draw, name, size=(4.6, 4.6))
    told = ", ".join(f"{model} {np.mean(area):.2f}" for model, area in areas.items())
    alternative = f"Mean ROC curves over folds at {site}. Mean AUC: {told}"
    return replace(figure, caption=f"ROC curves at {site}", alternative=alternative)


def loss_figures(folds, model, site, name):
    """Draw the losses of a model's folds at a site by epoch, one panel for each loss."""
    display = HistoryDisplay([f.history for f in folds], [f.best_epoch for f in folds])
    kept = [fold.best_epoch for fold in folds if fold.best_epoch]
    epochs = f"epochs {min(kept)} to {max(kept)} were kept" if kept else "the last epoch was kept"
    figures = []
    for loss in display.losses()[:3]:
        (figure,) = _draw(partial(display.plot, [loss]), f"{name}-{loss}", size=(4.2, 3))
        words = display.NAMES.get(loss, loss)
        alternative = (
            f"{words} of {model} at {site} by epoch, training and validation, in "
            f"{len(folds)} folds; {epochs}"
        )
        figures.append(
            replace(figure, caption=f"{model}: {words.lower()}", alternative=alternative)
        )
    return figures


def robustness_figures(communities, robustness, measures):
    """Draw sizes, correlations and Dice coefficients, and tell the means in their place."""
    n_boxes = len(communities[["method", "site"]].drop_duplicates())
    size = (max(4.2, 1.5 + 0.5 * n_boxes), 3.4)

    def draw(axes):
        RobustnessDisplay.from_tables(communities, robustness, ax=axes)

    told = "; ".join(
        f"{row['method']} at {row['site']}: {row['measure']} {row['mean']:.3f}, "
        f"chance {row['null']:.3f}"
        for row in measures
    )
    figures = _draw(draw, "robustness", n_panels=3, size=size)
    return [
        replace(figure, caption=name, alternative=f"{name} by model and site. {told}")
        for name, figure in zip(_PANELS, figures, strict=True)
    ]
