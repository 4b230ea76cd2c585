"""What the network's classifier and regressor share, shown on the classifier."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

from _references import numpy_forward, numpy_lstm
from _small_nets import TINY, Spy, bags_of, make, ragged, weights, weights_of


def test_what_is_not_given_is_not_read(scans):
    X, y = scans
    around = np.full((14, 60, 6), np.nan)
    around[1:13, 10:50] = X
    inside, bags = around[1:13, 10:50], SubsequenceAugmenter(9, 4).fit_transform(X)[:, 1:-1]
    for part, copy in [(inside, X), (bags, bags.copy()), ([*bags_of(inside)], bags_of(X).copy())]:
        told, wanted = make().fit(part, y), make().fit(copy, y)
        assert_allclose(weights(told), weights(wanted), atol=1e-6)
        assert_allclose(told.predict_proba(part), wanted.predict_proba(copy), atol=1e-6)


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
    for wrong in (0, True, 1.0):
        message = f"n_steps must be a whole number of at least 1, got {wrong}"
        with pytest.raises(ValueError, match=message):
            model.generate(bags, n_steps=wrong)


@pytest.mark.parametrize("variant", ["dg", "d"])
def test_community_activity_is_the_recurrence(scans, variant):
    X, y = scans
    model = make(variant).fit(X, y)
    told = model.community_activity(X)
    assert told.shape == (12, 40, 4)
    layer = model.net_.module_.community_lstm
    assert_allclose(told, [numpy_lstm(x, layer)[0] for x in X], atol=1e-5)


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
