import os
import pickle
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_score
from skorch.callbacks import Callback

from sklearn_lstmdg import FCSVM, LSTMDGClassifier, ROIHMMClassifier, SubsequenceAugmenter

from _references import numpy_forward, numpy_lstm

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}


class Spy(Callback):
    """Keeps the windows on each side of the split, and the weights before and after training."""

    def on_train_begin(self, net, **kwargs):
        self.before_ = weights_of(net.module_)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.training_, self.validation_ = dataset_train, dataset_valid

    def on_epoch_end(self, net, **kwargs):
        self.last_ = weights_of(net.module_)


def make(*args, **params):
    return LSTMDGClassifier(*args, **TINY | params)


def weights_of(module):
    return torch.cat([w.detach().flatten().clone() for w in module.parameters()]).numpy()


def weights(model):
    return weights_of(model.net_.module_)


def bags_of(X, length=9, step=4, horizon=1):
    return SubsequenceAugmenter(length, step, horizon).fit_transform(X)


def ragged(X):
    return [scan[: 40 - 5 * (i % 3)] for i, scan in enumerate(X)]


def stamped(X):
    """Write the number of its row over ROI 0 of each scan."""
    X = X.copy()
    X[:, :, 0] = np.arange(len(X))[:, None]
    return X


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


def test_what_is_not_given_is_not_read(scans):
    X, y = scans
    around = np.full((14, 60, 6), np.nan)
    around[1:13, 10:50] = X
    inside, bags = around[1:13, 10:50], SubsequenceAugmenter(9, 4).fit_transform(X)[:, 1:-1]
    for part, copy in [(inside, X), (bags, bags.copy()), ([*bags_of(inside)], bags_of(X).copy())]:
        told, wanted = make().fit(part, y), make().fit(copy, y)
        assert_allclose(weights(told), weights(wanted), atol=1e-6)
        assert_allclose(told.predict_proba(part), wanted.predict_proba(copy), atol=1e-6)


def test_a_mask_must_leave_groups_whole(scans):
    X, y = scans
    mask, family = np.isin(np.arange(12), [0, 1]), np.repeat(np.arange(4), 3)
    with pytest.raises(ValueError, match=r"splits a group: rows \[0, 1, 2\] belong together"):
        make().fit(X, y, groups=family, validation=mask)
    with pytest.raises(ValueError, match="boolean mask over the 12 rows"):
        make().fit(X, y, validation=mask[:5])
    with pytest.raises(ValueError, match="at least one row to train on"):
        make().fit(X, y, validation=mask | True)


def test_too_few_subjects_to_validate_warn(scans):
    X, y = scans
    with pytest.warns(UserWarning, match="without validation"):
        model = make(patience=10).fit(X[:4], [0, 0, 0, 1])
    assert "valid_loss" not in model.history_
    with pytest.raises(ValueError, match="All rows belong to one group"):
        make(patience=10).fit(X, y, groups=np.zeros(12))


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


@pytest.mark.parametrize("variant", ["dg", "h"])
def test_unlabelled_scans_train_the_generative_half(scans, variant):
    X, y = scans
    more = np.random.default_rng(1).standard_normal((30, 40, 6))
    more[:, :, 5] = 3.0
    model = make(variant, lr=0.02, max_epochs=5, validation_fraction=0)
    alone = clone(model).fit(bags_of(X), y)
    both = clone(model).fit(bags_of(X), y, X_unlabeled=more)
    errors = [np.mean((m.generate(more[:, :-1])[:, 0] - more[:, -1]) ** 2) for m in (alone, both)]
    assert errors[1] < 0.7 * errors[0]
    assert (both.membership_ != alone.membership_).any()


def test_unlabelled_scans_leave_the_discriminative_loss_to_labelled_ones(scans):
    X, y = scans
    still = {"lr": 1e-12, "dropout": 0, "input_noise": 0, "validation_fraction": 0}
    model = make(max_epochs=1, batch_size=500, augment=None, **still)
    alone = clone(model).fit(bags_of(X), y).history_
    both = clone(model).fit(bags_of(X), y, X_unlabeled=X[:3] + 5).history_
    assert both["train_disc_loss"] == pytest.approx(alone["train_disc_loss"])
    assert both["train_gen_loss"] > 1.5 * alone["train_gen_loss"]


