"""What the best epoch is chosen by, and when training stops."""

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score
from skorch.callbacks import Callback

MONITORS = {
    "loss": ("valid_loss", -1),
    "discriminative_loss": ("valid_disc_loss", -1),
    "subject_loss": ("valid_subject_loss", -1),
    "auc": ("valid_auc", 1),
    "accuracy": ("valid_accuracy", 1),
}


def subject_scores(validation, proba, monitor=None):
    """Judge the mean of each subject's window probabilities.

    Shapes: proba (n_windows, n_classes).
    """
    _, first, member = np.unique(validation.subjects, return_index=True, return_inverse=True)
    labels, n_classes = validation.labels[first], proba.shape[1]
    mean = np.stack([np.bincount(member, column) for column in proba.T], axis=1)
    mean /= mean.sum(axis=1, keepdims=True)
    scores = {
        "subject_loss": log_loss(
            labels, mean, sample_weight=validation.weights[first], labels=np.arange(n_classes)
        ),
        "auc": _auc(labels, mean),
        "accuracy": float(np.mean(mean.argmax(axis=1) == labels)),
    }
    return scores if monitor is None else {**scores, "monitor": float(monitor(labels, mean))}


def _auc(labels, proba):
    if len(np.unique(labels)) < proba.shape[1]:
        return np.nan
    if proba.shape[1] == 2:
        return float(roc_auc_score(labels, proba[:, 1]))
    return float(roc_auc_score(labels, proba, multi_class="ovr"))


class BestEpoch(Callback):
    """Stop when the monitor has not improved for some epochs, and go back to its best weights.

    Ties are broken by the validation loss, which also decides where the monitor is undefined.

    Parameters
    ----------
    monitor : str or callable
        A name in ``MONITORS``; for a callable its record "valid_monitor" is read.
    patience : int
        Epochs without improvement.
    """

    def __init__(self, monitor, patience):
        self.monitor = monitor
        self.patience = patience

    def on_train_begin(self, net, **kwargs):
        """Forget an earlier training."""
        self.best_, self.weights_, self.epoch_ = None, None, None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights of the best epoch so far, or stop."""
        if "valid_loss" not in net.history[-1]:
            return
        rank, epoch = self._rank(net.history[-1]), len(net.history)
        if self.best_ is None or rank > self.best_:
            self.best_, self.epoch_ = rank, epoch
            self.weights_ = {k: v.clone() for k, v in net.module_.state_dict().items()}
        elif epoch - self.epoch_ >= self.patience:
            net.patience_is_out_ = True

    def _rank(self, record):
        name, sign = MONITORS.get(self.monitor, ("valid_monitor", 1))
        score = sign * record[name]
        return (-np.inf if np.isnan(score) else score, -record["valid_loss"])

    def on_train_end(self, net, **kwargs):
        """Restore the best epoch's weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
        self.epoch_, self.weights_ = self.epoch_ or len(net.history), None
