"""How many of a model's communities are truly different."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from ._memberships import correlate, find_constant


def community_redundancy(membership: ArrayLike) -> NDArray[np.float64]:
    """Tell how much each community is like another one of the same model.

    Where a model repeats its communities, each of them finds a partner in another fold more
    easily: robustness is to be read beside redundancy.

    Parameters
    ----------
    membership : array-like of shape (n_rois, n_communities)
        ``membership_`` of a model.

    Returns
    -------
    ndarray of shape (n_communities,)
        Pearson correlation, over ROIs, with the most alike of the other communities; the mean is
        the model's redundancy. NaN for a community of constant memberships, which is no other's
        partner either, and where there is no other.

    Raises
    ------
    ValueError
        If membership is not a finite matrix.

    See Also
    --------
    effective_communities : How many different communities there are.
    sklearn_lstmdg.evaluation.community_robustness : The same match, with other folds.

    Notes
    -----
    The largest of many correlations is above 0 by chance: of 50 unrelated communities of 116 ROIs
    the mean is about 0.2.

    Examples
    --------
    >>> from sklearn_lstmdg.communities import community_redundancy
    >>> community_redundancy([[1, 2, 0], [0, 0, 1], [0, 0, 0]]).round(2)
    array([ 1. ,  1. , -0.5])
    """
    weights = check_array(membership, dtype=np.float64, input_name="membership")
    similarity, constant = correlate(weights, weights), find_constant(weights)
    similarity[constant] = similarity[:, constant] = np.nan
    np.fill_diagonal(similarity, np.nan)
    return np.fmax.reduce(similarity, axis=1)


def effective_communities(membership: ArrayLike) -> float:
    r"""Count a model's communities, alike ones together.

    The participation ratio [1]_ of the eigenvalues :math:`\lambda` of the communities'
    correlations :math:`\rho` over ROIs,

    .. math:: \Big( \sum_k \lambda_k \Big)^2 \Big/ \sum_k \lambda_k^2
        = K^2 \Big/ \sum_{jk} \rho_{jk}^2 ,

    is 1 where all K communities are the same, and K where none correlates with another.

    Parameters
    ----------
    membership : array-like of shape (n_rois, n_communities)
        ``membership_`` of a model.

    Returns
    -------
    float
        Effective number of communities. Those of constant memberships do not count.

    Raises
    ------
    ValueError
        If membership is not a finite matrix.

    See Also
    --------
    community_redundancy : Which communities are like another.

    Notes
    -----
    Chance correlations lower the number: K unrelated communities of R ROIs have about
    :math:`K R / (R + K)`, 35 for 50 of 116.

    References
    ----------
    .. [1] C. S. Bretherton, M. Widmann, V. P. Dymnikov, J. M. Wallace, I. Bladé. "The effective
       number of spatial degrees of freedom of a time-varying field", Journal of Climate 12, 1999.

    Examples
    --------
    >>> from sklearn_lstmdg.communities import effective_communities
    >>> effective_communities([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]])
    1.8
    """
    weights = check_array(membership, dtype=np.float64, input_name="membership")
    similarity = correlate(weights, weights)
    squares = np.square(similarity).sum()
    return float(np.trace(similarity) ** 2 / squares) if squares else 0.0