def test_unlabelled_scans_in_any_form(scans):
    X, y = scans
    more = np.random.default_rng(1).standard_normal((5, 40, 6))
    wanted = weights(make().fit(bags_of(X), y, X_unlabeled=more))
    for same in (list(more), bags_of(more), list(bags_of(more)), bags_of(more).copy()):
        told = make().fit(bags_of(X), y, X_unlabeled=same)
        assert_allclose(weights(told), wanted, atol=1e-6)
    assert (weights(make().fit(bags_of(X), y)) != wanted).any()
    rows = make().fit(X, y, X_unlabeled=ragged(more))
    assert np.isfinite(weights(rows)).all()


def test_unlabelled_scans_that_cannot_be_used(scans):
    X, y = scans
    for variant in ("d", "s"):
        with pytest.raises(ValueError, match=f"Variant '{variant}' cannot learn from X_unlabeled"):
            make(variant).fit(X, y, X_unlabeled=X)
    with pytest.raises(ValueError, match="X has 5 features"):
        make().fit(X, y, X_unlabeled=X[..., :5])
    bad = X.copy()
    bad[4, 2, 3] = np.nan
    with pytest.raises(ValueError, match="row 4, time point 2, ROI 3"):
        make().fit(X, y, X_unlabeled=bad)


@pytest.mark.parametrize(
    ("variant", "horizon"), [("d", 0), ("s", 0), ("dg", 1), ("h", 3), ("s", 3), ("dg", 3)]
)
@pytest.mark.parametrize("shape", [(12, 40, 6), (12, 4, 10, 6)])
def test_the_horizon_is_never_read(scans, variant, horizon, shape):
    X, y = scans[0].reshape(shape), scans[1]
    # Backwards, a training window begins with what is its horizon forwards.
    forwards = {"horizon": horizon, "augment": ("sign",)}
    model = make(variant, **forwards).fit(X, y)
    n_read = shape[-2] - horizon
    wanted, other = np.concatenate(model.predict_window_proba(X)), X.copy()
    other[..., n_read:, :] += 5
    assert_array_equal(np.concatenate(model.predict_window_proba(other)), wanted)
    assert_array_equal(model.predict_proba(other), model.predict_proba(X))
    refit = make(variant, **forwards).fit(other, y)
    is_target = horizon > 0 and variant in ("dg", "h")
    assert (weights(refit) != weights(model)).any() == is_target
    other[..., n_read - 1, :] += 5
    assert (np.concatenate(model.predict_window_proba(other)) != wanted).all()


@pytest.mark.parametrize("variant", ["dg", "h"])
def test_without_horizon_there_is_nothing_to_generate(scans, variant):
    with pytest.raises(ValueError, match=f"horizon=0 leaves variant '{variant}' no point"):
        make(variant, horizon=0).fit(*scans)


def test_sequences_of_one_point_train_the_discriminative_half(scans):
    table, y, spy = scans[0][:, 0], scans[1], Spy()
    model = make(callbacks=[spy], augment=None).fit(table, y)
    assert not model.history_["train_gen_loss"].any()
    module = model.net_.module_
    assert_array_equal(weights_of(module.generative_dense), spy.before_[-len(table[0]) * 5 :])
    assert (weights(model) != spy.before_).any()
    assert_array_equal(weights(make(augment=None).fit(table[:, None], y)), weights(model))
    proba = model.predict_proba(table)
    assert_array_equal(model.predict_proba(table[:, None]), proba)
    logit, _ = numpy_forward(module, table[3:4])
    assert proba[3, 1] == pytest.approx(1 / (1 + np.exp(-logit[0])), rel=1e-5)


def test_one_point_beside_longer_scans(scans):
    X, y = list(scans[0]), scans[1]
    X[4] = X[4][:1]
    model = make().fit(X, y)
    assert (model.history_["train_gen_loss"] > 0).all()
    assert_allclose(model.predict_proba(X)[4], model.predict_proba(X[4][None])[0], rtol=1e-5)


@pytest.mark.parametrize("form", ["scans", "bags"])
def test_ragged_rows_equal_each_alone(scans, form):
    X, y = ragged(scans[0]), scans[1]
    rows = X if form == "scans" else bags_of(X)
    model = make(aggregation="mean").fit(rows, y)
    for method in ("predict_proba", "decision_function", "generate", "community_activity"):
        for told, row in zip(getattr(model, method)(rows), rows, strict=True):
            alone = getattr(model, method)(row[None])[0]
            assert_allclose(told, alone, rtol=1e-5, atol=1e-6, err_msg=method)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_votes_and_means_by_hand(scans, n_classes):
    X = ragged(scans[0])
    bags, y = bags_of(X, step=1), np.arange(12) % n_classes
    model = make(lr=0.05, max_epochs=10, aggregation="vote").fit(bags, y)
    windows = model.predict_window_proba(bags)
    assert [p.shape for p in windows] == [(len(bag), n_classes) for bag in bags]
    vote = model.predict_proba(bags)
    for row, p in zip(vote, windows, strict=True):
        votes = [np.mean([w.argmax() == k for w in p]) for k in range(n_classes)]
        assert_allclose(row, votes)
    assert vote[:, 1].std() > 0
    mean = model.set_params(aggregation="mean").predict_proba(bags)
    assert_allclose(mean, [p.mean(axis=0) for p in windows])
    scores = model.decision_function(bags)
    assert_allclose(scores, mean[:, 1] - 0.5 if n_classes == 2 else mean)
    assert_array_equal(model.predict(bags), mean.argmax(axis=1))


