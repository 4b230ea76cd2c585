"""Communities: how alike they are between folds, where they lie, and their terms."""

import re
import warnings
from base64 import b64encode
from io import BytesIO
from itertools import chain

import numpy as np

from .._extras import require
from ..communities import top_with_members, two_means
from ..decoding import plot_communities
from ..evaluation import measure_communities, summarize_robustness
from ._drawings import redundancy_figure, robustness_figures
from ._study import ALL_SITES, best_fold, where

_MEASURES = {
    "correlation": "Correlation, best match",
    "dice": "Dice, best match",
    "matched_correlation": "Correlation, one to one",
    "matched_dice": "Dice, one to one",
}
_DISTINCT = ("redundancy", "n_effective")  # not in tables of earlier versions
_N_TOP = 5
_MOST_DRAWN = 4  # models and sites whose communities are drawn on the brain
_N_TERMS = 8
_N_MEMBERS = 8
_STATISTICS = {"r": "r", "z": "z", "p": "p", "p_fwe": "p, all terms"}


def robustness(study):
    """Return how well communities agree between folds, and their sizes."""
    tables = _measured(study)
    if not tables:
        return {"measures": []}
    pandas = require("pandas", extra="data")
    tables = [pandas.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)]
    tables = [table.replace({"site": {"pooled": ALL_SITES}}) for table in tables]
    summary = summarize_robustness(*tables)
    measures = _measures(summary)
    return {
        "measures": measures,
        "figures": [*robustness_figures(*tables, measures), *redundancy_figure(summary)],
        "sizes": summary.assign(dead=100 * summary["dead"]).to_dict("records"),
        "is_distinct_known": summary["redundancy"].notna().any(),
        "common": {
            model: (fold.membership.shape[1], len(fold.memberships))
            for (model, *_), fold in study.results.items()
            if "memberships" in fold
        },
    }


def _measures(summary):
    """Return a row for each measure of a method at a site, with how distinct communities are."""
    ends = {"mean": "", "sd": "_sd", "all": "_all", "null": "_null", "z": "_z"}
    return [
        {"method": row["method"], "site": row["site"], "measure": words}
        | {key: row[f"{name}{end}"] for key, end in ends.items()}
        | {name: row[name] for name in _DISTINCT}
        for row in summary.to_dict("records")
        for name, words in _MEASURES.items()
    ]


def _measured(study):
    """Return what ``lstmdg communities`` has measured, and what it has not, measured here."""
    tables, known = [], ()
    if study.robustness is not None and study.communities is not None:
        older = {name: np.nan for name in _DISTINCT if name not in study.communities}
        tables.append([study.communities.assign(**older), study.robustness])
        known = set(study.robustness["method"])
    folds = {}
    for model in study.models:
        for site in study.sites:
            mine = [f for f in study.folds_of(model, site) if f.membership is not None]
            if model not in known and len(mine) > 1:
                folds |= {(model, site, fold.repeat, fold.fold): fold for fold in mine}
    if folds:
        tables.append(measure_communities(folds, random_state=0))
    return tables


def communities(study):
    """Return the most influential communities of the best folds."""
    if study.decoding is not None:
        return _decoded(study)
    tops = [_top(study, model, site) for model in study.models for site in study.sites]
    tops = sorted((top for top in tops if top), key=lambda top: top["model"] != study.reference)
    for top in tops[:_MOST_DRAWN]:
        for community in top["communities"]:
            community["image"] = _draw(study, community["inside"])
    for community in chain.from_iterable(top["communities"] for top in tops):
        del community["inside"]
    is_drawn = any(each["image"] for top in tops for each in top["communities"])
    return {"tops": tops, "is_drawn": is_drawn}


def _top(study, model, site):
    """Return a model's best fold at a site with its top communities; None if it has none."""
    folds = study.folds_of(model, site)
    if not any(f.membership is not None and f.influence is not None for f in folds):
        return None
    fold = best_fold(study.comparison, model, site)
    members, names = two_means(fold.membership), _names_of(fold, study, len(fold.membership))
    top = top_with_members(fold.membership, fold.influence, names, _N_TOP)
    for each in top:
        shown = {"members": _shorten(each["rois"]), "image": None}
        each |= shown | {"inside": members[:, each["community"]]}
    facts = {"model": model, "site": site, "repeat": fold.repeat, "fold": fold.fold}
    return facts | {"name": f"{model}{where(site)}", "communities": top}


def _names_of(fold, study, n_rois):
    """Return the names of a model's ROIs, else their codes, else numbers from 1."""
    known = [fold.roi_names, study.roi_names, study.cohort.get("roi_codes")]
    # A model may have reduced the ROIs before.
    fitting = (names for names in known if names is not None and len(names) == n_rois)
    return next(fitting, np.arange(n_rois) + 1)


def _draw(study, inside):
    """Return a community on the brain as an address that holds the picture; None without atlas."""
    codes = study.cohort.get("roi_codes")
    if study.atlas is None or codes is None or len(codes) != len(inside):
        return None
    figure = require("matplotlib.figure", extra="plot").Figure(figsize=(13, 2.6))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of nilearn, on slices without a voxel
            plot_communities(inside[:, None], codes, study.atlas, figure=figure)
    except (ImportError, ValueError) as error:  # the page does without
        study.set_aside.append(f"the atlas, which does not fit the scans: {error}")
        study.atlas = None
        return None
    figure.axes[0].set_title("", loc="left")
    buffer = BytesIO()
    look = {"dpi": 70, "bbox_inches": "tight", "pad_inches": 0.05}
    figure.savefig(buffer, metadata={"Software": None}, **look)
    return _address(buffer.getvalue())


def _shorten(values):
    """Name the first few; names of ROIs may hold commas."""
    shown = "; ".join(map(str, values[:_N_MEMBERS]))
    left_out = len(values) - _N_MEMBERS
    return f"{shown}; and {left_out} more" if left_out > 0 else shown


def _decoded(study):
    """Return what ``lstmdg decode`` has left in the folder."""
    table = study.decoding
    known = {key: heading for key, heading in _STATISTICS.items() if key in table}
    found = table.groupby(["site", "model", "rank", "community"], sort=False)
    return {
        "communities": [_decoded_community(study.folder, part) for _, part in found],
        "columns": [(heading, f"{{{key}:.3f}}") for key, heading in known.items()],
    }


def _decoded_community(folder, rows):
    terms = rows.dropna(subset="term").head(_N_TERMS)
    # A topic's words: "40_face_faces" is "face faces".
    words = [re.sub(r"^\d+_", "", str(term)).replace("_", " ") for term in terms["term"]]
    first = rows.iloc[0].to_dict()
    rois = str(first["rois"])
    return first | {
        "where": where(first["site"]),
        "place": ALL_SITES if first["site"] == "pooled" else first["site"],
        "rois": rois,
        "n_rois": rois.count("; ") + 1,
        "terms": terms.assign(term=words).to_dict("records"),
        "image": _image(folder, first.get("image")),
    }


def _image(folder, name):
    """Return a PNG as an address that holds it; only a file of the folder itself."""
    path = folder / str(name).replace("\\", "/").rpartition("/")[2]
    if path.suffix == ".png" and path.is_file():
        return _address(path.read_bytes())
    return None


def _address(content):
    return f"data:image/png;base64,{b64encode(content).decode()}"
