import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score

from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ROIHMMClassifier, SubsequenceAugmenter

from _scans import stamped
from _small_nets import TINY, Spy, bags_of, make, weights


def stamps(windows):
    return set(windows.windows.points[:, 0].int().tolist())


@pytest.mark.parametrize("seed", range(3))
def test_the_internal_split_keeps_groups_together(scans, seed):
    X, y = scans
    family, spy = np.arange(12) // 4 * 2 + y, Spy()
    model = make(callbacks=[spy], patience=10, validation_fraction=0.3, random_state=seed)
    model.fit(bags_of(stamped(X)), y, groups=family)
    train, valid = stamps(spy.training_), stamps(spy.validation_)
    assert train | valid == set(range(12)) and not train & valid
    assert not set(family[list(train)]) & set(family[list(valid)])
    assert set(y[list(valid)]) == {0, 1}


@pytest.mark.parametrize("seed", range(3))
def test_the_internal_split_keeps_windows_of_a_subject_together(scans, seed):
    X, y = scans
    sampler, spy = SubsequenceAugmenter(9, 4, output="windows"), Spy()
    windows, labels = sampler.fit_resample(stamped(X), y)
    order = np.random.default_rng(seed).permutation(len(windows))
    subjects = sampler.sample_indices_[order]
    model = make(callbacks=[spy], patience=10, random_state=seed)
    model.fit(windows[order], labels[order], groups=subjects)
    train, valid = stamps(spy.training_), stamps(spy.validation_)
    assert train | valid == set(range(12)) and not train & valid
    for side in (spy.training_, spy.validation_):
        first = side.windows.points[side.windows.first, 0].int().numpy()
        assert_array_equal(side.labels, y[first])
        assert len(np.unique(side.subjects)) == len(stamps(side))


def test_groups_keep_validation_honest_where_subjects_can_be_recognised():
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(16), 12)
    y = rng.permutation(np.arange(16) % 2)[subjects]
    signatures = 2 * rng.standard_normal((16, 1, 8))
    windows = signatures[subjects] + 0.3 * rng.standard_normal((192, 6, 8))
    model = make("s", n_units=8, max_epochs=25, patience=25, lr=0.05, validation_fraction=0.25)
    model.set_params(dropout=0, input_noise=0)
    split_at_random = model.fit(windows, y).history_["valid_subject_loss"].min()
    whole = model.fit(windows, y, groups=subjects).history_["valid_subject_loss"].min()
    assert split_at_random < 0.1
    assert whole > 0.5


def test_the_mask_decides_what_validates(scans):
    X, y = scans
    spy, mask = Spy(), np.isin(np.arange(12), [1, 4, 10])
    model = make(max_epochs=3, patience=9, callbacks=[spy])

    def last(X, y):
        model.fit(bags_of(X), y, validation=mask)
        return spy.last_

    wanted = last(stamped(X), y)
    assert stamps(spy.validation_) == {1, 4, 10}
    assert stamps(spy.training_) == set(range(12)) - {1, 4, 10}
    other, labels = stamped(X), y.copy()
    other[mask] = 3 * other[mask][::-1] + 1
    labels[mask] = 1 - labels[mask]
    assert_array_equal(last(other, labels), wanted)
    other[0] += 0.1
    assert (last(other, labels) != wanted).any()


@pytest.mark.filterwarnings("error:.*without validation")
def test_where_nothing_is_held_back_groups_may_be_few(scans):
    X, y = scans
    for rows, groups in ([0, 1, 2, 4], None), (range(12), np.zeros(12)):
        model = make().fit(X[rows], y[rows], groups=groups)
        assert "valid_loss" not in model.history_ and model.n_validation_ == 0


