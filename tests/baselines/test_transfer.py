import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.baselines import MeanMLPClassifier, TransferAutoencoderClassifier
from sklearn_lstmdg.datasets import make_scans

SMALL = {"layer_sizes": (8, 4), "pretrain_epochs": 20, "max_epochs": 5, "random_state": 0}


@pytest.fixture(scope="module")
def elsewhere():
    return make_scans(n_subjects=30, n_timepoints=50, n_rois=10, random_state=1).data


def upper_triangle(scans):
    above = np.triu_indices(scans[0].shape[1], 1)
    return np.array([np.corrcoef(scan.T)[above] for scan in scans])


def test_fine_tuning_decays_the_weights(cohort, elsewhere):
    dtl = TransferAutoencoderClassifier(**SMALL).pretrain(elsewhere)
    norms = []
    for weight_decay in (0.0, 100.0):
        tuned = clone(dtl).set_params(weight_decay=weight_decay, lr=1e-2)
        tuned.fit(cohort.data, cohort.target)
        norms.append(float(tuned.module_.layers[0].weight.detach().norm()))
    assert norms[1] < 0.9 * norms[0]


@pytest.mark.parametrize("model", [MeanMLPClassifier, TransferAutoencoderClassifier])
def test_first_weights_and_the_order_of_rows_are_the_seeds(model, cohort):
    options = {"validation_fraction": 0, "max_epochs": 1}
    if model is TransferAutoencoderClassifier:  # whose encoder draws nothing more
        options |= {"encoder": model(**SMALL).pretrain(cohort.data).encoder, "layer_sizes": (8, 4)}
    fitted = [model(**options, random_state=k).fit(cohort.data, cohort.target) for k in (0, 0, 1)]
    first, same, other = (fit.decision_function(cohort.data) for fit in fitted)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


def test_reads_fisher_z_of_the_whole_scan(cohort):
    scans = TransferAutoencoderClassifier(**SMALL).fit(cohort.data, cohort.target)
    features = np.arctanh(upper_triangle(cohort.data))
    table = TransferAutoencoderClassifier(**SMALL).fit(features, cohort.target)
    np.testing.assert_allclose(scans.encoder_.mean.shape, (45,))
    np.testing.assert_allclose(
        scans.decision_function(cohort.data), table.decision_function(features), atol=1e-3
    )


def test_a_bag_is_the_scan_that_it_was_cut_from(cohort):
    bags = SubsequenceAugmenter(30, 1, horizon=0).fit_transform(cohort.data)
    dtl = TransferAutoencoderClassifier(**SMALL).fit(cohort.data, cohort.target)
    np.testing.assert_array_equal(dtl.predict_proba(bags.copy()), dtl.predict_proba(cohort.data))


def test_learns_how_two_rois_are_coupled():
    rng = np.random.default_rng(0)
    scans, y = rng.standard_normal((60, 50, 5)), np.arange(60) % 2
    scans[y == 1, :, 1] += scans[y == 1, :, 0]
    dtl = TransferAutoencoderClassifier((16, 8), lr=1e-2, random_state=0)
    dtl.fit(scans[:40], y[:40])
    assert roc_auc_score(y[40:], dtl.decision_function(scans[40:])) > 0.9
    valid = dtl.history_["valid_loss"]
    assert dtl.best_epoch_ == valid.argmin() + 1
    assert dtl.n_iter_ == len(valid) == len(dtl.history_["train_loss"])


def test_the_weights_kept_are_the_best_epochs(cohort):
    validation = np.arange(24) < 8
    y = np.random.default_rng(0).permutation(cohort.target)
    options = SMALL | {"lr": 0.1, "max_epochs": 60, "patience": 3}
    dtl = TransferAutoencoderClassifier(**options).fit(cohort.data, y, validation=validation)
    positive = dtl.predict_proba(cohort.data[validation])[:, 1]
    loss = -np.mean(np.log(np.where(y[validation] == 1, positive, 1 - positive)))
    assert loss == pytest.approx(dtl.history_["valid_loss"].min(), rel=1e-4)
    assert dtl.n_iter_ == dtl.best_epoch_ + 3 < 60


