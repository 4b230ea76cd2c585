import pickle
import signal
import threading
from copy import copy

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.network import WindowNet, _nets

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}
DISCRIMINATIVE = ("discriminative_lstm.", "shared_dense.")


class Spy(Callback):
    """Keeps what each net begins its training with, and counts steps."""

    def __init__(self):
        self.begins_, self.validations_, self.n_steps_, self.n_batches_ = [], [], 0, 0

    def on_train_begin(self, net, X=None, **kwargs):
        self.begins_.append(weights_by_name(net))
        self.fresh_ = not net.optimizer_.state
        self.n_trained_ = sum(len(group["params"]) for group in net.optimizer_.param_groups)

    def on_epoch_begin(self, net, dataset_valid=None, **kwargs):
        self.validations_.append(dataset_valid)

    def on_grad_computed(self, net, **kwargs):
        self.n_steps_ += 1

    def on_batch_end(self, net, training=False, **kwargs):
        self.n_batches_ += training


def make(*args, **params):
    return LSTMDGClassifier(*args, **TINY | params)


def weights_by_name(net):
    return {name: w.numpy().copy() for name, w in net.module_.state_dict().items()}


def flat(net):
    return np.concatenate([w.ravel() for w in weights_by_name(net).values()])


def bags_of(X):
    return SubsequenceAugmenter(9, 4).fit_transform(X)


def alone(model, k):
    """Return the classifier that has one of the nets only."""
    single = clone(model).set_params(n_nets=1)
    nets = copy(model._nets)
    nets.nets = [model.nets_[k]]
    vars(single).update(vars(model) | {"n_nets": 1, "_nets": nets})
    return single


@pytest.mark.parametrize("variant", ["dg", "s"])
@pytest.mark.parametrize("random_state", [0, np.random.RandomState])
def test_the_first_of_several_nets_is_the_single_net(scans, variant, random_state):
    bags, y = bags_of(scans[0]), scans[1]

    def fit(n_nets):
        seed = random_state if random_state == 0 else random_state(7)
        model = make(variant, max_epochs=6, lr=0.05, n_nets=n_nets, random_state=seed)
        return model.fit(bags, y)

    single, several = fit(1), fit(3)
    assert single.nets_ == [single.net_]
    assert several.net_ is several.nets_[0]
    assert_array_equal(flat(several.nets_[0]), flat(single.net_))
    assert len({flat(net).tobytes() for net in several.nets_}) == 3
    assert (several.n_iter_, several.best_epoch_) == (single.n_iter_, single.best_epoch_)
    for name, values in single.history_.items():
        assert_array_equal(several.history_[name], values)
    for told, wanted in zip(several.nets_, fit(3).nets_, strict=True):
        assert_array_equal(flat(told), flat(wanted))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_logits_of_several_nets_are_averaged(scans, n_classes):
    X, y = scans[0], np.arange(12) % n_classes
    model = make(n_nets=3, lr=0.05, aggregation="vote").fit(bags_of(X), y)
    logits = np.mean([alone(model, k).decision_function(X) for k in range(3)], axis=0)
    assert_allclose(model.decision_function(X), logits)
    odds = np.exp(logits) if n_classes == 3 else np.column_stack([np.ones(12), np.exp(logits)])
    assert_allclose(model.predict_proba(X), odds / odds.sum(axis=1, keepdims=True))
    windows = model.predict_window_proba(bags_of(X))
    votes = [np.bincount(p.argmax(axis=1), minlength=n_classes) / len(p) for p in windows]
    assert_allclose(model.predict_proba(bags_of(X)), votes)
    for name in ("generate", "community_activity"):
        assert_array_equal(getattr(model, name)(X), getattr(alone(model, 0), name)(X))


def test_all_nets_share_the_split(scans):
    spy = Spy()
    make(n_nets=3, callbacks=[spy], patience=10).fit(*scans)
    assert len(spy.begins_) == 3
    assert len(spy.validations_) == 6
    assert None not in spy.validations_
    assert len({id(validation) for validation in spy.validations_}) == 1


