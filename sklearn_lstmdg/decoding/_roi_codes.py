"""Which ROI of an atlas each value is of: by code, by name, or as a masker has its columns."""

from collections import Counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .._text import listed
from ._label_atlas import atlas_of_labels

Rois: TypeAlias = ArrayLike | Any  # codes, names, or one of nilearn's maskers


def locate(rois, atlas, n_rois, names=None):
    """Return codes and their atlas, for ROIs by code, name or masker; None: by ``names``.

    Shapes: returned codes (n_rois,).
    """
    if is_masker(rois):
        codes, atlas = _of_masker(rois)
        return check_codes(codes, atlas, n_rois), atlas
    if atlas is None:
        raise ValueError("An atlas is needed, or a fitted masker in place of ROI codes.")
    if not hasattr(atlas, "codes"):
        raise ValueError(f"atlas must be what load_atlas returns, got {atlas!r:.60}.")
    if rois is None and names is None:
        raise ValueError("ROI codes are needed: the estimator knows no names of ROIs.")
    return check_codes(names if rois is None else rois, atlas, n_rois), atlas


def is_masker(rois):
    """Tell whether this is one of nilearn's maskers of labels."""
    return hasattr(rois, "labels_img") and hasattr(rois, "transform")


def _of_masker(masker):
    """Return the codes of a masker's columns, and its atlas."""
    if not hasattr(masker, "labels_img_"):
        raise ValueError(f"{type(masker).__name__} is not fitted: call fit before.")
    atlas = atlas_of_labels(masker.labels_img_, getattr(masker, "lut_", None))
    ids = getattr(masker, "region_ids_", None)  # known after transform
    if ids is None:
        return atlas.codes, atlas
    return np.array([ids[i] for i in range(len(ids) - ("background" in ids))], dtype=int), atlas


def check_codes(rois, atlas, n_rois=None):
    """Return codes as integers, all different, all in the atlas; names are looked up."""
    rois = np.asarray(rois)
    if rois.dtype.kind in "OUS":
        rois = _look_up(rois.astype(str).ravel().tolist(), atlas)
    if rois.dtype.kind not in "iuf" or not np.array_equal(rois, np.rint(rois)):
        raise ValueError(
            f"roi_codes must be whole numbers or names, got {rois.ravel()[:5].tolist()}."
        )
    codes = rois.astype(np.int64)
    if codes.ndim != 1 or (n_rois is not None and len(codes) != n_rois):
        raise ValueError(f"roi_codes must be 1-D with {n_rois} codes, got shape {codes.shape}.")
    if len(np.unique(codes)) < len(codes):
        raise ValueError("roi_codes has a code twice.")
    unknown = codes[~np.isin(codes, atlas.codes)]
    if unknown.size:
        raise ValueError(f"ROI codes that are not in the atlas: {listed(unknown.tolist())}.")
    return codes


def _look_up(names, atlas):
    code_of = dict(zip(atlas.names, atlas.codes.tolist(), strict=True))
    unknown = [name for name in names if name not in code_of]
    if unknown:
        raise ValueError(f"ROI names that are not in the atlas: {listed(unknown)}.")
    counts = Counter(atlas.names)
    shared = [name for name in names if counts[name] > 1]
    if shared:
        raise ValueError(f"In the atlas it is the name of several ROIs: {listed(shared)}.")
    return np.array([code_of[name] for name in names])


def read_members(communities):
    """Return members of communities, and the names of ROIs that an extractor knows, or None.

    Shapes: returned members (n_rois, n_communities), bool.
    """
    names = getattr(communities, "feature_names_in_", None)
    given = np.asarray(getattr(communities, "communities_", communities))
    members = given.astype(bool)
    if members.ndim != 2:
        raise ValueError(
            f"communities must have the shape (n_rois, n_communities), got {members.shape}."
        )
    if given.dtype.kind not in "biuf" or not np.array_equal(given, members):
        raise ValueError(
            "communities must be true or false, an ROI is a member or not: CommunityExtractor "
            "makes communities of memberships."
        )
    return members, names