def test_class_weights(scans):
    X, spy = scans[0], Spy()
    y = np.array(["autism", "control", "control"] * 4)
    plain = weights(make().fit(X, y))
    assert_array_equal(weights(make(class_weight={"autism": 4, "control": 4}).fit(X, y)), plain)
    balanced = make(class_weight="balanced", validation_fraction=0, callbacks=[spy]).fit(X, y)
    told = {label: spy.training_.weights[y == label] for label in ("autism", "control")}
    assert_allclose(told["autism"], 1.5)
    assert_allclose(told["control"], 0.75)
    assert (weights(balanced) != weights(make(validation_fraction=0).fit(X, y))).any()


def test_a_heavy_class_draws_the_probabilities(scans):
    X, y = scans
    options = {"lr": 0.02, "max_epochs": 6, "validation_fraction": 0, "discriminative_weight": 1}
    light, heavy = (
        make(class_weight={0: a, 1: b}, **options).fit(X, y).predict_proba(X)[:, 1].mean()
        for a, b in [(20, 1), (1, 20)]
    )
    assert light < 0.45
    assert heavy > 0.55


def test_three_classes_of_strings(scans):
    X, y = scans[0], np.array(["mild", "none", "severe"])[np.arange(12) % 3]
    model = make().fit(X, y)
    assert model.classes_.tolist() == ["mild", "none", "severe"]
    proba, logits = model.predict_proba(X), model.decision_function(X)
    assert proba.shape == logits.shape == (12, 3)
    assert_allclose(proba.sum(axis=1), 1)
    odds = np.exp(logits)
    assert_allclose(proba, odds / odds.sum(axis=1, keepdims=True))
    assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])


def test_partial_fit_knows_its_classes(scans):
    X, y = scans
    model = make().partial_fit(X[y == 1], y[y == 1], classes=[2, 0, 1])
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.partial_fit(X, y).predict_proba(X).shape == (12, 3)
    with pytest.raises(ValueError, match=r"y holds .*3.*, which is not among the known classes"):
        model.partial_fit(X, y + 2)
    with pytest.raises(ValueError, match="At least 2 classes"):
        make().partial_fit(X[y == 1], y[y == 1])