def test_a_window_at_one_half_votes_for_the_second_class(scans):
    bags, y = bags_of(scans[0]), scans[1]
    model = make(aggregation="vote").fit(bags, y)
    torch.nn.init.zeros_(model.net_.module_.shared_dense.weight)
    torch.nn.init.zeros_(model.net_.module_.shared_dense.bias)
    assert_array_equal(model.predict_proba(bags), [[0, 1]] * 12)
    assert_array_equal(model.set_params(aggregation="mean").predict(bags), [0] * 12)


def test_sequences_keep_their_own_probability(scans):
    model = make(augment=None).fit(*scans)
    proba, logits = model.predict_proba(scans[0]), model.decision_function(scans[0])
    assert_allclose(proba[:, 1], 1 / (1 + np.exp(-logits)))
    assert_array_equal(np.concatenate(model.predict_window_proba(scans[0])), proba)
    for x, logit in zip(scans[0], logits, strict=True):
        assert logit == pytest.approx(numpy_forward(model.net_.module_, x[:-1])[0][0], abs=1e-5)


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


def test_partial_fit_is_one_epoch_a_call(scans):
    X, y = scans
    model = make(max_epochs=50, patience=50)
    seen = [weights(model.partial_fit(X, y)) for _ in range(3)]
    assert model.n_iter_ == model.best_epoch_ == len(model.history_["train_loss"]) == 3
    assert all((a != b).any() for a, b in pairwise(seen))
    once = make(max_epochs=1, validation_fraction=0).fit(X, y)
    assert_array_equal(weights(once), seen[0])
    assert_array_equal(weights(once.partial_fit(X, y)), seen[1])
    assert model.fit(X, y).n_iter_ == 50


def test_partial_fit_draws_anew_in_each_call(scans):
    model = make(lr=1e-12, dropout=0)
    for _ in range(3):
        model.partial_fit(*scans)
    # The first call also draws the weights; the second and the third start alike.
    _, second, third = model.history_["train_gen_loss"]
    assert second != pytest.approx(third, rel=1e-4)


def test_partial_fit_knows_its_classes(scans):
    X, y = scans
    model = make().partial_fit(X[y == 1], y[y == 1], classes=[2, 0, 1])
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.partial_fit(X, y).predict_proba(X).shape == (12, 3)
    with pytest.raises(ValueError, match=r"y holds .*3.*, which is not among the known classes"):
        model.partial_fit(X, y + 2)
    with pytest.raises(ValueError, match="At least 2 classes"):
        make().partial_fit(X[y == 1], y[y == 1])


def test_warm_start_goes_on(scans):
    spy = Spy()
    model = make(warm_start=True, validation_fraction=0, callbacks=[spy]).fit(*scans)
    first = weights(model)
    model.fit(*scans)
    assert model.n_iter_ == 4
    assert_array_equal(spy.before_, first)
    model.set_params(warm_start=False).fit(*scans)
    assert model.n_iter_ == 2
    assert_array_equal(weights(model), first)


def test_warm_start_takes_changed_parameters(scans):
    model = make(warm_start=True, validation_fraction=0).fit(*scans)
    before = weights(model)
    model.set_params(lr=1e-30, batch_size=3, dropout=0.0, max_epochs=1).fit(*scans)
    assert model.n_iter_ == 3
    assert_allclose(weights(model), before, atol=1e-7)
    assert [model.net_.batch_size, *(d.rate for d in model.net_.module_.dropouts)] == [3, 0, 0, 0]
    with pytest.raises(ValueError, match="n_communities was 4"):
        model.set_params(n_communities=5).fit(*scans)


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


