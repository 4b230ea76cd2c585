import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.baselines import ConnectivityFeatures, MeanMLPClassifier
from sklearn_lstmdg.baselines._mean_mlp_module import MeanMLP
from sklearn_lstmdg.datasets import make_scans


@pytest.fixture(scope="module")
def cohort():
    return make_scans(n_subjects=24, n_timepoints=60, n_rois=10, effect_size=1.0, random_state=0)


@pytest.mark.parametrize("ragged", [False, True])
def test_correlations_and_fisher_z(cohort, ragged):
    scans = [scan[: 60 - i] for i, scan in enumerate(cohort.data)] if ragged else cohort.data
    above = np.triu_indices(10, 1)
    wanted = np.array([np.corrcoef(scan.T)[above] for scan in scans])
    told = ConnectivityFeatures().fit_transform(scans)
    np.testing.assert_allclose(told, wanted, atol=1e-6)
    told = ConnectivityFeatures("fisher").fit_transform(scans)
    np.testing.assert_allclose(told, np.arctanh(wanted), atol=1e-5)


def matrix_function(function, matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * function(values)) @ vectors.T


def test_tangent_space_is_fitted_on_the_training_scans(cohort):
    pytest.importorskip("nilearn")
    from sklearn.covariance import LedoitWolf

    train, test = cohort.data[:16], cohort.data[16:]
    features = ConnectivityFeatures("tangent").fit(train)
    told = features.transform(test)
    assert told.shape == (8, 55)
    covariances = [LedoitWolf().fit(scan.astype(np.float64)).covariance_ for scan in train]
    whitening = matrix_function(lambda v: v**-0.5, features.measure_.mean_)
    logs = [matrix_function(np.log, whitening @ c @ whitening) for c in covariances]
    # That the mean log is zero defines the geometric mean.
    np.testing.assert_allclose(np.mean(logs, axis=0), 0, atol=1e-5)
    below = np.tril_indices(10)
    for scan, row in zip(test, told, strict=True):
        covariance = LedoitWolf().fit(scan.astype(np.float64)).covariance_
        log = matrix_function(np.log, whitening @ covariance @ whitening)
        log[np.diag_indices(10)] /= np.sqrt(2)
        np.testing.assert_allclose(row, log[below], atol=1e-8)
    np.testing.assert_array_equal(features.transform(test[3:4])[0], told[3])


def test_tangent_space_without_nilearn(cohort, monkeypatch):
    monkeypatch.setitem(sys.modules, "nilearn.connectome", None)
    with pytest.raises(ImportError, match=r"sklearn-lstmdg\[neuro\]"):
        ConnectivityFeatures("tangent").fit(cohort.data)


def test_a_table_passes_unchanged(cohort):
    features = ConnectivityFeatures().fit_transform(cohort.data)
    for kind in ("correlation", "fisher", "tangent"):
        told = ConnectivityFeatures(kind).fit_transform(features)
        np.testing.assert_array_equal(told, features)


def test_constant_rois_warn_once_with_their_number(cohort):
    scans = cohort.data.copy()
    scans[3, :, 2] = 0
    scans[5, :, [0, 1]] = 1
    with pytest.warns(UserWarning, match="3 ROI series are constant") as caught:
        told = ConnectivityFeatures().fit_transform(scans)
    assert len(caught) == 1 and np.count_nonzero(told[3] == 0) == 9
    pytest.importorskip("nilearn")
    with pytest.warns(UserWarning, match="3 ROI series are constant"):
        tangent = ConnectivityFeatures("tangent").fit(scans)
    with pytest.warns(UserWarning, match="3 ROI series are constant"):
        assert np.isfinite(tangent.transform(scans)).all()
    scans[4] = 2
    with pytest.raises(ValueError, match=r"All ROIs are constant in rows \[4\]"):
        tangent.transform(scans)


def test_errors_of_features(cohort):
    features = ConnectivityFeatures().fit(cohort.data)
    with pytest.raises(ValueError, match="fit, which was scans"):
        features.transform(np.ones((3, 10)))
    with pytest.raises(ValueError, match="bags of windows"):
        ConnectivityFeatures().fit(SubsequenceAugmenter(30).fit_transform(cohort.data))
    with pytest.raises(ValueError, match=r"2 points or more; rows \[1\]"):
        ConnectivityFeatures().fit([np.eye(3), np.ones((1, 3))])
    with pytest.raises(ValueError, match="2 ROIs or more"):
        ConnectivityFeatures().fit(cohort.data[..., :1])


