import signal
import weakref
from itertools import count

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, roc_auc_score
from skorch.callbacks import Callback, EarlyStopping

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.network import _joint_network, _window_net
from sklearn_lstmdg.network._epoch_net import MONITORS
from sklearn_lstmdg.network._window_net import WindowNet

from _other_devices import NoDoubles
from _stubs import STEPS

TINY = {"n_communities": 4, "n_units": 3, "random_state": 0}


class Spy(Callback):
    """Keeps each epoch's weights, and counts the ends of trainings."""

    def on_train_begin(self, net, **kwargs):
        self.weights_, self.n_ends_ = [], 0

    def on_epoch_end(self, net, **kwargs):
        self.weights_.append({k: w.clone() for k, w in net.module_.state_dict().items()})

    def on_train_end(self, net, **kwargs):
        self.n_ends_ += 1


class Interrupt(Callback):
    """Interrupts at one kind of event, in the third epoch."""

    def __init__(self, event):
        self.event = event

    def notice(self, event, net):
        if event == self.event and len(net.history) == 3:
            raise KeyboardInterrupt

    def on_batch_end(self, net, **kwargs):
        self.notice("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self.notice("on_epoch_end", net)


def same(weights, others):
    return all(torch.equal(weights[name], others[name]) for name in weights)


def held(*rows):
    return np.isin(np.arange(12), rows)


def ce(proba, labels):
    """Cross-entropy of each row of class probabilities."""
    return -np.log(proba[np.arange(len(labels)), labels])


def test_without_validation_the_last_epoch_is_kept(scans):
    spy = Spy()
    model = LSTMDGClassifier(max_epochs=3, validation_fraction=0, callbacks=[spy], **TINY)
    model.fit(*scans)
    assert model.best_epoch_ == model.n_iter_ == 3
    assert not any(name.startswith("valid_") for name in model.history_)
    assert same(model.net_.module_.state_dict(), spy.weights_[-1])


@pytest.mark.parametrize("monitor", sorted(set(MONITORS) - {"r"}))  # that is of regressors
def test_the_best_epochs_weights_are_kept(scans, monitor):
    spy = Spy()
    steps = STEPS | {"lr": 0.3}
    model = LSTMDGClassifier(
        monitor=monitor, max_epochs=8, patience=8, callbacks=[spy], **steps, **TINY
    )
    model.fit(*scans, validation=held(0, 1, 2, 3))
    name, sign = MONITORS[monitor]
    ranks = [*zip(sign * model.history_[name], -model.history_["valid_loss"], strict=True)]
    best = max(range(8), key=ranks.__getitem__)
    assert model.best_epoch_ == best + 1 < model.n_iter_ == 8
    kept = model.net_.module_.state_dict()
    assert [same(kept, weights) for weights in spy.weights_] == [e == best for e in range(8)]
    assert spy.n_ends_ == 1


def test_a_callable_monitor_judges_validation_subjects(scans):
    X, y = scans
    seen, epochs = [], count()

    def falling(labels, proba):
        seen.append((labels, proba))
        return -next(epochs)

    model = LSTMDGClassifier(monitor=falling, max_epochs=9, patience=2, lr=0.1, **TINY)
    model.fit(X, y, groups=np.arange(12) // 2 * 2 + y, validation=held(0, 3, 5))
    np.testing.assert_array_equal(model.history_["valid_monitor"], [0, -1, -2])
    assert (model.best_epoch_, model.n_iter_) == (1, 3)
    np.testing.assert_array_equal(seen[0][0], y[[0, 3, 5]])
    np.testing.assert_allclose(seen[0][1], model.predict_proba(X[[0, 3, 5]]), rtol=1e-5)


def test_an_auc_that_is_not_defined(scans):
    model = LSTMDGClassifier(monitor="auc", max_epochs=6, patience=6, lr=0.1, **TINY)
    model.fit(*scans, validation=held(1, 3))
    assert np.isnan(model.history_["valid_auc"]).all()
    assert model.best_epoch_ == model.history_["valid_loss"].argmin() + 1


def test_weights_are_projected_after_every_step(scans):
    class Signs(Callback):
        least, steps = [], 0

        def on_grad_computed(self, net, **kwargs):
            self.steps += 1

        def on_batch_end(self, net, **kwargs):
            module = net.module_
            layers = (module.community_lstm.weight_ih_l0, module.generative_dense.weight)
            self.least.append(min(layer.min().item() for layer in layers))

    signs = Signs()
    model = LSTMDGClassifier(
        max_epochs=3, batch_size=2, lr=0.1, validation_fraction=0, callbacks=[signs], **TINY
    )
    model.fit(*scans)
    assert signs.steps == len(signs.least) == 3 * 6
    assert min(signs.least) == 0
    assert (model.membership_ == 0).any()
    assert (model.net_.module_.community_lstm.weight_hh_l0 < 0).any()


def test_an_interrupt_after_an_epoch_ends_training_in_order(scans):
    spy = Spy()
    model = LSTMDGClassifier(
        max_epochs=6, patience=6, lr=0.1, callbacks=[spy, Interrupt("on_epoch_end")], **TINY
    )
    model.fit(*scans, validation=held(0, 1))
    assert model.n_iter_ == len(model.history_["valid_loss"]) == 3
    assert spy.n_ends_ == 1
    assert same(model.net_.module_.state_dict(), spy.weights_[model.best_epoch_ - 1])


class CtrlC(Interrupt):
    """Sends a real signal at one kind of event, in the third epoch."""

    def notice(self, event, net):
        if event == self.event and len(net.history) == 3:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("interrupt", [Interrupt("on_batch_end"), CtrlC("on_batch_end")])
def test_an_interrupt_within_an_epoch_keeps_the_epochs_before(scans, interrupt):
    spy, n_threads = Spy(), torch.get_num_threads()
    model = LSTMDGClassifier(max_epochs=6, patience=6, lr=0.1, callbacks=[spy, interrupt], **TINY)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*scans, validation=held(0, 1))
    assert (len(spy.weights_), spy.n_ends_, model.n_iter_) == (2, 1, 2)
    assert same(model.net_.module_.state_dict(), spy.weights_[model.best_epoch_ - 1])
    assert torch.get_num_threads() == n_threads


def test_ctrl_c_after_an_epoch_is_raised_and_the_best_weights_are_kept(scans):
    spy = Spy()
    callbacks = [spy, CtrlC("on_epoch_end")]
    model = LSTMDGClassifier(max_epochs=6, patience=6, lr=0.1, callbacks=callbacks, **TINY)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*scans, validation=held(0, 1))
    assert model.n_iter_ == len(model.history_["valid_loss"]) == 3
    assert same(model.net_.module_.state_dict(), spy.weights_[model.best_epoch_ - 1])
    assert np.isfinite(model.predict_proba(scans[0])).all()


