import pickle

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter

from _scans import stamped
from _small_nets import weights

FAMILIES = np.arange(12) // 2


class Sides(Callback):
    """Keeps which subjects trained and which validated in each fit, told by their ROI 0."""

    seen = []

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        sides = (dataset_train, dataset_valid)
        Sides.seen.append([set(s.windows.points[:, 0].int().tolist()) for s in sides if s])


@pytest.fixture
def sides():
    Sides.seen = []
    return Sides


@pytest.fixture
def routing():
    """Metadata routing, switched off again afterwards."""
    before = sklearn.get_config()
    with sklearn.config_context(enable_metadata_routing=True):
        yield
    assert sklearn.get_config() == before


def classifier(**params):
    tiny = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "patience": 10, "random_state": 0}
    return LSTMDGClassifier(**tiny | params)


def model(**params):
    return make_pipeline(ScanCleaner(), SubsequenceAugmenter(9, 4), classifier(**params))


def test_a_pipeline_equals_its_steps_by_hand(scans):
    X, y = scans
    pipeline = model().fit(X[:8], y[:8])
    cleaned = ScanCleaner().fit(X[:8])
    cut = SubsequenceAugmenter(9, 4)
    alone = classifier().fit(cut.fit_transform(cleaned.transform(X[:8])), y[:8])
    test = cut.transform(cleaned.transform(X[8:]))
    assert_array_equal(pipeline.predict_proba(X[8:]), alone.predict_proba(test))
    assert_array_equal(pipeline.predict(X[8:]), alone.predict(test))
    assert pipeline.score(X, y) == np.mean(pipeline.predict(X) == y)
    assert pipeline.n_features_in_ == 6
    assert pipeline.classes_.tolist() == [0, 1]


def test_a_pipeline_of_ragged_scans(scans):
    X, y = [scan[: 40 - 5 * (i % 3)] for i, scan in enumerate(scans[0])], scans[1]
    fitted = model(aggregation="vote").fit(X, y)
    proba = fitted.predict_proba(X)
    alone = [fitted.predict_proba([scan])[0] for scan in X]
    assert_allclose(proba, alone)
    votes = proba[:, 1] * [1 + (len(scan) - 10) // 4 for scan in X]
    assert_allclose(votes, votes.round())


def test_groups_reach_the_internal_split(scans, sides):
    X, y = stamped(scans[0]), np.repeat([0, 1], 6)
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(callbacks=[sides()]))
    pipeline.fit(X, y, lstmdgclassifier__groups=FAMILIES)
    train, valid = sides.seen[-1]
    assert train | valid == set(range(12))
    assert not set(FAMILIES[[*train]]) & set(FAMILIES[[*valid]])


def test_cross_validation_of_subjects(scans, sides):
    X, y = stamped(scans[0]), scans[1]
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(callbacks=[sides()]))
    scores = cross_val_score(pipeline, X, y, cv=GroupKFold(3), groups=FAMILIES)
    assert scores.shape == (3,)
    folds = [train for train, _ in GroupKFold(3).split(X, y, FAMILIES)]
    assert [set().union(*seen) for seen in sides.seen[::2]] == [set(fold) for fold in folds]


def test_cross_validation_of_windows(scans, sides):
    sampler = SubsequenceAugmenter(9, 4, output="windows")
    windows, labels = sampler.fit_resample(stamped(scans[0]), scans[1])
    subjects = sampler.sample_indices_
    results = cross_validate(
        classifier(callbacks=[sides()]),
        windows,
        labels,
        cv=GroupKFold(3),
        groups=subjects,
        params={"groups": subjects},
        return_indices=True,
        scoring="neg_log_loss",
    )
    assert np.isfinite(results["test_score"]).all()
    indices = results["indices"]
    for (train, valid), inside, test in zip(
        sides.seen[::2], indices["train"], indices["test"], strict=True
    ):
        assert not train & valid
        assert train | valid == set(subjects[inside])
        assert not (train | valid) & set(subjects[test])


def test_a_grid_over_the_steps(scans):
    grid = {
        "subsequenceaugmenter__length": [9, 19],
        "lstmdgclassifier__discriminative_weight": [0.1, 1.0],
    }
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(aggregation="mean"))
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), scoring="neg_log_loss")
    search.fit(*scans, groups=FAMILIES)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(set(scores)) == 4
    best = clone(pipeline).set_params(**search.best_params_).fit(*scans)
    assert_array_equal(search.predict_proba(scans[0]), best.predict_proba(scans[0]))


