"""Atlases of labels: an image of codes, and the names of these."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._bunch import Bunch
from ..datasets import fetch_image, read_names

if TYPE_CHECKING:
    from nibabel import Nifti1Image
    from pandas import DataFrame

PathLike: TypeAlias = str | os.PathLike[str]
Image: TypeAlias = "Nifti1Image"
Table: TypeAlias = "DataFrame"


def load_atlas(
    name_or_path: "PathLike | Image",
    labels: "PathLike | Mapping[int, str] | Table | None" = None,
    *,
    data_dir: PathLike | None = None,
) -> Bunch:
    """Load a label image and the names of its ROIs.

    Parameters
    ----------
    name_or_path : {"aal", "harvard-oxford", "cc200", "schaefer2018-400", "yeo2011-7"}, path or \
            NIfTI image
        A name is fetched by nilearn (over the network, then from its cache): AAL as of SPM12,
        116 ROIs; Harvard-Oxford, cortex, maximum probability over 25 %, sides apart; of
        Craddock's two-level temporal parcellations the one nearest to 200 ROIs; Schaefer's with
        the number of ROIs, and of networks after a further dash; Yeo's 7 or 17 networks. The masks
        that the Preprocessed Connectomes Project averaged over have the same codes for AAL, and
        other codes for Harvard-Oxford and CC200: for its series, give the path of its mask.
    labels : path, mapping, data frame or None, default=None
        Names of the codes: a table (``.csv`` or ``.tsv``, such as BIDS's ``dseg.tsv``) with the
        columns ``index`` (or ``code``) and ``name`` (or ``label``), the same as a data frame, such
        as ``lut_`` of nilearn's maskers, or a mapping from code to name. By default the fetched
        names, and the codes themselves for a path.
    data_dir : path or None, default=None
        Where nilearn caches what it fetches.

    Returns
    -------
    Bunch
        ``image`` (3-D NIfTI image of codes, 0 outside), ``codes`` (ndarray of int of shape
        (n_rois,), rising) and ``names`` (list of str).

    Raises
    ------
    ValueError
        If there is no such name or file, or the image is not a 3-D image of whole codes.
    """
    image, names, _ = fetch_image(name_or_path, data_dir)
    return atlas_of_labels(image, labels, names)


def atlas_of_labels(image, labels=None, names=None):
    """Return an atlas of an image of codes, and of a table of names or names by code."""
    codes = np.unique(label_array(image))
    codes = codes[codes != 0]
    if not codes.size:
        raise ValueError("The atlas is empty: all its voxels are 0.")
    known = (names or {}) if labels is None else read_names(labels)
    return Bunch(image=image, codes=codes, names=[known.get(int(c), str(c)) for c in codes])


def label_array(image):
    """Return the codes of an image, ndarray of int of shape (x, y, z)."""
    data = np.asarray(image.dataobj)
    data = data[..., 0] if data.shape[3:] == (1,) else data
    codes = np.rint(data).astype(np.int64)
    if data.ndim != 3 or not np.array_equal(codes, data) or codes.min() < 0:
        raise ValueError("An atlas must be one 3-D image of whole, non-negative codes.")
    return codes