def test_ctrl_c_in_the_second_net_leaves_the_first(scans):
    class Late(Callback):
        def on_epoch_begin(self, net, **kwargs):
            self.n_epochs_ = getattr(self, "n_epochs_", 0) + 1
            if self.n_epochs_ == 4:
                signal.raise_signal(signal.SIGINT)

    model = LSTMDGClassifier(n_nets=2, max_epochs=3, callbacks=[Late()], **TINY)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*scans)
    alone = LSTMDGClassifier(max_epochs=3, **TINY).fit(*scans)
    assert len(model.nets_) == 1
    np.testing.assert_array_equal(model.predict_proba(scans[0]), alone.predict_proba(scans[0]))


def test_ctrl_c_before_any_epoch_leaves_what_was_there(scans):
    class Early(Callback):
        def on_epoch_begin(self, net, **kwargs):
            signal.raise_signal(signal.SIGINT)

    model = LSTMDGClassifier(max_epochs=3, **TINY).fit(*scans)
    before = model.predict_proba(scans[0])
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Early()]).fit(*scans)
    np.testing.assert_array_equal(model.predict_proba(scans[0]), before)


def test_unlabelled_windows_do_not_dilute_the_discriminative_loss(scans):
    X, y = scans
    still = {"dropout": 0, "input_noise": 0, "lr": 1e-12, "augment": None, "batch_size": 4}
    plain = LSTMDGClassifier(max_epochs=1, **still, **TINY).fit(X, y)
    more = LSTMDGClassifier(max_epochs=1, **still, **TINY).fit(X, y, X_unlabeled=X)
    told, wanted = (m.history_["train_disc_loss"][0] for m in (more, plain))
    assert told == pytest.approx(wanted, rel=1e-4)


