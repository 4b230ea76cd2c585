"""Folds over subjects: groups whole, classes and sites dealt evenly."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import compare_models, make_seed
from sklearn_lstmdg.evaluation._folds import make_folds

from _fold_checks import N_ROWS, assert_no_leak, rows_of
from _stubs import Recorder

pandas = pytest.importorskip("pandas")


def test_folds_are_stratified(cohort, seen):
    X, y = cohort
    compare_models({"a": Recorder("a")}, X, y, n_folds=5, random_state=0)
    for call in seen["a"]:
        assert np.sum(y[rows_of(call["predict"])]) == 3


def test_groups_stay_together_and_reach_fit(cohort, seen):
    X, y = cohort
    groups = np.array([f"family{i // 3}" for i in range(N_ROWS)], dtype=object)
    comparison = compare_models({"a": Recorder("a")}, X, y, groups, n_folds=4, random_state=0)
    assert_no_leak(seen["a"], 4, groups)
    for call in seen["a"]:
        expected = np.unique(groups[rows_of(call["fit"])].astype(str), return_inverse=True)[1]
        got = np.unique(call["groups"], return_inverse=True)[1]
        np.testing.assert_array_equal(got, expected)
    assert set(comparison.predictions["subject"]) == set(groups)


def test_sites_are_split_on_their_own(cohort, seen):
    X, y = cohort
    sites = np.where(np.arange(N_ROWS) < 18, "A", "B")
    comparison = compare_models({"a": Recorder("a")}, X, y, sites=sites, n_folds=3, random_state=0)
    for call in seen["a"]:
        rows = rows_of(call["fit"]) + rows_of(call["predict"])
        assert len(set(sites[rows])) == 1
    assert comparison.summary()["n_subjects"].tolist() == [18, 12]


def test_leave_one_site_out_tests_a_site_by_the_others(cohort, seen, three_sites):
    X, y = cohort
    options = {"sites": three_sites, "n_folds": 5, "random_state": 0}
    comparison = compare_models(
        {"a": Recorder("a")}, X, y, scheme="leave-one-site-out", n_repeats=2, **options
    )
    assert list(comparison.folds["site"]) == ["A", "B", "C"] * 2
    assert set(comparison.folds["fold"]) == {0}
    validating = []
    for call, site in zip(seen["a"], "ABCABC", strict=True):
        tested, rows = rows_of(call["predict"]), np.array(rows_of(call["fit"]))
        assert tested == np.flatnonzero(three_sites == site).tolist()
        assert sorted(tested + rows.tolist()) == list(range(N_ROWS))
        validating.append(rows[call["validation"]])
        for other in set("ABC") - {site}:
            n_other = np.sum(three_sites == other)
            assert abs(np.sum(three_sites[validating[-1]] == other) - n_other / 5) <= 1
        assert abs(np.sum(y[validating[-1]]) - len(validating[-1]) / 2) <= 1
        assert abs(len(validating[-1]) - len(rows) / 5) < 1
    assert validating[0].tolist() != validating[3].tolist(), (
        "repeats have validation rows of their own"
    )
    again = compare_models({"a": Recorder("b")}, X, y, scheme="leave-one-site-out", **options)
    assert again.fold("a", "B").validation.tolist() == validating[1].tolist()
    assert comparison.summary()["n_subjects"].tolist() == [15, 9, 6]


def test_groups_at_the_tested_site_do_not_train_elsewhere(cohort, seen, three_sites):
    X, y = cohort
    groups = np.arange(N_ROWS)
    groups[[0, 1, 4]] = 99  # one subject, at the sites A, B and C
    scheme = "leave-one-site-out"
    compare_models(
        {"a": Recorder("a")}, X, y, groups, three_sites, n_folds=3, random_state=0, scheme=scheme
    )
    for call in seen["a"]:
        fit, tested = rows_of(call["fit"]), rows_of(call["predict"])
        assert not set(groups[fit]) & set(groups[tested])
        assert len(fit) + len(tested) == N_ROWS - 2


@pytest.mark.parametrize("n_families", [30, 12])
def test_pooled_folds_are_stratified_by_class_and_site(cohort, seen, three_sites, n_families):
    X, y = cohort
    groups = np.arange(N_ROWS) % n_families
    comparison = compare_models(
        {"a": Recorder("a")},
        *(X, y, groups, three_sites),
        n_folds=3,
        random_state=0,
        scheme="pooled",
    )
    assert_no_leak(seen["a"], 3, groups)
    if n_families == N_ROWS:
        for call in seen["a"]:
            tested = rows_of(call["predict"])
            for site in "ABC":
                mine = [row for row in tested if three_sites[row] == site]
                assert abs(len(mine) - np.sum(three_sites == site) / 3) < 2
                assert abs(np.sum(y[mine]) - np.sum(y[three_sites == site]) / 3) < 1
    assert set(comparison.folds["site"]) == {"pooled"} and len(comparison.folds) == 3
    rows = np.concatenate([comparison.fold("a", "pooled", fold=f).test for f in range(3)])
    assert comparison.predictions["subject_site"].tolist() == three_sites[rows].tolist()


def test_classes_too_small_for_the_folds_are_told_of():
    X, y = np.ones((9, 4)), np.arange(9) % 4
    with pytest.raises(ValueError, match="'all' has 3 subjects of its largest class, too few for"):
        compare_models({"a": Recorder("a")}, X, y, n_folds=5)


def folds_of(y, sites=None, groups=None, scheme="within-site", n_folds=3, n_repeats=1, entropy=0):
    n = len(y)
    groups = np.arange(n) if groups is None else np.asarray(groups)
    sites = np.full(n, "S") if sites is None else np.asarray(sites)
    return make_folds(np.asarray(y), groups, sites, n_folds, n_repeats, entropy, scheme)


SCHEMES = ["within-site", "leave-one-site-out", "pooled"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_folds_come_repeat_by_repeat_and_their_rows_ascend(scheme):
    y, sites = np.arange(48) // 4 % 2, np.tile(list("ABAC"), 12)
    folds = folds_of(y, sites, scheme=scheme, n_folds=4, n_repeats=2)
    places = [(fold.repeat, fold.fold) for fold in folds]
    assert places == sorted(places)
    of_one = [fold.site for fold in folds if (fold.repeat, fold.fold) == (0, 0)]
    assert of_one == (["pooled"] if scheme == "pooled" else ["A", "B", "C"])
    for fold in folds:
        for rows in (fold.train, fold.validation, fold.test, fold.rows):
            assert np.all(np.diff(rows) > 0)
        parts = [*fold.train, *fold.validation, *fold.test]
        assert fold.rows.tolist() == sorted(parts)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_repeats_and_entropies_split_otherwise(scheme):
    y, sites = np.arange(60) % 2, np.repeat(["A", "B"], 30)
    first, second = (
        [fold.validation.tolist() for fold in folds if fold.fold == 0]
        for folds in (
            folds_of(y, sites, scheme=scheme, n_repeats=2, entropy=entropy) for entropy in (0, 1)
        )
    )
    splits = [*first, *second]
    assert len({tuple(split) for split in splits}) == len(splits)


@pytest.mark.parametrize("scheme", SCHEMES[:2])
def test_sites_that_look_alike_are_split_otherwise(scheme):
    folds = folds_of(np.arange(60) % 2, np.repeat(["A", "B"], 30), scheme=scheme)
    at_a, at_b = (next(fold for fold in folds if fold.site == site) for site in "AB")
    assert (at_a.validation % 30).tolist() != (at_b.validation % 30).tolist()


def test_seeds_depend_on_the_run_and_on_the_names_and_their_types():
    told = [(0, "a", 1), (1, "a", 1), (0, "a", "1"), (0, "a", 2), (0, "b", 1), (0, 1, "a")]
    assert len({make_seed(*names) for names in told}) == len(told)
    assert make_seed(0, "a", 1) == make_seed(0, "a", 1)


def test_classes_are_dealt_evenly_over_many_small_sites():
    folds = folds_of(np.tile([0, 1, 1], 6), np.repeat(list("ABCDEF"), 3), scheme="pooled")
    for fold in folds:
        assert np.bincount(np.array([0, 1, 1])[fold.test % 3]).tolist() == [2, 4]


def test_one_part_of_the_other_sites_validates():
    for fold in folds_of(np.arange(60) % 2, np.repeat(["A", "B"], 30), scheme=SCHEMES[1]):
        assert len(fold.validation) == 10 and len(fold.train) == 20


def test_as_many_groups_and_subjects_of_a_class_as_folds_are_enough():
    pairs = np.repeat(np.arange(5), 2)
    folds = folds_of(np.tile([0, 1], 5), groups=pairs, n_folds=5)
    assert sorted(tuple(fold.test) for fold in folds) == [(i, i + 1) for i in range(0, 10, 2)]