@pytest.mark.parametrize("go_on", ["fit", "partial_fit"])
def test_all_nets_go_on(scans, go_on):
    model = make(n_nets=2, warm_start=True, validation_fraction=0).fit(*scans)
    nets, before = model.nets_, [flat(net) for net in model.nets_]
    getattr(model, go_on)(*scans)
    assert all(net is other for net, other in zip(model.nets_, nets, strict=True))
    n_epochs = {"fit": 4, "partial_fit": 3}[go_on]
    assert [len(net.history) for net in nets] == [n_epochs] * 2
    assert all((flat(net) != old).any() for net, old in zip(nets, before, strict=True))


def test_the_number_of_nets_stays(scans):
    model = make(n_nets=2, warm_start=True).fit(*scans).set_params(n_nets=3)
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"n_nets was 2 when training began .* to 3 now"):
            go_on(*scans)
    assert len(model.set_params(warm_start=False).fit(*scans).nets_) == 3


def test_several_nets_are_pickled_and_cloned(scans):
    X, y = scans
    model = make(n_nets=2).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    for told, wanted in zip(
        twin.partial_fit(X, y).nets_, model.partial_fit(X, y).nets_, strict=True
    ):
        assert_array_equal(flat(told), flat(wanted))
    assert clone(model).n_nets == 2
    assert not hasattr(clone(model), "nets_")


