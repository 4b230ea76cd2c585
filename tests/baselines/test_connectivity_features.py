import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.baselines import ConnectivityFeatures


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
    with pytest.raises(ValueError, match=r"All ROIs are constant in rows 4 of"):
        tangent.transform(scans)


def test_errors_of_features(cohort):
    features = ConnectivityFeatures().fit(cohort.data)
    with pytest.raises(ValueError, match="fit, which was scans"):
        features.transform(np.ones((3, 10)))
    with pytest.raises(ValueError, match="bags of windows"):
        ConnectivityFeatures().fit(SubsequenceAugmenter(30).fit_transform(cohort.data))
    with pytest.raises(ValueError, match=r"2 points or more; rows 1 have"):
        ConnectivityFeatures().fit([np.eye(3), np.ones((1, 3))])
    with pytest.raises(ValueError, match="2 ROIs or more"):
        ConnectivityFeatures().fit(cohort.data[..., :1])


def test_features_classify_in_a_pipeline(cohort):
    for kind in ("correlation", "fisher"):
        model = make_pipeline(ConnectivityFeatures(kind), LogisticRegression(C=1))
        scores = cross_val_score(model, cohort.data, cohort.target, scoring="roc_auc", cv=4)
        assert scores.mean() > 0.6