def test_pretraining_reads_unlabelled_or_the_training_rows(cohort, elsewhere):
    validation = np.arange(24) % 4 == 0
    dtl = TransferAutoencoderClassifier(**SMALL)
    dtl.fit(cohort.data, cohort.target, validation=validation)
    assert dtl.pretrained_on_ == "training"
    z = np.arctanh(upper_triangle(cohort.data))
    np.testing.assert_allclose(dtl.encoder_.mean, z[~validation].mean(axis=0), atol=1e-5)
    dtl.fit(cohort.data, cohort.target, X_unlabeled=elsewhere)
    assert dtl.pretrained_on_ == "X_unlabeled"
    wanted = np.arctanh(upper_triangle(elsewhere))
    np.testing.assert_allclose(dtl.encoder_.mean, wanted.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(dtl.encoder_.scale, wanted.std(axis=0), atol=1e-5)
    assert dtl.fit(cohort.data, cohort.target).pretrained_on_ == "training"


def test_a_pretrained_encoder_serves_every_clone(cohort, elsewhere):
    dtl = TransferAutoencoderClassifier(**SMALL).pretrain(elsewhere)
    copy = clone(dtl).fit(cohort.data, cohort.target)
    assert copy.pretrained_on_ == "X_unlabeled"
    np.testing.assert_array_equal(copy.encoder_.weights[0], dtl.encoder.weights[0])
    before = dtl.encoder.weights[0].copy()
    dtl.fit(cohort.data, cohort.target)
    np.testing.assert_array_equal(dtl.encoder.weights[0], before)
    tuned = dtl.module_.layers[0].weight.detach().numpy()
    assert np.abs(tuned - before).max() > 0
    scores = cross_val_score(make_pipeline(ScanCleaner(), dtl), cohort.data, cohort.target, cv=3)
    assert np.isfinite(scores).all()


def test_the_internal_split_keeps_groups_together(cohort):
    groups = np.repeat(np.arange(8), 3)
    y = np.repeat(np.arange(8) % 2, 3)
    dtl = TransferAutoencoderClassifier(**SMALL)
    held = dtl._hold_out(None, y, groups, np.random.RandomState(0))
    assert held.any() and not set(groups[held]) & set(groups[~held])
    with pytest.raises(ValueError, match="All rows belong to one group"):
        dtl.fit(cohort.data, y, groups=np.zeros(24))
    with pytest.raises(ValueError, match="splits a group"):
        dtl.fit(cohort.data, y, groups=groups, validation=np.arange(24) < 2)


def test_without_validation_training_runs_to_the_end(cohort):
    dtl = TransferAutoencoderClassifier(**SMALL, validation_fraction=0)
    dtl.fit(cohort.data, cohort.target)
    assert dtl.n_iter_ == dtl.best_epoch_ == 5
    assert set(dtl.history_) == {"train_loss"}


def test_multiclass(cohort):
    dtl = TransferAutoencoderClassifier(**SMALL).fit(cohort.data, np.arange(24) % 3)
    proba = dtl.predict_proba(cohort.data)
    assert proba.shape == dtl.decision_function(cohort.data).shape == (24, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_constant_rois_are_zeros_with_one_warning(cohort):
    scans = cohort.data.copy()
    scans[2, :, 5] = 1
    told = "1 ROI series is constant in a scan or window: correlations set to 0"
    with pytest.warns(UserWarning, match=told) as caught:
        dtl = TransferAutoencoderClassifier(**SMALL).fit(scans, cohort.target)
    assert len(caught) == 1 and caught[0].filename == __file__
    with pytest.warns(UserWarning, match="1 ROI series is constant"):
        assert np.isfinite(dtl.decision_function(scans)).all()


def test_errors_name_what_is_wrong(cohort, elsewhere):
    dtl = TransferAutoencoderClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"2 points or more; rows 1 have"):
        dtl.pretrain([np.ones((5, 2)), np.ones((1, 2))])
    with pytest.raises(ValueError, match="2 ROIs or more"):
        dtl.fit(cohort.data[..., :1], cohort.target)
    for sizes in ((8, 0), [], [1.5], [True], np.array(3), {"a": 1}, [[4]]):
        with pytest.raises(ValueError, match="layer_sizes must be whole numbers above 0"):
            clone(dtl).set_params(layer_sizes=sizes).fit(cohort.data, cohort.target)
    with pytest.raises(ValueError, match="must not be beyond 64 bits"):
        clone(dtl).set_params(sparsity_weight=2**70).fit(cohort.data, cohort.target)
    with pytest.raises(ValueError, match="X has 9 features"):
        dtl.fit(cohort.data, cohort.target, X_unlabeled=elsewhere[..., :9])
    with pytest.raises(ValueError, match="X_unlabeled is of another form than X"):
        dtl.fit(cohort.data, cohort.target, X_unlabeled=np.ones((4, 10)))
    dtl.fit(cohort.data, cohort.target)
    with pytest.raises(ValueError, match="fit, which was scans or bags"):
        dtl.predict(np.ones((3, 10)))
    dtl.pretrain(elsewhere[..., :9])
    with pytest.raises(ValueError, match=r"encoder has layers of \(36, 8, 4\) nodes"):
        dtl.fit(cohort.data, cohort.target)


def test_real_scans(data_dir):
    from sklearn_lstmdg.datasets import load_abide

    abide = load_abide(data_dir, "ho", ["STANFORD", "OHSU"], "cpac", global_signal_regression=False)
    here = np.array([site == "STANFORD" for site in abide.sites])
    scans = [scan for scan, keep in zip(abide.data, here, strict=True) if keep]
    source = [scan for scan, keep in zip(abide.data, here, strict=True) if not keep]
    dtl = TransferAutoencoderClassifier(pretrain_epochs=2, max_epochs=2, random_state=0)
    dtl.fit(scans, np.asarray(abide.target)[here], X_unlabeled=source)
    assert dtl.encoder_.sizes[1:] == (200, 100)
    assert np.isfinite(dtl.decision_function(scans)).all()
