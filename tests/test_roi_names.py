"""Names of ROIs stay with the scans from the loader to the results."""

import json

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import (
    FCSVM,
    CommunityExtractor,
    LSTMDGClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
)
from sklearn_lstmdg.datasets import load_bids
from sklearn_lstmdg.evaluation import compare_models, load_comparison
from sklearn_lstmdg.explain import permutation_importance
from sklearn_lstmdg.persistence import load_model, save_model
from sklearn_lstmdg.plotting import GenerationDisplay, MembershipDisplay
from sklearn_lstmdg.report import cohort_record

from _trees import ROIS, make_tree

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    tree = make_tree(tmp_path_factory.mktemp("study"), missing=False)
    return load_bids(tree, target="diagnosis")


def system():
    net = LSTMDGClassifier(n_communities=3, n_units=2, max_updates=3, random_state=0)
    return make_pipeline(ScanCleaner(), SubsequenceAugmenter(8, step=6), net)


def test_cleaner_and_augmenter_hand_names_on(cohort):
    cleaned = ScanCleaner().fit_transform(cohort.data)
    assert all(scan.columns.tolist() == ROIS for scan in cleaned)
    np.testing.assert_array_equal(
        cleaned[0], ScanCleaner().fit_transform([cohort.data[0].to_numpy()])[0]
    )
    bags = SubsequenceAugmenter(8).fit_transform(cleaned)
    assert bags.columns == ROIS and isinstance(bags, list)
    assert np.shares_memory(bags[0], cleaned[0].to_numpy())


def test_every_step_of_a_pipeline_knows_the_names(cohort):
    pipeline = system().fit(cohort.data, cohort.target)
    for step in (pipeline, *(step for _, step in pipeline.steps)):
        assert step.feature_names_in_.tolist() == ROIS
    other = [scan[ROIS[::-1]] for scan in cohort.data]
    with pytest.raises(ValueError, match="feature names should match"):
        pipeline.predict(other)
    with pytest.raises(ValueError, match="feature names should match"):
        pipeline[-1].predict(SubsequenceAugmenter(8).fit_transform(other))


def test_names_change_no_bit(cohort):
    arrays = [scan.to_numpy() for scan in cohort.data]
    named = system().fit(cohort.data, cohort.target).predict_proba(cohort.data)
    np.testing.assert_array_equal(named, system().fit(arrays, cohort.target).predict_proba(arrays))


def test_the_extractor_knows_rois_and_names_communities(cohort):
    extractor = CommunityExtractor(system()).fit(cohort.data, cohort.target)
    assert extractor.feature_names_in_.tolist() == ROIS
    courses = extractor.transform(cohort.data)
    assert courses[0].columns.tolist() == ["community0", "community1", "community2"]


def test_model_files_keep_names(cohort, tmp_path):
    pytest.importorskip("skops")
    for model in (CommunityExtractor(system()), make_pipeline(ScanCleaner(), FCSVM(Cs=[0.1]))):
        save_model(model.fit(cohort.data, cohort.target), tmp_path / "model.skops")
        loaded = load_model(tmp_path / "model.skops")
        assert loaded.feature_names_in_.tolist() == ROIS
        other = [scan[ROIS[::-1]] for scan in cohort.data]
        with pytest.raises(ValueError, match="feature names should match"):
            (loaded.transform if hasattr(loaded, "transform") else loaded.predict)(other)


def test_folds_keep_names(cohort, tmp_path):
    models = {"net": system(), "svm": make_pipeline(ScanCleaner(), FCSVM(Cs=[0.1]))}
    options = {"groups": cohort.groups, "n_folds": 3, "random_state": 0}
    compare_models(models, cohort.data, cohort.target, out=tmp_path, **options)
    kept = load_comparison(tmp_path)
    assert kept.fold("net").roi_names.tolist() == ROIS
    assert kept.fold("svm").roi_names is None  # nor does it keep anything by ROI
    arrays = [scan.to_numpy() for scan in cohort.data]
    comparison = compare_models({"net": system()}, arrays, cohort.target, **options)
    assert comparison.fold("net").roi_names is None
    np.testing.assert_array_equal(comparison.fold("net").score, kept.fold("net").score)


def test_the_record_of_a_cohort_keeps_names(cohort):
    record = json.loads(json.dumps(cohort_record(cohort, cohort.sites)))
    assert record["roi_names"] == ROIS


def test_explanations_of_a_pipeline_name_rois(cohort):
    pipeline = system().fit(cohort.data, cohort.target)
    told = permutation_importance(pipeline, cohort.data, cohort.target, n_repeats=1, random_state=0)
    assert told.names == ROIS


def test_figures_name_rois(cohort):
    pytest.importorskip("matplotlib")
    pipeline = system().fit(cohort.data, cohort.target)
    assert [*MembershipDisplay.from_estimator(pipeline).roi_names] == ROIS
    cleaned = pipeline[:1].transform(cohort.data)
    shown = GenerationDisplay.from_estimator(pipeline[1:], cleaned[:2], n_steps=4)
    assert [*shown.roi_names] == ROIS
