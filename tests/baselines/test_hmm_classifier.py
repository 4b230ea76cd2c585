import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg import FCSVM, ScanCleaner
from sklearn_lstmdg.baselines._gaussian_hmm import GaussianHMM, fit_hmms, sequence_log_likelihoods
from sklearn_lstmdg.baselines._hmm_classifier import ROIHMMClassifier, _features
from sklearn_lstmdg.scans._validation import check_sequences

from _hmms import log_space_likelihood, simulate

SMALL = {"n_states": (1, 2), "max_iter": 5, "Cs": (1e-3, 1e-1), "cv": 3, "random_state": 0}


@pytest.fixture(scope="module")
def cohort():
    """Scans of 5 ROIs, the third of which keeps its state longer in class "b"."""
    rng = np.random.default_rng(0)
    y = np.array(["a", "b"])[np.arange(30) % 2]
    X = rng.standard_normal((30, 80, 5))
    for row, stay in enumerate(np.where(y == "b", 0.8, 0.0)):
        X[row, :, 2] = simulate(rng, 1, 80, [-1.5, 1.5], stay)[0]
    return X, y


def test_features_are_likelihoods_per_point_and_patterns_their_covariance(cohort):
    X, y = cohort
    model = ROIHMMClassifier(**SMALL).fit(X, y)
    assert model.n_states_[2] == 2
    fields = (model.start_probabilities_, model.transitions_, model.means_, model.variances_)
    hmms = [GaussianHMM(*(f[roi][None] for f in fields)) for roi in range(5)]
    features = [[log_space_likelihood(x[:, r], hmms[r], 0) / 80 for r in range(5)] for x in X]
    z = StandardScaler().fit_transform(features)
    margins = z @ model.coef_[0] + model.intercept_
    np.testing.assert_allclose(model.decision_function(X), margins, atol=1e-6)
    np.testing.assert_allclose(model.patterns_, np.cov(z.T) @ model.coef_[0], atol=1e-8)
    assert np.abs(model.patterns_).argmax() == 2
    svm = FCSVM(SMALL["Cs"], cv=3, max_iter=10_000, random_state=0).fit(z, y)
    assert model.cv_results_.keys() == svm.cv_results_.keys()
    assert model.C_ in SMALL["Cs"]
    assert (model.predict(X) == y).mean() > 0.8


@pytest.mark.parametrize("per_class", [False, True])
def test_predicts_unseen_subjects(cohort, per_class):
    X, y = cohort
    model = ROIHMMClassifier(**SMALL, per_class=per_class)
    assert cross_val_score(model, X, y, cv=StratifiedKFold(3)).mean() > 0.8


def test_models_of_classes_give_likelihood_ratios(cohort):
    X, y = cohort
    model = ROIHMMClassifier(**SMALL, per_class=True).fit(X, y)
    assert model.n_states_.shape == model.n_iter_.shape == (2, 5)
    sequences = check_sequences(X)
    told = model._scaler.inverse_transform(model._scaled_features(X))
    for k, label in enumerate("ab"):
        rng = np.random.RandomState(np.random.RandomState(0).randint(np.iinfo(np.int32).max))
        models, _ = fit_hmms(check_sequences(X[y == label]), (1, 2), max_iter=5, rng=rng)
        np.testing.assert_array_equal(models[2].means[0], model.means_[k][2])
        sign = 1 if label == "b" else -1
        told = told - sign * sequence_log_likelihoods(sequences, models) / 80
    np.testing.assert_allclose(told, 0, atol=1e-9)


def test_models_of_classes_learn_nothing_from_noise_that_they_have_seen():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((24, 12, 30)), np.arange(24) % 2
    model = ROIHMMClassifier((3,), per_class=True, Cs=(0.1, 1.0), random_state=0).fit(X, y)
    assert model.cv_results_["mean_test_score"].max() < 0.81
    seen = model._scaled_features(X)
    svm = FCSVM((0.1, 1.0), max_iter=10_000, random_state=0).fit(seen, y)
    assert svm.cv_results_["mean_test_score"].max() > 0.95


