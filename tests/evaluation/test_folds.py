"""Folds over subjects: groups whole, classes and sites dealt evenly."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation import compare_models

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
