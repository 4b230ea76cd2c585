"""The one training loop and early stopping of all torch models here, and a state without code."""

import dis
import warnings
from numbers import Real

import numpy as np
import torch
from sklearn.metrics import log_loss, roc_auc_score
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, PrintLog
from skorch.history import History

from ._randomness import RandomStreams

_RAISE = dis.opmap["RAISE_VARARGS"]

MONITORS = {
    "loss": ("valid_loss", -1),
    "discriminative_loss": ("valid_disc_loss", -1),
    "subject_loss": ("valid_subject_loss", -1),
    "auc": ("valid_auc", 1),
    "accuracy": ("valid_accuracy", 1),
    "r": ("valid_r", 1),
}


def _of_the_estimator(name):
    """Return a property in place of a method that skorch's nets have and this one must not."""

    def refuse(net):
        raise AttributeError(
            f"net_ has no {name}: it is trained and read by its estimator, which knows windows, "
            f"subjects and classes. Call the estimator's fit, partial_fit, predict_proba, "
            "decision_function or predict_window_proba."
        )

    # scikit-learn's scoring, and with it skorch's, wants what has a fit, even to call a function.
    return property(refuse) if name != "fit" else lambda net, *args, **kwargs: refuse(net)


class EpochNet(NeuralNet):
    """Net of skorch that a fixed set trains, epoch by epoch, until its patience is out.

    A subclass has ``make(**arguments)``, ``batches(training)``, ``train_batch(batch)`` and
    ``validate(validation)``. Its state is plain: numbers, texts and arrays, from which pickle,
    joblib and model files make the net anew.

    Attributes
    ----------
    arguments : dict
        What ``make`` was given.
    """

    is_interrupted_ = False  # from another thread: training ends after the batch

    fit = _of_the_estimator("fit")
    partial_fit = _of_the_estimator("partial_fit")
    fit_loop = _of_the_estimator("fit_loop")
    predict = _of_the_estimator("predict")
    predict_proba = _of_the_estimator("predict_proba")
    forward = _of_the_estimator("forward")
    forward_iter = _of_the_estimator("forward_iter")
    infer = _of_the_estimator("infer")
    score = _of_the_estimator("score")

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    @property
    def is_heard(self):
        """Whether callbacks of the user listen: they get what skorch's read of its own nets."""
        return bool(self.arguments.get("callbacks"))

    @property
    def best_epoch(self):
        """Epoch, from 1, whose weights are kept."""
        return dict(self.callbacks_)["BestEpoch"].epoch_

    def start(self, seed, init_seed=None):
        """Draw first weights, unless there are some, and let all that follows draw from a seed.

        First weights come from a seed of their own, where there is one.
        """
        self.random_ = RandomStreams(seed, self.device)
        if not self.initialized_:
            first = self.random_.cpu
            if init_seed is not None:
                first = RandomStreams(init_seed, "cpu").cpu
            self.set_params(module__generator=first)
            self.initialize()
        for part in self.module_.modules():
            if hasattr(part, "generator"):
                part.generator = self.random_.device

    def train(self, training, validation, n_epochs):
        """Train for some epochs, until patience is out, or until a callback interrupts.

        An interrupt of the user's (Ctrl-C) ends training too, with the best weights so far, and is
        raised again. skorch's ``EarlyStopping`` and its like raise the same exception themselves,
        after an epoch: that only ends training.
        """
        self.patience_is_out_ = False
        n_complete = len(self.history)
        self.notify("on_train_begin", X=training, y=None)
        try:
            for _ in range(n_epochs):
                self._train_and_validate(training, validation)
                n_complete += 1
                if not self._goes_on(training, validation):
                    break
        except KeyboardInterrupt:
            del self.history[n_complete:]
            self.notify("on_train_end", X=training, y=None)
            raise
        self.notify("on_train_end", X=training, y=None)
        self._check_weights()

    def _train_and_validate(self, training, validation):
        self.notify("on_epoch_begin", dataset_train=training, dataset_valid=validation)
        self._train_epoch(training)
        if validation is not None:
            for name, value in self.validate(validation).items():
                self.history.record(f"valid_{name}", value)
        if self.is_heard:
            self._record_best()

    def _record_best(self):
        """Record whether losses are the least so far, as skorch's scoring does."""
        for name in ("train_loss", "valid_loss"):
            *earlier, last = (record.get(name) for record in self.history)
            if last is not None:
                least = min((loss for loss in earlier if loss is not None), default=np.inf)
                self.history.record(f"{name}_best", bool(last < least))

    def _goes_on(self, training, validation):
        """Tell callbacks of the end of an epoch, and whether another one follows."""
        try:
            self.notify("on_epoch_end", dataset_train=training, dataset_valid=validation)
        except KeyboardInterrupt as interrupt:
            if not _is_raised_on_purpose(interrupt):
                raise
            return False
        return not self.patience_is_out_

    def _check_weights(self):
        for name, weights in self.module_.named_parameters():
            if not torch.isfinite(weights).all():
                raise FloatingPointError(
                    f"{name} is not finite after training: standardize the scans (ScanCleaner) "
                    "or lower the learning rate (lr)."
                )

    def _train_epoch(self, training):
        self._set_training(True)
        parts = []
        for batch in self.batches(training):
            self.notify("on_batch_begin", batch=batch, training=True)
            losses, sizes = self.train_batch(batch), self.loss_sizes(batch)
            parts.append((losses, sizes))
            if self.is_heard:
                self.history.record_batch("train_loss", float(losses[0]))
                self.history.record_batch("train_batch_size", len(batch[-1]))
            self.notify("on_batch_end", batch=batch, training=True, loss=losses[0], y_pred=None)
            if self.is_interrupted_:
                raise KeyboardInterrupt
        # Summed on the CPU, as not every device has float64; at the end, so that none waits.
        total = sum(losses.cpu() * sizes for losses, sizes in parts)
        self.record_losses(total / sum(sizes for _, sizes in parts))
        self._check_finite()

    def loss_sizes(self, batch):
        """Return how many rows of a batch each loss is the mean of."""
        return len(batch[-1])

    def record_losses(self, losses):
        """Record the losses of an epoch."""
        self.history.record("train_loss", float(losses[0]))

    def _check_finite(self):
        loss = self.history[-1, "train_loss"]
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The training loss became {loss} in epoch {len(self.history)}: standardize the "
                "scans (ScanCleaner) or lower the learning rate (lr)."
            )

    def recorded(self):
        """Return the losses and scores by epoch: dict of ndarray of shape (n_epochs,)."""
        names = dict.fromkeys(name for record in self.history for name in record)
        return {
            name: np.array([record.get(name, np.nan) for record in self.history])
            for name in names
            if name.startswith(("train_", "valid_")) and not name.endswith(("_best", "_count"))
        }

    def __getstate__(self):
        """Return numbers, texts and arrays, unless a monitor or callback of the user is more."""
        return {
            "arguments": self.arguments,
            "weights": _arrays(self.module_.state_dict()),
            "moments": {
                str(n): _arrays(m) for n, m in self.optimizer_.state_dict()["state"].items()
            },
            "history": _as_columns([_numbers(record) for record in self.history]),
        }

    def __setstate__(self, state):
        """Make the net that was, after a check that its arrays fit."""
        vars(self).update(vars(type(self).make(**_arguments_here(state["arguments"]))))
        self.set_params(module__generator=torch.Generator())
        with torch.device("meta"):
            expected = self.module(**self.get_params_for("module")).state_dict()
        _check_arrays(state["weights"], expected)
        self.initialize()
        weights = {name: torch.from_numpy(array) for name, array in state["weights"].items()}
        self.module_.load_state_dict(weights)
        self._load_moments(state["moments"])
        records = _as_records(state["history"])
        self.history_ = History([{"batches": [], **record} for record in records])

    def _load_moments(self, moments):
        """Let Adam go on where it was; parameters that are not trained have no moments."""
        fresh = self.optimizer_.state_dict()
        parameters, state = self.optimizer_.param_groups[0]["params"], {}
        for number, arrays in moments.items():
            like = {"exp_avg": parameters[int(number)], "exp_avg_sq": parameters[int(number)]}
            _check_arrays(arrays, {"step": torch.zeros(()), **like})
            state[int(number)] = {k: torch.from_numpy(array) for k, array in arrays.items()}
        self.optimizer_.load_state_dict({"state": state, "param_groups": fresh["param_groups"]})


