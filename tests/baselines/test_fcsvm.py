import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sklearn_lstmdg import FCSVM, SubsequenceAugmenter
from sklearn_lstmdg.baselines._linear_svm import search_folds

CS = (1e-3, 1e-2, 1e-1)


def upper_triangle(scans):
    above = np.triu_indices(scans.shape[2], 1)
    return np.array([np.corrcoef(scan.T)[above] for scan in scans])


def test_processes_and_threads_change_no_bit():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((100, 20)), np.arange(100) % 2
    filters = list(warnings.filters)
    wanted = FCSVM(random_state=0).fit(X, y)
    side_by_side = FCSVM(random_state=0, n_jobs=100_000).fit(X, y)
    with joblib.parallel_config(backend="threading"):
        in_threads = FCSVM(random_state=0, n_jobs=4).fit(X, y)
    for svm in (side_by_side, in_threads):
        for name, values in wanted.cv_results_.items():
            np.testing.assert_array_equal(svm.cv_results_[name], values)
        np.testing.assert_array_equal(svm.coef_, wanted.coef_)
    assert warnings.filters == filters


def test_is_a_linear_svm_on_pearson_connectivity(cohort):
    told = FCSVM(Cs=[0.1], tol=1e-9, max_iter=100_000).fit(cohort.data, cohort.target)
    wanted = LinearSVC(C=0.1, dual=True, tol=1e-9, max_iter=100_000)
    features = upper_triangle(cohort.data)
    wanted.fit(features, cohort.target)
    np.testing.assert_allclose(told.coef_, wanted.coef_, atol=1e-4)
    np.testing.assert_allclose(
        told.decision_function(cohort.data), wanted.decision_function(features), atol=1e-4
    )
    np.testing.assert_array_equal(told.predict(cohort.data), wanted.predict(features))


def test_coefficients_as_a_matrix(cohort):
    svm = FCSVM(Cs=[0.1]).fit(cohort.data, cohort.target)
    matrix = svm.connectivity_coef_
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(matrix[np.triu_indices(10, 1)], svm.coef_[0])
    assert not matrix.diagonal().any()


def test_a_searched_fit_has_the_solution_of_the_features(cohort):
    options = {"tol": 1e-10, "max_iter": 100_000}
    told = FCSVM(Cs=CS, random_state=0, **options).fit(cohort.data, cohort.target)
    wanted = FCSVM(Cs=[told.C_], **options).fit(cohort.data, cohort.target)
    np.testing.assert_allclose(told.coef_, wanted.coef_, atol=1e-6)
    np.testing.assert_allclose(told.intercept_, wanted.intercept_, atol=1e-6)


def test_search_finds_the_best_c(cohort):
    svm = FCSVM(Cs=CS, random_state=0).fit(cohort.data, cohort.target)
    results = svm.cv_results_
    splits = np.array([results[f"split{k}_test_score"] for k in range(5)])
    np.testing.assert_array_equal(results["param_C"], CS)
    np.testing.assert_allclose(results["mean_test_score"], splits.mean(axis=0))
    np.testing.assert_allclose(results["std_test_score"], splits.std(axis=0))
    assert results.keys() == FCSVM(CS, cv=None).fit(cohort.data, cohort.target).cv_results_.keys()
    assert CS[results["mean_test_score"].argmax()] == svm.C_


class Folds(StratifiedKFold):
    """Remembers the groups it was handed, and which rows it split."""

    seen = None

    def split(self, X, y=None, groups=None):
        Folds.seen = groups
        return super().split(X, y)


def test_search_keeps_groups_and_bags_together(cohort):
    bags = SubsequenceAugmenter(30, 5, horizon=0).fit_transform(cohort.data)
    groups = np.repeat(np.arange(12), 2)
    y = np.repeat(np.arange(12) % 2, 2)
    svm = FCSVM(Cs=CS, cv=Folds(3)).fit(bags, y, groups=groups)
    np.testing.assert_array_equal(Folds.seen, groups)
    folds = search_folds(y, groups, 4, np.random.RandomState(0))
    assert len(folds) == 4
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
    assert len(svm.cv_results_["split0_test_score"]) == len(CS)


