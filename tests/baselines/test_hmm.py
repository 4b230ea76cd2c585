from itertools import product

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg import FCSVM, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.baselines._gaussian_hmm import (
    GaussianHMM,
    _em_step,
    _lay_out,
    _maximise,
    _sort_states,
    _start,
    fit_hmms,
    n_parameters,
    sequence_log_likelihoods,
)
from sklearn_lstmdg.baselines._hmm_classifier import ROIHMMClassifier, _features
from sklearn_lstmdg.scans._validation import check_sequences

SMALL = {"n_states": (1, 2), "max_iter": 5, "Cs": (1e-3, 1e-1), "cv": 3, "random_state": 0}


def log_normal(x, mean, variance):
    return -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)


def random_models(rng, n_rois, n_states):
    return GaussianHMM(
        rng.dirichlet(np.ones(n_states), n_rois),
        rng.dirichlet(np.ones(n_states), (n_rois, n_states)),
        rng.standard_normal((n_rois, n_states)),
        rng.uniform(0.3, 2.0, (n_rois, n_states)),
    )


def as_list(models):
    return [models.take([roi]) for roi in range(len(models.means))]


def paths_of(x, model, roi):
    """Return every path of states and the log of its joint probability with x."""
    n_states = model.n_states
    paths = np.array(list(product(range(n_states), repeat=len(x))))
    log_p = np.log(model.start[roi])[paths[:, 0]]
    log_p = log_p + np.log(model.transitions[roi])[paths[:, :-1], paths[:, 1:]].sum(axis=1)
    means, variances = model.means[roi][paths], model.variances[roi][paths]
    return paths, log_p + log_normal(x, means, variances).sum(axis=1)


def step_over_paths(xs, model, roi):
    """One iteration of expectation-maximisation as sums over all paths of states."""
    n_states, total = model.n_states, 0.0
    start, moves = np.zeros(n_states), np.zeros((n_states, n_states))
    weights, values = [], np.concatenate(xs)
    for x in xs:
        paths, log_p = paths_of(x, model, roi)
        log_x = np.logaddexp.reduce(log_p)
        p, total = np.exp(log_p - log_x), total + log_x
        np.add.at(start, paths[:, 0], p)
        for t in range(len(x) - 1):
            np.add.at(moves, (paths[:, t], paths[:, t + 1]), p)
        weights.append(
            [[p[paths[:, t] == q].sum() for q in range(n_states)] for t in range(len(x))]
        )
    weights = np.concatenate(weights)
    means = weights.T @ values / weights.sum(axis=0)
    spread = (weights * (values[:, None] - means) ** 2).sum(axis=0) / weights.sum(axis=0)
    moves /= moves.sum(axis=1, keepdims=True)
    return GaussianHMM(start / len(xs), moves, means, spread), total


def log_space_likelihood(x, model, roi):
    """Forward recursion in logarithms, without any scaling."""
    log_alpha = np.log(model.start[roi]) + log_normal(x[0], model.means[roi], model.variances[roi])
    for point in x[1:]:
        moved = log_alpha[:, None] + np.log(model.transitions[roi])
        log_b = log_normal(point, model.means[roi], model.variances[roi])
        log_alpha = np.logaddexp.reduce(moved, axis=0) + log_b
    return np.logaddexp.reduce(log_alpha)


def lay_out(sequences):
    n_rois = sequences.n_rois
    return _lay_out(sequences, np.arange(n_rois), np.zeros(n_rois), np.ones(n_rois))


@pytest.mark.parametrize("n_states", [1, 2, 3])
def test_a_step_is_the_sum_over_all_paths(n_states):
    rng = np.random.default_rng(n_states)
    scans = [rng.standard_normal((n, 2)) for n in (4, 6, 1, 5, 6, 2)]
    models = random_models(rng, 2, n_states)
    told, log_likelihood = _em_step(lay_out(check_sequences(scans)), models)
    for roi in range(2):
        wanted, total = step_over_paths([scan[:, roi] for scan in scans], models, roi)
        assert log_likelihood[roi] == pytest.approx(total, abs=1e-10)
        np.testing.assert_allclose(told.start[roi], wanted.start, atol=1e-10)
        np.testing.assert_allclose(told.transitions[roi], wanted.transitions, atol=1e-10)
        np.testing.assert_allclose(told.means[roi], wanted.means, atol=1e-10)
        np.testing.assert_allclose(told.variances[roi], wanted.variances, atol=1e-10)


