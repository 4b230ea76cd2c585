"""What the communities of several nets have in common."""

import warnings

import numpy as np
import pytest
from scipy.optimize import nnls

from sklearn_lstmdg.communities import (
    common_influence,
    common_memberships,
    common_shares,
    correlate,
    dice,
    two_means,
)

N_ROIS, N_PLANTED = 60, 8


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def planted(rng):
    return rng.uniform(0.5, 1, (N_ROIS, N_PLANTED)) * (rng.uniform(size=(N_ROIS, N_PLANTED)) < 0.12)


@pytest.fixture
def nets(planted, rng):
    """Noisy copies in an order of their own, beside communities that no other net has."""
    copies = [planted[:, rng.permutation(N_PLANTED)] for _ in range(8)]
    noisy = [
        copy * (rng.uniform(size=copy.shape) < 0.8) + rng.gamma(0.05, size=copy.shape)
        for copy in copies
    ]
    return [np.hstack([net, rng.gamma(0.1, size=(N_ROIS, 6))]) for net in noisy]


def test_planted_communities_are_recovered_better_than_by_any_net(planted, nets):
    def recover(membership):
        alike = correlate(planted, membership), dice(planted > 0, two_means(membership))
        return np.array([match.max(axis=1).mean() for match in alike])

    common, each = recover(common_memberships(nets, N_PLANTED)), [recover(net) for net in nets]
    assert (common > 0.85).all()
    assert (common > np.max(each, axis=0) + 0.05).all()


def test_order_and_scale_of_communities_do_not_matter(nets, rng):
    common = common_memberships(nets, N_PLANTED)
    turned = [net[:, rng.permutation(14)] * rng.uniform(0.1, 9, 14) for net in reversed(nets)]
    np.testing.assert_allclose(common_memberships(turned, N_PLANTED), common, atol=1e-9)


def test_columns_have_length_1_and_those_that_explain_most_come_first(nets):
    twice = [np.hstack([net, net[:, :1]]) for net in [nets[0]] * 3]
    common = common_memberships(twice, 5)
    np.testing.assert_allclose(np.linalg.norm(common, axis=0), 1)
    assert common.min() >= 0
    assert correlate(common, nets[0][:, :1])[:, 0].argmax() == 0


def test_the_seed_decides_all_bits_and_hardly_anything_else(nets):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    common = common_memberships(nets, N_PLANTED)
    np.testing.assert_array_equal(common_memberships(nets, N_PLANTED, random_state=0), common)
    other = common_memberships(nets, N_PLANTED, random_state=1)
    np.testing.assert_allclose(other, common, atol=0.01)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_there_are_no_more_communities_than_rois():
    assert common_memberships([np.eye(5)] * 2).shape == (5, 5)


def test_dead_communities_say_nothing(nets):
    with_dead = [np.insert(net, 3, 0, axis=1) for net in nets]
    common = common_memberships(nets, N_PLANTED)
    np.testing.assert_allclose(common_memberships(with_dead, N_PLANTED), common, atol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not common_memberships([np.zeros((6, 3))] * 2, 2).any()


def test_influence_goes_with_its_communities(rng):
    planted = np.kron(np.eye(4), np.ones((3, 1)))
    influence = np.array([[1.0, 2, 3, 4], [3, 2, 1, 0]])
    orders = [rng.permutation(4) for _ in influence]
    nets = [planted[:, order] * rng.uniform(1, 5, 4) for order in orders]
    own = [values[order] for values, order in zip(influence, orders, strict=True)]
    np.testing.assert_allclose(common_influence(planted, nets, own), influence.mean(axis=0))
    np.testing.assert_allclose(common_influence(7 * planted, nets, own), influence.mean(axis=0))


def test_influences_of_one_common_community_add_up():
    planted = np.kron(np.eye(2), np.ones((3, 1)))
    net = planted[:, [0, 0, 1]]
    np.testing.assert_allclose(common_influence(planted, [net], [[1, 5, 2]]), [6, 2])
    mixed = planted @ [[3], [4]]
    np.testing.assert_allclose(common_influence(planted, [mixed], [[10]]), [6, 8])


WRONG = {
    "no net": ([], "no memberships"),
    "other ROIs": ([np.eye(3), np.eye(4)], r"memberships\[1\] has 4 ROIs and .* has 3"),
    "negative": ([np.eye(3), -np.eye(3)], r"memberships\[1\] must not be negative, but has -1"),
    "no matrix": (
        [np.ones(3)],
        r"memberships\[0\] must have the shape .*, got \(3,\)",
    ),
    "one matrix, not in a list": (np.eye(3), r"memberships\[0\] must have the shape"),
    "nothing": (None, "no memberships"),
    "beyond what can be squared": ([1e300 * np.eye(3)], r"memberships\[0\] holds 1e\+300"),
    "not finite": ([np.full((3, 2), np.nan)], r"memberships\[0\] contains NaN"),
}


@pytest.mark.parametrize("nets, match", WRONG.values(), ids=WRONG)
def test_wrong_memberships_are_refused(nets, match):
    with pytest.raises(ValueError, match=match):
        common_memberships(nets)
    with pytest.raises(ValueError, match=match):
        common_influence(np.eye(3), nets, [np.ones(3)] * (0 if nets is None else len(nets)))


@pytest.mark.parametrize("number", [0, 2.5])
def test_wrong_numbers_of_communities_are_refused(number):
    with pytest.raises((TypeError, ValueError), match="n_communities"):
        common_memberships([np.eye(3)], number)


@pytest.mark.parametrize("influences", [[], [np.ones(2)], [np.ones(3)] * 2])
def test_influences_belong_to_their_communities(influences):
    with pytest.raises(ValueError, match=r"an influence for each of the nets' \[3\]"):
        common_influence(np.eye(3), [np.eye(3)], influences)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_influences_that_are_not_finite_are_named(value):
    with pytest.raises(ValueError, match=r"influences\[1\] contains (NaN|infinity)"):
        common_influence(np.eye(3), [np.eye(3)] * 2, [np.ones(3), [1, value, 3]])


def test_influence_is_for_the_same_rois():
    with pytest.raises(ValueError, match=r"memberships\[0\] has 3 ROIs and common has 4"):
        common_influence(np.eye(4), [np.eye(3)], [np.ones(3)])


def test_shares_of_a_community_add_up_to_what_is_explained(nets):
    common = common_memberships(nets, N_PLANTED)
    shares = common_shares(common, nets)
    assert [share.shape for share in shares] == [(N_PLANTED, 14)] * 8
    for share, net in zip(shares, nets, strict=True):
        unit = net / np.linalg.norm(net, axis=0)
        left = np.array([nnls(common, column)[1] for column in unit.T])
        assert share.min() >= 0
        np.testing.assert_allclose(share.sum(axis=0), 1 - left**2, atol=1e-9)


def test_a_community_that_nets_share_is_explained_whole(rng):
    apart = np.eye(4).repeat(3, axis=0) * rng.uniform(1, 2, (12, 1))
    shares = common_shares(apart, [apart[:, ::-1] * 3, np.zeros((12, 2))])
    np.testing.assert_allclose(shares[0], np.eye(4)[:, ::-1], atol=1e-12)
    assert not shares[1].any()
