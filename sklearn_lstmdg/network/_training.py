"""Training and reading the network over windows: a skorch net with its own loop over batches."""

from contextlib import contextmanager

import numpy as np
import torch
from scipy.special import expit, softmax
from sklearn.metrics import log_loss, roc_auc_score
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, PrintLog

from ._joint_step import joint_step
from ._module import JointLoss, JointNetwork, discriminative_losses, generative_losses
from ._recurrence import is_compiled_for
from ._window_table import split_horizon

__all__ = [
    "MONITORS",
    "BestEpoch",
    "WindowNet",
    "make_net",
    "probabilities",
    "seeded",
    "subject_scores",
    "torch_threads",
    "update_net",
]

_CHUNK = 512


@contextmanager
def torch_threads(n_threads):
    """Run torch on a number of threads, then put the caller's number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed, device):
    """Run with torch's generators seeded, then put the caller's back."""
    devices = [torch.cuda.current_device()] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


class WindowNet(NeuralNet):
    """skorch net that gathers windows by number and projects weights after every step.

    Parameters
    ----------
    module, criterion, **kwargs
        As in skorch.
    horizon : int
        Points at the end of a window that are generated, never read.
    input_noise : float
        Standard deviation of the Gaussian noise added to training input.
    monitor : callable, default=None
        Score of the validation subjects to record beside the built-in ones.
    windows_per_epoch : int, float or None, default=None
        Number or share of the training windows that an epoch draws; None takes all.
    """

    def __init__(
        self,
        module,
        criterion,
        horizon=1,
        input_noise=0.0,
        monitor=None,
        windows_per_epoch=None,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.horizon = horizon
        self.input_noise = input_noise
        self.monitor = monitor
        self.windows_per_epoch = windows_per_epoch

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer()), ("print_log", PrintLog())]

    def pretrain(self, training, n_epochs):
        """Train the generative half alone, without a record; the optimiser then starts anew."""
        weight, self.criterion_.discriminative_weight = self.criterion_.discriminative_weight, 0.0
        halves = ("community_lstm.", "generative_dense.")
        named = [(n, w) for n, w in self.module_.named_parameters() if n.startswith(halves)]
        # Left out, the discriminative half is spared the weight decay too.
        groups, options = self.get_params_for_optimizer("optimizer", named)
        self.optimizer_ = self.optimizer(*groups, **options)
        self._set_training(True)
        for _ in range(n_epochs):
            for batch in self._batches(training):
                self._train_batch(*batch)
        self.criterion_.discriminative_weight = weight
        self.initialize_optimizer()

    def _batches(self, training):
        return training.batches(self.batch_size, self.horizon, self.windows_per_epoch)

    def train(self, training, validation, n_epochs):
        """Train for some epochs, until patience is out, or until a callback interrupts."""
        self.patience_is_out_ = False
        self.notify("on_train_begin", X=training, y=None)
        for _ in range(n_epochs):
            self.notify("on_epoch_begin", dataset_train=training, dataset_valid=validation)
            self._train_epoch(training)
            if validation is not None:
                for name, value in self._validate(validation).items():
                    self.history.record(f"valid_{name}", value)
            try:
                self.notify("on_epoch_end", dataset_train=training, dataset_valid=validation)
            except KeyboardInterrupt:
                break
            if self.patience_is_out_:
                break
        self.notify("on_train_end", X=training, y=None)

    def _train_epoch(self, training):
        self._set_training(True)
        totals, n_windows = 0, 0
        for batch in self._batches(training):
            self.notify("on_batch_begin", batch=batch, training=True)
            losses = self._train_batch(*batch)
            totals, n_windows = totals + losses * len(batch[3]), n_windows + len(batch[3])
            self.notify("on_batch_end", batch=batch, training=True, loss=losses[0])
        for name, value in zip(("loss", "gen_loss", "disc_loss"), totals / n_windows, strict=True):
            self.history.record(f"train_{name}", float(value))
        self._check_finite()

    def _train_batch(self, points, n_read, target, labels, weights):
        if self.input_noise:
            points = points.add_(torch.randn_like(points), alpha=self.input_noise)
        losses = self._derive(points, n_read, target, labels, weights)
        self.notify("on_grad_computed", named_parameters=list(self.module_.named_parameters()))
        self.optimizer_.step()
        self.module_.project_()
        return losses

    def _derive(self, points, n_read, target, labels, weights):
        """Return the losses; the parameters hold the total's gradients then."""
        if n_read is None and self.horizon <= 1 and is_compiled_for(points):
            return joint_step(self.module_, self.criterion_, points, target, labels, weights)
        self.optimizer_.zero_grad(set_to_none=True)
        logits, generated = self.module_(points, n_read, max(self.horizon, 1))
        losses = self.criterion_(logits, generated, labels, target, weights)
        losses[0].backward()
        return losses.detach()

    def _check_finite(self):
        loss = self.history[-1, "train_loss"]
        if not np.isfinite(loss):
            raise FloatingPointError(
                f"The training loss became {loss} in epoch {len(self.history)}: standardise the "
                "scans (ScanCleaner) or lower the learning rate (lr)."
            )

    def _validate(self, validation):
        """Return losses over windows and scores over subjects."""
        logits, losses, known = self._read_and_judge(validation.windows)
        labels, weights = torch.from_numpy(validation.labels), torch.from_numpy(validation.weights)
        disc = float((discriminative_losses(logits, labels) * weights).mean())
        gen = float(losses.sum() / known.sum().clamp(min=1))
        weight = self.criterion_.discriminative_weight
        total = disc if self.module_.generative_dense is None else gen + weight * disc
        scores = subject_scores(validation, probabilities(logits), self.monitor)
        return {"loss": total, "gen_loss": gen, "disc_loss": disc, **scores}

    def _read_and_judge(self, windows):
        """Return logits, and for the generative path each window's loss and whether it has one."""
        logits = self.empty_logits(windows)
        losses, known = torch.zeros(len(windows)), torch.zeros(len(windows), dtype=torch.bool)
        for answers, generated, chunk in self.read(windows, self.horizon, max(self.horizon, 1)):
            logits[chunk] = answers.double().cpu()
            if generated is not None:
                target = self._targets(windows, chunk)
                losses[chunk], known[chunk] = (
                    values.cpu() for values in generative_losses(generated, target)
                )
        return logits, losses, known

    def empty_logits(self, windows):
        """Return room for the logits of all windows, in float64.

        Chunk after chunk is written into it: kept one by one, small results lie between the large
        blocks that a chunk needs for a moment, and the heap grows by such a block with each.
        """
        return torch.empty(
            len(windows), self.module_.shared_dense.out_features, dtype=torch.float64
        )

    def _targets(self, windows, chunk):
        first, lengths = (
            torch.from_numpy(np.asarray(values[chunk], dtype=np.int64)).to(windows.points.device)
            for values in (windows.first, windows.lengths)
        )
        return split_horizon(windows.points, first, lengths, self.horizon)[2]

    def read(self, windows, horizon, n_steps=1):
        """Yield logits, generated points and window numbers, chunk by chunk, each bag on its own.

        Parameters
        ----------
        windows : WindowSet
            What to read.
        horizon : int
            Points at the end of each window that are left unread.
        n_steps : int, default=1
            Points to generate.

        Yields
        ------
        logits : Tensor of shape (n_chunk, n_outputs)
        generated : Tensor of shape (n_steps, n_chunk, n_rois) or None
        chunk : ndarray of shape (n_chunk,)
        """
        yield from self._each_chunk(windows, horizon, "forward_windows", n_steps)

    def listen(self, windows):
        """Yield the first LSTM's hidden states (n_points, n_chunk, n_units), chunk by chunk."""
        for hidden, _ in self._each_chunk(windows, 0, "hidden_windows"):
            yield hidden

    def _each_chunk(self, windows, horizon, method, *args):
        self._set_training(False)
        ask = getattr(self.module_, method)
        for chunk in windows.chunks(_CHUNK):
            series, first, n_read = windows.series_of(chunk, horizon)
            with torch.inference_mode():
                answer = ask(series, first, n_read, *args)
            yield *answer, chunk