@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
def test_what_each_variant_tells(scans, variant):
    model = make(variant).fit(*scans)
    module, X = model.net_.module_, scans[0]
    told = {
        "membership_": variant in ("dg", "h"),
        "generate": variant in ("dg", "h"),
        "influence_": variant != "s",
        "community_activity": variant != "s",
    }
    for name, exists in told.items():
        if not exists:
            with pytest.raises(AttributeError, match=f"variant '{variant}' has no {name}"):
                _ = getattr(model, name) if name.endswith("_") else getattr(model, name)(X)
    if told["membership_"]:
        assert_array_equal(model.membership_, module.generative_dense.weight.detach())
        assert model.membership_.shape == (6, 4)
    if told["influence_"]:
        inputs = module.discriminative_lstm.weight_ih_l0.detach().numpy()
        assert_allclose(model.influence_, [np.abs(inputs[:, k]).sum() for k in range(4)], rtol=1e-5)


def test_the_membership_is_the_callers(scans):
    model = make().fit(*scans)
    model.membership_[:] = -1
    assert (model.membership_ >= 0).all()


@pytest.mark.parametrize("variant", ["dg", "h"])
def test_generation_reads_every_point_and_what_it_generated(scans, variant):
    X = scans[0]
    model = make(variant, lr=0.05).fit(*scans)
    points = model.generate(X, n_steps=3)
    assert points.shape == (12, 3, 6)
    for step in range(3):
        longer = np.concatenate([X, points[:, :step]], axis=1)
        expected = [numpy_forward(model.net_.module_, x)[1] for x in longer]
        assert_allclose(points[:, step], expected, atol=1e-5)
        assert_allclose(points[:, step], model.generate(longer)[:, 0], atol=1e-5)


def test_generation_and_activity_of_bags(scans):
    bags = bags_of(scans[0])
    model = make().fit(bags, scans[1])
    for method, shape in [("generate", (12, 8, 1, 6)), ("community_activity", (12, 8, 10, 4))]:
        told = getattr(model, method)(bags)
        assert told.shape == shape
        assert_allclose(told[5], getattr(model, method)(bags[5]), atol=1e-6)
        rows = getattr(model, method)(bags_of(ragged(scans[0])))
        assert isinstance(rows, list)
        assert rows[1].shape == (7, *shape[2:])
    with pytest.raises(ValueError, match="n_steps must be a whole number of at least 1, got 0"):
        model.generate(bags, n_steps=0)


@pytest.mark.parametrize("variant", ["dg", "d"])
def test_community_activity_is_the_recurrence(scans, variant):
    X, y = scans
    model = make(variant).fit(X, y)
    told = model.community_activity(X)
    assert told.shape == (12, 40, 4)
    layer = model.net_.module_.community_lstm
    assert_allclose(told, [numpy_lstm(x, layer)[0] for x in X], atol=1e-5)


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


@pytest.mark.parametrize("horizon", [-100_000, -1, 1.5, True])
def test_a_horizon_that_cannot_be_is_refused_at_prediction(scans, horizon):
    model = LSTMDGClassifier(**TINY).fit(*scans).set_params(horizon=horizon)
    for method in ("predict_proba", "predict", "decision_function", "predict_window_proba"):
        with pytest.raises(ValueError, match="'horizon' parameter"):
            getattr(model, method)(scans[0])


@pytest.mark.parametrize("horizon", [41, 2**31])
def test_a_horizon_beyond_every_sequence_is_refused(scans, horizon):
    with pytest.raises(ValueError, match=f"horizon={horizon} is beyond the 40 points"):
        LSTMDGClassifier(**TINY | {"horizon": horizon}).fit(*scans)


@pytest.mark.parametrize("name", ["n_communities", "n_units", "batch_size", "max_epochs", "n_nets"])
def test_numpy_integers_are_integers_and_truth_values_are_not(scans, name):
    wanted = LSTMDGClassifier(**TINY | {name: 2}).fit(*scans).predict_proba(scans[0])
    told = LSTMDGClassifier(**TINY | {name: np.int64(2)}).fit(*scans)
    np.testing.assert_array_equal(told.predict_proba(scans[0]), wanted)
    assert type(told.net_.arguments.get("batch_size")) is int
    for truth in (True, np.True_):
        with pytest.raises(ValueError, match=f"The '{name}' parameter"):
            LSTMDGClassifier(**TINY | {name: truth}).fit(*scans)


def test_a_refused_fit_leaves_the_model_that_was_there(scans):
    X, y = scans
    model = LSTMDGClassifier(**TINY).fit(X, y)
    before = model.predict_proba(X)
    for bad in ((X, y[:5]), (X[..., :3], y * 0), (np.full_like(X, np.nan), y)):
        with pytest.raises(ValueError):
            model.fit(*bad)
    with pytest.raises(ValueError, match="lr"):
        model.set_params(lr=-1).fit(X, y)
    model.set_params(lr=1e-3)
    np.testing.assert_array_equal(model.predict_proba(X), before)


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
