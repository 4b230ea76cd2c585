import numpy as np
import pytest

from sklearn_lstmdg.scans._splits import hold_out_groups


def held_out(codes, groups, fraction=0.2, seed=0):
    return hold_out_groups(codes, groups, fraction, np.random.RandomState(seed))


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_whole(seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(20), 7))
    codes = groups % 3
    mask = held_out(codes, groups, seed=seed)
    assert not np.intersect1d(groups[mask], groups[~mask]).size
    for code in range(3):
        assert 0 < len(np.unique(groups[mask & (codes == code)])) < 7


@pytest.mark.parametrize(("fraction", "shares"), [(0.1, (1, 3)), (0.4, (4, 12)), (0.01, (1, 1))])
def test_each_class_gives_its_share(fraction, shares):
    codes = np.repeat([0, 1], [10, 30])
    mask = held_out(codes, np.arange(40), fraction)
    assert tuple(np.bincount(codes[mask])) == shares


def test_one_group_of_each_class_is_left_to_train_on():
    codes = np.array([0, 0, 1, 1])
    mask = held_out(codes, np.arange(4), fraction=0.99)
    assert np.bincount(codes[~mask]).tolist() == [1, 1]


def test_the_choice_is_the_seeds():
    codes, groups = np.arange(40) % 2, np.arange(40)
    np.testing.assert_array_equal(held_out(codes, groups), held_out(codes, groups))
    assert (held_out(codes, groups) != held_out(codes, groups, seed=1)).any()


def test_a_class_of_one_group_leaves_no_validation():
    with pytest.warns(UserWarning, match="Class number 1 has fewer than 2 groups"):
        assert held_out(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 2, 3, 3])) is None


def test_one_group_is_an_error():
    with pytest.raises(ValueError, match="All rows belong to one group"):
        held_out(np.array([0, 1, 0]), np.zeros(3, dtype=int))
