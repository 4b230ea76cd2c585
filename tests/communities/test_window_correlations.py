"""Products with the tensor of correlations, against the tensor itself."""

import numpy as np
import pytest
from tensorly.tenalg import unfolding_dot_khatri_rao

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.communities._factors import random_start
from sklearn_lstmdg.communities._window_correlations import WindowCorrelations
from sklearn_lstmdg.scans._validation import check_sequences

from _correlations import all_windows, correlations


def rows_of_all_forms():
    rng = np.random.default_rng(0)
    scans = [np.cumsum(rng.standard_normal((n, 7)), axis=0) for n in (40, 33, 33, 52)]
    bags = SubsequenceAugmenter(20, horizon=0).fit_transform(scans)
    return {
        "bags": (bags, all_windows(bags)),
        "copied bags": ([bag.copy() for bag in bags], all_windows(bags)),
        "strided bags": ([bag[::6] for bag in bags], all_windows([bag[::6] for bag in bags])),
        "offset": ([bag + 1e4 for bag in bags], all_windows(bags)),
        "mixed types": ([bags[0].astype("f"), *[bag + 1e4 for bag in bags[1:]]], all_windows(bags)),
        "ragged scans": (scans, scans),
        "float32": ([scan.astype(np.float32) for scan in scans], scans),
    }


@pytest.mark.parametrize("form", rows_of_all_forms())
def test_products_equal_those_with_the_tensor(form):
    X, windows = rows_of_all_forms()[form]
    tensor, dense = WindowCorrelations(check_sequences(X)), correlations(windows)
    assert tensor.shape == dense.shape
    start = random_start(dense.shape, 9, np.random.RandomState(0))
    factors = (None, [factor.T for factor in start])
    wanted = [unfolding_dot_khatri_rao(dense, factors, mode).T for mode in range(3)]
    told = [
        tensor.roi_products(start[1], start[2]),
        tensor.roi_products(start[0], start[2]),
        tensor.window_products(start[0], start[1]),
    ]
    for products, expected in zip(told, wanted, strict=True):
        np.testing.assert_allclose(products, expected, rtol=1e-5, atol=1e-5 * expected.max())
    np.testing.assert_allclose(tensor.squared_norm(), np.sum(dense**2), rtol=1e-5)
    np.testing.assert_allclose(tensor.dense(), dense, atol=1e-5)


def test_many_blocks_agree_with_one(monkeypatch, bags):
    start = random_start((12, 12, 186), 3, np.random.RandomState(0))
    whole = WindowCorrelations(check_sequences(bags), np.float64)
    monkeypatch.setattr("sklearn_lstmdg.communities._window_correlations._BLOCK_BYTES", 8 * 30 * 7)
    parts = WindowCorrelations(check_sequences(bags), np.float64)
    assert len(list(parts.blocks())) == 27
    np.testing.assert_allclose(
        parts.window_products(*start[:2]), whole.window_products(*start[:2]), rtol=1e-12
    )
    np.testing.assert_allclose(parts.roi_products(*start[1:]), whole.roi_products(*start[1:]))


def test_rows_of_a_table_are_outer_products():
    table = np.random.default_rng(0).standard_normal((6, 4)) + 3
    wanted = np.einsum("sr,sq->rqs", table, table)
    for X in (table, table[:, None]):
        dense = WindowCorrelations(check_sequences(X), np.float64).dense()
        np.testing.assert_allclose(dense, wanted)
