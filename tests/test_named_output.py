"""Names of what transformers give: get_feature_names_out, set_output, and when windows begin."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sklearn_lstmdg import (
    FCSVM,
    CommunityExtractor,
    ConnectivityFeatures,
    LSTMDGClassifier,
    ParafacCommunities,
    ScanCleaner,
    SubsequenceAugmenter,
)
from sklearn_lstmdg.explain import permutation_importance
from sklearn_lstmdg.persistence import load_model, save_model

pandas = pytest.importorskip("pandas")

NAMES = ["Insula", "Putamen", "V1", "M1"]
PAIRS = ["Insula--Putamen", "Insula--V1", "Insula--M1", "Putamen--V1", "Putamen--M1", "V1--M1"]
EXTRACTOR = CommunityExtractor(ParafacCommunities(2, max_iter=5, n_init=1, random_state=0))


@pytest.fixture
def scans():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((20 + row, 4)) for row in range(6)]


def named(scans, start=0):
    def index(scan):
        return np.arange(start, start + len(scan))

    return [pandas.DataFrame(scan, columns=NAMES, index=index(scan)) for scan in scans]


@pytest.mark.parametrize("transformer", [ScanCleaner(), ConnectivityFeatures(), EXTRACTOR], ids=str)
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_set_output_transform,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_global_output_transform_pandas,
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
        estimator_checks.check_get_feature_names_out_error,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_checks_of_tables(transformer, check):
    check(type(transformer).__name__, transformer)


def test_pairs_of_rois_have_names(scans):
    features = ConnectivityFeatures().fit(named(scans))
    assert features.get_feature_names_out().tolist() == PAIRS
    anonymous = ConnectivityFeatures("fisher").fit(scans)
    assert anonymous.get_feature_names_out()[[0, 5]].tolist() == ["x0--x1", "x2--x3"]
    assert anonymous.get_feature_names_out(NAMES).tolist() == PAIRS
    with pytest.raises(ValueError, match="input_features should have length equal"):
        anonymous.get_feature_names_out(NAMES[:2])
    with pytest.raises(NotFittedError):
        ConnectivityFeatures().get_feature_names_out()


def test_each_pair_has_the_correlation_of_its_rois(scans):
    frames = named(scans)
    table = ConnectivityFeatures().set_output(transform="pandas").fit_transform(frames)
    assert list(table) == PAIRS and table.shape == (6, 6)
    for row, frame in enumerate(frames):
        correlation = frame.corr()
        for pair in PAIRS:
            first, second = pair.split("--")
            assert table.loc[row, pair] == pytest.approx(correlation.loc[first, second])


def test_tangent_features_are_named_in_nilearn_s_order(scans):
    connectome = pytest.importorskip("nilearn.connectome")
    features = ConnectivityFeatures("tangent").set_output(transform="pandas")
    table = features.fit_transform(named(scans))
    matrices = connectome.vec_to_sym_matrix(table.to_numpy())
    for name in table:
        i, j = map(NAMES.index, name.split("--"))
        # vec_to_sym_matrix multiplies the diagonal, not the rest, by the square root of 2
        scale = np.sqrt(2) if i == j else 1.0
        np.testing.assert_allclose(matrices[:, i, j], table[name] * scale)


@pytest.mark.parametrize("form", ["array", "list", "frames"])
def test_scans_become_dataframes_one_a_scan(scans, form):
    X = {"array": np.stack([scan[:20] for scan in scans]), "list": scans}.get(form, named(scans, 5))
    wanted = ScanCleaner().fit_transform(X)
    for container in ("local", "global"):
        cleaner = ScanCleaner()
        if container == "local":
            given = clone(cleaner.set_output(transform="pandas")).fit_transform(X)
        else:
            with config_context(transform_output="pandas"):
                given = cleaner.fit_transform(X)
        assert len(given) == len(X)
        for scan, expected in zip(given, wanted, strict=True):
            assert list(scan) == (NAMES if form == "frames" else ["x0", "x1", "x2", "x3"])
            assert scan.index[0] == (5 if form == "frames" else 0)
            np.testing.assert_array_equal(scan, expected)


def test_communities_have_names(scans):
    extractor = clone(EXTRACTOR).set_output(transform="pandas").fit(named(scans))
    courses = extractor.transform(named(scans))
    assert [list(course) for course in courses] == [["community0", "community1"]] * 6
    bags = SubsequenceAugmenter(5, horizon=0).fit_transform(scans)
    assert extractor.transform(bags).columns == ["community0", "community1"]
    assert extractor.transform(bags)[0].shape == (16, 5, 2)


def test_a_pipeline_sets_the_output_of_all_its_steps(scans):
    y = np.arange(6) % 2
    net = LSTMDGClassifier(n_communities=2, n_units=2, max_updates=2, random_state=0)
    for last in (net, FCSVM([0.1], random_state=0)):
        model = make_pipeline(ScanCleaner(), SubsequenceAugmenter(8, 4), last)
        plain = clone(model).fit(scans, y).predict_proba(scans)
        model.set_output(transform="pandas").fit(named(scans), y)
        assert model[-1].feature_names_in_.tolist() == NAMES, "through bags, which stay arrays"
        np.testing.assert_array_equal(model.predict_proba(named(scans)), plain)
    table = make_pipeline(ScanCleaner(), ConnectivityFeatures(), LogisticRegression())
    table.set_output(transform="pandas").fit(named(scans), y)
    assert table[-1].feature_names_in_.tolist() == PAIRS
    assert table[:-1].get_feature_names_out().tolist() == PAIRS


def test_windows_have_the_names_of_the_rois(scans):
    augmenter = SubsequenceAugmenter(8).fit(named(scans))
    assert augmenter.get_feature_names_out().tolist() == NAMES
    anonymous = SubsequenceAugmenter(8).set_output(transform="pandas")
    bags = anonymous.fit_transform(scans)
    assert bags.columns == ["x0", "x1", "x2", "x3"] and bags[0].shape == (12, 9, 4)
    assert np.shares_memory(bags[0], scans[0]), "views"


def test_windows_tell_when_they_begin(scans):
    augmenter = SubsequenceAugmenter(8, 5, horizon=1).fit(scans)
    starts = augmenter.window_starts(scans)
    assert [row.tolist() for row in starts] == [[0, 5, 10]] * 4 + [[0, 5, 10, 15]] * 2
    for bag, scan, row in zip(augmenter.transform(scans), scans, starts, strict=True):
        for window, start in zip(bag, row, strict=True):
            np.testing.assert_array_equal(window, scan[start : start + 9])
    assert augmenter.window_starts(scans, 2.5)[4].tolist() == [0, 12.5, 25, 37.5]
    each = augmenter.window_starts(scans, [2.0, 1.0, 1.0, 1.0, 1.0, 0.5])
    assert each[0].tolist() == [0, 10, 20] and each[5].tolist() == [0, 2.5, 5, 7.5]
    sampler = SubsequenceAugmenter(8, 5, output="windows")
    sampler.fit_resample(scans, np.arange(6))
    np.testing.assert_array_equal(
        np.concatenate(sampler.window_starts(scans)), sampler.start_indices_
    )


@pytest.mark.parametrize("t_r", [0, -1.0, np.nan, [2.0, 2.0], np.inf])
def test_impossible_repetition_times_are_refused(scans, t_r):
    augmenter = SubsequenceAugmenter(8).fit(scans)
    with pytest.raises(ValueError, match="t_r must be seconds above 0, one number or 6"):
        augmenter.window_starts(scans, t_r)
    with pytest.raises(NotFittedError):
        SubsequenceAugmenter(8).window_starts(scans)


def test_permutation_importance_reads_named_scans_and_names_its_rois(scans):
    frames = named([scan[:20] for scan in scans] * 2)
    y = np.arange(12) % 2
    for frame, label in zip(frames, y, strict=True):
        frame["V1"] = frame["M1"] * (2 * label - 1) + 0.1 * frame["V1"]
    for model in (
        FCSVM([1.0], random_state=0),
        make_pipeline(ScanCleaner(), FCSVM([1.0], random_state=0)),
        make_pipeline(ScanCleaner(), SubsequenceAugmenter(10, 5, horizon=0), FCSVM([1.0])),
    ):
        told = permutation_importance(model.fit(frames, y), frames, y, random_state=0)
        assert list(told.names) == NAMES
        assert set(np.argsort(told.importances_mean)[-2:]) == {2, 3}


def test_the_container_is_kept_in_model_files(scans, tmp_path):
    pytest.importorskip("skops")
    model = make_pipeline(ScanCleaner(), ConnectivityFeatures()).set_output(transform="pandas")
    save_model(model.fit(named(scans)), tmp_path / "model.skops")
    assert list(load_model(tmp_path / "model.skops").transform(named(scans))) == PAIRS
