"""Figures as small panels of inline SVG, which a phone can show one below the other."""

import re
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import numpy as np

from .._extras import require
from ..plotting import HistoryDisplay, RedundancyDisplay, RobustnessDisplay, ROCDisplay

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
    """A figure whose SVG is the only markup that a template takes as it is."""

    caption: str
    alternative: str
    view_box: str
    svg: str

    def __html__(self):
        return self.svg


def _draw(draw, name, texts, size):
    """Let a function draw on as many panels as there are captions, each with its alternative."""
    matplotlib = require("matplotlib", extra="plot")
    figure = require("matplotlib.figure", extra="plot")
    with matplotlib.rc_context(_SETTINGS):
        figures = [figure.Figure(figsize=size, layout="constrained") for _ in texts]
        axes = [each.add_subplot() for each in figures]
        draw(axes if len(axes) > 1 else axes[0])
        return [
            Drawing(*text, *_to_svg(each, f"{name}-{number}"))
            for number, (text, each) in enumerate(zip(texts.items(), figures, strict=True))
        ]


def _to_svg(figure, name):
    """Return a figure's view box and SVG, whose ids are its own and whose colours the page's."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue().decode()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    for theirs, ours in _PAGE_COLORS.items():
        svg = svg.replace(theirs, ours)
    return re.search(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>(.*)</svg>', svg, re.DOTALL).groups()


def auc_figure(estimates, site, name):
    """Draw each model's AUC with its interval, from ``confidence_intervals`` of one site."""

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
    texts = {f"AUC at {site}": f"AUC and its 95 % interval at {site}: {told}"}
    return _draw(draw, name, texts, (4.6, 1 + 0.3 * len(estimates)))


def roc_figure(comparison, site, name):
    """Draw the mean ROC curves of a site's models, where a fold holds both classes."""
    folds = comparison.folds[comparison.folds["site"] == site].dropna(subset="auc")
    areas = folds.groupby("model", sort=False)["auc"].mean()
    if areas.empty:
        return []

    def draw(ax):
        ROCDisplay.from_comparison(comparison, models=areas.index, site=site, ax=ax)

    told = ", ".join(f"{model} {area:.2f}" for model, area in areas.items())
    alternative = f"Mean ROC curves over folds at {site}. Mean AUC: {told}"
    return _draw(draw, name, {f"ROC curves at {site}": alternative}, (4.6, 4.6))


def loss_figures(folds, model, site, name):
    """Draw the losses of a model's folds at a site by epoch, one panel for each loss."""
    display = HistoryDisplay([f.history for f in folds], [f.best_epoch for f in folds])
    kept = [fold.best_epoch for fold in folds if fold.best_epoch]
    epochs = f"epochs {min(kept)} to {max(kept)} were kept" if kept else "the last epoch was kept"
    figures = []
    for loss in display.losses()[:3]:
        words = display.NAMES.get(loss, loss)
        alternative = (
            f"{words} of {model} at {site} by epoch, training and validation, in "
            f"{len(folds)} folds; {epochs}"
        )
        texts = {f"{model}: {words.lower()}": alternative}
        figures += _draw(partial(display.plot, [loss]), f"{name}-{loss}", texts, (4.2, 3))
    return figures


def robustness_figures(communities, robustness, measures):
    """Draw sizes, correlations and Dice coefficients, and tell the means in their place."""

    def draw(axes):
        RobustnessDisplay.from_tables(communities, robustness, ax=axes)

    told = "; ".join(
        f"{row['method']} at {row['site']}: {row['measure']} {row['mean']:.3f}, "
        f"chance {row['null']:.3f}"
        for row in measures
    )
    texts = {panel: f"{panel} by model and site. {told}" for panel in _PANELS}
    n_boxes = len(communities[["method", "site"]].drop_duplicates())
    return _draw(draw, "robustness", texts, (max(4.2, 1.5 + 0.5 * n_boxes), 3.4))


def redundancy_figure(summary):
    """Draw robustness against redundancy, where the latter is known."""
    known = summary.dropna(subset="redundancy")
    if known.empty:
        return []
    told = "; ".join(
        f"{row.method} at {row.site}: redundancy {row.redundancy:.3f}, robustness "
        f"{row.correlation:.3f}"
        for row in known.itertuples()
    )
    texts = {"Robustness against redundancy": f"Robustness against redundancy. {told}"}
    return _draw(
        partial(RedundancyDisplay(known).plot, "correlation"), "redundancy", texts, (5.2, 3.6)
    )
