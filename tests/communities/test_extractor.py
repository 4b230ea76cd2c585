from functools import partial

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.communities import (
    CommunityExtractor,
    common_influence,
    common_memberships,
    community_influence,
    top_communities,
)
from sklearn_lstmdg.communities._memberships import two_means
from sklearn_lstmdg.estimator_checks import parametrize_with_scan_checks
from sklearn_lstmdg.scans._validation import check_sequences

SMALL = {"n_communities": 8, "n_units": 8, "max_epochs": 3}
TINY = SMALL | {"random_state": 0}
EXTRACTORS = [CommunityExtractor(LSTMDGClassifier(**TINY))]


@pytest.fixture
def small_default(monkeypatch):
    """The default estimator, but for what it costs."""
    name = "sklearn_lstmdg.communities._extractor.LSTMDGClassifier"
    monkeypatch.setattr(name, partial(LSTMDGClassifier, **SMALL))


@pytest.mark.filterwarnings("ignore:.*have the same membership:UserWarning")
@parametrize_with_checks([*EXTRACTORS, CommunityExtractor()])
def test_scikit_learns_checks(estimator, check, small_default):
    check(estimator)


@parametrize_with_scan_checks(EXTRACTORS, forms=["scans", "ragged", "bags", "ragged bags"])
def test_scan_checks(estimator, check):
    check(estimator)


class Planted(BaseEstimator):
    """Learns a given membership, without labels, and keeps what its fit was handed."""

    def __init__(self, membership=None):
        self.membership = membership

    def fit(self, X, y=None):
        self.y_ = y
        self.membership_ = np.asarray(self.membership)
        return self


class Grouped(Planted):
    """The same with influences; its fit takes groups."""

    __metadata_request__fit = {"groups": True}

    def fit(self, X, y=None, groups=None):
        self.groups_ = groups
        self.influence_ = np.arange(3.0)
        return super().fit(X, y)


MEMBERSHIP = np.array(
    [[2, 0, 0.5], [1, 0, 0.5], [0, 3, 0.5], [0, 1.5, 0.5], [0.1, 1.5, 0.5], [0, 0, 0.5]]
)


@pytest.fixture
def planted():
    return CommunityExtractor(Planted(MEMBERSHIP[:, :2]))


def test_finds_members_and_counts_them(scans):
    X, _ = scans
    with_dead = np.hstack([MEMBERSHIP, np.zeros((6, 1))])
    with pytest.warns(UserWarning, match=r"2 of 4 communities .* \(1 of them 0\)"):
        extractor = CommunityExtractor(Planted(with_dead)).fit(X)
    np.testing.assert_array_equal(extractor.communities_, two_means(with_dead))
    assert extractor.communities_[:, 0].tolist() == [True, True, False, False, False, False]
    assert extractor.sizes_.tolist() == [2, 3, 0, 0]
    assert (extractor.n_constant_, extractor.n_empty_) == (2, 1)
    np.testing.assert_array_equal(extractor.membership_, with_dead)
    assert not extractor.transform(X)[..., 2:].any()


def test_time_course_is_the_weighted_mean_of_members(scans, planted):
    X, _ = scans
    told = planted.fit(X).transform(X)
    first = (2 * X[..., 0] + X[..., 1]) / 3
    second = (2 * X[..., 2] + X[..., 3] + X[..., 4]) / 4
    np.testing.assert_allclose(told, np.stack([first, second], axis=-1), atol=1e-12)
    assert planted.get_feature_names_out().tolist() == ["community0", "community1"]


def test_every_form_has_the_same_time_courses(scans, planted):
    X, _ = scans
    wanted = planted.fit(X).transform(X)
    ragged = [scan[: 40 - i] for i, scan in enumerate(X)]
    for told, course in zip(planted.transform(ragged), wanted, strict=True):
        np.testing.assert_allclose(told, course[: len(told)], atol=1e-12)
    np.testing.assert_allclose(planted.transform(X[:, 0]), wanted[:, 0], atol=1e-12)
    cut = SubsequenceAugmenter(length=9, step=4).fit_transform
    bags = planted.transform(cut(X))
    np.testing.assert_allclose(bags, cut(wanted), atol=1e-12)
    np.testing.assert_allclose(planted.transform(np.array(cut(X))), bags, atol=1e-12)
    for told, scan in zip(planted.transform(cut(ragged)), ragged, strict=True):
        np.testing.assert_allclose(told, cut(planted.transform([scan]))[0], atol=1e-12)
    assert planted.transform(X.astype(np.float32)).dtype == np.float32