def test_a_pipeline_can_be_set_cloned_and_pickled(scans):
    X, y = scans
    pipeline = model().set_params(lstmdgclassifier__variant="h", subsequenceaugmenter__step=6)
    fitted = clone(pipeline).fit(X, y)
    assert fitted[-1].net_.module_.variant == "h"
    assert fitted[:-1].transform(X).shape == (12, 6, 10, 6)
    assert not hasattr(pipeline[-1], "net_")
    twin = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(twin.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(clone(twin).fit(X, y).predict_proba(X), fitted.predict_proba(X))


def test_transform_and_generate_at_the_end_of_a_pipeline(scans):
    X, y = scans
    fitted = model().fit(X, y)
    bags = fitted[:-1].transform(X)
    assert fitted[-1].generate(bags, 2).shape == (12, 8, 2, 6)
    assert fitted[-1].community_activity(bags).shape == (12, 8, 10, 4)


def test_fcsvm_in_a_pipeline(scans):
    X, y = scans
    cut = SubsequenceAugmenter(20, 2, horizon=0)
    pipeline = make_pipeline(ScanCleaner(), cut, FCSVM(Cs=[0.1], random_state=0)).fit(X, y)
    proba = pipeline.predict_proba(X)
    margins = pipeline[-1].decision_function(cut.transform(ScanCleaner().fit_transform(X))[3])
    assert proba[3, 1] == pytest.approx(np.mean(margins > 0))
    assert cross_val_score(pipeline, X, y, cv=GroupKFold(3), groups=FAMILIES).mean() > 0.6


def test_imbalanced_learns_pipeline_samples_windows_in_fit_only(scans):
    pytest.importorskip("imblearn")
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    X, y = scans
    sampler = SubsequenceAugmenter(9, 4, output="windows")
    pipeline = make_sampling_pipeline(ScanCleaner(), sampler, classifier()).fit(X, y)
    cleaned = ScanCleaner().fit_transform(X)
    windows, labels = sampler.fit_resample(cleaned, y)
    alone = classifier().fit(windows, labels)
    assert_array_equal(weights(pipeline[-1]), weights(alone))
    assert_allclose(pipeline.predict_proba(X), alone.predict_proba(cleaned), rtol=1e-6)
    assert_array_equal(pipeline[1].sample_indices_, sampler.sample_indices_)
    assert len(cross_val_score(pipeline, X, y, cv=3)) == 3


@pytest.mark.usefixtures("routing")
def test_groups_are_routed_to_folds_and_internal_split(scans, sides):
    X, y = stamped(scans[0]), np.repeat([0, 1], 6)
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(callbacks=[sides()]))
    results = cross_validate(
        pipeline, X, y, cv=GroupKFold(3), params={"groups": FAMILIES}, return_indices=True
    )
    for (train, valid), inside in zip(sides.seen[::2], results["indices"]["train"], strict=True):
        assert train | valid == set(inside)
        assert not set(FAMILIES[[*train]]) & set(FAMILIES[[*valid]])


@pytest.mark.usefixtures("routing")
def test_groups_are_routed_through_a_search(scans, sides):
    X, y = stamped(scans[0]), np.repeat([0, 1], 6)
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(callbacks=[sides()]))
    search = GridSearchCV(pipeline, {"lstmdgclassifier__lr": [1e-3, 1e-2]}, cv=GroupKFold(3))
    search.fit(X, y, groups=FAMILIES)
    assert len(sides.seen) == 2 * (2 * 3 + 1)
    for train, valid in sides.seen:
        assert not set(FAMILIES[[*train]]) & set(FAMILIES[[*valid]])


@pytest.mark.usefixtures("routing")
def test_validation_masks_are_routed(scans, sides):
    X, y = stamped(scans[0]), scans[1]
    pipeline = make_pipeline(SubsequenceAugmenter(9, 4), classifier(callbacks=[sides()]))
    pipeline.fit(X, y, validation=np.isin(np.arange(12), [2, 3, 8]))
    assert sides.seen[-1][1] == {2, 3, 8}


@pytest.mark.usefixtures("routing")
def test_unlabelled_scans_go_through_the_steps_before(scans):
    X, y = scans
    more = np.random.default_rng(1).standard_normal((5, 40, 6)) * 4 + 9
    steps = [ScanCleaner(), SubsequenceAugmenter(9, 4)]
    pipeline = make_pipeline(*steps, classifier(), transform_input=["X_unlabeled"])
    pipeline.fit(X, y, X_unlabeled=more)
    before = make_pipeline(*steps).fit(X)
    bags = before.transform(X)
    alone = classifier().fit(bags, y, X_unlabeled=before.transform(more))
    assert_array_equal(weights(pipeline[-1]), weights(alone))
    assert (weights(pipeline[-1]) != weights(classifier().fit(bags, y))).any()
