from itertools import permutations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from sklearn_lstmdg.communities._memberships import (
    correlate,
    dice,
    find_constant,
    match_best,
    match_one_to_one,
    member_weights,
    two_means,
)


@pytest.fixture
def membership():
    rng = np.random.default_rng(0)
    return np.maximum(rng.normal(0.1, 1, (30, 12)), 0) ** 2


def within_squares(column, members):
    return sum(np.square(part - part.mean()).sum() for part in (column[members], column[~members]))


def test_two_means_beats_every_other_split():
    rng = np.random.default_rng(1)
    columns = rng.gamma(0.5, size=(9, 20))
    masks = [np.array(list(np.binary_repr(i, 9))) == "1" for i in range(1, 2**9 - 1)]
    for column, members in zip(columns.T, two_means(columns).T, strict=True):
        least = min(within_squares(column, mask) for mask in masks)
        np.testing.assert_allclose(within_squares(column, members), least, rtol=1e-12)
        assert column[members].min() > column[~members].max()


def test_two_means_is_no_worse_than_k_means(membership):
    members, n_same = two_means(membership), 0
    for k, column in enumerate(membership.T):
        means = KMeans(2, n_init=10, random_state=0).fit(column[:, None])
        upper = means.labels_ == means.cluster_centers_.argmax()
        assert within_squares(column, members[:, k]) <= means.inertia_ * (1 + 1e-9)
        n_same += np.array_equal(members[:, k], upper)
    assert n_same > membership.shape[1] / 2


def test_two_means_depends_on_neither_order_nor_scale(membership):
    members = two_means(membership)
    order = np.random.default_rng(2).permutation(len(membership))
    np.testing.assert_array_equal(two_means(membership[order]), members[order])
    for scale in (1e-200, 1e-6, 1e200):
        np.testing.assert_array_equal(two_means(scale * membership), members)
    np.testing.assert_array_equal(two_means(membership + 5), members)


def test_equal_weights_stay_together_and_ties_take_fewer_members():
    weights = np.array([[0, 1, 2], [0, 0, 1], [3, 3, 3], [1, 1, 0]], dtype=float).T
    wanted = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0]], dtype=bool).T
    np.testing.assert_array_equal(two_means(weights), wanted)
    np.testing.assert_array_equal(two_means(weights * 0.1), wanted)


def test_columns_without_a_split_have_no_members():
    weights = np.zeros((6, 4))
    weights[:, 1] = 0.3
    weights[:, 2] = 0.3 + 1e-9 * np.arange(6)
    weights[0, 3] = 1e-9
    assert find_constant(weights).tolist() == [True, True, True, False]
    assert two_means(weights).sum(axis=0).tolist() == [0, 0, 0, 1]
    assert not two_means(weights[:1]).any()


def test_weights_of_members_sum_to_one():
    membership = np.array([[2.0, 0], [1, 0], [0.5, 0]])
    weights = member_weights(membership, np.array([[1, 0], [1, 0], [0, 0]], dtype=bool))
    np.testing.assert_allclose(weights, [[2 / 3, 0], [1 / 3, 0], [0, 0]])


def test_correlation_of_all_pairs_is_pearsons(membership):
    first, second = membership[:, :5], membership[:, 5:]
    wanted = np.corrcoef(first.T, second.T)[:5, 5:]
    np.testing.assert_allclose(correlate(first, second), wanted, atol=1e-12)
    np.testing.assert_allclose(correlate(1e-200 * first, second), wanted, atol=1e-12)
    dead = second.copy()
    dead[:, 2] = 0.7
    told = correlate(first, dead)
    assert not told[:, 2].any()
    np.testing.assert_allclose(np.delete(told, 2, 1), np.delete(wanted, 2, 1), atol=1e-12)


def test_dice_of_all_pairs_is_that_of_sets(membership):
    members = two_means(membership)
    members[:, 3] = False
    first, second = members[:, :5], members[:, 3:]
    told = dice(first, second)
    for i, j in np.ndindex(told.shape):
        a, b = set(np.flatnonzero(first[:, i])), set(np.flatnonzero(second[:, j]))
        assert told[i, j] == pytest.approx(2 * len(a & b) / (len(a) + len(b)) if a | b else 0)


def test_matches_by_hand_and_by_trying_all():
    similarity = np.array([[0.9, 0.8, 0.0], [0.9, 0.1, 0.2]])
    assert match_best(similarity) == pytest.approx(0.9)
    assert match_one_to_one(similarity) == pytest.approx((0.8 + 0.9) / 2)
    assert match_one_to_one(similarity.T) == pytest.approx((0.8 + 0.9) / 3)
    square = np.random.default_rng(3).uniform(size=(5, 5))
    best = max(square[range(5), order].mean() for order in permutations(range(5)))
    assert match_one_to_one(square) == pytest.approx(best)
