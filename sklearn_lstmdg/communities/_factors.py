r"""Non-negative PARAFAC of the windows' correlation matrices, without the tensor.

With the standardized window :math:`Z_s` (T points of unit length for each of R ROIs), its
correlation matrix is :math:`C_s = Z_s^T Z_s`, and the model is

.. math:: C_s \approx A \, \mathrm{diag}(c_s) \, A^T, \qquad A \ge 0, \; c_s \ge 0.

All that the updates need of the R x R x S tensor are products with the windows themselves:

.. math:: M_{rk} = \sum_s c_{sk} (Z_s^T Z_s b_k)_r, \qquad M_{sk} = (Z_s a_k)^T (Z_s b_k).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

from ._window_correlations import project, sum_back

_FULL_TURNS = 3
_HALS_PASSES = 5
_RIDGE = 1e-8


class Factors(NamedTuple):
    """Factors of the three modes; the two over ROIs are equal, up to scale, once converged."""

    a: np.ndarray  # (n_communities, n_rois)
    b: np.ndarray  # (n_communities, n_rois)
    loadings: np.ndarray  # (n_communities, n_windows)
    errors: list  # relative, after each sweep, never rising
    converged: bool  # before the last sweep allowed


def hals(products, gram, factor, n_passes=_HALS_PASSES):
    """Update a non-negative factor in place, component by component (HALS).

    Each component is set to the best one given the others, so the error never rises [1]_.

    Shapes: products (n_communities, n), gram (n_communities, n_communities), factor (n_communities,
    n).

    References
    ----------
    .. [1] N. Gillis, F. Glineur. "Accelerated multiplicative updates and hierarchical ALS
       algorithms for nonnegative matrix factorization", Neural Computation 24(4), 2012.
    """
    diagonal = gram.diagonal()
    inverse = np.divide(1, diagonal, out=np.zeros(len(gram)), where=diagonal > 0)[:, None]
    targets, others = products * inverse, gram * inverse - np.eye(len(gram))
    update = np.empty(factor.shape[1])
    for _ in range(n_passes):
        for k, component in enumerate(factor):
            np.matmul(others[k], factor, out=update)
            np.subtract(targets[k], update, out=update)
            np.maximum(update, 0, out=component)


def random_start(shape, n_communities, rng):
    """Draw the factors of all modes, each (n_communities, n), uniformly from [0, 1)."""
    return [np.ascontiguousarray(rng.random_sample((n, n_communities)).T) for n in shape]


def relative_error(agreement, gram, loadings, squared_norm):
    """Return the relative Frobenius error of a model, without the tensor."""
    if squared_norm == 0:
        return 0.0
    squared = squared_norm - 2 * agreement + float((gram * (loadings @ loadings.T)).sum())
    return float(np.sqrt(max(squared, 0.0) / squared_norm))


def sweep_windows(tensor, a, b, loadings, kept, update=True):
    """Update the loadings, and sum what the next factor over ROIs needs, in one pass.

    Shapes: a, b (n_communities, n_rois), loadings (n_communities, n_windows), kept (n_points,
    n_communities); returned (n_communities, n_rois).
    """
    gram = (a @ a.T) * (b @ b.T)
    products, agreement, start = np.zeros(a.shape), 0.0, 0
    for block, z in tensor.blocks():
        projected = project(z, a)
        if kept is None:
            before = project(z, b)
        else:
            before = kept[start : start + projected.size // len(a)].reshape(projected.shape)
        start += projected.size // len(a)
        wanted = np.einsum("stk,stk->ks", projected, before).astype(np.float64)
        if kept is not None:
            before[:] = projected
        if update:
            hals(wanted, gram, loadings[:, block])
        agreement += float((wanted * loadings[:, block]).sum())
        products += sum_back(z, projected, loadings[:, block])
    return products, agreement


def fit_factors(tensor, start, max_iter, tol, squared_norm):
    """Fit the factors from one start.

    The two factors over ROIs take turns: a sweep updates the older of them given the newer one,
    then the loadings given both, so it reads the windows once. Every update descends the same
    error. The slices are symmetric and the two factors become equal, so that a sweep updates
    every part of the model. In the first sweeps the loadings wait until both have had their turn:
    there the factors are far apart, and the order decides which optimum is reached.
    """
    older, newer, loadings = (factor.copy() for factor in start)
    kept = _room_for_projections(tensor, len(newer))
    products = tensor.roi_products(newer, loadings, kept)
    errors = []
    for sweep in range(max_iter):
        hals(products, (newer @ newer.T) * (loadings @ loadings.T), older)
        older, newer = newer, older
        update = sweep >= 2 * _FULL_TURNS or sweep % 2 == 1
        products, agreement = sweep_windows(tensor, newer, older, loadings, kept, update)
        gram = (newer @ newer.T) * (older @ older.T)
        errors.append(relative_error(agreement, gram, loadings, squared_norm))
        if _has_settled(errors, tol):
            break
    return Factors(newer, older, loadings, errors, _has_settled(errors, tol))


def _room_for_projections(tensor, n_communities):
    """Return an array for all windows' projections, if an eighth of the tensor holds them."""
    if 8 * tensor.n_points * n_communities > np.prod(tensor.shape, dtype=float):
        return None
    return np.empty((tensor.n_points, n_communities), dtype=tensor.dtype)


def _has_settled(errors, tol):
    return len(errors) > 1 and abs(errors[-2] - errors[-1]) < tol


def fit_factors_dense(tensor, start, max_iter, tol):
    """Fit the factors from one start by tensorly's HALS, on the tensor itself."""
    import tensorly
    from tensorly.cp_tensor import CPTensor
    from tensorly.decomposition import non_negative_parafac_hals

    with tensorly.backend_context("numpy", local_threadsafe=True):
        (_, factors), errors = non_negative_parafac_hals(
            tensor.dense(),
            len(start[0]),
            n_iter_max=max_iter,
            init=CPTensor((None, [factor.T.astype(tensor.dtype) for factor in start])),
            tol=tol,
            return_errors=True,
        )
    errors = [float(error) for error in errors]
    a, b, loadings = (np.asarray(factor, dtype=np.float64).T for factor in factors)
    return Factors(a, b, loadings, errors, _has_settled(errors, tol))


def symmetrise(a, b):
    """Return the one factor of unit components that both factors over ROIs have become."""
    return _unit(_unit(a) + _unit(b))


def _unit(factor):
    length = np.linalg.norm(factor, axis=1, keepdims=True)
    return factor / np.where(length > 0, length, 1)


def solve_loadings(products, gram):
    """Return each window's best non-negative loadings, given the other factors.

    Shapes: products (n_communities, n_windows), gram (n_communities, n_communities); returned
    (n_communities, n_windows).
    """
    ridge = _RIDGE * max(np.trace(gram) / len(gram), np.finfo(float).tiny)
    root = cholesky(gram + ridge * np.eye(len(gram)), lower=True)
    targets = solve_triangular(root, products, lower=True)
    return np.stack([nnls(root.T, target)[0] for target in targets.T], axis=1)
