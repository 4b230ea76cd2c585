"""The network for a continuous target."""

import warnings

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import (
    CommunityExtractor,
    LSTMDGClassifier,
    LSTMDGRegressor,
    ScanCleaner,
    SubsequenceAugmenter,
)
from sklearn_lstmdg.communities import community_influence
from sklearn_lstmdg.datasets import make_scans

from _stubs import STEPS

VARIANTS = ["dg", "h", "d", "s"]
TINY = {"n_communities": 4, "n_units": 3, "max_updates": 3, "random_state": 0}
# Settings without chance, in which two fits can be compared.
EXACT = TINY | {"dropout": 0.0, "input_noise": 0.0, "augment": None, "max_updates": 20}

pytestmark = pytest.mark.filterwarnings("ignore:The net is hardly trained")


@pytest.fixture(scope="module")
def severity():
    """Scans whose first two communities differ by a severity from 0 to 100."""
    sizes = {"n_subjects": 80, "n_timepoints": 100, "n_rois": 16, "n_communities": 4}
    alike = {"subject_variability": 0.1, "site_effect": 0, "random_state": 0}
    return make_scans(**sizes, effect_size=1.0, continuous=True, **alike)


@pytest.fixture
def numbers(scans):
    """Twelve scans and a target far from 0."""
    X, y = scans
    return X, 500 + 100.0 * y + np.arange(12)


def windows(X, length=10, step=5):
    return SubsequenceAugmenter(length, step).fit(X).transform(X)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_planted_severity_is_recovered_in_other_subjects(severity, variant):
    model = LSTMDGRegressor(
        variant, n_communities=8, n_units=8, max_updates=100, lr=1e-2, random_state=0
    )
    pipeline = make_pipeline(ScanCleaner(), SubsequenceAugmenter(30, 10), model)
    pipeline.fit(severity.data[:60], severity.target[:60])
    predicted, wanted = pipeline.predict(severity.data[60:]), severity.target[60:]
    assert np.corrcoef(predicted, wanted)[0, 1] > 0.8
    mean = severity.target[:60].mean()
    assert np.mean((predicted - wanted) ** 2) < 0.6 * np.mean((mean - wanted) ** 2)
    assert pipeline.score(severity.data[60:], wanted) > 0.3


def test_nothing_is_recovered_of_a_permuted_target(severity):
    order = np.random.default_rng(0).permutation(60)
    model = LSTMDGRegressor(n_communities=8, n_units=8, max_updates=60, lr=1e-2, random_state=0)
    pipeline = make_pipeline(SubsequenceAugmenter(30, 10), model)
    pipeline.fit(severity.data[:60], severity.target[order])
    assert pipeline.score(severity.data[60:], severity.target[60:]) < 0.1


def test_parameters_are_the_classifiers_less_what_is_of_classes():
    ours, theirs = LSTMDGRegressor().get_params(), LSTMDGClassifier().get_params()
    assert theirs.keys() - ours.keys() == {"aggregation", "class_weight"}
    assert ours == {name: theirs[name] for name in ours}


def test_the_docstring_tells_of_each_parameter_what_the_classifiers_does():
    told, wanted = (
        {parameter.name: parameter for parameter in ClassDoc(cls)["Parameters"]}
        for cls in (LSTMDGRegressor, LSTMDGClassifier)
    )
    assert set(told) == set(LSTMDGRegressor().get_params(deep=False))
    of_a_number = {"discriminative_weight", "augment", "validation_fraction", "monitor", "n_nets"}
    for name in set(told) - of_a_number:
        assert told[name] == wanted[name], name
    assert "LSTMDGClassifier``" not in str(ClassDoc(LSTMDGRegressor)["Parameters"])


