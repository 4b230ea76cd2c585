import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.network._epoch_net import MONITORS, BestEpoch, subject_scores, usable_device

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}


@pytest.fixture
def fitted(scans):
    return LSTMDGClassifier(**TINY).fit(*scans)


@pytest.mark.parametrize("name", ["fit", "partial_fit", "predict", "predict_proba", "forward"])
def test_what_skorch_would_answer_wrongly_names_the_right_call(fitted, scans, name):
    with pytest.raises(AttributeError, match=f"net_ has no {name}.*the estimator's.*predict_proba"):
        getattr(fitted.net_, name)(scans[0])


def test_state_is_plain(fitted):
    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            [check(item) for item in value.values()]
        elif isinstance(value, list | tuple):
            [check(item) for item in value]
        else:
            assert value is None or type(value) in (bool, int, float, str, np.ndarray)

    check(fitted.net_.__getstate__())


def test_a_net_made_anew_goes_on_as_the_one_that_was(fitted, scans):
    twin = pickle.loads(pickle.dumps(fitted))
    for name, value in fitted.partial_fit(*scans).net_.module_.state_dict().items():
        assert torch.equal(value, twin.net_.module_.state_dict()[name]) == (
            name.endswith("bias_hh_l0")
        )
    for name, value in twin.partial_fit(*scans).net_.module_.state_dict().items():
        assert torch.equal(value, fitted.net_.module_.state_dict()[name])
    np.testing.assert_array_equal(twin.history_["train_loss"], fitted.history_["train_loss"])