def test_skorchs_callbacks_read_the_history(scans):
    stopper = EarlyStopping("train_loss", patience=2, threshold=1e9, sink=lambda text: None)
    model = LSTMDGClassifier(max_epochs=9, patience=9, callbacks=[stopper], **TINY)
    model.fit(*scans, validation=held(0, 1))
    assert model.n_iter_ == 3
    history = model.net_.history
    np.testing.assert_array_equal(history[:, "train_loss"], model.history_["train_loss"])
    assert set(model.history_) == {
        *("train_loss", "train_gen_loss", "train_disc_loss"),
        *("valid_loss", "valid_gen_loss", "valid_disc_loss"),
        *("valid_subject_loss", "valid_auc", "valid_accuracy"),
    }


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose_prints_a_line_for_each_epoch(scans, capsys, verbose):
    LSTMDGClassifier(max_epochs=3, verbose=verbose, **TINY).fit(*scans)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    epochs = [words[0] for words in lines if words and words[0].isdigit()]
    assert epochs == (["1", "2", "3"] if verbose else [])
    assert bool(lines) == bool(verbose)


def test_callbacks_see_the_epoch_at_which_patience_is_out(scans, capsys):
    spy = Spy()
    model = LSTMDGClassifier(max_epochs=9, patience=1, lr=9.0, verbose=1, callbacks=[spy], **TINY)
    model.fit(*scans)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert model.n_iter_ < 9
    assert len(spy.weights_) == model.n_iter_
    assert sum(bool(words) and words[0].isdigit() for words in lines) == model.n_iter_


def test_a_loss_that_is_not_finite_is_an_error(scans):
    X, y = scans
    state = torch.get_rng_state()
    with pytest.raises(FloatingPointError, match="became inf in epoch 1: standardize"):
        LSTMDGClassifier(max_epochs=3, **TINY).fit(X * 1e25, y)
    assert torch.equal(torch.get_rng_state(), state)


def ragged_bags(X):
    return SubsequenceAugmenter(9, 4, horizon=2).fit_transform(
        [scan[: 40 - 5 * (i % 3)] for i, scan in enumerate(X)]
    )


def losses_by_hand(model, bags, y, weights):
    """Losses of bags and the mean probabilities of subjects, from what the model answers."""
    proba = model.predict_window_proba(bags)
    generated = model.generate([bag[:, :-2] for bag in bags], n_steps=2)
    target = np.concatenate([bag[:, -2:] for bag in bags])
    gen = np.mean((np.concatenate(generated) - target) ** 2)
    counts = [len(p) for p in proba]
    disc = ce(np.concatenate(proba), np.repeat(y, counts))
    mean = np.array([p.mean(axis=0) for p in proba])
    return gen, np.average(disc, weights=np.repeat(weights, counts)), mean


@pytest.mark.parametrize("class_weight", [None, {0: 1, 1: 5}])
def test_history_holds_the_losses_of_validation_windows(scans, class_weight):
    X, y = scans
    bags, mask = ragged_bags(X), held(0, 1, 2, 5, 7)
    steps = STEPS | {"lr": 0.02}
    model = LSTMDGClassifier(
        horizon=2, max_epochs=4, patience=4, class_weight=class_weight, **steps, **TINY
    )
    model.fit(bags, y, validation=mask)
    told = {name: values[model.best_epoch_ - 1] for name, values in model.history_.items()}
    valid, weights = y[mask], 1 + 4 * y[mask] * (class_weight is not None)
    gen, disc, mean = losses_by_hand(model, [bags[i] for i in np.flatnonzero(mask)], valid, weights)
    assert told["valid_gen_loss"] == pytest.approx(gen, rel=1e-5)
    assert told["valid_disc_loss"] == pytest.approx(disc, rel=1e-5)
    assert told["valid_loss"] == pytest.approx(gen + 0.1 * disc, rel=1e-5)
    subject_loss = np.average(ce(mean, valid), weights=weights)
    assert told["valid_subject_loss"] == pytest.approx(subject_loss, rel=1e-5)
    assert told["valid_auc"] == pytest.approx(roc_auc_score(valid, mean[:, 1]))
    assert told["valid_accuracy"] == accuracy_score(valid, mean.argmax(axis=1))


