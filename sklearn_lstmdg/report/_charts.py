"""Figures of estimates and of subjects, at most one colour against grey, alike in their axes."""

import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay

from . import _svg

_GREY, _CHOSEN, _OTHER = "0.45", "#0072B2", "#D55E00"
_DARK = 0.6  # the share from which a cell's blue wants pale words
_MOST_POINTS = 400  # more of them become pixels, or the page would grow with the cohort


def interval_figures(parts, words, chance, chosen, name):
    """Draw estimates with their intervals, one panel for each part, all on one scale.

    Parts are tables with the columns ``model``, ``value``, ``low`` and ``high``, by caption.
    """
    reach = _reach([part[["value", "low", "high"]].to_numpy() for part in parts.values()], chance)
    figures = []
    for place, (caption, part) in enumerate(parts.items()):

        def paint(ax, part=part):
            _draw_intervals(ax, part, part["model"] == chosen)
            ax.axvline(chance, color=_GREY, lw=1, ls=":")
            ax.set(xlabel=f"{words}, 95 % interval", xlim=reach)

        told = "; ".join(
            f"{row.model} {row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
            for row in part.itertuples()
        )
        texts = {caption: f"{words} and its 95 % interval, {caption}: {told}"}
        size = (3.8, 0.9 + 0.3 * len(part))
        figures += _svg.draw(paint, f"{name}-{place}", texts, size)
    return figures


def _reach(values, chance):
    """Return limits that all panels share."""
    known = np.append(np.concatenate([np.ravel(part) for part in values]), chance)
    low, high = np.nanmin(known), np.nanmax(known)
    margin = 0.05 * max(high - low, 0.1)
    return low - margin, high + margin


def _draw_intervals(ax, part, is_chosen):
    places, values = np.arange(len(part)), part["value"].to_numpy()
    reach = np.nan_to_num([values - part["low"], part["high"] - values]).clip(0)
    for mine, shade in ((~is_chosen.to_numpy(), _GREY), (is_chosen.to_numpy(), _CHOSEN)):
        if mine.any():
            look = {"fmt": "o", "color": shade, "ms": 6, "elinewidth": 1.6}
            ax.errorbar(values[mine], places[mine], xerr=reach[:, mine], **look)
    ax.set_yticks(places, part["model"])
    ax.set_ylim(len(places) - 0.5, -0.5)
    ax.spines[["top", "right"]].set_visible(False)


def confusion_figures(matrices, names, where):
    """Draw a confusion matrix for each model, shaded by the share of the true class."""
    figures = []
    for place, (model, counts) in enumerate(matrices.items()):
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

        def paint(ax, counts=counts, shares=shares):
            look = {"cmap": "Blues", "colorbar": False, "im_kw": {"vmin": 0, "vmax": 1}}
            display = ConfusionMatrixDisplay(shares, display_labels=names).plot(ax=ax, **look)
            for text, count, share in zip(
                display.text_.flat, counts.flat, shares.flat, strict=True
            ):
                text.set_text(f"{round(count, 1):g}\n{100 * share:.0f} %")
                # The display's own choice knows nothing of the scale from 0 to 1.
                text.set_color(display.im_.cmap(0.0 if share > _DARK else 1.0))
            ax.set(xlabel="Predicted", ylabel="True")

        rows = (
            f"{name}: "
            + ", ".join(f"{round(n, 1):g} as {p}" for n, p in zip(row, names, strict=True))
            for name, row in zip(names, counts, strict=True)
        )
        texts = {model: f"Confusion matrix of {model}, {where}. True {'; true '.join(rows)}"}
        size = (1.6 + 0.75 * len(names), 1.2 + 0.75 * len(names))
        figures += _svg.draw(paint, f"confusion-{place}", texts, size)
    return figures


