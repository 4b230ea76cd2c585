import numpy as np
import pytest

from sklearn_lstmdg.communities import community_redundancy, effective_communities

# Once centred, the columns are orthogonal.
ORTHOGONAL = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)


@pytest.fixture
def membership():
    return np.random.default_rng(0).gamma(0.4, size=(30, 7))


def test_redundancy_is_the_largest_correlation_with_another_column(membership):
    among = np.corrcoef(membership.T)
    wanted = [max(among[k, j] for j in range(7) if j != k) for k in range(7)]
    np.testing.assert_allclose(community_redundancy(membership), wanted)


def test_effective_number_is_the_participation_ratio_of_the_spectrum(membership):
    spectrum = np.linalg.eigvalsh(np.corrcoef(membership.T))
    wanted = spectrum.sum() ** 2 / np.square(spectrum).sum()
    assert effective_communities(membership) == pytest.approx(wanted)


def test_equal_columns_are_one_community(membership):
    copies = membership[:, [0] * 5] * [1, 2, 3, 0.1, 7]
    np.testing.assert_allclose(community_redundancy(copies), 1)
    assert effective_communities(copies) == pytest.approx(1)


def test_orthogonal_columns_are_all_different():
    np.testing.assert_allclose(community_redundancy(ORTHOGONAL), 0, atol=1e-12)
    assert effective_communities(ORTHOGONAL) == pytest.approx(3)


def test_opposite_columns_are_not_alike_but_one_dimension():
    opposite = np.array([[1.0, 0], [0, 1], [1, 0]])
    np.testing.assert_allclose(community_redundancy(opposite), -1)
    assert effective_communities(opposite) == pytest.approx(1)


def test_constant_columns_neither_count_nor_match(membership):
    dead = np.insert(membership, [0, 3], [0.0, 0.7], axis=1)
    alive = [1, 2, 3, 5, 6, 7, 8]
    told = community_redundancy(dead)
    np.testing.assert_allclose(told[alive], community_redundancy(membership))
    assert np.flatnonzero(np.isnan(told)).tolist() == [0, 4]
    assert effective_communities(dead) == pytest.approx(effective_communities(membership))


def test_one_community_or_none_has_nothing_to_repeat():
    one = np.array([[1.0, 0], [2, 0], [4, 0]])
    for columns, number in ((one, 1), (one[:, :1], 1), (one[:, 1:], 0)):
        assert np.isnan(community_redundancy(columns)).all()
        assert effective_communities(columns) == pytest.approx(number)


def test_chance_is_as_the_notes_say():
    chance = np.random.default_rng(1).gamma(0.4, size=(116, 50))
    assert community_redundancy(chance).mean() == pytest.approx(0.2, abs=0.05)
    assert effective_communities(chance) == pytest.approx(35, abs=2)


@pytest.mark.parametrize("measure", [community_redundancy, effective_communities])
@pytest.mark.parametrize("wrong", [np.ones(3), [[1.0, np.nan], [0, 1]], np.ones((2, 0))])
def test_what_is_no_finite_matrix_is_refused(measure, wrong):
    with pytest.raises(ValueError, match=r"membership|2D array|feature"):
        measure(wrong)