def test_likelihoods_of_long_ragged_scans_and_bags():
    rng = np.random.default_rng(0)
    scans = [10 + rng.standard_normal((n, 3)).cumsum(axis=0) for n in (70, 200, 150)]
    models = as_list(random_models(rng, 2, 4)) + as_list(random_models(rng, 1, 2))
    told = sequence_log_likelihoods(check_sequences(scans), models)
    for row, roi in product(range(3), range(3)):
        wanted = log_space_likelihood(scans[row][:, roi], models[roi], 0)
        assert told[row, roi] == pytest.approx(wanted, rel=1e-10)
    bags = SubsequenceAugmenter(30, 7, horizon=0).fit_transform(scans)
    told = sequence_log_likelihoods(check_sequences(bags), models)
    for row, roi in product(range(3), range(3)):
        wanted = sum(log_space_likelihood(w[:, roi], models[roi], 0) for w in bags[row])
        assert told[row, roi] == pytest.approx(wanted, rel=1e-10)


def test_same_likelihood_as_hmmlearn_from_the_same_start():
    hmm = pytest.importorskip("hmmlearn.hmm")
    rng = np.random.default_rng(0)
    scans = np.diff(rng.standard_normal((8, 61, 2)).cumsum(axis=1), axis=1)
    scans[:, 20:40] = 0.3 * scans[:, 20:40] + 1.5
    points, models = lay_out(check_sequences(scans)), random_models(rng, 2, 3)
    told = models.take(slice(None))
    for _ in range(10):
        told, _ = _em_step(points, told)
    _, log_likelihood = _em_step(points, told)
    for roi in range(2):
        theirs = hmm.GaussianHMM(
            3, "diag", covars_prior=0, min_covar=0, n_iter=10, tol=-np.inf, init_params=""
        )
        theirs.startprob_, theirs.transmat_ = models.start[roi], models.transitions[roi]
        theirs.means_, theirs.covars_ = models.means[roi][:, None], models.variances[roi][:, None]
        x, lengths = scans[:, :, roi].reshape(-1, 1), np.full(8, 60)
        theirs.fit(x, lengths)
        assert log_likelihood[roi] == pytest.approx(theirs.score(x, lengths), abs=1e-6)


def test_the_likelihood_never_falls():
    rng = np.random.default_rng(1)
    scans = [rng.standard_normal((n, 4)).cumsum(axis=0) for n in (30, 50, 40)]
    points, models, history = lay_out(check_sequences(scans)), random_models(rng, 4, 3), []
    for _ in range(20):
        models, log_likelihood = _em_step(points, models)
        history.append(log_likelihood)
    assert (np.diff(history, axis=0) > -1e-9).all()


def test_converged_rois_drop_out_and_change_nothing_for_the_others():
    rng = np.random.default_rng(2)
    sequences = check_sequences(rng.standard_normal((5, 40, 3)).cumsum(axis=1) / 4)
    points, start = lay_out(sequences), random_models(rng, 3, 2)
    together, n_iter = _maximise(points, start, 40, 1e-3, 1e-3)
    assert len(set(n_iter)) > 1 and n_iter.max() < 40
    for roi in range(3):
        alone, n = _maximise(points.take([roi]), start.take([roi]), 40, 1e-3, 1e-3)
        assert n[0] == n_iter[roi]
        np.testing.assert_allclose(alone.means[0], together.means[roi], atol=1e-12)


def simulate(rng, n_scans, n_points, means, stay):
    states = np.zeros((n_scans, n_points), dtype=int)
    for t in range(1, n_points):
        jump = rng.random(n_scans) > stay
        states[:, t] = np.where(jump, rng.integers(len(means), size=n_scans), states[:, t - 1])
    return np.array(means)[states] + 0.5 * rng.standard_normal((n_scans, n_points))


def test_bic_finds_the_states_of_a_simulation_in_the_units_of_the_data():
    rng = np.random.default_rng(0)
    one, two = (simulate(rng, 20, 100, means, 0.9) for means in ([0.0], [-2.0, 2.0]))
    three = simulate(rng, 20, 100, [-3.0, 0.0, 3.0], 0.9)
    scans = 1e3 + 50 * np.stack([one, two, three], axis=-1)
    rng = np.random.RandomState(0)
    models, _ = fit_hmms(check_sequences(scans), (1, 2, 3, 4), rng=rng)
    assert [model.n_states for model in models] == [1, 2, 3]
    np.testing.assert_allclose(models[2].means[0], [850, 1000, 1150], atol=5)
    np.testing.assert_allclose(models[2].variances[0], 25.0**2, rtol=0.15)
    assert models[1].transitions[0, 0, 0] == pytest.approx(0.95, abs=0.03)