def subject_scores(validation, answers, monitor=None):
    """Judge the mean of each subject's window probabilities, or of a continuous target's.

    Shapes: answers (n_windows, n_classes) or (n_windows,).
    """
    _, first, member = np.unique(validation.subjects, return_index=True, return_inverse=True)
    labels, weights = validation.labels[first], validation.weights[first]
    if answers.ndim == 1:
        mean = np.bincount(member, answers) / np.bincount(member)
        scores = _target_scores(labels, mean, weights)
    else:
        mean = np.stack([np.bincount(member, column) for column in answers.T], axis=1)
        mean /= mean.sum(axis=1, keepdims=True)
        scores = _class_scores(labels, mean, weights)
    if monitor is None:
        return scores
    value = monitor(labels, mean)
    if not isinstance(value, Real):
        raise TypeError(f"monitor must return a number, got {value!r}.")
    return {**scores, "monitor": float(value)}


def _class_scores(labels, proba, weights):
    return {
        "subject_loss": log_loss(
            labels, proba, sample_weight=weights, labels=np.arange(proba.shape[1])
        ),
        "auc": _auc(labels, proba),
        "accuracy": float(np.mean(proba.argmax(axis=1) == labels)),
    }


def _target_scores(targets, predicted, weights):
    """Return the mean squared error, and Pearson's r where there is one."""
    varies = len(targets) > 1 and np.ptp(targets) > 0 and np.ptp(predicted) > 0
    return {
        "subject_loss": float(np.average((targets - predicted) ** 2, weights=weights)),
        "r": float(np.corrcoef(targets, predicted)[0, 1]) if varies else np.nan,
    }


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


