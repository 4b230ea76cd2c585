"""Sections on communities: how alike they are between folds, where they lie, and their terms."""

import re

import numpy as np

from ..communities import find_constant, two_means
from ..evaluation import community_robustness
from ._drawings import robustness_figures
from ._html import drawing, notes, number, paragraph, picture, table
from ._study import best_fold

__all__ = ["communities", "robustness"]

_N_PERMUTATIONS = 20
_MEASURES = {
    "correlation": "Correlation, best match",
    "dice": "Dice, best match",
    "matched_correlation": "Correlation, one to one",
    "matched_dice": "Dice, one to one",
}
_PANELS = ("Sizes of communities", "Correlation of memberships", "Dice coefficient of members")
_N_TOP = 5
_N_TERMS = 8


def robustness(study):
    """Return how well communities agree between the folds of the first repeat."""
    frames, sizes = _measured(study)
    measured = set(frames)
    for model in study.models:
        for site in study.sites:
            if model in measured:
                continue
            folds = study.folds_of(model, site)
            memberships = [
                f.membership for f in folds if f.repeat == 0 and f.membership is not None
            ]
            if len(memberships) < 2:
                continue
            frame = community_robustness(
                memberships, n_permutations=_N_PERMUTATIONS, random_state=0
            )
            frames.setdefault(model, {})[site] = frame
            sizes.setdefault(model, {})[site] = np.concatenate([_sizes(m) for m in memberships])
    if not frames:
        return paragraph("No model has learnt communities in two folds or more.")
    rows = [row for model, sites in frames.items() for row in _robustness_rows(model, sites)]
    headings = ["Model", "Site", "Measure", "First fold with others", "All pairs of folds"]
    headings += ["By chance", "Distance from chance (SD)"]
    remarks = [
        "Each community of one fold is paired with the most alike of another fold (the paper's "
        "measure; two may have the same partner) or one to one. First fold with others: mean "
        "(standard deviation) over those pairs of folds, as in the paper.",
        "By chance: the mean when the ROI labels of the other fold are permuted. The "
        "largest of many is above zero by chance.",
    ]
    panels = robustness_figures(frames, sizes, "robustness")
    told = "; ".join(
        f"{row[0]} at {row[1]}: {row[2]} {row[4][0]}, chance {row[5][0]}" for row in rows
    )
    figures = "".join(
        drawing(svg, f"{name} by model and site. {told}", name)
        for name, svg in zip(_PANELS, panels, strict=True)
    )
    caption = "Robustness of communities between folds"
    panels = f'<div class="panels">{figures}</div>'
    return table(caption, headings, rows) + notes(remarks) + panels


def _measured(study):
    """Return what ``lstmdg communities`` has measured, the first repeat, by method and site."""
    if study.robustness is None or study.communities is None:
        return {}, {}
    keep = study.communities["repeat"] == 0
    sizes = _split(study.communities[keep & ~study.communities["dead"]])
    sizes = {m: {s: part["size"].to_numpy() for s, part in at.items()} for m, at in sizes.items()}
    return _split(study.robustness[study.robustness["repeat"] == 0]), sizes


def _split(table):
    return {
        method: dict(iter(part.groupby("site", sort=False)))
        for method, part in table.groupby("method", sort=False)
    }


def _sizes(membership):
    return two_means(membership)[:, ~find_constant(membership)].sum(axis=0)


def _robustness_rows(model, sites):
    for site, frame in sites.items():
        first = frame[frame["fold"] == frame["fold"].iloc[0]]
        for name, words in _MEASURES.items():
            mean, spread = first[name].mean(), first[name].std()
            shown = f"{mean:.3f} ({spread:.3f})" if spread == spread else f"{mean:.3f}"
            chance = number(frame[f"{name}_null"].mean())
            distance = number(frame[f"{name}_z"].median(), "{:.1f}")
            yield [model, site, words, (shown, mean), number(frame[name].mean()), chance, distance]