def test_bags_stay_views(scans, planted):
    X, _ = scans
    planted.fit(X)
    cutter = SubsequenceAugmenter(length=9).fit(X)
    for bags in (cutter.transform(X), cutter.transform(list(X))):
        series = check_sequences(planted.transform(bags)).series
        assert [len(row) for row in series] == [40] * 12


@pytest.mark.parametrize("clusterer", [None, KMeans(2, n_init=10, random_state=0)])
def test_k_means_finds_the_same_where_clusters_are_clear(scans, clusterer):
    X, _ = scans
    with pytest.warns(UserWarning, match="1 of 3"):
        extractor = CommunityExtractor(Planted(MEMBERSHIP), clusterer=clusterer).fit(X)
    np.testing.assert_array_equal(extractor.communities_, two_means(MEMBERSHIP))


def test_a_clusterer_of_other_numbers_is_refused(scans, planted):
    with pytest.raises(ValueError, match=r"2 clusters.* found 3"):
        planted.set_params(clusterer=KMeans(3, n_init=1, random_state=0)).fit(scans[0])


def test_labels_and_groups_reach_the_estimator(scans):
    X, y = scans
    groups = np.arange(12) // 2
    extractor = CommunityExtractor(Grouped(MEMBERSHIP[:, :2])).fit(X, y, groups=groups)
    assert extractor.estimator_.y_ is y
    assert extractor.estimator_.groups_ is groups
    assert extractor.estimator is not extractor.estimator_
    without = CommunityExtractor(Planted(MEMBERSHIP[:, :2])).fit(X, y, groups=groups)
    assert without.estimator_.y_ is y
    with pytest.raises(ValueError, match="groups"):
        extractor.fit(X, y, groups=groups[:5])


@pytest.mark.parametrize("routing", [False, True])
def test_groups_reach_the_steps_of_nested_pipelines(scans, routing):
    X, y = scans
    groups = np.arange(12) // 2
    inner = make_pipeline(ScanCleaner(), "passthrough", make_pipeline(Grouped(MEMBERSHIP[:, :2])))
    outer = make_pipeline(ScanCleaner(), CommunityExtractor(inner))
    name = "groups" if routing else "communityextractor__groups"
    with sklearn.config_context(enable_metadata_routing=routing):
        outer.fit(X, y, **{name: groups})
        CommunityExtractor(make_pipeline(Planted(MEMBERSHIP[:, :2]))).fit(X, y, groups=groups)
    np.testing.assert_array_equal(outer[-1].estimator_[-1][-1].groups_, groups)
    assert outer[-1].influence_.tolist() == [0, 1, 2]


def test_prefit_and_frozen_estimators_are_taken_as_they_are(scans):
    X, y = scans
    model = make_pipeline(ScanCleaner(), LSTMDGClassifier(**TINY)).fit(X, y)
    weights = model[-1].membership_
    for extractor in (
        CommunityExtractor(model, prefit=True),
        CommunityExtractor(FrozenEstimator(model)),
        clone(CommunityExtractor(FrozenEstimator(model))),
        CommunityExtractor(make_pipeline(ScanCleaner(), FrozenEstimator(model[-1]))),
    ):
        extractor.fit(X[:3])
        np.testing.assert_array_equal(extractor.membership_, weights)
        np.testing.assert_array_equal(extractor.influence_, model[-1].influence_)
    np.testing.assert_array_equal(model[-1].membership_, weights)
    with pytest.raises(NotFittedError):
        CommunityExtractor(clone(model), prefit=True).fit(X, y)
    with pytest.raises(ValueError, match="estimator=None"):
        CommunityExtractor(prefit=True).fit(X, y)


def test_none_is_the_classifier_which_needs_labels(scans, small_default):
    X, y = scans
    with pytest.raises(ValueError, match="requires y"):
        CommunityExtractor().fit(X)
    assert CommunityExtractor().fit(X, y).membership_.shape == (6, 8)
    seeded = [CommunityExtractor(random_state=seed).fit(X, y).membership_ for seed in (0, 0, 1)]
    np.testing.assert_array_equal(seeded[0], seeded[1])
    assert not np.array_equal(seeded[0], seeded[2])