def test_arrays_that_do_not_fit_are_refused(fitted):
    def refuse(state):
        type(fitted.net_).__new__(type(fitted.net_)).__setstate__(state)

    state = fitted.net_.__getstate__()
    state["weights"]["shared_dense.weight"] = np.zeros((1, 99), np.float32)
    with pytest.raises(ValueError, match=r"shared_dense.weight is float32 of shape \(1, 99\)"):
        refuse(state)
    state = fitted.net_.__getstate__()
    del state["weights"]["shared_dense.weight"]
    with pytest.raises(ValueError, match="The weights are"):
        refuse(state)
    state = fitted.net_.__getstate__()
    state["moments"]["0"]["exp_avg"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="exp_avg is float32"):
        refuse(state)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_devices_that_are_not_here():
    assert usable_device("auto") == "cpu"
    for device in ("cuda", "meta", "nonsense"):
        with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
            usable_device(device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_net_of_a_gpu_is_made_on_the_cpu(fitted):
    state = fitted.net_.__getstate__()
    state["arguments"]["device"] = "cuda"
    net = type(fitted.net_).__new__(type(fitted.net_))
    with pytest.warns(UserWarning, match="no GPU here: device='cuda'"):
        net.__setstate__(state)
    assert net.device == "cpu"


def ce(proba, labels):
    """Cross-entropy of each row of class probabilities."""
    return -np.log(proba[np.arange(len(labels)), labels])


def run_best_epoch(monitor, records, patience=99):
    """Show ``BestEpoch`` epochs whose weight is their number; return its choice and its stop."""
    callback = BestEpoch(monitor, patience)
    net = SimpleNamespace(history=[], module_=torch.nn.Linear(1, 1), patience_is_out_=False)
    callback.on_train_begin(net)
    for epoch, record in enumerate(records, 1):
        net.history.append(record)
        torch.nn.init.constant_(net.module_.weight, epoch)
        callback.on_epoch_end(net)
        if net.patience_is_out_:
            break
    callback.on_train_end(net)
    assert net.module_.weight.item() == callback.epoch_
    return callback.epoch_, len(net.history)


@pytest.mark.parametrize("monitor", [*MONITORS, len])
def test_each_monitor_reads_its_record_in_its_direction(monitor):
    name, sign = MONITORS.get(monitor, ("valid_monitor", 1))
    others = {record: 0.0 for record, _ in MONITORS.values()}
    records = [others | {name: sign * value} for value in (0.1, 0.4, 0.3)]
    assert run_best_epoch(monitor, records)[0] == 2


def test_ties_are_broken_by_the_validation_loss():
    losses = (0.5, 0.3, 0.4, 0.3)
    records = [{"valid_auc": 0.8, "valid_loss": loss} for loss in losses]
    assert run_best_epoch("auc", records)[0] == 2
    records[2]["valid_auc"] = 0.9
    assert run_best_epoch("auc", records)[0] == 3


def test_an_undefined_monitor_leaves_it_to_the_validation_loss():
    records = [{"valid_auc": np.nan, "valid_loss": loss} for loss in (0.5, 0.3, 0.4)]
    assert run_best_epoch("auc", records)[0] == 2
    records.append({"valid_auc": 0.1, "valid_loss": 9.0})
    assert run_best_epoch("auc", records)[0] == 4


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_counts_epochs_since_the_best(patience):
    losses = (0.5, 0.6, 0.4, 0.7, 0.7, 0.7, 0.3)
    best, n_epochs = run_best_epoch("loss", [{"valid_loss": loss} for loss in losses], patience)
    assert (best, n_epochs) == {1: (1, 2), 3: (3, 6)}[patience]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_subject_scores_against_plain_ones(n_classes):
    rng = np.random.default_rng(0)
    subjects = rng.permutation(np.repeat(np.arange(9), rng.integers(1, 6, 9)))
    labels, weights = subjects % n_classes, 1.0 + subjects % n_classes
    proba = rng.dirichlet(np.ones(n_classes), len(subjects))
    validation = SimpleNamespace(subjects=subjects, labels=labels, weights=weights)
    mean = np.array([proba[subjects == s].mean(axis=0) for s in range(9)])
    y = np.arange(9) % n_classes
    scores = subject_scores(validation, proba, lambda y, p: y @ p[:, 1])
    assert scores["subject_loss"] == pytest.approx(np.average(ce(mean, y), weights=1.0 + y))
    score = mean[:, 1] if n_classes == 2 else mean
    assert scores["auc"] == pytest.approx(roc_auc_score(y, score, multi_class="ovr"))
    assert scores["accuracy"] == accuracy_score(y, mean.argmax(axis=1))
    assert scores["monitor"] == pytest.approx(y @ mean[:, 1])


def test_auc_of_subjects_that_lack_a_class():
    proba = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
    validation = SimpleNamespace(subjects=[0, 1], labels=np.array([1, 0]), weights=np.ones(2))
    scores = subject_scores(validation, proba)
    assert np.isnan(scores["auc"])
    assert scores["accuracy"] == 1
    assert scores["subject_loss"] == pytest.approx(-np.log([0.5, 0.6]).mean())


def test_a_continuous_target_is_judged_by_each_subjects_mean():
    subjects, labels, weights = np.array([[0, 0, 1, 1, 2], [1, 1, 2, 2, 4], [1, 1, 1, 1, 2]])
    windows = SimpleNamespace(subjects=subjects, labels=labels, weights=weights)
    told = subject_scores(windows, np.array([0.0, 2.0, 2.0, 4.0, 2.0]), lambda y, p: y[2] - p[1])
    assert told["subject_loss"] == pytest.approx((0 + 1 + 2 * 4) / 4)
    assert told["r"] == pytest.approx(np.corrcoef([1, 2, 4], [1, 3, 2])[0, 1])
    assert told["monitor"] == 1
    assert np.isnan(subject_scores(windows, np.ones(5))["r"])


def test_the_history_comes_back_epoch_by_epoch_from_few_arrays(fitted, scans):
    fitted.fit(*scans).partial_fit(*scans)
    fitted.net_.history[1]["valid_loss"], fitted.net_.history[2]["event"] = 0.5, True
    state = fitted.net_.__getstate__()["history"]
    twin = type(fitted.net_).__new__(type(fitted.net_))
    twin.__setstate__(fitted.net_.__getstate__())
    wanted = [{k: v for k, v in r.items() if k != "batches"} for r in fitted.net_.history]
    assert [{k: v for k, v in r.items() if k != "batches"} for r in twin.history] == wanted
    assert state["valid_loss"]["given"].tolist() == [False, True, False]
    assert {type(v) for record in wanted for v in record.values()} == {int, float, bool}


def test_a_history_that_does_not_fit_is_refused(fitted):
    for name, value in (("given", np.ones(99, bool)), ("values", np.zeros(99))):
        state = fitted.net_.__getstate__()
        state["history"]["train_loss"][name] = value
        with pytest.raises(ValueError):
            type(fitted.net_).__new__(type(fitted.net_)).__setstate__(state)
