"""Figures of training, ROC curves and communities, by the package's own Displays."""

from functools import partial

from .._extras import require
from ..plotting import HistoryDisplay, RedundancyDisplay, RobustnessDisplay, ROCDisplay
from . import _svg

_PANELS = ("Sizes of communities", "Correlation of memberships", "Dice coefficient of members")


def roc_figures(comparison, models, site, name):
    """Draw one panel for each of these models: its mean ROC curve in colour, the rest in grey."""
    folds = comparison.folds if site is None else comparison.folds[comparison.folds["site"] == site]
    areas = folds.dropna(subset="auc").groupby("model", sort=False)["auc"].mean()
    shown, figures = [model for model in models if model in areas], []
    display = _measure(comparison, areas.index, site) if shown else None
    for place, model in enumerate(shown):

        def paint(ax, model=model):
            display.plot(highlight=model, ax=ax)

        where = "" if site is None else f" at {site}"
        alternative = f"Mean ROC curve over folds of {model}{where}, AUC {areas[model]:.2f}"
        texts = {f"{model}{where}": alternative}
        figures += _svg.draw(paint, f"{name}-{place}", texts, (3.4, 3.4))
    return figures


def _measure(comparison, models, site):
    """Return the curves of all models, to be drawn again and again; its own drawing is not kept."""
    ax = require("matplotlib.figure", extra="plot").Figure().add_subplot()
    return ROCDisplay.from_comparison(comparison, models=models, site=site, ax=ax)


def loss_figures(folds, model, site, name):
    """Draw the losses of a model's folds at a site by epoch, one panel for each loss."""
    display = HistoryDisplay([f.history for f in folds], [f.best_epoch for f in folds])
    kept = [fold.best_epoch for fold in folds if fold.best_epoch]
    epochs = f"epochs {min(kept)} to {max(kept)} were kept" if kept else "the last epoch was kept"
    figures = []
    for place, loss in enumerate(display.losses()[:3]):
        words = display.NAMES.get(loss, loss)
        alternative = (
            f"{words} of {model} at {site} by epoch, training and validation, in "
            f"{len(folds)} folds; {epochs}"
        )
        texts = {f"{model}: {words.lower()}": alternative}
        figures += _svg.draw(partial(display.plot, [loss]), f"{name}-{place}", texts, (4.2, 3))
    return figures


def robustness_figures(communities, robustness, measures):
    """Draw sizes, robustness and, where it is known, redundancy; tell the means in their place."""
    told = "; ".join(
        f"{row['method']} at {row['site']}: {row['measure']} {row['mean']:.3f}, "
        f"chance {row['null']:.3f}"
        for row in measures
    )
    texts = {panel: f"{panel} by model and site. {told}" for panel in _PANELS}
    if communities["redundancy"].isna().all():
        communities = communities.drop(columns="redundancy")
    else:
        means = communities.groupby(["method", "site"], sort=False)["redundancy"].mean()
        told = "; ".join(
            f"{method} at {site}: {mean:.3f}" for (method, site), mean in means.items()
        )
        texts["Redundancy"] = f"Redundancy within a fold by model and site. {told}"
    n_boxes = len(communities[["method", "site"]].drop_duplicates())

    def draw(axes):
        RobustnessDisplay.from_tables(communities, robustness, ax=axes)

    return _svg.draw(draw, "robustness", texts, (max(4.2, 1.5 + 0.5 * n_boxes), 3.4))


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
    return _svg.draw(
        partial(RedundancyDisplay(known).plot, "correlation"), "redundancy", texts, (4.2, 3.8)
    )
