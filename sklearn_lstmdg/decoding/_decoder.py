"""Decode a community: the terms whose maps are like it, and nearer than chance has them."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation
from sklearn.utils import check_random_state

from .._bunch import Bunch
from .._extras import require
from .._typing import Seed
from ._images import centroids, labels_on, on_grid
from ._label_atlas import Image, Table
from ._term_maps import TermMaps

_ROUNDING = 1e-6  # a null set that is the community itself counts as reaching it


def decode(
    mask: Image,
    maps: TermMaps,
    atlas: Bunch | None = None,
    *,
    n_permutations: int = 1000,
    null: str = "spin",
    random_state: Seed = None,
) -> Table:
    """Rank terms by the correlation of their maps with a community.

    Parameters
    ----------
    mask : Nifti1Image
        0 and 1: the community's ROIs, as :func:`to_image` paints a column of ``communities_``.
        On another grid than the maps it is resampled to the nearest neighbour.
    maps : TermMaps
        The terms' association maps.
    atlas : Bunch or None, default=None
        From :func:`load_atlas`: the ROIs of the null sets. Needed unless `n_permutations` is 0.
    n_permutations : int, default=1000
        How many null sets of ROIs; 0 for the correlations alone.
    null : {"spin", "random"}, default="spin"
        Sets of as many ROIs as the mask has: "spin" turns the centroids of the mask's ROIs
        about the brain's centre and takes the ROIs nearest to where they come to lie and most
        alike in volume, one each, so that neighbours stay neighbours; "random" takes any ROIs,
        which is too easy to beat for a community in one place.
    random_state : int, RandomState instance or None, default=None
        Draws the sets.

    Returns
    -------
    data frame
        Highest correlation first: ``term`` and ``r`` (Pearson, over the brain's voxels); with null
        sets also ``null_mean``, ``z`` (distance of r from it in standard deviations of the null),
        ``p`` (share of sets with such an r or higher) and ``p_fwe`` (the same for the highest z
        of all terms, so that it holds for all of them together).

    Raises
    ------
    ValueError
        If the mask is not of 0 and 1, has no voxel or all voxels of the brain, or no ROI of the
        atlas lies in it by more than half.

    Notes
    -----
    Null sets are sets of ROIs and not of voxels, because the maps are near 0 in the white
    matter, where the ROIs, and hence the communities, are not. The turned centroids are scaled to
    the same spread along each axis, as the brain is no ball; their distance to the centre stays,
    so that deep ROIs are exchanged with deep ones. On smooth random maps and six communities of
    AAL, "spin" called 2 to 9 % of the maps significant at p = 0.05, "random" 2 to 23 %: read a p
    near 0.05 with care.

    References
    ----------
    .. [1] Yarkoni et al. (2011). Large-scale automated synthesis of human functional
       neuroimaging data. Nature Methods 8, 665-670.
    .. [2] Alexander-Bloch et al. (2018). On testing for spatial correspondence between maps of
       human brain structure and function. NeuroImage 178, 540-551.

    Examples
    --------
    >>> import numpy as np
    >>> from nibabel import Nifti1Image
    >>> from sklearn_lstmdg.decoding import TermMaps, decode
    >>> brain = Nifti1Image(np.ones((2, 2, 1), dtype=np.uint8), np.eye(4))
    >>> maps = TermMaps(["fear", "motor"], np.array([[3.0, 1, 0, 0], [0, 0, 1, 4]]), brain)
    >>> community = Nifti1Image(np.array([[[1], [1]], [[0], [0]]], dtype=np.uint8), np.eye(4))
    >>> decode(community, maps, n_permutations=0)["term"].tolist()
    ['fear', 'motor']
    """
    pandas = require("pandas", extra="decode")
    community = _mask_voxels(mask, maps)
    table = {"term": maps.terms, "r": map_correlations(community, maps.maps)}
    if n_permutations:
        if atlas is None:
            raise ValueError("Null sets need atlas; give it, or n_permutations=0.")
        rng = check_random_state(random_state)
        null_r = _null_correlations(community, maps, atlas, n_permutations, null, rng)
        table |= _significance(table["r"], null_r)
    return pandas.DataFrame(table).sort_values("r", ascending=False, ignore_index=True)


def map_correlations(community, maps):
    """Return Pearson's r of a mask of voxels with each term's map; 0 for a constant map."""
    weights = community - community.mean()
    products = np.array([row @ weights for row in maps])
    return products / (np.linalg.norm(weights) * _spread(maps))


def set_correlations(sets, roi_sums, roi_sizes, maps):
    r"""Return Pearson's r of many sets of ROIs with each map, from sums over ROIs alone.

    For a mask of :math:`m` of the :math:`N` voxels, with :math:`s` the sum of the map in it,
    :math:`r = (s - m \bar x) / (\sqrt{m (1 - m / N)} \, \lVert x - \bar x \rVert)`.

    `sets` is boolean of shape (n_sets, n_rois), `roi_sums` (n_terms, n_rois) has the sum of each
    map over each ROI, `roi_sizes` the ROIs' numbers of voxels; the result is (n_sets, n_terms).
    """
    sets = sets.astype(float)
    m = (sets @ roi_sizes)[:, None]
    products = sets @ roi_sums.T - m * maps.mean(axis=1, dtype=float)
    return products / (np.sqrt(m * (1 - m / maps.shape[1])) * _spread(maps))


def null_sets(members, positions, sizes, n_sets, null, rng):
    """Draw boolean sets, (n_sets, n_rois), of as many ROIs as a community has: see `decode`."""
    if null == "random":
        return np.array([rng.permutation(members) for _ in range(n_sets)])
    if null != "spin":
        raise ValueError(f"null must be 'spin' or 'random', got {null!r}.")
    ball = _as_ball(positions)
    volume = np.log(sizes)
    other_volume = (volume[members, None] - volume) ** 2
    sets = np.zeros((n_sets, len(members)), dtype=bool)
    for row, turn in zip(sets, _turns(n_sets, rng), strict=True):
        distances = cdist(turn.apply(ball[members]), ball, "sqeuclidean")
        row[linear_sum_assignment(distances + other_volume)[1]] = True
    return sets


def turned_sets(members, positions, n_sets, rng):
    """Draw boolean sets, (n_sets, n_rois), that lie as close together as a community.

    Its ROIs and the others are turned; as many as it has are taken, those that lie the most among
    its ROIs. Sets of ROIs matched one to one, as of `null_sets`, are more scattered.
    """
    ball, n_members = _as_ball(positions), members.sum()
    sets = np.zeros((n_sets, len(members)), dtype=bool)
    for row, turn in zip(sets, _turns(n_sets, rng), strict=True):
        turned = turn.apply(ball)
        inside, outside = (
            cdist(ball, turned[some]).min(axis=1, initial=np.inf) for some in (members, ~members)
        )
        row[np.argsort(inside - outside, kind="stable")[:n_members]] = True
    return sets


def _as_ball(positions):
    """Centre positions and scale them to the same spread along each axis that has one."""
    spread = positions.std(axis=0)
    return (positions - positions.mean(axis=0)) / np.where(spread > 0, spread, 1)


def _turns(n_turns, rng):
    return Rotation.from_quat(rng.standard_normal((n_turns, 4)))


def _spread(maps):
    """Return the norm of each centred row, infinite for a constant one: its r is then 0."""
    spread = np.array([np.linalg.norm(row - row.mean(dtype=float)) for row in maps])
    return np.where(spread > 0, spread, np.inf)


def _mask_voxels(mask, maps):
    """Return a mask in the brain's voxels, float, neither empty nor full."""
    if len(mask.shape) != 3 or not np.isin(np.unique(np.asarray(mask.dataobj)), (0, 1)).all():
        raise ValueError("mask must be one 3-D image of 0 and 1.")
    community = np.asarray(on_grid(mask, maps.mask, "nearest").dataobj, dtype=float)[maps.inside]
    if community.min() == community.max():
        raise ValueError("mask has no voxel of the brain, or all of them.")
    return community


def _null_correlations(community, maps, atlas, n_sets, null, rng):
    labels = labels_on(maps.mask, atlas)[maps.inside]
    codes, rows = np.unique(labels, return_inverse=True)
    indicator, codes = np.eye(len(codes))[rows][:, codes != 0], codes[codes != 0]
    sizes = indicator.sum(axis=0)
    members = community @ indicator > sizes / 2
    if not members.any():
        raise ValueError("No ROI of the atlas lies in the mask by more than half.")
    sets = null_sets(members, centroids(codes, atlas), sizes, n_sets, null, rng)
    return set_correlations(sets, maps.maps @ indicator, sizes, maps.maps)


def _significance(r, null_r):
    """Return the columns of the null, from correlations (n_terms,) and (n_sets, n_terms)."""
    mean, spread = null_r.mean(axis=0), null_r.std(axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    z = (r - mean) / spread
    highest = ((null_r - mean) / spread).max(axis=1)
    return {
        "null_mean": mean,
        "z": z,
        "p": _share(null_r >= r - _ROUNDING),
        "p_fwe": _share(highest[:, None] >= z - _ROUNDING),
    }


def _share(reached):
    """Return the share of sets, the community itself being one of them."""
    return (1 + reached.sum(axis=0)) / (1 + len(reached))