def calibration_figures(curves, errors):
    """Draw each model's calibration in colour, those of the others in grey.

    ``curves`` holds tables of ``calibration_curve`` by model, ``errors`` the Brier scores.
    """
    figures = []
    for place, chosen in enumerate(curves):

        def paint(ax, chosen=chosen):
            for model in sorted(curves, key=chosen.__eq__):
                _draw_calibration(ax, curves[model], model == chosen)
            ax.get_legend().remove()
            ax.set(xlabel="Mean predicted probability", ylabel="Share that is positive")
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
            ax.spines[["top", "right"]].set_visible(False)

        pairs = curves[chosen].dropna()[["mean_score", "share_positive"]].itertuples(index=False)
        told = "; ".join(f"{a:.2f}: {b:.2f}" for a, b in pairs)
        alternative = f"Calibration of {chosen}. Share that is positive by mean probability: {told}"
        caption = f"{chosen}, Brier score {errors[chosen]:.3f}"
        figures += _svg.draw(paint, f"calibration-{place}", {caption: alternative}, (3.4, 3.4))
    return figures


def _draw_calibration(ax, curve, is_chosen):
    curve = curve.dropna()
    look = {"color": _CHOSEN, "lw": 2} if is_chosen else {"color": "0.75", "lw": 1, "ms": 3}
    display = CalibrationDisplay(curve["share_positive"], curve["mean_score"], y_prob=None)
    display.plot(ax=ax, name="model", ref_line=is_chosen, **look)


def scatter_figures(tables, x, y, name, names=None, is_same=False, reach=None):
    """Draw one number against another, one panel for each model.

    Tables, by caption, have the columns ``x`` and ``y``, and come with what to tell of them in
    words. ``names`` are those of two classes, told by ``group``: each has a colour and a mark.
    ``is_same`` draws where both numbers are the same; ``reach`` are the limits of ``y``.
    """
    figures = []
    for place, (caption, (table, told)) in enumerate(tables.items()):

        def paint(ax, table=table):
            _draw_points(ax, table, names)
            if is_same:
                ax.axline((table["x"].mean(),) * 2, slope=1, color=_GREY, lw=1, ls=":")
            ax.set(xlabel=x, ylabel=y, ylim=reach)
            ax.spines[["top", "right"]].set_visible(False)

        texts = {caption: f"{y} of {len(table)} subjects against {x}, {caption}: {told}"}
        figures += _svg.draw(paint, f"{name}-{place}", texts, (3.8, 3.2))
    return figures


def _draw_points(ax, table, names):
    look = {"s": 16, "alpha": 0.75, "rasterized": len(table) > _MOST_POINTS, "linewidths": 0}
    if names is None:
        ax.scatter(table["x"], table["y"], color=_CHOSEN, **look)
        return
    for words, mark, shade in zip(names, "o^", (_CHOSEN, _OTHER), strict=True):
        mine = table[table["group"] == words]
        ax.scatter(mine["x"], mine["y"], marker=mark, color=shade, label=words, **look)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize="small")


def chance_figures(parts, words):
    """Draw what permuted labels gave, mean and two standard deviations, and what the true gave."""
    spread = [np.stack([*_null(part), part["observed"]]) for part in parts.values()]
    reach, figures = _reach(spread, 0.5), []
    for place, (site, part) in enumerate(parts.items()):

        def paint(ax, part=part):
            places, (low, high) = np.arange(len(part)), _null(part)
            ax.barh(places, high - low, left=low, color="0.85", height=0.5)
            ax.plot(part["null_mean"], places, "|", color=_GREY, ms=14, label="permuted labels")
            ax.plot(part["observed"], places, "o", color=_CHOSEN, label="true labels")
            ax.set_yticks(places, part["model"])
            ax.set(xlabel=words, xlim=reach, ylim=(len(part) - 0.5, -0.5))
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
            ax.spines[["top", "right"]].set_visible(False)

        told = "; ".join(
            f"{row.model} {row.observed:.3f}, permuted {row.null_mean:.3f}"
            for row in part.itertuples()
        )
        texts = {f"{words}, {site}": f"{words} with true and with permuted labels, {site}: {told}"}
        figures += _svg.draw(paint, f"chance-{place}", texts, (4.6, 1.4 + 0.3 * len(part)))
    return figures


def _null(part):
    """Return what two standard deviations around the mean of permuted labels reach."""
    spread = 2 * part["null_sd"].fillna(0)
    return [part["null_mean"] - spread, part["null_mean"] + spread]
