"""What the communities of several nets have in common."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls
from sklearn.decomposition import NMF
from sklearn.preprocessing import normalize
from sklearn.utils import check_array

from .._typing import Seed
from ..base import check_whole

_LARGEST = 1e150


def common_memberships(
    memberships: Sequence[ArrayLike], n_communities: int = 20, random_state: Seed = 0
) -> NDArray[np.float64]:
    r"""Find the communities that several nets have in common.

    Nets that begin with weights of their own end with communities of their own: what they share
    comes from the scans. Over the communities :math:`w_j` of all nets, each of length 1,

    .. math:: S = \sum_j w_j w_j^\top \approx A B, \qquad A, B \ge 0,

    tells how strongly each two ROIs go together, and the columns of its non-negative factor
    :math:`A` [1]_ are the common communities. Neither the order of a net's communities nor their
    scale matters.

    Parameters
    ----------
    memberships : sequence of array-like of shape (n_rois, n_communities_n)
        ``membership_`` of each net, not negative.
    n_communities : int, default=20
        Communities to find. There are never more than ROIs.
    random_state : int, RandomState instance or None, default=0
        Decides the random projections by which the factorisation finds its start.

    Returns
    -------
    ndarray of shape (n_rois, min(n_communities, n_rois))
        Memberships, columns of length 1 (or 0), those that explain most of :math:`S` first.

    Raises
    ------
    ValueError
        If there are no memberships, one is not a finite, non-negative matrix, their ROIs differ,
        or n_communities is below 1.

    See Also
    --------
    common_influence : Their influence, from that of the nets' communities.
    sklearn_lstmdg.CommunityExtractor : Takes them from an estimator of several nets.

    References
    ----------
    .. [1] D. D. Lee, H. S. Seung. "Learning the parts of objects by non-negative matrix
       factorization", Nature 401, 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.communities import common_memberships
    >>> planted = np.eye(2).repeat(3, axis=0)
    >>> nets = [planted, 5 * planted[:, ::-1], planted[:, :1]]
    >>> common_memberships(nets, n_communities=2).round(2)[[0, 5]]
    array([[0.58, 0.  ],
           [0.  , 0.58]])
    """
    check_whole(n_communities, "n_communities", 1)
    columns = np.hstack(_unit_columns(_numbered(memberships)))
    n_communities = min(n_communities, len(columns))
    if not columns.any():
        return np.zeros((len(columns), n_communities))
    nmf = NMF(n_communities, init="nndsvda", max_iter=10_000, random_state=random_state)
    factor = nmf.fit_transform(columns @ columns.T)
    explained = np.linalg.norm(factor, axis=0) * np.linalg.norm(nmf.components_, axis=1)
    return normalize(factor, axis=0)[:, np.argsort(-explained, kind="stable")]


def common_influence(
    common: ArrayLike, memberships: Sequence[ArrayLike], influences: Sequence[ArrayLike]
) -> NDArray[np.float64]:
    r"""Return the influence of common communities, from that of the nets' own.

    Each net's communities :math:`w_{nj}`, of length 1, are put together from the common ones
    :math:`a_k` (non-negative least squares), and their influence :math:`v_{nj}` is handed over in
    the same proportions; it is averaged over the N nets:

    .. math:: w_{nj} \approx \sum_k l_{nkj} a_k, \quad l \ge 0, \qquad
        \bar v_k = \frac{1}{N} \sum_n \sum_j l_{nkj} v_{nj} .

    So where several of a net's communities are one common community, their influences add up.

    Parameters
    ----------
    common : array-like of shape (n_rois, n_common)
        From :func:`common_memberships`; columns count as if of length 1.
    memberships : sequence of array-like of shape (n_rois, n_communities_n)
        ``membership_`` of each net.
    influences : sequence of array-like of shape (n_communities_n,)
        ``influence_`` of each net.

    Returns
    -------
    ndarray of shape (n_common,)
        Influence.

    Raises
    ------
    ValueError
        If memberships are not as :func:`common_memberships` takes them, or influences do not
        belong to them or are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.communities import common_influence
    >>> planted = np.eye(2).repeat(3, axis=0)
    >>> common_influence(planted, [planted, 5 * planted[:, ::-1]], [[1, 2], [4, 3]]).round(6)
    array([2., 3.])
    """
    factor, *parts = _unit_columns({"common": common} | _numbered(memberships))
    sizes = [part.shape[1] for part in parts]
    if [np.shape(influence) for influence in influences] != [(size,) for size in sizes]:
        raise ValueError(f"There must be an influence for each of the nets' {sizes} communities.")
    checked = [
        check_array(each, dtype=np.float64, ensure_2d=False, input_name=f"influences[{net}]")
        for net, each in enumerate(influences)
    ]
    return _loadings(factor, np.hstack(parts)) @ np.concatenate(checked) / len(parts)


def common_shares(common: ArrayLike, memberships: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    r"""Return how much of each net's communities each common community explains.

    With :math:`w_{nj}` and :math:`a_k` of length 1, and :math:`l` from the non-negative least
    squares by which :func:`common_influence` hands influence over, the share

    .. math:: s_{nkj} = l_{nkj} \, a_k^\top w_{nj} \ge 0, \qquad
        \sum_k s_{nkj} = \Big\lVert \sum_k l_{nkj} a_k \Big\rVert^2 \le 1,

    is the part of the squared length of :math:`w_{nj}` that :math:`a_k` explains; what their sum
    lacks to 1 belongs to no common community.

    Parameters
    ----------
    common : array-like of shape (n_rois, n_common)
        From :func:`common_memberships`; columns count as if of length 1.
    memberships : sequence of array-like of shape (n_rois, n_communities_n)
        ``membership_`` of each net.

    Returns
    -------
    list of ndarray of shape (n_common, n_communities_n)
        One for each net.

    Raises
    ------
    ValueError
        If memberships are not as :func:`common_memberships` takes them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_lstmdg.communities import common_shares
    >>> planted = np.eye(2).repeat(3, axis=0)
    >>> mixed = planted @ [[3, 4], [4, 0]]
    >>> common_shares(planted, [mixed])[0].round(2)
    array([[0.36, 1.  ],
           [0.64, 0.  ]])
    """
    factor, *parts = _unit_columns({"common": common} | _numbered(memberships))
    return [_loadings(factor, part) * (factor.T @ part) for part in parts]


def _loadings(common, columns):
    """Put columns together from common ones, not negatively, (n_common, n_columns)."""
    return np.transpose([nnls(common, column)[0] for column in columns.T])


def _numbered(memberships):
    if not hasattr(memberships, "__len__") or not len(memberships):
        raise ValueError("There are no memberships: one of each net is needed.")
    return {f"memberships[{net}]": membership for net, membership in enumerate(memberships)}


def _unit_columns(memberships):
    """Check matrices, by their names, and scale columns to length 1, those of zeros apart."""
    found = []
    for name, membership in memberships.items():
        if np.ndim(membership) != 2:
            raise ValueError(
                f"{name} must have the shape (n_rois, n_communities), got {np.shape(membership)}."
            )
        weights = check_array(membership, dtype=np.float64, input_name=name)
        if weights.max() > _LARGEST:
            raise ValueError(f"{name} holds {weights.max():g}, whose square is not finite.")
        if weights.min() < 0:
            raise ValueError(f"{name} must not be negative, but has {weights.min():g}.")
        if found and len(weights) != len(found[0]):
            first = next(iter(memberships))
            raise ValueError(f"{name} has {len(weights)} ROIs and {first} has {len(found[0])}.")
        found.append(normalize(weights, axis=0))
    return found