def test_search_scores_subjects_by_their_votes(cohort):
    bags = SubsequenceAugmenter(30, 1, horizon=0).fit_transform(cohort.data)
    train, test = np.arange(18), np.arange(18, 24)
    options = {"search_step": 1, "tol": 1e-8, "max_iter": 100_000}
    svm = FCSVM(Cs=CS, cv=[(train, test)], **options).fit(bags, cohort.target)
    for C, score in zip(CS, svm.cv_results_["split0_test_score"], strict=True):
        alone = FCSVM(Cs=[C], **options).fit(bags[train], cohort.target[train])
        assert alone.score(bags[test], cohort.target[test]) == pytest.approx(score)


def test_a_step_of_the_search_weighs_as_the_windows_that_it_leaves_out(cohort):
    bags = SubsequenceAugmenter(20, 10, horizon=0).fit_transform(cohort.data)
    y = np.random.default_rng(0).permutation(cohort.target)
    options = {"Cs": np.logspace(-3, 0.5, 8), "tol": 1e-6, "max_iter": 100_000, "random_state": 0}
    told = FCSVM(search_step=5, **options).fit(np.repeat(bags, 5, axis=1), y)
    wanted = FCSVM(search_step=1, **options).fit(np.repeat(bags, 5, axis=1), y)
    for name, values in wanted.cv_results_.items():
        np.testing.assert_array_equal(told.cv_results_[name], values)
    assert len(set(wanted.cv_results_["mean_test_score"])) > 3


def test_accuracy_is_weighted_by_the_classes(cohort):
    y = np.random.default_rng(0).permutation(cohort.target)
    train, test = np.arange(12), np.arange(12, 24)
    options = {"class_weight": {0: 1.0, 1: 3.0}, "random_state": 0}
    svm = FCSVM(CS, cv=[(train, test)], **options).fit(cohort.data, y)
    for C, score in zip(CS, svm.cv_results_["split0_test_score"], strict=True):
        alone = FCSVM([C], **options).fit(cohort.data[train], y[train])
        correct = alone.predict(cohort.data[test]) == y[test]
        assert 0 < correct.mean() < 1
        assert score == pytest.approx(np.average(correct, weights=np.where(y[test] == 1, 3, 1)))
        assert score != pytest.approx(correct.mean())


def test_bags_vote(cohort):
    bags = SubsequenceAugmenter(30, 3, horizon=0).fit_transform(cohort.data)
    svm = FCSVM(Cs=[0.01]).fit(bags, cohort.target)
    proba = svm.predict_proba(bags)
    for bag, p in zip(bags, proba, strict=True):
        margins = svm.decision_function(bag)
        assert p[1] == pytest.approx(np.mean(margins > 0))
    np.testing.assert_allclose(svm.decision_function(bags), proba[:, 1] - 0.5)


def test_folds_shrink_to_the_smallest_class(cohort):
    y = np.zeros(24, dtype=int)
    y[:3] = 1
    svm = FCSVM(Cs=CS).fit(cohort.data, y)
    assert "split2_test_score" in svm.cv_results_
    assert "split3_test_score" not in svm.cv_results_
    y[1:3] = 0
    svm = FCSVM(Cs=CS).fit(cohort.data, y)
    assert svm.cv_results_ == {}
    assert svm.C_ == 1e-2


def test_multiclass(cohort):
    y = np.arange(24) % 3
    svm = FCSVM(Cs=[0.1]).fit(cohort.data, y)
    assert svm.connectivity_coef_.shape == (3, 10, 10)
    proba = svm.predict_proba(cohort.data)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(
        proba.argmax(axis=1), svm.decision_function(cohort.data).argmax(axis=1)
    )


def test_constant_rois_warn_once_with_their_number(cohort):
    scans = cohort.data.copy()
    scans[3, :, 2] = 0
    scans[5, :, [0, 1]] = 1
    with pytest.warns(UserWarning, match="3 ROI series are constant") as caught:
        svm = FCSVM(Cs=[0.1]).fit(scans, cohort.target)
    assert len(caught) == 1
    assert np.isfinite(svm.coef_).all()


