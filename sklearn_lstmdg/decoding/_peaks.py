r"""Association maps of terms from the activation peaks of many studies (MKDA).

A study is active in a voxel that lies within 10 mm of one of its peaks. With :math:`n_1` studies
that use a term and :math:`n_0` that don't, of which the shares :math:`p_1` and :math:`p_0` are
active, the association z is the signed root of the two-way chi-square,

.. math:: z = (p_1 - p_0) \Big/ \sqrt{p (1 - p) (1 / n_1 + 1 / n_0)},

:math:`p` being the share of all studies: it says where activity speaks for the term.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from joblib import Memory
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from .._bunch import Bunch
from .._extras import require
from .._version import __version__
from ._images import brain_mask
from ._label_atlas import Image, PathLike, Table
from ._term_maps import TermMaps

_BLOCK = 20_000

# MNI152 to Talairach, pooled over FSL and SPM (Lancaster et al. 2007).
_TALAIRACH = np.array(
    [
        [0.9357, 0.0029, -0.0072, -1.0423],
        [-0.0065, 0.9396, -0.0726, -1.3940],
        [0.0103, 0.0752, 0.8967, 3.6475],
    ]
)


def load_studies(folder: PathLike, vocabulary: str = "") -> Bunch:
    """Read peaks and term weights in the layout of the Neurosynth and NeuroQuery releases.

    Parameters
    ----------
    folder : path
        With one ``*_coordinates.tsv.gz``, one ``*_metadata.tsv.gz``, and ``*_features.npz`` with
        ``*_vocabulary.txt``.
    vocabulary : str, default=""
        A part of the name of the features, where the folder has several: "LDA50", "terms".

    Returns
    -------
    Bunch
        ``peaks``, ``term_weights``, ``terms`` and ``ids``, the arguments of
        :func:`term_maps_from_peaks`.

    Raises
    ------
    ValueError
        If a file is missing, or several would do.
    """
    pandas = require("pandas", extra="decode")
    peaks = pandas.read_csv(_only(folder, "*_coordinates.tsv.gz"), sep="\t")
    studies = pandas.read_csv(_only(folder, "*_metadata.tsv.gz"), sep="\t")
    if "space" in studies:
        peaks["space"] = peaks["id"].map(studies.set_index("id")["space"])
    terms = _only(folder, f"*{vocabulary}*_vocabulary.txt").read_text(encoding="utf-8")
    weights = sp.load_npz(_only(folder, f"*{vocabulary}*_features.npz"))
    return Bunch(
        peaks=peaks,
        term_weights=weights,
        terms=terms.split("\n")[: weights.shape[1]],
        ids=studies["id"].to_numpy(),
    )


def _only(folder, pattern):
    paths = sorted(Path(folder).glob(pattern.replace("**", "*")))
    if len(paths) != 1:
        raise ValueError(f"{folder} must have one file {pattern}, it has {len(paths)}.")
    return paths[0]


def term_maps_from_nimare(
    dataset: Any, feature_group: str | None = None, **kwargs: Any
) -> TermMaps:
    """Compute association maps from a NiMARE data set.

    Parameters
    ----------
    dataset : nimare.dataset.Dataset or nimare.nimads.Studyset
        Its ``coordinates`` and ``annotations_df`` (or ``annotations``) are read.
    feature_group : str or None, default=None
        Take only the annotations whose names begin so, as "Neurosynth_TFIDF".
    **kwargs
        To :func:`term_maps_from_peaks`.

    Returns
    -------
    TermMaps
        Of the annotations that enough studies have.

    Raises
    ------
    ValueError
        As from :func:`term_maps_from_peaks`.
    """
    labels = getattr(dataset, "annotations_df", None)
    labels = dataset.annotations if labels is None else labels
    labels = labels.set_index("id").select_dtypes("number")
    terms = [name for name in labels if name.startswith(feature_group or "")]
    weights = labels[terms].fillna(0).to_numpy()
    return term_maps_from_peaks(dataset.coordinates, weights, terms, labels.index, **kwargs)


def term_maps_from_peaks(
    peaks: Table,
    term_weights: "ArrayLike | sp.spmatrix | sp.sparray",
    terms: Sequence[str],
    ids: ArrayLike,
    *,
    threshold: float = 0.001,
    min_studies: int = 100,
    radius: float = 10.0,
    resolution: int = 4,
    mask: "Image | None" = None,
    cache_dir: PathLike | None = None,
) -> TermMaps:
    """Compute association maps of terms from activation peaks.

    Parameters
    ----------
    peaks : data frame
        One row per peak, with ``id`` (study) and ``x``, ``y``, ``z`` in mm of MNI space. Rows
        whose column ``space``, if there is one, says "TAL" are brought from Talairach's space.
    term_weights : array-like or sparse matrix of shape (n_studies, n_terms)
        How much each study uses each term: tf-idf, counts or topic weights.
    terms : sequence of str of length n_terms
        The terms.
    ids : array-like of shape (n_studies,)
        The study of each row of `term_weights`. Studies without peaks, and peaks of other
        studies, are left out, with a warning.
    threshold : float, default=0.001
        A study uses a term whose weight is above it. For counts and tf-idf the default means
        any mention; 0.05 is usual for topics, whose weights are never 0.
    min_studies : int, default=100
        Terms that fewer studies use, or don't use, are left out.
    radius : float, default=10.0
        Reach of a peak, in mm.
    resolution : int, default=4
        Voxel size of the MNI152 brain mask, in mm. Time and memory go with its inverse cube.
    mask : Nifti1Image or None, default=None
        A brain mask in place of that one.
    cache_dir : path or None, default=None
        Keep the maps there, by :class:`joblib.Memory`, and take them from there when all the
        above is the same. A damaged entry is told of and computed again. Reading it unpickles
        it, which can run code: the folder must be your own.

    Returns
    -------
    TermMaps
        Signed z of the association, of the terms that enough studies use.

    Raises
    ------
    ValueError
        If shapes don't fit, a coordinate is not finite, or no term has enough studies.

    References
    ----------
    .. [1] Yarkoni et al. (2011). Large-scale automated synthesis of human functional
       neuroimaging data. Nature Methods 8, 665-670.
    .. [2] Lancaster et al. (2007). Bias between MNI and Talairach coordinates analyzed using the
       ICBM-152 brain template. Human Brain Mapping 28, 1194-1205.
    """
    uses, terms = _use_of_terms(term_weights, terms, ids, threshold)
    xyz, studies, uses = _match(peaks, np.asarray(ids), uses)
    n_users = np.asarray(uses.sum(axis=0)).ravel().astype(int)
    enough = np.minimum(n_users, uses.shape[0] - n_users) >= max(min_studies, 1)
    if not enough.any():
        raise ValueError(f"No term is used, and not used, by {min_studies} studies.")
    uses, n_users = uses[:, enough], n_users[enough]
    terms = [term for term, kept in zip(terms, enough, strict=True) if kept]
    mask = brain_mask(resolution) if mask is None else mask
    # A level of compression, because a compressed entry has a checksum. By version, because
    # joblib looks for changes in the function itself alone, not in those that it calls.
    folder = None if cache_dir is None else Path(cache_dir).expanduser() / __version__
    compute = Memory(folder, verbose=0, compress=1).cache(_association_maps)
    inside = np.asarray(mask.dataobj) > 0
    maps = compute(xyz, studies, uses, inside, mask.affine, float(radius))
    return TermMaps(terms, maps, mask, n_users)


def _association_maps(xyz, studies, uses, inside, affine, radius):
    voxels = np.argwhere(inside) @ affine[:3, :3].T + affine[:3, 3]
    return association_z(active_studies(xyz, studies, voxels, radius), uses)


def active_studies(xyz, studies, voxels, radius):
    """Tell which voxels each study's peaks reach, sparse of shape (n_studies, n_voxels), 1 or 0."""
    places, place = np.unique(xyz, axis=0, return_inverse=True)
    tree = cKDTree(voxels)
    blocks = [places[i : i + _BLOCK] for i in range(0, len(places), _BLOCK)]
    near = sp.vstack([_near(block, tree, radius) for block in blocks], format="csr")
    shape = (studies.max() + 1, len(places))
    has_peak = sp.csr_matrix((np.ones(len(xyz), np.float32), (studies, place.ravel())), shape)
    active = has_peak @ near
    active.data[:] = 1
    return active