def test_a_net_that_fails_leaves_nothing_fitted(scans):
    class Fail(Spy):
        def on_epoch_begin(self, net, **kwargs):
            if len(self.begins_) == 2:
                raise RuntimeError("stop")

    model = make(n_nets=2, callbacks=[Fail()])
    with pytest.raises(RuntimeError, match="stop"):
        model.fit(*scans)
    assert not {"_nets", "history_"} & set(vars(model))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_nets", 0),
        ("n_nets", 1.5),
        ("weight_decay", -0.1),
        ("windows_per_epoch", 0),
        ("windows_per_epoch", 0.0),
        ("windows_per_epoch", 1.5),
        ("pretrain_epochs", -1),
    ],
)
def test_wrong_parameters_are_named(scans, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        make(**{name: value}).fit(*scans)


def test_no_weight_decay_is_adam(scans, monkeypatch):
    model = make(max_epochs=5, lr=0.05)
    told = flat(clone(model).fit(*scans).net_)
    monkeypatch.setattr(torch.optim, "AdamW", torch.optim.Adam)
    assert_array_equal(flat(clone(model).fit(*scans).net_), told)


def test_weight_decay_is_decoupled(scans):
    spy = Spy()
    model = make(max_epochs=1, batch_size=99, lr=0.1, validation_fraction=0, callbacks=[spy])
    plain = weights_by_name(clone(model).fit(*scans).net_)
    decayed = weights_by_name(clone(model).set_params(weight_decay=0.5).fit(*scans).net_)
    model.fit(*scans)
    for name in ("discriminative_lstm.weight_ih_l0", "shared_dense.weight"):
        assert_allclose(plain[name] - decayed[name], 0.05 * spy.begins_[0][name], atol=1e-6)


def test_weight_decay_may_change(scans):
    model = make(warm_start=True, validation_fraction=0, n_nets=2).fit(*scans)
    model.set_params(weight_decay=0.5, lr=1.0, lr_schedule=None, max_epochs=1).fit(*scans)
    for net in model.nets_:
        (group,) = net.optimizer_.param_groups
        assert (group["weight_decay"], group["lr"]) == (0.5, 1.0)


def test_windows_per_epoch(scans):
    spy, bags = Spy(), bags_of(scans[0])
    model = make(batch_size=5, validation_fraction=0, callbacks=[spy])
    told = []
    # 12 scans have 96 windows.
    for drawn, n_batches in ((None, 20), (1.0, 20), (500, 20), (24, 5), (0.25, 5), (1, 1)):
        before = spy.n_batches_
        model.set_params(windows_per_epoch=drawn).fit(bags, scans[1])
        assert spy.n_batches_ - before == 2 * n_batches
        told.append(flat(model.net_))
    for same in (1, 2):
        assert_array_equal(told[same], told[0])
    assert_array_equal(told[3], told[4])
    model.set_params(windows_per_epoch=None, warm_start=True).fit(bags, scans[1])
    before = spy.n_batches_
    model.set_params(windows_per_epoch=7, max_epochs=1).fit(bags, scans[1])
    assert spy.n_batches_ - before == 2


def begin_of(scans, y=None, validation=None, **params):
    """Return the weights that joint training begins with, and the spy."""
    spy = Spy()
    X_unlabeled = params.pop("X_unlabeled", None)
    model = make(callbacks=[Spy(), spy], patience=10, **params)
    y = scans[1] if y is None else y
    mask = np.isin(np.arange(12), [0, 1]) if validation is None else validation
    model.fit(bags_of(scans[0]), y, X_unlabeled=X_unlabeled, validation=mask)
    return spy.begins_[0], spy, model


def differs(a, b):
    return {name for name in a if (a[name] != b[name]).any()}


@pytest.mark.parametrize("variant", ["dg", "h"])
def test_pretraining_is_of_the_generative_half(scans, variant):
    plain = begin_of(scans, variant=variant)[0]
    # A strong decay would show in the weights that pretraining must leave alone.
    told, spy, model = begin_of(scans, variant=variant, pretrain_epochs=3, weight_decay=0.5, lr=0.1)
    changed = differs(told, plain)
    assert {"community_lstm.weight_ih_l0", "generative_dense.weight"} <= changed
    assert not any(name.startswith(DISCRIMINATIVE) for name in changed)
    assert spy.fresh_
    assert spy.n_trained_ == len(list(model.net_.module_.parameters()))
    assert model.net_.criterion_.discriminative_weight == 1.0
    assert min(told["generative_dense.weight"].min(), 0) == 0


def test_pretraining_reads_training_rows_without_labels(scans):
    X, y = scans
    wanted = begin_of(scans, pretrain_epochs=2)[0]
    assert not differs(begin_of(scans, pretrain_epochs=2)[0], wanted)
    assert not differs(begin_of(scans, 1 - y, pretrain_epochs=2)[0], wanted)
    for row, is_read in ((1, False), (5, True)):
        other = X.copy()
        other[row] += 1
        assert bool(differs(begin_of((other, y), pretrain_epochs=2)[0], wanted)) == is_read
    more = begin_of(scans, pretrain_epochs=2, X_unlabeled=X[:3] + 1)[0]
    assert differs(more, wanted)


def test_pretraining_is_not_in_the_history(scans):
    spy, model = begin_of(scans, pretrain_epochs=5, lr=0.05, batch_size=16)[1:]
    assert model.n_iter_ == 2
    assert {len(values) for values in model.history_.values()} == {2}
    assert len(spy.begins_) == 1
    assert spy.n_steps_ == (5 + 2) * 5
    assert spy.n_batches_ == 2 * 5
    plain = begin_of(scans, lr=0.05, batch_size=16)[2]
    assert model.history_.keys() == plain.history_.keys()
    assert model.history_["train_gen_loss"][0] < plain.history_["train_gen_loss"][0]


def test_only_new_nets_that_are_fitted_are_pretrained(scans):
    spy = Spy()
    model = make(
        pretrain_epochs=3, n_nets=2, warm_start=True, validation_fraction=0, callbacks=[spy]
    )
    assert model.fit(*scans).n_iter_ == 2
    assert spy.n_steps_ == 2 * (3 + 2)
    model.fit(*scans)
    assert spy.n_steps_ == 2 * (3 + 4)
    clone(model).set_params(callbacks=[spy]).partial_fit(*scans)
    assert spy.n_steps_ == 2 * (3 + 5)


@pytest.mark.parametrize("variant", ["d", "s"])
def test_nothing_generative_is_nothing_to_pretrain(scans, variant):
    with pytest.raises(ValueError, match=f"Variant '{variant}' .*pretrain_epochs must be 0"):
        make(variant, pretrain_epochs=1).fit(*scans)


def test_nets_side_by_side_have_the_bits_of_nets_one_by_one(scans):
    settings = TINY | {"n_nets": 3, "max_epochs": 3}
    models = [LSTMDGClassifier(n_threads=n, **settings).fit(*scans) for n in (1, 2)]
    for one, other in zip(models[0].nets_, models[1].nets_, strict=True):
        assert differs(weights_by_name(one), weights_by_name(other)) == set()


ENDLESS = {"n_nets": 2, "n_threads": 2, "max_epochs": 10**6, "max_updates": None, "patience": None}


@pytest.fixture
def epochs(monkeypatch):
    """How many epochs each net has trained when it ends."""
    train, epochs = WindowNet.train, []

    def watched(net, *args):
        try:
            return train(net, *args)
        finally:
            epochs.append(len(net.history))

    monkeypatch.setattr(WindowNet, "train", watched)
    return epochs


def test_an_interrupt_ends_nets_that_train_side_by_side(scans, monkeypatch, epochs):
    record, wait, main = WindowNet.record_losses, _nets.wait, threading.main_thread().ident
    waits, seen = threading.Event(), set()

    def told(*args, **options):
        waits.set()
        return wait(*args, **options)

    def interrupts(net, losses):
        """Press Ctrl-C in the second epoch of the net that comes to its second last."""
        if len(net.history) == 2 and net not in seen:
            seen.add(net)
            if len(seen) == 2:
                waits.wait()
                signal.pthread_kill(main, signal.SIGINT)
        return record(net, losses)

    monkeypatch.setattr(_nets, "wait", told)
    monkeypatch.setattr(WindowNet, "record_losses", interrupts)
    model = LSTMDGClassifier(**TINY).set_params(**ENDLESS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*scans)
    assert len(epochs) == 2
    assert 0 < min(epochs) <= max(epochs) < 10**6
    assert model.predict(scans[0]).shape == (12,)


def test_an_interrupt_while_nets_are_handed_over_ends_those_that_have_begun(
    scans, monkeypatch, epochs
):
    class Pool(_nets.ThreadPoolExecutor):
        def submit(self, *args):
            if self._work_queue.qsize() or self._threads:
                raise KeyboardInterrupt
            return super().submit(*args)

    monkeypatch.setattr(_nets, "ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        LSTMDGClassifier(**TINY).set_params(**ENDLESS | {"max_epochs": 3000}).fit(*scans)
    assert len(epochs) <= 1 and sum(epochs) < 3000


@pytest.mark.parametrize("n_threads", [1, 2])
def test_nets_that_were_interrupted_can_go_on(scans, monkeypatch, n_threads):
    model = make(n_nets=2, n_threads=2, warm_start=True, validation_fraction=0).fit(*scans)
    with monkeypatch.context() as patch:
        patch.setattr(_nets, "wait", lambda *args, **options: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            model.fit(*scans)
    n_epochs = [len(net.history) for net in model.nets_]
    model.set_params(n_threads=n_threads).fit(*scans)
    assert [len(net.history) for net in model.nets_] == [n + 2 for n in n_epochs]


def test_an_error_in_one_of_several_nets_ends_the_others(scans, monkeypatch):
    record, seen = WindowNet.record_losses, []

    def fails(net, losses):
        seen.append(net)
        if net is seen[0] and len(net.history) == 3:
            raise FloatingPointError("on purpose")
        return record(net, losses)

    monkeypatch.setattr(WindowNet, "record_losses", fails)
    with pytest.raises(FloatingPointError, match="on purpose"):
        LSTMDGClassifier(**TINY).set_params(**ENDLESS).fit(*scans)