def test_a_bags_prediction_is_the_mean_over_its_windows(numbers):
    X, y = numbers
    bags = windows([scan[: 40 - i] for i, scan in enumerate(X)])
    model = LSTMDGRegressor(**TINY).fit(bags, y)
    of_windows = model.predict_windows(bags)
    assert [row.shape for row in of_windows] == [(len(bag),) for bag in bags]
    np.testing.assert_allclose(model.predict(bags), [row.mean() for row in of_windows])
    alone = model.predict(list(bags[0]))
    np.testing.assert_allclose(alone, of_windows[0], rtol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_predictions_are_means_over_the_ways_to_read_a_window(numbers, variant):
    X, y = numbers
    model = LSTMDGRegressor(variant, augment=("sign", "reverse"), **TINY).fit(X, y)
    plain = LSTMDGRegressor(variant, augment=None, **TINY).fit(X, y)
    plain.net_.module_.load_state_dict(model.net_.module_.state_dict())
    read, rest = X[:, :-1], X[:, -1:]
    versions = [s * np.concatenate([r, rest], 1) for s in (1, -1) for r in (read, read[:, ::-1])]
    expected = np.mean([plain.predict(version) for version in versions], axis=0)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_unit_of_the_target_decides_nothing_else(numbers, variant):
    X, y = numbers
    one, other = (LSTMDGRegressor(variant, **EXACT).fit(X, target) for target in (y, 7 - 1e4 * y))
    assert one.target_mean_ == pytest.approx(y.mean())
    assert one.target_scale_ == pytest.approx(y.std())
    turned = LSTMDGRegressor(variant, **EXACT).fit(X, 1e-6 * y)
    np.testing.assert_allclose(turned.predict(X), 1e-6 * one.predict(X), rtol=1e-5)
    assert other.target_scale_ == pytest.approx(1e4 * y.std())
    np.testing.assert_allclose(turned.history_["train_loss"], one.history_["train_loss"], rtol=1e-4)


def test_the_target_is_standardized_by_training_rows_alone(numbers):
    X, y = numbers
    held = np.isin(np.arange(12), [0, 5, 9])
    model = LSTMDGRegressor(patience=2, **TINY).fit(X, y, validation=held)
    assert model.target_mean_ == pytest.approx(y[~held].mean())
    assert model.target_scale_ == pytest.approx(y[~held].std())
    assert model.n_validation_ == 3
    all_train = LSTMDGRegressor(**TINY).fit(X, y, validation=held)
    assert all_train.target_mean_ == pytest.approx(y.mean())


def test_going_on_keeps_mean_and_scale(numbers):
    X, y = numbers
    model = LSTMDGRegressor(warm_start=True, **TINY).fit(X, y)
    mean, scale, n_epochs = model.target_mean_, model.target_scale_, model.n_iter_
    model.fit(X, 2 * y)
    model.partial_fit(X[:3], np.zeros(3))
    assert (model.target_mean_, model.target_scale_) == (mean, scale)
    assert model.n_iter_ > n_epochs
    anew = model.set_params(warm_start=False).fit(X, 2 * y)
    assert anew.target_mean_ == pytest.approx(2 * mean)


def test_partial_fit_learns_epoch_by_epoch(numbers):
    X, y = numbers
    model = LSTMDGRegressor(**STEPS | EXACT | {"lr": 0.05})
    for _ in range(30):
        model.partial_fit(X, y)
    losses = model.history_["train_disc_loss"]
    assert len(losses) == model.n_iter_ == 30 and losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("monitor", ["subject_loss", "r", "loss", lambda y, p: -abs(y - p).max()])
def test_the_monitor_judges_subjects(numbers, monitor):
    X, y = numbers
    held, groups = np.isin(np.arange(12), [0, 1, 5, 6, 7]), [0, 0, *range(1, 11)]
    y[1] = y[0]  # one subject of two windows
    settings = STEPS | {"lr": 0.1, "monitor": monitor, "patience": 20, "max_epochs": 8}
    model = LSTMDGRegressor(n_communities=4, n_units=3, random_state=0, **settings)
    model.fit(X, y, groups, validation=held)
    told, best = model.history_, model.best_epoch_ - 1
    record, sign = {
        "subject_loss": ("valid_subject_loss", -1),
        "r": ("valid_r", 1),
        "loss": ("valid_loss", -1),
    }.get(monitor if isinstance(monitor, str) else None, ("valid_monitor", 1))
    assert best == np.argmax(sign * told[record])
    z = (np.array([model.predict(X[[0, 1]]).mean(), *model.predict(X[[5, 6, 7]])]), y[[0, 5, 6, 7]])
    predicted, wanted = ((values - model.target_mean_) / model.target_scale_ for values in z)
    assert told["valid_subject_loss"][best] == pytest.approx(np.mean((predicted - wanted) ** 2))
    assert told["valid_r"][best] == pytest.approx(np.corrcoef(predicted, wanted)[0, 1])
    if callable(monitor):
        assert told["valid_monitor"][best] == pytest.approx(monitor(wanted, predicted))


def test_the_internal_split_keeps_groups(numbers):
    X, y = numbers
    model = LSTMDGRegressor(patience=2, validation_fraction=0.4, **TINY)
    assert model.fit(X, y, np.repeat([0, 1, 2], 4)).n_validation_ == 4
    with pytest.raises(ValueError, match="All rows belong to one group"):
        model.fit(X, y, np.zeros(12))


def test_other_scans_are_read_for_the_generative_task(numbers):
    X, y = numbers
    settings = EXACT | {"pretrain_epochs": 2}
    models = [LSTMDGRegressor(**settings).fit(X, y, X_unlabeled=more) for more in (None, 2 * X[:4])]
    assert models[0].predict(X[:1]) != models[1].predict(X[:1])
    with pytest.raises(ValueError, match="Variant 'd' cannot learn from X_unlabeled"):
        LSTMDGRegressor("d", **TINY).fit(X, y, X_unlabeled=X)


def test_several_nets_are_averaged(numbers):
    X, y = numbers
    model = LSTMDGRegressor(n_nets=3, **TINY).fit(X, y)
    assert len(model.nets_) == len(model.memberships_) == len(model.influences_) == 3
    nets, told = model._nets.nets, []
    for net in nets:
        model._nets.nets = [net]
        told.append(model.predict(X))
    model._nets.nets = nets
    np.testing.assert_allclose(model.predict(X), np.mean(told, axis=0))


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_network_tells_beside_the_target(numbers, variant):
    X, y = numbers
    model = LSTMDGRegressor(variant, **TINY).fit(X, y)
    if variant in ("dg", "h"):
        assert model.membership_.shape == (6, 4) and (model.membership_ >= 0).all()
        assert model.generate(X, 2).shape == (12, 2, 6)
    if variant == "s":
        with pytest.raises(AttributeError, match="variant 's' has no influence_"):
            _ = model.influence_
        return
    weights = model.net_.module_.discriminative_lstm.weight_ih_l0
    wanted = weights.detach().abs().sum(dim=0)
    np.testing.assert_allclose(model.influence_, wanted, rtol=1e-6)
    assert model.community_activity(X).shape == (12, 40, 4)


def test_without_compiled_code_a_model_learns_the_same(numbers, monkeypatch):
    X, y = numbers
    X = [scan[: 40 - i] for i, scan in enumerate(X)]
    here = LSTMDGRegressor(**EXACT).fit(X, y)
    predicted = here.predict(X)
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    np.testing.assert_allclose(LSTMDGRegressor(**EXACT).fit(X, y).predict(X), predicted, rtol=1e-4)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(12, 0.1), r"y is 0.1 in all rows that train \(n_samples=12\)"),
        (np.append(np.zeros(11), 5e-324), "y is 0.0 in all rows that train"),
        (np.ones((12, 2)), "y needs one value for each row of X"),
        (np.array(["young", "old"] * 6), "y must hold numbers, got .*'young'.* in row 0"),
        (np.array(["1", "2"] * 6), "y must hold numbers"),
        (np.array([*range(11), None]), "y has no value for row 11"),
        (np.array([*range(11), np.inf]), "y contains infinity"),
        (np.array([*range(11), 1e200]), r"too large for sums of squares: 1e\+200 in row 11"),
        (np.array([*range(11), 1j]), "y needs one value for each row of X: Complex data"),
        (np.arange(11), "inconsistent numbers of samples"),
        (None, "requires y to be passed"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(numbers, y, message):
    X, good = numbers
    model = LSTMDGRegressor(**TINY).fit(X, good)
    before = model.predict(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of columns
        with pytest.raises((ValueError, TypeError), match=message):
            model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, bool, np.float16, object])