def test_search_keeps_groups_together(cohort):
    X, _ = cohort
    groups = np.repeat(np.arange(15), 2)
    labels = np.repeat(np.arange(15) % 2, 2)
    seen = []

    class Folds(StratifiedKFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            return super().split(X, y)

    ROIHMMClassifier(**SMALL).set_params(cv=Folds(3)).fit(X, labels, groups=groups)
    np.testing.assert_array_equal(seen[0], groups)
    small = ROIHMMClassifier(**SMALL).fit(X, labels, groups=np.repeat([0, 1], 15))
    assert "split2_test_score" not in small.cv_results_


def test_bags_are_subjects(cohort):
    X, y = cohort
    halves = X.reshape(30, 2, 40, 5)
    model = ROIHMMClassifier(**SMALL).fit(halves, y)
    windows = _features(check_sequences(halves.reshape(60, 40, 5)), model._models)
    told = _features(check_sequences(halves), model._models)
    np.testing.assert_allclose(told, windows.reshape(30, 2, 5).mean(axis=1), atol=1e-10)
    ragged = [bag[: 1 + row % 2] for row, bag in enumerate(halves)]
    assert ROIHMMClassifier(**SMALL).fit(ragged, y).predict_proba(ragged).shape == (30, 2)


def test_multiclass(cohort):
    X, _ = cohort
    y = np.arange(30) % 3
    for per_class, n_features in ((False, 5), (True, 10)):
        model = ROIHMMClassifier(**SMALL, per_class=per_class).fit(X, y)
        assert model.coef_.shape == model.patterns_.shape == (3, n_features)
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_only_transductive_models_see_rows_without_labels(cohort):
    X, y = cohort
    train, test = X[:20], 3 * X[20:]
    model = ROIHMMClassifier(**SMALL, transductive=True).fit(train, y[:20], X_unlabeled=test)
    both = ROIHMMClassifier(**SMALL).fit(np.concatenate([train, test]), y)
    np.testing.assert_allclose(model.means_[2], both.means_[2])
    plain = ROIHMMClassifier(**SMALL).fit(train, y[:20])
    assert not np.allclose(model.means_[2], plain.means_[2])
    with pytest.raises(ValueError, match="go together"):
        ROIHMMClassifier(**SMALL).fit(train, y[:20], X_unlabeled=test)
    with pytest.raises(ValueError, match="go together"):
        ROIHMMClassifier(**SMALL, transductive=True).fit(train, y[:20])
    model = ROIHMMClassifier(**SMALL, transductive=True)
    with pytest.raises(ValueError, match="X_unlabeled is of another form than X"):
        model.fit(train, y[:20], X_unlabeled=test[0])
    test[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"X_unlabeled: .*NaN: row 1, time point 2, ROI 3"):
        model.fit(train, y[:20], X_unlabeled=test)
    with pytest.raises(ValueError, match="per_class=False"):
        both.set_params(transductive=True, per_class=True).fit(train, y[:20], X_unlabeled=test)


def test_scans_without_labels_are_cut_as_bags_are(cohort):
    X, y = cohort
    bags, rest = X[:20].reshape(20, 4, 20, 5), X[20:]
    model = ROIHMMClassifier(**SMALL, transductive=True)
    told = clone(model).fit(bags, y[:20], X_unlabeled=rest).decision_function(bags)
    cut = clone(model).fit(bags, y[:20], X_unlabeled=rest.reshape(10, 4, 20, 5))
    np.testing.assert_allclose(told, cut.decision_function(bags))


def test_constant_rois_warn_once_and_count_for_nothing(cohort):
    X, y = cohort
    X = X.copy()
    X[:, :, [0, 4]] = 1e4, 0
    X[3, :, 1] = 0
    with pytest.warns(UserWarning, match="61 ROI series are constant") as caught:
        model = ROIHMMClassifier(**SMALL).fit(X, y)
    assert len(caught) == 1
    np.testing.assert_allclose(model.patterns_[[0, 4]], 0, atol=1e-12)
    X[:, :, 0] += np.random.default_rng(0).standard_normal((30, 80))
    assert np.isfinite(model.decision_function(X)).all()


def test_same_seed_same_bits(cohort):
    X, y = cohort
    model = ROIHMMClassifier(**SMALL)
    wanted = clone(model).fit(X, y).decision_function(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).decision_function(X), wanted)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(other.decision_function(X), wanted)


def test_in_a_pipeline(cohort):
    X, y = cohort
    model = make_pipeline(ScanCleaner(), ROIHMMClassifier(**SMALL))
    assert cross_val_score(model, list(X), y, cv=3, scoring="roc_auc").mean() > 0.8


def test_errors_name_what_is_wrong(cohort):
    X, y = cohort
    for n_states in ([], [0, 1], [1.5], [True], np.array(2), ["a"], [None]):
        with pytest.raises(ValueError, match="n_states must be whole numbers"):
            ROIHMMClassifier(n_states).fit(X, y)
    with pytest.raises(NotFittedError):
        _ = ROIHMMClassifier().means_