def test_a_search_gives_its_best_estimators_communities(scans):
    X, y = scans
    search = GridSearchCV(LSTMDGClassifier("dg", **TINY), {"lr": [1e-3]}, cv=2)
    extractor = CommunityExtractor(FrozenEstimator(make_pipeline(search).fit(X, y))).fit(X, y)
    best = extractor.estimator_.estimator[-1].best_estimator_
    np.testing.assert_array_equal(extractor.membership_, best.membership_)
    np.testing.assert_array_equal(extractor.influence_, community_influence(extractor))


def test_influence_exists_where_the_estimator_has_it(scans, planted):
    X, _ = scans
    assert not hasattr(planted, "influence_")
    assert not hasattr(planted.fit(X), "influence_")
    assert CommunityExtractor(Grouped(MEMBERSHIP[:, :2])).fit(X).influence_.tolist() == [0, 1, 2]


def test_errors_name_what_is_wrong_with_the_membership(scans):
    X, y = scans
    with pytest.raises(ValueError, match="FCSVM has no membership_"):
        CommunityExtractor(FCSVM(Cs=[0.1])).fit(X, y)
    with pytest.raises(ValueError, match="variant 'd'"):
        CommunityExtractor(LSTMDGClassifier("d", **TINY)).fit(X, y)
    with pytest.raises(ValueError, match="has 5 ROIs and X has 6"):
        CommunityExtractor(Planted(MEMBERSHIP[:5])).fit(X)
    with pytest.raises(ValueError, match="-1 for ROI 2 in community 1"):
        negative = MEMBERSHIP.copy()
        negative[2, 1] = -1
        CommunityExtractor(Planted(negative)).fit(X)
    with pytest.raises(ValueError, match="membership_ contains NaN"):
        CommunityExtractor(Planted(MEMBERSHIP * np.nan)).fit(X)


@pytest.mark.parametrize(
    "classifier",
    [
        make_pipeline(SubsequenceAugmenter(20, 5), LSTMDGClassifier(**TINY)),
        make_pipeline(SubsequenceAugmenter(20, 5, horizon=0), FCSVM(Cs=[0.1], random_state=0)),
        LSTMDGClassifier(**TINY),
    ],
    ids=["windows", "svm", "scans"],
)
def test_a_classifier_reads_the_time_courses(scans, classifier):
    X, y = scans
    model = make_pipeline(CommunityExtractor(LSTMDGClassifier(**TINY)), classifier)
    assert set(cross_val_predict(model, X, y, cv=2)) <= {0, 1}


def test_a_classifier_reads_bags_of_time_courses(scans, planted):
    X, y = scans
    model = make_pipeline(SubsequenceAugmenter(20), planted, LSTMDGClassifier(**TINY))
    proba = model.fit(X, y).predict_proba(X)
    other = make_pipeline(planted, SubsequenceAugmenter(20), LSTMDGClassifier(**TINY))
    np.testing.assert_array_equal(proba, other.fit(X, y).predict_proba(X))


def test_influence_times_the_spread_of_activity(scans):
    X, y = scans
    model = make_pipeline(SubsequenceAugmenter(20, 3), LSTMDGClassifier(**TINY)).fit(X, y)
    net = model[-1].net_.module_
    wanted = np.abs(net.discriminative_lstm.weight_ih_l0.detach().numpy()).sum(axis=0)
    assert net.discriminative_lstm.weight_ih_l0.shape == (4 * 8, 8)
    np.testing.assert_allclose(community_influence(model), wanted, rtol=1e-6)
    scans_of_all = np.concatenate([X] * 3)
    spread = model[-1].community_activity(model[:-1].transform(X)).std(axis=(0, 1, 2))
    extractor = CommunityExtractor(FrozenEstimator(model)).fit(X)
    for estimator in (model, FrozenEstimator(model), extractor):
        told = community_influence(estimator, scans_of_all)
        np.testing.assert_allclose(told, wanted * spread, rtol=1e-4)
    ragged = [scan[: 40 - 4 * i] for i, scan in enumerate(X[:3])]
    points = np.concatenate(
        [model[-1].community_activity(model[:-1].transform([s])).reshape(-1, 8) for s in ragged]
    )
    np.testing.assert_allclose(
        community_influence(model, ragged), wanted * points.std(axis=0), rtol=1e-4
    )


