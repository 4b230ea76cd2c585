import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}


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
    vars(single).update(vars(model) | {"n_nets": 1, "net_": model.nets_[k], "_other_nets": []})
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
    model = make(n_nets=3, lr=0.05, validation_fraction=0).fit(bags_of(X), y)
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
    make(n_nets=3, callbacks=[spy]).fit(*scans)
    assert len(spy.begins_) == 3
    assert len(spy.validations_) == 6
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
    assert not {"net_", "_other_nets", "history_"} & set(vars(model))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_nets", 0),
        ("n_nets", 1.5),
    ],
)
def test_wrong_parameters_are_named(scans, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        make(**{name: value}).fit(*scans)
