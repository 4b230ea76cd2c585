import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.communities import community_redundancy, effective_communities, two_means
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import _community_robustness
from sklearn_lstmdg.evaluation._community_robustness import (
    community_recovery,
    community_robustness,
    measure_communities,
    summarize_robustness,
)

MEASURES = ["correlation", "dice", "matched_correlation", "matched_dice"]


@pytest.fixture
def memberships():
    rng = np.random.default_rng(0)
    common = rng.gamma(0.4, size=(40, 6))
    return [common[:, rng.permutation(6)] + rng.gamma(0.4, size=(40, 6)) / 4 for _ in range(4)]


def as_in_the_paper(first, second):
    """Loop over communities as section 3.2 says."""
    members, others = two_means(first), two_means(second)
    correlations, overlaps = [], []
    for k in range(first.shape[1]):
        pairs = range(second.shape[1])
        correlations.append(max(np.corrcoef(first[:, k], second[:, j])[0, 1] for j in pairs))
        shared = [2 * (members[:, k] & others[:, j]).sum() for j in pairs]
        sizes = [members[:, k].sum() + others[:, j].sum() for j in pairs]
        overlaps.append(max(np.divide(shared, sizes)))
    return np.mean(correlations), np.mean(overlaps)


def test_fold_one_against_the_others_is_the_papers(memberships):
    table = community_robustness(memberships, n_permutations=2)
    rows = table[table["fold"] == 0]
    assert rows["other"].tolist() == [1, 2, 3]
    for other, correlation, overlap in rows[["other", "correlation", "dice"]].to_numpy():
        wanted = as_in_the_paper(memberships[0], memberships[int(other)])
        np.testing.assert_allclose([correlation, overlap], wanted)


def test_every_pair_once_with_the_reference_first(memberships):
    table = community_robustness(memberships, reference=2, n_permutations=2)
    pairs = list(zip(table["fold"], table["other"], strict=True))
    assert pairs == [(2, 0), (2, 1), (2, 3), (0, 1), (0, 3), (1, 3)]
    wanted = as_in_the_paper(memberships[2], memberships[0])
    np.testing.assert_allclose(table.loc[0, ["correlation", "dice"]].tolist(), wanted)


def test_one_community_found_many_times_is_no_one_to_one_match():
    base = np.random.default_rng(0).gamma(0.4, size=(40, 4))
    copies = base[:, [0, 0, 0, 0]]
    table = community_robustness([copies, base], n_permutations=2)
    assert table.loc[0, "correlation"] == pytest.approx(1)
    assert table.loc[0, "dice"] == pytest.approx(1)
    assert table.loc[0, "matched_correlation"] < 0.6


def test_null_and_z_by_hand(memberships):
    table = community_robustness(memberships[:2], n_permutations=30, random_state=5)
    rng = np.random.RandomState(5)
    orders = [rng.permutation(40) for _ in range(30)]
    null = np.array([as_in_the_paper(memberships[0], memberships[1][order]) for order in orders])
    for column, name in enumerate(["correlation", "dice"]):
        chance = null[:, column]
        assert table.loc[0, f"{name}_null"] == pytest.approx(chance.mean())
        z = (table.loc[0, name] - chance.mean()) / chance.std(ddof=1)
        assert table.loc[0, f"{name}_z"] == pytest.approx(z)


def test_z_tells_shared_communities_from_none(memberships):
    rng = np.random.default_rng(1)
    unrelated = [rng.gamma(0.4, size=(40, 6)) for _ in range(10)]
    shared = community_robustness(memberships, random_state=0)
    apart = community_robustness(unrelated, random_state=0)
    for name in MEASURES:
        assert shared[f"{name}_z"].min() > 5
        assert abs(apart[f"{name}_z"].mean()) < 0.6
        assert apart[f"{name}_null"].min() > 0.1


def test_dead_communities_count_zero(memberships):
    alive = community_robustness(memberships[:2], n_permutations=2)
    dead = memberships[0].copy()
    dead[:, [1, 4]] = 0
    table = community_robustness([dead, memberships[1]], n_permutations=2)
    assert table.loc[0, ["dead", "other_dead"]].tolist() == [2, 0]
    assert alive.loc[0, ["dead", "other_dead"]].tolist() == [0, 0]
    wanted = as_in_the_paper(np.delete(dead, [1, 4], axis=1), memberships[1])
    np.testing.assert_allclose(
        table.loc[0, ["correlation", "dice"]].tolist(), np.array(wanted) * 4 / 6
    )
    nothing = community_robustness([np.zeros((40, 3)), memberships[0]], n_permutations=2)
    assert nothing.loc[0, MEASURES].tolist() == [0, 0, 0, 0]
    assert nothing.loc[0, [f"{name}_z" for name in MEASURES]].isna().all()