def probabilities(logits):
    """Turn logits (n, n_outputs) into class probabilities (n, n_classes), in float64."""
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] > 1:
        return softmax(logits, axis=1)
    positive = expit(logits[:, 0])
    return np.column_stack([1 - positive, positive])


def subject_scores(validation, proba, monitor=None):
    """Judge the mean of each subject's window probabilities.

    Parameters
    ----------
    validation : LabelledWindows
        Windows, with their labels and subjects.
    proba : ndarray of shape (n_windows, n_classes)
        Class probabilities of the windows.
    monitor : callable, default=None
        ``monitor(y, proba)`` of class numbers and subjects' probabilities, greater is better.

    Returns
    -------
    dict
        "subject_loss" (cross-entropy, weighted by class), "auc" (NaN where a class is missing),
        "accuracy", and "monitor" for a callable.
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


MONITORS = {
    "loss": ("valid_loss", -1),
    "discriminative_loss": ("valid_disc_loss", -1),
    "subject_loss": ("valid_subject_loss", -1),
    "auc": ("valid_auc", 1),
    "accuracy": ("valid_accuracy", 1),
}


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


_ARCHITECTURE = ("variant", "n_communities", "n_units")


def make_net(parameters, n_rois, n_classes):
    """Return a net that is not initialised, from the parameters of the classifier."""
    net = WindowNet(
        JointNetwork,
        JointLoss,
        module__n_rois=n_rois,
        module__n_outputs=1 if n_classes == 2 else n_classes,
        module__dropout=parameters["dropout"],
        **{f"module__{name}": parameters[name] for name in _ARCHITECTURE},
        criterion__discriminative_weight=parameters["discriminative_weight"],
        optimizer=torch.optim.AdamW,
        optimizer__eps=1e-7,
        optimizer__fused=True,
        optimizer__weight_decay=parameters["weight_decay"],
        lr=parameters["lr"],
        device=parameters["device"],
    )
    return _set_loop(net, parameters)


def update_net(net, parameters):
    """Let a trained net go on with other parameters; its weights and optimiser stay.

    Raises
    ------
    ValueError
        If a parameter changed that decides the shape of the weights.
    """
    for name in _ARCHITECTURE:
        before = getattr(net, f"module__{name}")
        if before != parameters[name]:
            raise ValueError(
                f"{name} was {before!r} when training began and cannot change to "
                f"{parameters[name]!r} now."
            )
    net.module_.dropout = parameters["dropout"]
    net.criterion_.discriminative_weight = parameters["discriminative_weight"]
    for group in net.optimizer_.param_groups:
        group["lr"], group["weight_decay"] = parameters["lr"], parameters["weight_decay"]
    return _set_loop(net, parameters).initialize_callbacks()


def _set_loop(net, parameters):
    """Set what the loop over epochs and batches reads."""
    net.batch_size, net.horizon = parameters["batch_size"], parameters["horizon"]
    net.input_noise = parameters["input_noise"]
    net.windows_per_epoch = parameters["windows_per_epoch"]
    net.monitor = parameters["monitor"] if callable(parameters["monitor"]) else None
    net.callbacks = [
        BestEpoch(parameters["monitor"], parameters["patience"]),
        *(parameters["callbacks"] or []),
    ]
    net.verbose = int(parameters["verbose"])
    return net