def test_bic_counts_free_parameters_and_points_or_subjects():
    assert [n_parameters(q) for q in (1, 2, 3)] == [2, 7, 14]
    rng = np.random.default_rng(0)
    scans = check_sequences(rng.standard_normal((4, 30, 5)))
    chosen = {}
    for bic_n in ("points", "subjects"):
        models, _ = fit_hmms(scans, (1, 2, 3), bic_n=bic_n, rng=np.random.RandomState(0))
        chosen[bic_n] = [model.n_states for model in models]
        log_n = np.log(120 if bic_n == "points" else 4)
        by_states = []
        for q in (1, 2, 3):
            start = np.random.RandomState(0)
            jitter = [start.standard_normal((5, k)) for k in (1, 2, 3)]
            fixed, _ = fit_hmms(scans, [q], rng=_Replay(jitter[q - 1]))
            total = sequence_log_likelihoods(scans, fixed).sum(axis=0)
            by_states.append(n_parameters(q) * log_n - 2 * total)
        np.testing.assert_array_equal(chosen[bic_n], np.argmin(by_states, axis=0) + 1)
    assert sum(chosen["subjects"]) > sum(chosen["points"])


class _Replay:
    """Gives back one draw."""

    def __init__(self, draw):
        self.draw = draw

    def standard_normal(self, shape):
        assert self.draw.shape == shape
        return self.draw


@pytest.mark.parametrize("n_states", [1, 2, 4])
def test_models_start_from_states_that_last(n_states):
    points = lay_out(check_sequences(np.random.default_rng(0).standard_normal((3, 20, 2))))
    start = _start(points, np.zeros((2, n_states)))
    np.testing.assert_allclose(start.transitions.sum(axis=2), 1)
    np.testing.assert_allclose(start.start.sum(axis=1), 1)
    stay = 0.8 if n_states > 1 else 1.0
    np.testing.assert_allclose(start.transitions.diagonal(axis1=1, axis2=2), stay)


def test_a_tolerance_is_per_point():
    scans = np.random.default_rng(2).standard_normal((5, 40, 3)).cumsum(axis=1) / 4
    n_iter = [
        fit_hmms(check_sequences(X), [2], tol=1e-3, max_iter=60, rng=np.random.RandomState(0))[1]
        for X in (scans, np.repeat(scans, 20, axis=0))
    ]
    assert n_iter[0].max() < 60
    np.testing.assert_array_equal(*n_iter)


def test_a_variance_has_a_floor_in_shares_of_the_roi_s():
    scans = np.random.default_rng(0).standard_normal((6, 50, 1))
    scans[:, ::2] = 3.0  # a state that a single value fills
    for scale in (1.0, 100.0):
        rng = np.random.RandomState(0)
        models, _ = fit_hmms(check_sequences(scale * scans), [2], min_variance=0.05, rng=rng)
        floor = 0.05 * np.var(scale * scans)
        assert models[0].variances.min() == pytest.approx(floor)


def test_sorted_states_are_the_same_model():
    rng = np.random.default_rng(0)
    models = as_list(random_models(rng, 6, 4))
    scans = check_sequences(rng.standard_normal((3, 20, 6)))
    ordered = [_sort_states(model) for model in models]
    assert all((np.diff(model.means) > 0).all() for model in ordered)
    told, wanted = (sequence_log_likelihoods(scans, m) for m in (ordered, models))
    np.testing.assert_allclose(told, wanted, rtol=1e-12)


def test_extreme_values_have_finite_likelihoods():
    scans = np.random.default_rng(0).standard_normal((4, 20, 2))
    rng = np.random.RandomState(0)
    models, _ = fit_hmms(check_sequences(scans), [3], min_variance=1e-12, rng=rng)
    scans[0, 5] = 1e6
    scans[1, 3:6] = [[-1e4], [1e5], [0]]
    told = sequence_log_likelihoods(check_sequences(scans), models)
    assert np.isfinite(told).all()
    models, _ = fit_hmms(check_sequences(scans), [3], min_variance=1e-12, rng=rng)
    assert all(np.isfinite(model.transitions).all() for model in models)


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