def test_features_classify_in_a_pipeline(cohort):
    for kind in ("correlation", "fisher"):
        model = make_pipeline(ConnectivityFeatures(kind), LogisticRegression(C=1))
        scores = cross_val_score(model, cohort.data, cohort.target, scoring="roc_auc", cv=4)
        assert scores.mean() > 0.6


def test_the_mlp_averages_over_time():
    torch.manual_seed(0)
    net = MeanMLP(5, 2, [4, 3], dropout=0.5).eval()
    scans = [torch.randn(n, 5) for n in (7, 1, 12)]
    told = net(scans).detach().numpy()
    for scan, logits in zip(scans, told, strict=True):
        points = [net.dense(net.hidden(point[None]))[0].detach().numpy() for point in scan]
        np.testing.assert_allclose(logits, np.mean(points, axis=0), atol=1e-6)
    first, norm = net.hidden[0], net.hidden[1]
    x = scans[0][0].numpy()
    code = first.weight.detach().numpy() @ x + first.bias.detach().numpy()
    code = (code - code.mean()) / np.sqrt(code.var() + norm.eps)
    np.testing.assert_allclose(net.hidden[:3](scans[0])[0].detach(), np.maximum(code, 0), atol=1e-5)


def test_the_mlp_learns_what_a_point_tells():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    scans = [rng.standard_normal((rng.integers(30, 50), 4)) for _ in y]
    for scan, label in zip(scans, y, strict=True):
        scan[:, 0] *= 1 + label  # A scan's variance, which no linear mean over time can tell.
    mlp = MeanMLPClassifier((16,), random_state=0).fit(scans[:40], y[:40])
    assert roc_auc_score(y[40:], mlp.decision_function(scans[40:])) > 0.9
    assert mlp.best_epoch_ == mlp.history_["valid_loss"].argmin() + 1
    assert mlp.n_iter_ in (200, mlp.best_epoch_ + 30)


def test_the_mlp_reads_a_bag_as_its_scan(cohort):
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0).fit(cohort.data, cohort.target)
    bags = SubsequenceAugmenter(30, 1, horizon=0).fit_transform(cohort.data)
    wanted = mlp.decision_function(cohort.data)
    np.testing.assert_array_equal(mlp.decision_function(bags), wanted)
    np.testing.assert_array_equal(mlp.decision_function(bags.copy()), wanted)


def test_the_mlp_takes_groups_and_a_mask(cohort):
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0)
    validation = np.arange(24) < 6
    groups = np.repeat(np.arange(8), 3)
    mlp.fit(cohort.data, cohort.target, groups=groups, validation=validation)
    y, positive = cohort.target[:6], mlp.predict_proba(cohort.data[:6])[:, 1]
    loss = -np.mean(np.log(np.where(y == 1, positive, 1 - positive)))
    assert loss == pytest.approx(mlp.history_["valid_loss"].min(), rel=1e-4)
    with pytest.raises(ValueError, match="splits a group"):
        mlp.fit(cohort.data, cohort.target, groups=groups, validation=np.arange(24) < 2)
    with pytest.raises(ValueError, match="hidden_sizes must be whole numbers"):
        clone(mlp).set_params(hidden_sizes=()).fit(cohort.data, cohort.target)


def test_the_mlp_knows_three_classes_and_their_names(cohort):
    y = np.array(["a", "b", "c"])[np.arange(24) % 3]
    mlp = MeanMLPClassifier((4,), max_epochs=2, random_state=0).fit(cohort.data, y)
    assert mlp.decision_function(cohort.data).shape == (24, 3)
    assert set(mlp.predict(cohort.data)) <= {"a", "b", "c"}


def test_a_loss_that_is_not_finite_is_told(cohort):
    mlp = MeanMLPClassifier((4,), lr=1e30, max_epochs=20, random_state=0)
    with pytest.raises(FloatingPointError, match="standardize"):
        mlp.fit(cohort.data, cohort.target)