def test_capped_fits_warn_once_with_their_number(cohort):
    with pytest.warns(ConvergenceWarning, match="11 fits of the linear SVM stopped") as caught:
        FCSVM(Cs=[1.0, 10.0], max_iter=1, tol=1e-12).fit(cohort.data, cohort.target)
    assert len(caught) == 1
    with pytest.warns(ConvergenceWarning, match="1 fit of the linear SVM stopped"):
        FCSVM(Cs=[10.0], max_iter=1, tol=1e-12).fit(cohort.data, cohort.target)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_same_seed_same_bits(cohort, n_jobs):
    svm = FCSVM(Cs=CS, n_jobs=1, random_state=3)
    wanted = svm.fit(cohort.data, cohort.target)
    told = clone(svm).set_params(n_jobs=n_jobs).fit(cohort.data, cohort.target)
    np.testing.assert_array_equal(told.coef_, wanted.coef_)


def test_a_table_holds_ready_features(cohort):
    features = upper_triangle(cohort.data)
    svm = FCSVM(Cs=[0.1], tol=1e-9, max_iter=100_000).fit(features, cohort.target)
    scans = FCSVM(Cs=[0.1], tol=1e-9, max_iter=100_000).fit(cohort.data, cohort.target)
    np.testing.assert_allclose(svm.coef_, scans.coef_, atol=1e-4)
    with pytest.raises(AttributeError, match="table"):
        _ = svm.connectivity_coef_


def test_errors_name_what_is_wrong(cohort):
    with pytest.raises(ValueError, match=r"2 points or more; rows 1 have"):
        FCSVM().fit([np.ones((5, 2)), np.ones((1, 2))], [0, 1])
    svm = FCSVM(Cs=[0.1]).fit(cohort.data, cohort.target)
    with pytest.raises(ValueError, match="fit, which was scans"):
        svm.predict(np.ones((3, 10)))
    for X in (cohort.data[..., :1], cohort.data.reshape(24, 2, 30, 10)[..., :1]):
        with pytest.raises(ValueError, match="2 ROIs or more, and X has 1"):
            FCSVM().fit(X, cohort.target)


CANDIDATES = [[0.0, 1.0], [], ["a"], [np.inf], [True], [[1, 2]], np.array(3), [None], {}]
FOLDS = [[], ["a"], [1], [([0, 1], [99])], [([0, 1], [])], [([0, 1],)], np.array(3), b"x"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        *[({"Cs": Cs}, "Cs must be numbers above 0") for Cs in CANDIDATES],
        *[({"cv": cv}, "cv=.* gives no") for cv in FOLDS],
        ({"max_iter": 2**31}, "The 'max_iter' parameter"),
        ({"search_step": 2**70}, "'search_step' parameter of FCSVM must not be beyond 64 bits"),
        ({"class_weight": {0: True}}, "class_weight of 0 must be 0 or more, got True"),
    ],
)
def test_bad_parameters_are_named(cohort, parameters, message):
    with pytest.raises(ValueError, match=message):
        FCSVM(**{"Cs": CS} | parameters).fit(cohort.data, cohort.target)


def test_folds_may_be_masks(cohort):
    is_test = np.arange(24) < 6
    masks = FCSVM(CS, cv=[(~is_test, is_test)], random_state=0).fit(cohort.data, cohort.target)
    numbers = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]
    wanted = FCSVM(CS, cv=numbers, random_state=0).fit(cohort.data, cohort.target)
    for name, values in wanted.cv_results_.items():
        np.testing.assert_array_equal(masks.cv_results_[name], values)


def test_in_a_pipeline_with_grouped_folds(cohort):
    model = make_pipeline(SubsequenceAugmenter(30, 5, horizon=0), FCSVM(Cs=CS, random_state=0))
    scores = cross_val_score(
        model,
        cohort.data,
        cohort.target,
        cv=GroupKFold(4),
        groups=np.repeat(np.arange(8), 3),
        scoring="roc_auc",
    )
    assert len(scores) == 4
    assert scores.mean() > 0.6