def test_seed_decides_and_more_folds_change_no_pair(memberships):
    table = community_robustness(memberships, n_permutations=5, random_state=3)
    again = community_robustness(memberships[:2], n_permutations=5, random_state=3)
    assert table.iloc[[0]].equals(again)
    other = community_robustness(memberships[:2], n_permutations=5, random_state=4)
    assert other.loc[0, "dice_null"] != again.loc[0, "dice_null"]


def test_errors_name_the_fold(memberships):
    bad = memberships[1].copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"memberships\[1\].*NaN"):
        community_robustness([memberships[0], bad])
    with pytest.raises(ValueError, match=r"memberships\[2\] has 39 ROIs.* 40"):
        community_robustness([*memberships[:2], memberships[2][:39]])
    with pytest.raises(ValueError, match=r"memberships\[1\]"):
        community_robustness([memberships[0], None])
    with pytest.raises(ValueError, match="at least 2 folds"):
        community_robustness(memberships[:1])
    with pytest.raises(ValueError, match="reference"):
        community_robustness(memberships, reference=4)
    with pytest.raises(ValueError, match="n_permutations"):
        community_robustness(memberships, n_permutations=1)


def test_members_are_looked_for_once_a_fold_whatever_is_permuted(monkeypatch):
    """By pair and permutation, ten folds of 50 communities would take minutes."""
    looked = []
    find = _community_robustness.two_means
    monkeypatch.setattr(
        _community_robustness, "two_means", lambda found: looked.append(found.shape) or find(found)
    )
    rng = np.random.default_rng(0)
    folds = [rng.gamma(0.4, size=(116, 50)) for _ in range(10)]
    assert len(community_robustness(folds, n_permutations=20, random_state=0)) == 45
    assert looked == [(116, 50)] * 10


def test_planted_communities_are_recovered():
    cohort = make_scans(n_subjects=2, n_rois=40, n_communities=5, random_state=0)
    noise = np.random.default_rng(0).uniform(size=(40, 7)) * 0.1
    found = np.hstack([cohort.membership[:, ::-1], np.zeros((40, 2))]) + noise
    for truth in (cohort.membership, cohort.communities):
        recovery = community_recovery(found, truth, random_state=0)
        for name in MEASURES:
            assert recovery[name] > 0.8
            adjusted = (recovery[name] - recovery[f"{name}_null"]) / (1 - recovery[f"{name}_null"])
            assert recovery[f"{name}_adjusted"] == pytest.approx(adjusted)
            assert adjusted > 0.7
            assert recovery[f"{name}_z"] > 5
        assert recovery["dead"] == 0


def test_recovery_by_chance_is_adjusted_to_zero():
    cohort = make_scans(n_subjects=2, n_rois=40, n_communities=5, random_state=0)
    rng = np.random.default_rng(0)
    told = [
        community_recovery(rng.gamma(0.4, size=(40, 50)), cohort.communities, 30, random_state=0)
        for _ in range(20)
    ]
    for name in MEASURES:
        assert np.mean([recovery[name] for recovery in told]) > 0.3
        assert abs(np.mean([recovery[f"{name}_adjusted"] for recovery in told])) < 0.03


def test_who_is_weakly_planted_is_planted_and_who_is_weakly_found_is_not():
    """True members have a positive weight; those of a model are found by 2-means."""
    members = np.eye(3, dtype=bool).repeat(8, axis=0)
    graded = members * np.tile([1.0, 1, 1, 1, 0.1, 0.1, 0.1, 0.1], 3)[:, None]
    assert community_recovery(members * 1.0, graded, random_state=0)["dice"] == 1
    assert community_recovery(members + 0.1, members, random_state=0)["dice"] == 1
    strong_alone = community_recovery(graded, members, random_state=0)["dice"]
    assert strong_alone == pytest.approx(2 * 4 / (4 + 8))