def _is_raised_on_purpose(interrupt):
    """Tell a callback's own ``raise KeyboardInterrupt`` from a signal, which has no statement."""
    last = interrupt.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    return last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE


def usable_device(device):
    """Return the torch device that a parameter means; "auto" takes a GPU if there is one.

    Raises
    ------
    ValueError
        If torch knows no such device, or this machine has none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device).item()  # a device without values is of no use
    except Exception as error:  # torch's own kinds differ by device and version
        raise ValueError(f"device={device!r} cannot be used here: {error}") from error
    return device


def _arguments_here(arguments):
    """Return the arguments, with the CPU in place of a GPU that is not here."""
    device = arguments.get("device", "cpu")
    if device != "auto" and torch.device(device).type == "cuda" and not torch.cuda.is_available():
        warnings.warn(f"There is no GPU here: device={device!r} is the CPU.", stacklevel=4)
        return arguments | {"device": "cpu"}
    return arguments


def _arrays(tensors):
    return {name: value.detach().cpu().numpy() for name, value in tensors.items()}


def _numbers(record):
    """Return what one epoch recorded, without its batches."""
    return {k: v for k, v in record.items() if isinstance(v, bool | int | float | str)}


def _as_columns(records):
    """Return by name which epochs recorded something, and what: few arrays, in place of texts."""
    columns = {}
    for name in dict.fromkeys(name for record in records for name in record):
        given = np.array([name in record for record in records])
        values = np.array([record[name] for record in records if name in record])
        columns[name] = {"given": given, "values": values}
    return columns


def _as_records(columns):
    """Return what each epoch recorded."""
    if len({len(column["given"]) for column in columns.values()}) > 1:
        raise ValueError("The history has columns of different numbers of epochs.")
    records = [{} for _ in next(iter(columns.values()))["given"]] if columns else []
    for name, column in columns.items():
        places = np.flatnonzero(column["given"])
        for place, value in zip(places, column["values"].tolist(), strict=True):
            records[place][name] = value
    return records


def _check_arrays(arrays, expected):
    """Compare arrays with tensors that may be without memory."""
    if set(arrays) != set(expected):
        raise ValueError(f"The weights are {sorted(arrays)}, and not {sorted(expected)}.")
    for name, tensor in expected.items():
        array = np.asarray(arrays[name])
        if array.shape != tuple(tensor.shape) or array.dtype != np.float32:
            raise ValueError(
                f"{name} is {array.dtype} of shape {array.shape}, and must be float32 of shape "
                f"{tuple(tensor.shape)}."
            )
