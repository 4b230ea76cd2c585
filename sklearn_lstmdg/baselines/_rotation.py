"""Fewer columns with the same products between rows: a linear model's solution does not change."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

__all__ = ["rotate", "turn_back"]


def rotate(features):
    """Return fewer columns with the same products between rows, where there are fewer rows."""
    n_rows, n_features = features.shape
    if n_rows >= n_features:
        return features
    products = features @ features.T
    products[np.diag_indices(n_rows)] += 1e-12 * max(np.trace(products) / n_rows, 1e-300)
    return cholesky(products, lower=True, overwrite_a=True, check_finite=False)


def turn_back(coef, turned, features):
    """Return the weights of the features for the weights of what ``rotate`` made of them."""
    if turned.shape == features.shape:
        return coef
    return solve_triangular(turned, coef.T, lower=True, trans="T").T @ features
