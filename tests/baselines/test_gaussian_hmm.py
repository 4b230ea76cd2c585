"""Hidden Markov models of single ROIs, against sums over paths and hmmlearn."""

from itertools import product

import numpy as np
import pytest

from sklearn_lstmdg import SubsequenceAugmenter
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
from sklearn_lstmdg.scans._validation import check_sequences

from _hmms import log_normal, log_space_likelihood, simulate


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
