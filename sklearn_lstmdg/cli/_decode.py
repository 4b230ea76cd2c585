"""``lstmdg decode``: the top communities of a comparison on the brain, and their terms."""

import re
import sys
from pathlib import Path
from urllib.parse import quote

import numpy as np

from .. import decoding
from .._extras import require
from .._files import write_csv, write_figure
from .._text import counted
from ..communities import top_with_members, two_means
from ..evaluation import load_comparison
from ..report import best_fold, read_cohort_record
from ._communities import first_model
from ._terminal import say

# A fault of the Harvard-Oxford mask: in the files' first line, but not among the ROIs loaded.
_FAULT = 3455
_LEVEL = 0.05
_PASSED = (
    f"*: above what sets of ROIs elsewhere give, for all terms together (p_fwe up to {_LEVEL})."
)


def run(args):
    """Decode the best fold of each site."""
    comparison = load_comparison(args.folder)
    model = args.model or first_model(comparison, "membership", "influence")
    image = Path(args.atlas).expanduser()
    atlas = decoding.load_atlas(image if image.exists() else args.atlas, args.labels)
    maps = None if args.maps is None else _load_maps(args)
    folds = comparison.folds
    sites = folds.loc[folds["model"] == model, "site"].unique()
    if not len(sites):
        raise ValueError(f"The comparison has no model {model!r}.")
    tables = []
    for site in sites:
        tables += _decode_site(best_fold(comparison, model, site), atlas, maps, args)
    table = require("pandas", extra="data").concat(tables, ignore_index=True)
    path = Path(args.folder) / "decoding.csv"
    write_csv(path, table)
    if args.quiet:
        say(path)
        return
    say(_format(table))
    figures = counted(table["image"].nunique(), "figure")
    say(f"\nResults: {args.folder} (decoding.csv and {figures})")


def _say(args, text):
    if not args.quiet:
        say(text, file=sys.stderr)


def _load_maps(args):
    folder = Path(args.maps).expanduser()
    if not any(folder.glob("*_coordinates.tsv.gz")):
        return decoding.term_maps_from_folder(folder)
    _say(args, f"computing maps of terms from the peaks in {folder}")
    studies = decoding.load_studies(folder, args.vocabulary)
    return decoding.term_maps_from_peaks(**studies, threshold=args.threshold)


def _decode_site(fold, atlas, maps, args):
    """Return one table for each of the most influential communities."""
    if fold.membership is None or fold.influence is None:
        raise ValueError(f"Model {fold.model!r} has no communities with an influence.")
    members = two_means(fold.membership)
    scan_names = _scan_names(args, fold, len(members))
    codes = _roi_codes(args, atlas, scan_names, len(members))
    known = dict(zip(atlas.codes.tolist(), atlas.names, strict=True))
    names = scan_names or [known.get(code, "") for code in codes.tolist()]
    top = top_with_members(fold.membership, fold.influence, names, args.top)
    tables = []
    for rank, community in enumerate(top, start=1):
        column = community["community"]
        _say(args, f"{fold.site}: community {column} of {fold.model}, {rank} of {len(top)}")
        terms = _terms(members[:, column], codes, atlas, maps, args)
        facts = {name: fold[name] for name in ("site", "model", "repeat", "fold")}
        facts |= {"rank": rank, "community": column, "influence": community["influence"]}
        facts |= {"n_rois": community["size"], "rois": "; ".join(community["rois"])}
        facts["image"] = f"decoding_{quote(fold.site, safe='')}_{rank}.png"
        _draw(fold, members, column, codes, atlas, Path(args.folder) / facts["image"])
        tables.append(terms.assign(**facts)[[*facts, *terms.columns]])
    return tables


def _terms(inside, codes, atlas, maps, args):
    """Return the terms of a community, the best first; one empty row without maps."""
    if maps is None:
        return require("pandas", extra="data").DataFrame({"term": [None], "r": [np.nan]})
    return decoding.decode(
        decoding.to_image(inside, codes, atlas),
        maps,
        atlas,
        n_permutations=args.permutations,
        random_state=args.seed,
    )


def _draw(fold, members, column, codes, atlas, path):
    figure = require("matplotlib.figure", extra="plot").Figure(figsize=(13, 2.6))
    alone = members & (np.arange(members.shape[1]) == column)
    decoding.plot_communities(
        alone, codes, atlas, influence=fold.influence, n_communities=1, figure=figure
    )
    write_figure(path, figure, dpi=110)


def _scan_names(args, fold, n_rois):
    """Return the names of the ROIs in the scans, or None; numbers are none."""
    kept = read_cohort_record(args.folder).get("roi_names") or []
    names = list(map(str, kept if fold.roi_names is None else fold.roi_names))
    is_named = len(names) == n_rois and not all(map(str.isdecimal, names))
    return names if is_named else None


def _roi_codes(args, atlas, names, n_rois):
    """Return each ROI's atlas code: from the file, the comparison, or the atlas, by name or all."""
    code_of = dict(zip(atlas.names, atlas.codes.tolist(), strict=True))
    kept = read_cohort_record(args.folder).get("roi_codes")
    if args.roi_codes is not None:
        codes = _read_codes(Path(args.roi_codes).expanduser(), n_rois)
    elif kept is None and names is not None and code_of.keys() >= set(names):
        codes = [code_of[name] for name in names]
    else:
        codes = kept or atlas.codes.tolist()
    if len(codes) != n_rois:
        raise ValueError(
            f"The communities have {n_rois} ROIs and there are {len(codes)} codes: name the codes "
            "of the scans with --roi-codes."
        )
    return np.array(codes)


def _read_codes(path, n_rois):
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = lines[:1] if lines and lines[0].startswith("#") else lines
    codes = [int(code) for line in lines for code in re.findall(r"\d+", line)]
    return codes if len(codes) == n_rois else [code for code in codes if code != _FAULT]


def _format(table):
    """Return one line per community: its size and first terms, or ROIs."""
    lines = []
    for (site, rank), part in table.groupby(["site", "rank"], sort=False):
        first = part.iloc[0]
        terms, rois = _tell_terms(part)[:5], first["rois"].split("; ")[:5]
        lines.append(
            f"{site}  {rank}. community {first['community']}, {counted(first['n_rois'], 'ROI')}, "
            f"influence {first['influence']:.3g}: {', '.join(terms) or '; '.join(rois)}"
        )
    return "\n".join([*lines, *[_PASSED] * ("p_fwe" in table)])


def _tell_terms(part):
    """Return a community's terms, with a star where they pass the null for all terms."""
    passed = part["p_fwe"] <= _LEVEL if "p_fwe" in part else [False] * len(part)
    pairs = zip(part["term"], passed, strict=True)
    return [f"{term}{'*' * bool(star)}" for term, star in pairs if isinstance(term, str)]