def test_a_failed_fit_leaves_nothing_fitted(scans):
    X, y = scans
    model = make(lr=1e30)
    with pytest.raises(FloatingPointError, match="standardize"):
        model.fit(X * 1e30, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_partial_fit_needs_weights_by_class(scans):
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        make(class_weight="balanced").partial_fit(*scans)


@pytest.mark.parametrize("random_state", [0, np.random.RandomState])
def test_the_seed_alone_decides(scans, random_state):
    X, y = scans
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    told = []
    for seed in (5, 5, 6):
        state = seed if random_state == 0 else random_state(seed)
        model = make(random_state=state).fit(bags_of(X), y, X_unlabeled=X)
        told.append(weights(model.partial_fit(bags_of(X), y)))
        model.generate(X)
    drawn = np.random.random(), torch.rand(1)  # noqa: NPY002
    assert_array_equal(told[0], told[1])
    assert (told[0] != told[2]).any()
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    assert drawn == (np.random.random(), torch.rand(1))  # noqa: NPY002


@pytest.mark.slow
def test_jobs_change_nothing(scans):
    model = make("d", lr=0.05, max_epochs=5)
    scores = [
        cross_val_score(
            model,
            *scans,
            cv=GroupKFold(3),
            groups=np.arange(12) // 2,
            scoring="neg_log_loss",
            n_jobs=n_jobs,
        )
        for n_jobs in (1, 2)
    ]
    assert_array_equal(*scores)
    assert len(set(scores[0])) == 3


def test_a_pickled_model_goes_on_as_the_original(scans):
    X, y = scans
    model = make().fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert_array_equal(twin.membership_, model.membership_)
    assert_array_equal(weights(twin.partial_fit(X, y)), weights(model.partial_fit(X, y)))


def test_clones_are_not_fitted(scans):
    model = make("h", monitor="auc").fit(*scans)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    for method in ("predict", "predict_proba", "generate", "community_activity"):
        with pytest.raises(NotFittedError):
            getattr(twin, method)(scans[0])
    for name in ("membership_", "influence_"):
        assert not hasattr(twin, name)


def test_errors_name_what_is_wrong(scans):
    X, y = scans
    with pytest.raises(ValueError, match="groups has no value for row 3"):
        make().fit(X, y, groups=[0, 1, 2, np.nan, *range(8)])
    with pytest.raises(ValueError, match="12 rows and groups has 5"):
        make().fit(X, y, groups=range(5))
    with pytest.raises(ValueError, match="12 rows and y has 11"):
        make().fit(X, y[:11])
    with pytest.raises(ValueError, match="At least 2 classes are needed"):
        make().fit(X, np.ones(12))
    for dropout in ((0.5, 0.5), (0.5, 0.5, 1), [0.5, 0.5, "much"]):
        with pytest.raises(ValueError, match=r"dropout must be a rate in \[0, 1\) or three"):
            make(dropout=dropout).fit(X, y)
    with pytest.raises(ValueError, match="The 'monitor' parameter"):
        make(monitor="f1").fit(X, y)


PEAK = """
import resource
import numpy as np
from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ROIHMMClassifier, SubsequenceAugmenter
X, y = np.random.default_rng(0).standard_normal((20, 200, 116)), np.arange(20) % 2
model = LSTMDGClassifier(n_communities=4, n_units=3, max_epochs=1, random_state=0)
model.fit(SubsequenceAugmenter(30, 40).fit_transform(X), y).predict_proba(X)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bags = SubsequenceAugmenter(30).fit_transform(X)
model.fit(bags, y).predict_proba(bags)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / X.nbytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_fitting_bags_holds_no_copy_of_all_windows():
    run = subprocess.run(
        [sys.executable, "-c", PEAK],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
    )
    assert float(run.stdout) < 6


def test_validation_leaves_every_class_to_train_on(scans):
    X, y = scans
    with pytest.raises(ValueError, match="all rows of class number 1: none is left to train on"):
        LSTMDGClassifier(**TINY).fit(X, y, validation=y == 1)


def test_values_beyond_float32_are_named(scans):
    X, y = scans
    X = X.copy()
    X[3, 7, 2] = 1e39
    with pytest.raises(ValueError, match=r"too large for float32, .*: row 3, time point 7, ROI 2"):
        LSTMDGClassifier(**TINY).fit(X, y)
    model = LSTMDGClassifier(**TINY).fit(*scans)
    for method in ("predict_proba", "decision_function", "predict"):
        with pytest.raises(ValueError, match="row 3, time point 7, ROI 2"):
            getattr(model, method)(X)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: -1}, "of 0 must be 0 or more, got -1"),
        ({1: np.nan}, "of 1 must be 0 or more, got nan"),
        ({0: np.inf}, "of 0 must be 0 or more, got inf"),
        ({0: 0, 1: 0}, "0 for every class"),
        ({7: 1.0}, "names 7, which is not among 0, 1"),
    ],
)
def test_class_weights_that_cannot_be_are_refused_everywhere_alike(scans, class_weight, message):
    for estimator in (LSTMDGClassifier(**TINY), FCSVM(), ROIHMMClassifier((1,), cv=2)):
        with pytest.raises(ValueError, match=message):
            estimator.set_params(class_weight=class_weight).fit(*scans)


def test_balanced_weights_count_the_rows_that_train(scans):
    X, y = scans
    y = (np.arange(12) < 8).astype(int)
    mask = np.isin(np.arange(12), [0, 1, 2, 3, 8])
    model = LSTMDGClassifier(**TINY, patience=10, class_weight="balanced").fit(
        X, y, validation=mask
    )
    by_hand = {0: 7 / (2 * 3), 1: 7 / (2 * 4)}
    twin = LSTMDGClassifier(**TINY, patience=10, class_weight=by_hand).fit(X, y, validation=mask)
    np.testing.assert_allclose(model.predict_proba(X), twin.predict_proba(X), rtol=1e-6)
