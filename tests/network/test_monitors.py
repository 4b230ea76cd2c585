from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score

from sklearn_lstmdg.network._monitors import MONITORS, BestEpoch, subject_scores


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