def test_history_holds_the_losses_of_training_windows(scans):
    X, y = scans
    bags = ragged_bags(X)
    still = STEPS | {"dropout": 0, "input_noise": 0, "lr": 1e-12}
    model = LSTMDGClassifier(horizon=2, max_epochs=1, batch_size=7, **still, **TINY).fit(bags, y)
    gen, disc, _ = losses_by_hand(model, bags, y, np.ones(12))
    assert model.history_["train_gen_loss"][0] == pytest.approx(gen, rel=1e-5)
    assert model.history_["train_disc_loss"][0] == pytest.approx(disc, rel=1e-5)
    assert model.history_["train_loss"][0] == pytest.approx(gen + 0.1 * disc, rel=1e-5)


def test_dropout_and_noise_act_in_training_only(scans):
    X, y = scans
    still = {"max_epochs": 1, "lr": 1e-12, "validation_fraction": 0}
    losses = []
    for extra in ({"dropout": 0.5}, {"dropout": 0}, {"dropout": 0, "input_noise": 0}):
        model = LSTMDGClassifier(**still, **extra, **TINY).fit(X, y)
        losses.append(model.history_["train_gen_loss"][0])
        np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(model.generate(X), model.generate(X))
    assert len(set(losses)) == 3


def test_without_a_generative_path_the_loss_is_discriminative(scans):
    model = LSTMDGClassifier("d", max_epochs=2, patience=2, discriminative_weight=0.1, **TINY)
    history = model.fit(*scans, validation=held(0, 1)).history_
    for part in ("train", "valid"):
        np.testing.assert_array_equal(history[f"{part}_loss"], history[f"{part}_disc_loss"])
        assert not history[f"{part}_gen_loss"].any()


def test_chunks_change_nothing(scans, monkeypatch):
    X, y = scans
    bags = ragged_bags(X)
    model = LSTMDGClassifier(max_epochs=1, **TINY).fit(bags, y)
    wanted = model.predict_window_proba(bags), model.generate(bags, 2)
    monkeypatch.setattr(_window_net, "_CHUNK", 3)
    told = model.predict_window_proba(bags), model.generate(bags, 2)
    for rows, expected in zip(told, wanted, strict=True):
        for row, values in zip(rows, expected, strict=True):
            np.testing.assert_allclose(row, values, rtol=1e-4, atol=1e-6)


def test_a_chunk_s_answers_are_not_kept(monkeypatch):
    """Small results kept between a chunk's large blocks made the heap grow with every bag."""
    bags = np.random.default_rng(0).standard_normal((12, 3, 9, 4))
    tiny = {"n_communities": 3, "n_units": 2, "random_state": 0}
    model = LSTMDGClassifier(max_epochs=1, patience=1, **tiny)
    read, alive = WindowNet._predict_chunks, []

    def watched(self, *args, **options):
        seen = []
        for chunk, logits, *states in read(self, *args, **options):
            seen.append(weakref.ref(logits))
            yield chunk, logits, *states
            del logits, states
            alive.append(sum(ref() is not None for ref in seen))

    monkeypatch.setattr(WindowNet, "_predict_chunks", watched)
    model.fit(bags, np.arange(12) % 2, validation=np.arange(12) < 6).predict_proba(bags)
    assert len(alive) > 12
    assert max(alive) <= 2


class Rates(Callback):
    """Keeps the learning rate of every update."""

    def on_batch_end(self, net, training, **kwargs):
        if training:
            self.rates_.append(net.optimizer_.param_groups[0]["lr"])

    def on_train_begin(self, net, **kwargs):
        self.rates_ = []