def test_targets_of_any_number(numbers, kind):
    X, _ = numbers
    y = (np.arange(12) % 2).astype(kind)
    assert LSTMDGRegressor(**TINY).fit(X, y).target_mean_ == 0.5


def test_a_net_that_tells_the_same_of_all_warns():
    X, y = np.zeros((12, 10, 3)), np.arange(12.0)
    with pytest.warns(ConvergenceWarning, match="12 windows .* all given about the same value"):
        LSTMDGRegressor(**TINY).fit(X, y)


def test_what_is_of_classes_is_no_parameter(numbers):
    for name, value in (("monitor", "auc"), ("monitor", "accuracy")):
        with pytest.raises(ValueError, match="'monitor' parameter of LSTMDGRegressor"):
            LSTMDGRegressor(**TINY, **{name: value}).fit(*numbers)
    for name in ("aggregation", "class_weight"):
        with pytest.raises(TypeError, match=name):
            LSTMDGRegressor(**{name: None})


def test_it_predicts_when_fitted(numbers):
    with pytest.raises(NotFittedError):
        LSTMDGRegressor().predict(numbers[0])


def test_scikit_learns_searches_and_scores(numbers):
    X, y = numbers
    groups = np.repeat(range(6), 2)
    pipeline = make_pipeline(
        ScanCleaner(), SubsequenceAugmenter(10, 5), LSTMDGRegressor(**TINY, patience=1)
    )
    scores = cross_val_score(clone(pipeline), X, y, groups=groups, cv=GroupKFold(3))
    assert scores.shape == (3,) and np.isfinite(scores).all()
    grid = {"lstmdgregressor__variant": ["dg", "s"], "lstmdgregressor__n_units": [2, 3]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2)).fit(X, y, groups=groups)
    assert search.predict(X).shape == (12,)
    with config_context(enable_metadata_routing=True):
        params = {"groups": groups}
        search = GridSearchCV(clone(pipeline), grid, cv=GroupKFold(2)).fit(X, y, **params)
        assert search.best_estimator_[-1].n_validation_ % 2 == 0
        scores = cross_val_score(clone(pipeline), X, y, params=params, cv=GroupKFold(3))
    assert np.isfinite(scores).all()


def test_communities_of_a_regressor(numbers):
    X, y = numbers
    pipeline = make_pipeline(SubsequenceAugmenter(10, 5), LSTMDGRegressor(**TINY))
    extractor = CommunityExtractor(pipeline).fit(X, y)
    assert extractor.communities_.shape == (6, 4)
    assert extractor.transform(X).shape == (12, 40, 4)
    assert community_influence(extractor, X).shape == (4,)
    np.testing.assert_array_equal(extractor.influence_, extractor.estimator_[-1].influence_)