def test_planted_communities_that_are_missed_count_zero():
    truth = np.eye(4, dtype=bool).repeat(5, axis=0)
    recovery = community_recovery(truth[:, :2].astype(float), truth, random_state=0)
    assert recovery["matched_dice"] == pytest.approx(0.5)
    assert recovery["matched_correlation"] == pytest.approx(0.5)
    none = community_recovery(np.ones((20, 3)), truth, random_state=0)
    assert [none[name] for name in MEASURES] == [0, 0, 0, 0]
    assert none["dead"] == 3


def test_recovery_errors():
    truth = np.eye(4).repeat(5, axis=0)
    with pytest.raises(ValueError, match="membership has 19 ROIs and truth has 20"):
        community_recovery(truth[:19], truth)
    with pytest.raises(ValueError, match="Planted community 1"):
        community_recovery(truth, truth * [1, 0, 1, 1])
    with pytest.raises(ValueError, match="truth must be"):
        community_recovery(truth, truth[:, 0])


def test_folds_of_a_comparison_keep_their_numbers(memberships):
    folds = {
        ("m", site, repeat, number): Bunch(membership=m, influence=np.arange(6.0))
        for site in ("B", "A")
        for repeat in (0, 1)
        for number, m in zip((2, 5, 7), memberships, strict=False)
    }
    folds["m", "A", 1, 5].membership = np.eye(40, 6)
    folds["m", "A", 1, 5].membership[:, 5] = 0
    folds["m", "A", 1, 5].influence = None
    communities, robustness = measure_communities(folds, 3, random_state=1)
    expected = community_robustness(memberships[:3], n_permutations=3, random_state=1)
    first = robustness[(robustness["site"] == "B") & (robustness["repeat"] == 1)]
    assert first[["fold", "other"]].to_numpy().tolist() == [[2, 5], [2, 7], [5, 7]]
    np.testing.assert_array_equal(first[MEASURES], expected[MEASURES])
    assert robustness["site"].tolist() == ["B"] * 6 + ["A"] * 6
    odd = communities.query("site == 'A' and repeat == 1 and fold == 5")
    assert odd["dead"].tolist() == [False] * 5 + [True] and odd["influence"].isna().all()
    assert len(communities) == 12 * 6 and odd["community"].tolist() == list(range(6))
    with pytest.raises(ValueError, match="only one of m, C, 0"):
        measure_communities({("m", "C", 0, 0): folds["m", "A", 0, 2]})


def test_the_summary_is_of_the_pairs_with_the_reference(memberships):
    folds = {
        (method, "S", repeat, number): Bunch(membership=m, influence=None)
        for method in ("b", "a")
        for repeat in (0, 1)
        for number, m in enumerate(memberships)
    }
    folds["a", "S", 0, 0] = Bunch(membership=np.zeros((40, 2)), influence=None)
    communities, robustness = measure_communities(folds, 5, random_state=0)
    robustness.loc[robustness["fold"] != 0, ["dice_null", "dice_z"]] = 99
    summary = summarize_robustness(communities, robustness)
    assert summary["method"].tolist() == ["b", "a"]
    for name in MEASURES:
        mine = robustness[robustness["method"] == "b"]
        pairs = mine[mine["fold"] == 0]
        row = summary.iloc[0]
        told = [row[f"{name}{end}"] for end in ("", "_sd", "_null", "_z", "_all")]
        means = [pairs[f"{name}{end}"].mean() for end in ("", "_null", "_z")]
        expected = [means[0], pairs[name].std(), *means[1:], mine[name].mean()]
        np.testing.assert_allclose(told, expected)
    assert summary["dead"].tolist() == [0, 2 / 44]
    sizes = np.concatenate([two_means(m).sum(axis=0) for m in memberships])
    assert summary["size"][0] == sizes.mean()
    redundancy = np.mean([community_redundancy(m) for m in memberships])
    assert summary["redundancy"][0] == pytest.approx(redundancy)
    numbers = [effective_communities(m) for m in memberships]
    assert summary["n_effective"][0] == pytest.approx(np.mean(numbers))


def test_repeated_communities_are_robust_but_redundant(memberships):
    folds = [m[:, [0, 0, 0, 1, 1, 1]] for m in memberships]
    folds = {
        (method, "S", 0, number): Bunch(membership=m, influence=None)
        for method, mine in (("apart", memberships), ("repeated", folds))
        for number, m in enumerate(mine)
    }
    summary = summarize_robustness(*measure_communities(folds, 2)).set_index("method")
    assert summary.loc["repeated", "redundancy"] == pytest.approx(1)
    assert summary.loc["repeated", "n_effective"] < 2.1 < 4 < summary.loc["apart", "n_effective"]
