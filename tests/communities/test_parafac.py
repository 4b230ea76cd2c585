import tracemalloc

import numpy as np
import pytest
import tensorly
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.communities._parafac import ParafacCommunities
from sklearn_lstmdg.communities._window_correlations import WindowCorrelations
from sklearn_lstmdg.scans._validation import check_sequences

from _correlations import all_windows, correlations


@pytest.mark.parametrize("form", ["bags", "scans", "table"])
def test_agrees_with_tensorly_at_convergence(simulated, bags, form):
    X = {"bags": bags, "scans": simulated, "table": np.abs(simulated[:, :5].reshape(30, 12))}[form]
    settings = {"max_iter": 3000, "tol": 1e-8, "n_init": 4, "random_state": 0}
    ours = ParafacCommunities(4, **settings).fit(X)
    theirs = ParafacCommunities(4, solver="tensorly", **settings).fit(X)
    assert ours.reconstruction_err_ <= theirs.reconstruction_err_ * (1 + 1e-4)
    similarity = ours.membership_.T @ theirs.membership_
    np.testing.assert_allclose(similarity.max(axis=1), 1, atol=1e-2)


def test_finds_planted_communities():
    rng = np.random.default_rng(0)
    planted = rng.random((15, 4)) * (rng.random((15, 4)) < 0.5)
    planted /= np.linalg.norm(planted, axis=0)
    table = (planted[:, rng.integers(4, size=80)] * rng.uniform(0.5, 2, 80)).T
    parafac = ParafacCommunities(4, n_init=5, max_iter=1000, random_state=0).fit(table)
    similarity = parafac.membership_.T @ planted
    np.testing.assert_allclose(similarity.max(axis=1), 1, atol=1e-3)
    assert sorted(similarity.argmax(axis=1)) == [0, 1, 2, 3]
    assert parafac.reconstruction_err_ < 1e-2


@pytest.mark.parametrize("solver", ["windows", "tensorly"])
def test_attributes_describe_the_model(bags, solver):
    parafac = ParafacCommunities(5, solver=solver, random_state=0).fit(bags)
    a, loadings, weights = parafac.membership_, parafac.loadings_, parafac.weights_
    assert a.shape == (12, 5)
    assert loadings.shape == (186, 5)
    assert min(a.min(), loadings.min()) >= 0
    np.testing.assert_allclose(np.linalg.norm(a, axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(loadings, axis=0), 1)
    assert (np.diff(weights) <= 0).all()
    assert weights[-1] > 0
    dense = correlations(all_windows(bags))
    model = np.einsum("k,rk,qk,sk->rqs", weights, a, a, loadings)
    error = np.linalg.norm(dense - model) / np.linalg.norm(dense)
    assert parafac.reconstruction_err_ == pytest.approx(error, rel=1e-6)
    np.testing.assert_array_equal(parafac.window_rows_, np.repeat(np.arange(6), 31))
    by_subject = loadings.reshape(6, 31, 5).mean(axis=1)
    np.testing.assert_allclose(parafac.subject_loadings_, by_subject)
    np.testing.assert_allclose(parafac.transform(bags), by_subject * weights, rtol=1e-5, atol=1e-6)
    assert parafac.get_feature_names_out()[0] == "parafaccommunities0"


@pytest.mark.parametrize("solver", ["windows", "tensorly"])
def test_tol_zero_runs_all_sweeps_without_a_warning(bags, solver, recwarn):
    parafac = ParafacCommunities(3, max_iter=17, tol=0, n_init=2, solver=solver, random_state=0)
    assert parafac.fit(bags).n_iter_ == 17
    assert not recwarn.list


def test_warns_where_it_did_not_converge(bags):
    with pytest.warns(ConvergenceWarning, match="max_iter=3 sweeps") as caught:
        parafac = ParafacCommunities(3, max_iter=3, random_state=0).fit(bags)
    assert len(caught) == 1
    assert parafac.n_iter_ == 3


def test_more_starts_are_never_worse(bags):
    fits = [ParafacCommunities(6, n_init=n, tol=1e-4, random_state=5).fit(bags) for n in (1, 6)]
    assert fits[1].errors_[-1] < 0.999 * fits[0].errors_[-1]


def test_more_communities_than_rois(bags):
    parafac = ParafacCommunities(30, max_iter=30, tol=0, n_init=1, random_state=0).fit(bags)
    assert parafac.membership_.shape == (12, 30)
    assert np.isfinite(parafac.transform(bags)).all()
    dead = parafac.weights_ == 0
    assert not parafac.membership_[:, dead].any()


def test_constant_rois_have_no_correlation(bags):
    bags = [bag.copy() for bag in bags]
    bags[1][3, :, 5] = 7.1
    bags[2][:2, :, 0] = 0
    tensor = WindowCorrelations(check_sequences(bags))
    dense = tensor.dense()
    assert not dense[5, :, 31 + 3].any()
    assert not dense[:, 0, 62:64].any()
    with pytest.warns(UserWarning, match="3 ROI series are constant") as caught:
        ParafacCommunities(2, random_state=0).fit(bags)
    assert len(caught) == 1
    with pytest.raises(ValueError, match="No ROI of X varies"):
        ParafacCommunities(2).fit(np.ones((3, 20, 4)))


def test_step_takes_every_nth_window(bags):
    parafac = ParafacCommunities(3, step=5, random_state=0).fit(bags)
    thinned = ParafacCommunities(3, random_state=0).fit([bag[::5] for bag in bags])
    assert len(parafac.loadings_) == 6 * 7
    np.testing.assert_allclose(parafac.membership_, thinned.membership_, atol=1e-4)


def test_same_seed_same_bits(bags):
    parafac = ParafacCommunities(3, max_iter=20, tol=0, random_state=5)
    first, second = clone(parafac).fit(bags), clone(parafac).fit(bags)
    np.testing.assert_array_equal(first.membership_, second.membership_)
    other = clone(parafac).set_params(random_state=6).fit(bags)
    assert np.abs(other.errors_ - first.errors_).max() > 1e-6


def test_tensorlys_backend_is_left_alone(bags):
    backend = tensorly.get_backend()
    ParafacCommunities(3, solver="tensorly", max_iter=5, tol=0).fit(bags)
    assert tensorly.get_backend() == backend


def test_in_a_pipeline_of_scans(simulated):
    model = make_pipeline(
        SubsequenceAugmenter(30, 5), ParafacCommunities(3, max_iter=20, tol=0, random_state=0)
    )
    assert model.fit_transform(simulated).shape == (6, 3)


def test_memory_stays_below_a_third_of_the_tensor():
    rng = np.random.default_rng(0)
    scans = rng.standard_normal((10, 129, 116)).cumsum(axis=1)
    bags = SubsequenceAugmenter(30, horizon=0).fit_transform(scans)
    parafac = ParafacCommunities(50, max_iter=2, tol=0, n_init=2, random_state=0)
    tracemalloc.start()
    parafac.fit(bags)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 116 * 116 * 1000 / 3


@pytest.mark.parametrize("solver", ["windows", "tensorly"])
def test_values_too_large_to_decompose_are_told_of(solver):
    X = np.random.default_rng(0).normal(size=(6, 5)) * 1e140
    with pytest.raises(ValueError, match="too large to decompose: standardize"):
        ParafacCommunities(2, solver=solver, random_state=0).fit(X)