def _near(places, tree, radius):
    pairs = cKDTree(places).sparse_distance_matrix(tree, radius, output_type="ndarray")
    ones = np.ones(len(pairs), dtype=np.float32)
    return sp.csr_matrix((ones, (pairs["i"], pairs["j"])), shape=(len(places), tree.n))


def association_z(active, uses):
    """Return the signed z of each term and voxel, float32; 0 where no study is active, or all are.

    From `active`, sparse of shape (n_studies, n_voxels), and `uses`, sparse of shape
    (n_studies, n_terms), both of 1 and 0.
    """
    n_studies = active.shape[0]
    n_active = np.asarray(active.sum(axis=0, dtype=float)).ravel()
    share = n_active / n_studies
    maps = np.empty((uses.shape[1], active.shape[1]), dtype=np.float32)
    rows = uses.T.tocsr().astype(np.float32)
    for term in range(len(maps)):
        n1 = rows[term].sum()
        n0 = n_studies - n1
        a1 = (rows[term] @ active).toarray().ravel().astype(float)
        variance = share * (1 - share) * (1 / n1 + 1 / n0)
        difference = a1 / n1 - (n_active - a1) / n0
        maps[term] = difference / np.sqrt(np.where(variance > 0, variance, np.inf))
    return maps


def talairach_to_mni(xyz):
    """Bring positions from Talairach's to MNI space, ndarray of shape (n_peaks, 3), in mm."""
    return np.linalg.solve(_TALAIRACH[:, :3], (xyz - _TALAIRACH[:, 3]).T).T