def test_influence_needs_a_discriminative_path(scans):
    X, y = scans
    with pytest.raises(AttributeError, match="variant 's'"):
        community_influence(LSTMDGClassifier("s", **TINY).fit(X, y))
    with pytest.raises(AttributeError, match="community_activity"):
        community_influence(Grouped(MEMBERSHIP).fit(X), X)


def test_top_communities_with_the_names_of_their_rois():
    names = [f"roi {code}" for code in range(6)]
    told = top_communities(MEMBERSHIP, [1.0, 3.0, 2.0], names, n=2)
    assert told == [
        {"community": 1, "influence": 3.0, "size": 3, "rois": ["roi 2", "roi 3", "roi 4"]},
        {"community": 2, "influence": 2.0, "size": 0, "rois": []},
    ]
    by_weight = top_communities(MEMBERSHIP[::-1], [0, 1, 0], n=1)
    assert by_weight[0]["rois"] == [3, 1, 2]
    codes = top_communities(MEMBERSHIP, [0, 1, 0], np.arange(2001, 2007), n=1)[0]["rois"]
    assert codes == [2003, 2004, 2005] and {type(code) for code in codes} == {int}
    members = top_communities(two_means(MEMBERSHIP), [5, 5, 5])
    assert [record["community"] for record in members] == [0, 1, 2]
    assert [record["rois"] for record in members] == [[0, 1], [2, 3, 4], []]


def test_top_communities_errors():
    with pytest.raises(ValueError, match="5 ROI names and 3 influences"):
        top_communities(MEMBERSHIP, [1, 2, 3], list("abcde"))
    with pytest.raises(ValueError, match="2 influences"):
        top_communities(MEMBERSHIP, [1, 2])
    with pytest.raises(ValueError, match="n must be a whole number of at least 1, got 0"):
        top_communities(MEMBERSHIP, [1, 2, 3], n=0)


@pytest.fixture(scope="module")
def several():
    """Three nets on windows, in a Pipeline, with their scans."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 40, 6)), np.arange(12) % 2
    nets = LSTMDGClassifier(**TINY, n_nets=3)
    return make_pipeline(SubsequenceAugmenter(20, 3), nets).fit(X, y), X, y


def test_several_nets_give_what_they_have_in_common(several):
    model, X, y = several
    nets = model[-1]
    assert len(nets.memberships_) == len(nets.influences_) == 3
    np.testing.assert_array_equal(nets.memberships_[0], nets.membership_)
    np.testing.assert_array_equal(nets.influences_[0], nets.influence_)
    assert not np.array_equal(nets.memberships_[1], nets.membership_)
    extractor = CommunityExtractor(model, prefit=True, n_communities=4).fit(X)
    np.testing.assert_array_equal(extractor.membership_, common_memberships(nets.memberships_, 4))
    np.testing.assert_array_equal(extractor.communities_, two_means(extractor.membership_))
    assert extractor.transform(X).shape == (12, 40, 4)
    wanted = common_influence(extractor.membership_, nets.memberships_, nets.influences_)
    np.testing.assert_array_equal(extractor.influence_, wanted)
    np.testing.assert_array_equal(community_influence(extractor), wanted)
    again = CommunityExtractor(clone(model)).fit(X, y)
    np.testing.assert_array_equal(again.membership_, common_memberships(nets.memberships_, 6))


def test_common_influence_times_the_spread_of_each_nets_activity(several):
    model, X, _ = several
    nets, windows = model[-1], model[:-1].transform(X)
    each = [
        nets.influences_[net] * nets.community_activity(windows, net=net).std(axis=(0, 1, 2))
        for net in range(3)
    ]
    assert not np.allclose(each[0], each[1])
    extractor = CommunityExtractor(FrozenEstimator(model), n_communities=4).fit(X)
    wanted = common_influence(extractor.membership_, nets.memberships_, each)
    np.testing.assert_allclose(community_influence(extractor, X), wanted, rtol=1e-4)
    np.testing.assert_allclose(community_influence(model, X), each[0], rtol=1e-4)


def test_variants_without_memberships_have_none_of_several_nets(scans):
    X, y = scans
    with pytest.raises(ValueError, match="variant 'd'"):
        CommunityExtractor(LSTMDGClassifier("d", **TINY, n_nets=2)).fit(X, y)


def test_wrong_numbers_of_common_communities_are_refused(scans, planted):
    with pytest.raises(ValueError, match="n_communities"):
        planted.set_params(n_communities=0).fit(scans[0])