def communities(study):
    """Return the most influential communities of the best folds."""
    if study.decoding is not None:
        return _decoded(study)
    rows = [
        row
        for model in study.models
        for site in study.sites
        for row in _top_rows(study, model, site)
    ]
    if not rows:
        return paragraph("No model has communities with an influence.")
    command = paragraph(
        "To see them on the brain, with names and terms: lstmdg decode "
        f"{study.folder.name} --atlas IMAGE --labels CSV --maps DIR, then this report again.",
        "soft",
    )
    headings = ["Community", "Model", "Site", "Fold", "Influence", "ROIs", "Members"]
    caption = f"The {_N_TOP} most influential communities of the best fold"
    return table(caption, headings, rows) + _of_best_fold() + command


def _of_best_fold():
    return paragraph(
        "The fold is the one of highest test accuracy (then of highest AUC, then of lowest "
        "validation loss). It was chosen by its test subjects, and is here for display only.",
        "soft",
    )


def _top_rows(study, model, site):
    folds = study.folds_of(model, site)
    if not any(f.membership is not None and f.influence is not None for f in folds):
        return
    fold = best_fold(study.comparison, model, site)
    members = two_means(fold.membership)
    order = np.argsort(-fold.influence, kind="stable")
    codes = np.asarray(study.cohort.get("roi_codes", []))
    if len(codes) != len(members):  # a model may have reduced the ROIs before
        codes = np.arange(len(members)) + 1
    for column in order[members.any(axis=0)[order]][:_N_TOP]:
        inside = codes[members[:, column]].tolist()
        name, size = f"Community {column}", number(len(inside), "{:.0f}")
        number_of_fold = f"repeat {fold.repeat}, fold {fold.fold}"
        influence = number(fold.influence[column], "{:.4g}")
        yield [name, model, site, number_of_fold, influence, size, _shorten(inside, 8)]


def _shorten(values, most):
    shown = ", ".join(map(str, values[:most]))
    return f"{shown}, … ({len(values) - most} more)" if len(values) > most else shown


def _decoded(study):
    """Return what ``lstmdg decode`` has left in the folder."""
    keys = ["site", "model", "rank", "community"]
    parts, rows = [], []
    for (site, model, rank, community), part in study.decoding.groupby(keys, sort=False):
        first = part.iloc[0]
        rois = str(first["rois"]).split("; ")
        terms = part.dropna(subset="term").head(_N_TERMS)
        name = f"Community {community} of {model} at {site}"
        rows.append(
            [
                f"Community {community}",
                model,
                site,
                number(rank, "{:.0f}"),
                number(first["influence"], "{:.4g}"),
                number(len(rois), "{:.0f}"),
                f"repeat {first['repeat']}, fold {first['fold']}",
            ]
        )
        parts.append(_community(study.folder, name, rois, terms, first.get("image")))
    headings = ["Community", "Model", "Site", "Rank", "Influence", "ROIs", "Best fold"]
    overview = table("The most influential communities of the best fold", headings, rows)
    return overview + _of_best_fold() + "".join(parts)


def _community(folder, name, rois, terms, image):
    told = f"ROIs: {'; '.join(rois)}."
    figure = ""
    # Only a file of the folder itself, whatever the table says.
    path = folder / str(image).replace("\\", "/").rpartition("/")[2]
    if path.suffix == ".png" and path.is_file():
        figure = picture(path, f"{name} on a glass brain and slices. {told}", name)
    return f"<article>{figure or paragraph(name)}{paragraph(told)}{_terms(name, terms)}</article>"


def _terms(name, terms):
    if terms.empty:
        return ""
    columns = {"r": "r", "z": "z", "p": "p", "p_fwe": "p, all terms"}
    columns = {key: heading for key, heading in columns.items() if key in terms}
    rows = [
        [_readable(row["term"]), *(number(row[key]) for key in columns)]
        for row in terms.to_dict("records")
    ]
    return table(f"Terms of {name[0].lower()}{name[1:]}", ["Term", *columns.values()], rows)


def _readable(term):
    """Return a topic's words: "40_face_faces" is "face faces"."""
    return re.sub(r"^\d+_", "", str(term)).replace("_", " ")