def _use_of_terms(term_weights, terms, ids, threshold):
    """Return who uses which term, sparse of shape (n_studies, n_terms), and the terms."""
    weights = sp.csr_matrix(term_weights)
    if weights.shape != (len(ids), len(terms)):
        raise ValueError(
            f"term_weights must have shape ({len(ids)}, {len(terms)}) for these ids and terms, "
            f"got {weights.shape}."
        )
    if threshold < 0:
        raise ValueError(f"threshold must not be negative, got {threshold}.")
    return (weights > threshold).astype(np.float32), [str(term) for term in terms]


def _match(peaks, ids, uses):
    """Return peaks in MNI space and their studies' rows, and the rows of studies with peaks."""
    if len(np.unique(ids)) < len(ids):
        raise ValueError("ids has a study twice.")
    of_peaks = np.asarray(peaks["id"])
    known = np.isin(of_peaks, ids)
    with_peaks = np.isin(ids, of_peaks)
    if not (known.all() and with_peaks.all()):
        warnings.warn(
            f"Left out: {(~known).sum()} peaks of studies without term weights, and "
            f"{(~with_peaks).sum()} studies without peaks.",
            UserWarning,
            stacklevel=3,
        )
    ids, uses = ids[with_peaks], uses[np.flatnonzero(with_peaks)]
    order = np.argsort(ids)
    studies = order[np.searchsorted(ids[order], of_peaks[known])]
    return _positions(peaks)[known], studies, uses.sorted_indices()


def _positions(peaks):
    xyz = np.column_stack([np.asarray(peaks[axis], dtype=float) for axis in "xyz"])
    if not np.isfinite(xyz).all():
        row = np.flatnonzero(~np.isfinite(xyz).all(axis=1))[0]
        raise ValueError(f"The coordinates of peak {row} are not finite.")
    if "space" in peaks:
        talairach = np.asarray(peaks["space"]) == "TAL"
        xyz[talairach] = talairach_to_mni(xyz[talairach])
    return xyz