@pytest.mark.parametrize(
    "length",
    [
        {"max_epochs": 3, "max_updates": None},
        {"max_epochs": 3},
        {"max_epochs": 3, "max_updates": 9},
        {"max_epochs": 3, "max_updates": 7},
        {"max_updates": 7},
        {"max_updates": 2},
    ],
)
def test_the_learning_rate_falls_along_a_cosine(scans, length):
    rates = Rates()
    model = LSTMDGClassifier(
        lr=0.1, lr_schedule="cosine", batch_size=4, callbacks=[rates], **length
    )
    model.set_params(**TINY).fit(*scans)
    n = length.get("max_updates") or 9
    progress = np.arange(n) / n
    expected = 0.1 * (0.01 + 0.99 * (1 + np.cos(np.pi * progress)) / 2)
    np.testing.assert_allclose(rates.rates_, expected)
    assert model.n_iter_ == -(-n // 3)
    model.partial_fit(*scans)
    np.testing.assert_allclose(rates.rates_, [0.1] * 3)
    model.set_params(warm_start=True, lr=0.3).fit(*scans)
    np.testing.assert_allclose(rates.rates_, 3 * expected)


def test_an_end_must_be_given(scans):
    model = LSTMDGClassifier(max_updates=None, **TINY)
    with pytest.raises(ValueError, match="max_updates or max_epochs must end training"):
        model.fit(*scans)
    assert model.set_params(max_epochs=2).fit(*scans).n_iter_ == 2


def test_without_patience_all_rows_train(scans):
    X, y = scans
    settings = {"patience": None, "max_updates": 5, "validation_fraction": 0, **TINY}
    model = LSTMDGClassifier(**settings).fit(X, y, validation=held(0, 1))
    alike = LSTMDGClassifier(**settings).fit(X, y)
    assert same(model.net_.module_.state_dict(), alike.net_.module_.state_dict())
    assert model.n_validation_ == 0
    assert not any(name.startswith("valid_") for name in model.history_)
    assert LSTMDGClassifier(max_epochs=1, patience=1, **TINY).fit(X, y).n_validation_ == 2


@pytest.mark.parametrize("compiled", ["0", "1"])
@pytest.mark.parametrize("variant", ["dg", "h"])
def test_validation_tells_the_loss_at_all_points(scans, variant, compiled, monkeypatch):
    monkeypatch.setenv("LSTMDG_COMPILED", compiled)
    X, y = scans
    model = LSTMDGClassifier(variant, generate_at="all", max_epochs=1, patience=1, **TINY)
    model.fit(X, y, validation=held(0, 3))
    module, x = model.net_.module_.eval(), torch.tensor(X[[0, 3]], dtype=torch.float32)
    with torch.no_grad():
        generated = module(x[:, :-1].transpose(0, 1), None, 1, "all")[1].transpose(0, 1)
    expected = (generated - x[:, 1:]).square().mean()
    assert model.history_["valid_gen_loss"][0] == pytest.approx(float(expected), rel=1e-5)


def test_logits_are_means_over_the_ways_to_read_a_window(scans):
    X, y = scans
    model = LSTMDGClassifier(augment=("sign", "reverse"), max_epochs=1, **TINY).fit(X, y)
    plain = LSTMDGClassifier(augment=None, max_epochs=1, **TINY).fit(X, y)
    plain.net_.module_.load_state_dict(model.net_.module_.state_dict())
    read, rest = X[:, :-1], X[:, -1:]
    versions = [s * np.concatenate([r, rest], 1) for s in (1, -1) for r in (read, read[:, ::-1])]
    expected = np.mean([plain.decision_function(version) for version in versions], axis=0)
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.generate(X), plain.generate(X))
    np.testing.assert_array_equal(model.community_activity(X), plain.community_activity(X))


@pytest.mark.parametrize("horizon", [1, 3])
def test_all_ways_to_train_go_together(scans, horizon):
    X, y = scans
    rows = [x[: n + 2] for x, n in zip(X, [1, 7, 3, 12] * 3, strict=True)]
    for variant in ("dg", "h", "d", "s"):
        model = LSTMDGClassifier(
            variant,
            augment=("reverse", "sign"),
            generate_at="all",
            horizon=horizon,
            max_epochs=2,
            **TINY,
        )
        model.fit(rows, y, X_unlabeled=None if variant in "ds" else [*X[:2], X[0, :1]])
        assert np.isfinite(model.history_["train_loss"]).all()
        assert np.isfinite(model.decision_function(rows)).all()


def test_training_of_a_long_scan_beside_short_ones_costs_what_its_points_cost():
    generator, sizes = np.random.default_rng(0), []

    class Sizes(Callback):
        def on_batch_end(self, net, batch, training, **kwargs):
            parts = batch.parts(1, "last")
            sizes.append(sum(part.points.shape[0] * part.points.shape[1] for part in parts))

    rows = [generator.standard_normal((n, 3)) for n in [5000, *[30] * 7]]
    y = np.tile([0, 1], 4)
    LSTMDGClassifier(max_epochs=1, validation_fraction=0, callbacks=[Sizes()], **TINY).fit(rows, y)
    assert sum(sizes) < 2 * sum(map(len, rows))


def test_a_ragged_batch_has_the_gradients_of_its_rows_together(scans):
    X, y = scans
    rows = [x[:n] for x, n in zip(X, [3, 20, 5, 9] * 3, strict=True)]
    gradients, labels = {}, y.copy()

    class Gradients(Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            gradients.update({k: p.grad.clone() for k, p in named_parameters if p.grad is not None})

    how = STEPS | {"dropout": 0.0, "input_noise": 0.0, "max_updates": 1, "lr": 1e-9}
    model = LSTMDGClassifier(callbacks=[Gradients()], **how, **TINY).fit(rows, labels)
    net = model.net_
    total = torch.zeros(3)
    for row, label in zip(rows, labels, strict=True):
        x = torch.tensor(row[:, None], dtype=torch.float32)
        answers = net.module_.train()(x[:-1])
        known = torch.tensor([label]), x[-1:], torch.ones(1)
        total = total + net.criterion_(*answers, *known) / len(rows)
    net.module_.zero_grad()
    total[0].backward()
    for name, parameter in net.module_.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=1e-6)


def test_a_net_that_is_hardly_trained_warns(scans):
    X, y = scans
    falling = {"monitor": lambda y, proba: -next(epochs), "patience": 5}
    model = LSTMDGClassifier(max_epochs=5, **falling, **TINY)
    epochs = count()
    with pytest.warns(ConvergenceWarning, match="epoch 1 of 5"):
        model.fit(X, y)
    scores = iter([1, 2, 3, *range(0, -9, -1)])  # the first net improves, the second never
    second = {"monitor": lambda y, proba: next(scores), "patience": 2, "n_nets": 2}
    with pytest.warns(ConvergenceWarning, match="kept of 1 of 2 nets are those of epoch 1 of 3"):
        LSTMDGClassifier(max_epochs=3, **second, **TINY).fit(X, y)
    lasting = LSTMDGClassifier(max_epochs=1, patience=None, lr=1e-9, **TINY)
    with pytest.warns(ConvergenceWarning, match="12 windows .* the same class"):
        lasting.fit(np.abs(X) + 9, y)


def test_adam_starts_as_keras_does():
    net = WindowNet.make(4, 2, **LSTMDGClassifier(dropout=(0.5,) * 3).get_params()).initialize()
    (group,) = net.optimizer_.param_groups
    assert (group["eps"], group["betas"], group["weight_decay"]) == (1e-7, (0.9, 0.999), 0.0)


@pytest.mark.parametrize("compiled", ["0", "1"])
def test_the_size_of_the_input_noise_is_its_standard_deviation(monkeypatch, compiled):
    """The network generates the mean of all points, and its input is noise alone."""
    monkeypatch.setenv("LSTMDG_COMPILED", compiled)
    seen = []

    class Seen(Callback):
        def on_grad_computed(self, net, **kwargs):
            gradient = net.module_.discriminative_lstm.weight_ih_l0.grad
            seen.append(gradient.square().mean())

    X, y = np.zeros((64, 30, 40), dtype=np.float32), np.arange(64) % 2
    for noise in (0.05, 0.1):
        LSTMDGClassifier(
            "s", n_units=2, input_noise=noise, dropout=0.0, max_updates=8, lr=1e-9, patience=None,
            callbacks=[Seen()], random_state=0,
        ).fit(X, y)  # fmt: skip
    ratio = np.sum(seen[len(seen) // 2 :]) / np.sum(seen[: len(seen) // 2])
    assert 2.5 < ratio < 6  # gradients by W are in proportion to what is read


@pytest.mark.parametrize("generate_at", ["last", "all"])
def test_float64_is_for_the_cpu(monkeypatch, generate_at):
    """Apple's devices have none; lengths differ, so that windows are sorted by these too."""
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    rng, y = np.random.default_rng(0), np.arange(12) % 2
    X = [rng.normal(size=(8 + 3 * row, 4)) for row in range(12)]
    model = LSTMDGClassifier(**TINY, max_updates=3, augment=("sign",), generate_at=generate_at)
    expected = model.fit(X, y, validation=y * np.arange(12) > 8).predict_proba(X)
    with NoDoubles():
        told = model.fit(X, y, validation=y * np.arange(12) > 8).predict_proba(X)
    np.testing.assert_array_equal(told, expected)


def test_reading_by_torch_makes_no_cell_states_that_nobody_reads(scans, monkeypatch):
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    model, asked = LSTMDGClassifier(max_epochs=1, **TINY).fit(*scans), []
    lstm = _joint_network.lstm
    monkeypatch.setattr(_joint_network, "lstm", lambda *args: asked.append(args[2:]) or lstm(*args))
    model.predict_proba(scans[0])
    assert asked and (True,) not in asked
