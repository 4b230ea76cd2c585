"""The paper's network over windows: trained and read batch by batch, windows by their numbers."""

from contextlib import contextmanager
from itertools import islice
from math import cos, pi

import numpy as np
import torch
from skorch.callbacks import ParamMapper

from ..scans import probabilities
from ._compiled import CompiledNetwork, CompiledTraining, is_compiled_for
from ._epoch_net import BestEpoch, EpochNet, subject_scores, usable_device
from ._joint_network import JointLoss, JointNetwork, discriminative_losses, generative_losses
from ._window_table import Cuts, split_horizon, ways_to_read

_CHUNK = 512
_ARCHITECTURE = ("variant", "n_communities", "n_units")
_WINDOWS = ("horizon", "augment", "generate_at", "input_noise", "batch_size", "windows_per_epoch")
_LOOP = (*_WINDOWS, "lr_schedule", "monitor")
_OTHERS = (
    *("dropout", "discriminative_weight", "lr", "weight_decay", "patience", "device"),
    *("init_seed", "callbacks", "verbose"),
)


class WindowNet(EpochNet):
    """Net of skorch that gathers windows by number and projects weights after every step.

    Its parameters are skorch's and, for windows and the loop, those of ``LSTMDGClassifier``.
    """

    compiled_ = None  # while a training runs

    def __init__(
        self,
        module,
        criterion,
        horizon=1,
        augment=None,
        generate_at="last",
        input_noise=0.0,
        windows_per_epoch=None,
        lr_schedule=None,
        monitor="loss",
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.horizon = horizon
        self.augment = augment
        self.generate_at = generate_at
        self.input_noise = input_noise
        self.windows_per_epoch = windows_per_epoch
        self.lr_schedule = lr_schedule
        self.monitor = monitor

    @classmethod
    def make(cls, n_rois, n_classes, **parameters):
        """Return a net that is not initialised, from parameters of the estimator.

        Without classes the target is continuous.
        """
        net = cls(
            JointNetwork,
            JointLoss,
            module__n_rois=n_rois,
            module__n_outputs=n_classes if n_classes > 2 else 1,
            module__dropout=parameters["dropout"],
            **{f"module__{name}": parameters[name] for name in _ARCHITECTURE},
            criterion__discriminative_weight=parameters["discriminative_weight"],
            optimizer=torch.optim.AdamW,
            optimizer__eps=1e-7,
            optimizer__fused=True,
            optimizer__weight_decay=parameters["weight_decay"],
            lr=parameters["lr"],
            use_caching=False,  # of predictions: skorch's scoring then asks for none
            device=usable_device(parameters["device"]),
        )
        return net._set_loop({"n_rois": n_rois, "n_classes": n_classes, **parameters})

    def update(self, parameters):
        """Go on with other parameters; weights and optimiser stay.

        Raises
        ------
        ValueError
            If a parameter changed that decides the shape of the weights.
        """
        for name in _ARCHITECTURE:
            before = self.arguments[name]
            if before != parameters[name]:
                raise ValueError(
                    f"{name} was {before!r} when training began and cannot change to "
                    f"{parameters[name]!r} now."
                )
        for layer, rate in zip(self.module_.dropouts, parameters["dropout"], strict=True):
            layer.rate = rate
        self.criterion_.discriminative_weight = parameters["discriminative_weight"]
        for group in self.optimizer_.param_groups:
            group["lr"], group["weight_decay"] = parameters["lr"], parameters["weight_decay"]
        return self._set_loop(self.arguments | parameters).initialize_callbacks()

    def _set_loop(self, arguments):
        """Keep the arguments, and set what the loop over epochs and batches reads."""
        names = ("n_rois", "n_classes", *_ARCHITECTURE, *_LOOP, *_OTHERS)
        self.arguments = {name: arguments[name] for name in names}
        for name in _LOOP:
            setattr(self, name, arguments[name])
        stop = BestEpoch(arguments["monitor"], arguments["patience"])
        self.callbacks = [stop, *(arguments["callbacks"] or [])]
        self.verbose = int(arguments["verbose"])
        return self

    def pretrain(self, training, n_epochs):
        """Train the generative half alone, without a record; the optimiser then starts anew."""
        weight, self.criterion_.discriminative_weight = self.criterion_.discriminative_weight, 0.0
        halves = ("community_lstm.", "generative_dense.")
        named = [(n, w) for n, w in self.module_.named_parameters() if n.startswith(halves)]
        # Left out, the discriminative half is spared the weight decay too.
        groups, options = self.get_params_for_optimizer("optimizer", named)
        self.optimizer_ = self.optimizer(*groups, **options)
        self._set_training(True)
        with self._compiled_for(training):
            for _ in range(n_epochs):
                for batch in self._all_batches(training):
                    self.train_batch(batch)
        self.criterion_.discriminative_weight = weight
        self.initialize_optimizer()

    def train(self, training, validation, n_epochs, n_updates=None):
        """Train for some epochs or updates, whichever end first; see ``EpochNet.train``."""
        per_epoch = training.n_batches(self.batch_size, self.windows_per_epoch)
        lengths = n_updates, n_epochs and n_epochs * per_epoch
        self.n_updates_, self.update_ = min(filter(None, lengths)), 0
        with self._compiled_for(training):
            super().train(training, validation, -(-self.n_updates_ // per_epoch))

    @contextmanager
    def _compiled_for(self, training):
        """Take steps on the compiled path, where that was built and fits."""
        draws = self.random_.next_seed(), self.generate_at, self.input_noise
        fits = is_compiled_for(training.windows.points, self.horizon, self._is_generative)
        # It may stop some weights from being trained, which torch's path heeds.
        freezes = any(isinstance(callback, ParamMapper) for _, callback in self.callbacks_)
        if fits and not freezes:
            trained = self.criterion_, self.optimizer_
            self.compiled_ = CompiledTraining(self.module_, self.horizon, *trained, *draws)
        try:
            yield
        finally:
            if self.compiled_ is not None:
                self.compiled_.end()
            self.compiled_ = None

    @property
    def _is_generative(self):
        return self.module_.generative_dense is not None

    def _all_batches(self, training):
        drawn = self.windows_per_epoch, self.random_.cpu
        return training.batches(self.batch_size, *drawn, self.augment or ())

    def batches(self, training):
        """Yield shuffled batches of training windows, until no update is left."""
        for batch in islice(self._all_batches(training), self.n_updates_ - self.update_):
            if self.lr_schedule == "cosine":
                lr = _cosine(self.arguments["lr"], self.update_ / self.n_updates_)
                for group in self.optimizer_.param_groups:
                    group["lr"] = lr
            self.update_ += 1
            yield batch

    def loss_sizes(self, batch):
        """Return the windows of a batch, those that have a target, and those that have a label."""
        n_labelled, n_known = batch.counts(self.horizon)
        sizes = torch.tensor([len(batch.labels), n_known, n_labelled], dtype=torch.float64)
        # Where there are none the loss is 0, and its mean too.
        return sizes.clamp_(min=1e-9)

    def record_losses(self, losses):
        """Record the means over windows that have a target, or a label, and the total of both."""
        for name, value in self._with_total(*losses.tolist()[1:]).items():
            self.history.record(f"train_{name}", value)

    def _with_total(self, gen, disc):
        weight = self.criterion_.discriminative_weight
        total = gen + weight * disc if self._is_generative else disc
        return {"loss": total, "gen_loss": gen, "disc_loss": disc}

    def train_batch(self, batch):
        """Take one step; return the total, generative and discriminative loss."""
        takes = self.compiled_
        forward_backward = self._forward_backward if takes is None else takes.forward_backward
        losses = forward_backward(batch)
        named = self.module_.named_parameters() if takes is None else takes.named_parameters
        self.notify("on_grad_computed", named_parameters=list(named))
        if takes is not None:
            takes.update()
            self.optimizer_._opt_called = True  # torch's schedulers warn where no step was taken
        else:
            self.optimizer_.step()
            self.module_.project_()
        return losses

    def _forward_backward(self, batch):
        """Return the losses; the parameters hold the total's gradients then."""
        self.optimizer_.zero_grad(set_to_none=True)
        parts = batch.parts(self.horizon, self.generate_at)
        counts = torch.tensor(batch.counts(self.horizon)).unbind() if len(parts) > 1 else None
        return sum(self._backward(self._with_noise(part), counts) for part in parts)

    def _with_noise(self, part):
        if not self.input_noise:
            return part
        noise = torch.empty_like(part.points).normal_(generator=self.random_.device)
        return part._replace(points=part.points.add_(noise, alpha=self.input_noise))

    def _backward(self, part, counts):
        """Add a part's gradients; return its losses, or its share of the batch's."""
        points, n_read, target, labels, weights = part
        answers = self.module_(points, n_read, max(self.horizon, 1), self.generate_at)
        losses = self.criterion_(*answers, labels, target, weights, counts)
        losses[0].backward()
        return losses.detach()

    def validate(self, validation):
        """Return losses over windows and scores over subjects."""
        logits, losses, known = self._judge(validation.windows)
        if not logits.isfinite().all():
            raise FloatingPointError(
                f"The scores of validation rows became {float(logits[~logits.isfinite()][0])} in "
                f"epoch {len(self.history)}: standardize the scans (ScanCleaner) or lower the "
                "learning rate (lr)."
            )
        labels, weights = torch.from_numpy(validation.labels), torch.from_numpy(validation.weights)
        disc = float((discriminative_losses(logits, labels) * weights).mean())
        gen = float(losses.sum() / known.sum().clamp(min=1))
        monitor = self.monitor if callable(self.monitor) else None
        answers = probabilities(logits) if self.arguments["n_classes"] else logits[:, 0].numpy()
        return self._with_total(gen, disc) | subject_scores(validation, answers, monitor)

    def _judge(self, windows):
        """Return logits, and for the generative path each window's loss and whether it has one."""
        logits = self._empty_logits(windows)
        losses, known = torch.zeros(len(windows)), torch.zeros(len(windows), dtype=torch.bool)
        for chunk, answers, *states in self._predict_chunks(
            windows, self.horizon, self.augment or (), keeps_states=self._is_generative
        ):
            logits[chunk] = answers
            if self._is_generative:
                pair = self._generative_losses(*states, self._cuts(windows, chunk), windows.points)
                losses[chunk], known[chunk] = (values.cpu() for values in pair)
        return logits, losses, known

    @torch.inference_mode()
    def _generative_losses(self, hidden, cells, cuts, points):
        """Return each window's loss and whether it has one, from the states at all points."""
        target = split_horizon(points, cuts, self.horizon, self.generate_at)[2]
        if self.generate_at == "last":
            generated = self.module_.generate(hidden[-1], cells[-1], self.horizon)
        else:
            generated = self.module_.generate_each(hidden, cells, self.horizon)
        return generative_losses(generated, target)

    def _empty_logits(self, windows):
        """Return room for the logits of all windows, in float64.

        Kept one by one, small results would lie between the large blocks that a chunk needs for a
        moment, and the heap grow by such a block with each.
        """
        n_outputs = self.module_.shared_dense.out_features
        return torch.empty(len(windows), n_outputs, dtype=torch.float64)

    def logits(self, windows, horizon):
        """Return the logits (n_windows, n_outputs) of all windows, in float64.

        They are means over the ways to read a window that training drew.
        """
        logits = self._empty_logits(windows)
        for chunk, answers, *_ in self._predict_chunks(windows, horizon, self.augment or ()):
            logits[chunk] = answers
        return logits.numpy()

    def generate(self, windows, n_steps):
        """Yield the points (n_chunk, n_steps, n_rois) that follow, chunk by chunk."""
        for _, _, hidden, cells in self._predict_chunks(windows, 0, keeps_states=True):
            with torch.inference_mode():
                generated = self.module_.generate(hidden[-1], cells[-1], n_steps)
            yield generated.transpose(0, 1).cpu().numpy()

    def hidden_states(self, windows):
        """Yield the first LSTM's h_t (n_chunk, n_points, n_units), chunk by chunk."""
        for _, _, hidden, _ in self._predict_chunks(windows, 0, keeps_states=True):
            yield hidden.transpose(0, 1).cpu().numpy()

    def _cuts(self, windows, chunk):
        first, lengths = (
            torch.from_numpy(np.asarray(values[chunk], dtype=np.int64)).to(windows.points.device)
            for values in (windows.first, windows.lengths)
        )
        return Cuts(first, lengths)

    def _predict_chunks(self, windows, horizon, augment=(), keeps_states=False):
        """Yield windows' numbers, logits, hidden and cell states, chunk by chunk.

        A chunk is of one bag, where there are bags, and of one length.
        """
        self._set_training(False)
        reader = None
        if is_compiled_for(windows.points, 1, self._is_generative):
            reader = CompiledNetwork(self.module_, horizon)
        for chunk in windows.chunks(_CHUNK):
            cuts = self._cuts(windows, chunk)
            if reader is not None:
                yield chunk, *reader.read(*windows.around(cuts), augment, keeps_states)
            else:
                yield chunk, *self._read_by_torch(windows, cuts, horizon, augment, keeps_states)

    def _read_by_torch(self, windows, cuts, horizon, augment, keeps_states):
        each = torch.arange(max(int(cuts.lengths[0]) - horizon, 1), device=cuts.start.device)
        points = cuts.gather(windows.points, each[:, None])
        with torch.inference_mode():
            ways = ways_to_read(points, augment)
            answers = [self.module_.read(way, all_cells=keeps_states) for way in ways]
        logits = torch.stack([answer[0] for answer in answers]).cpu().double().mean(dim=0)
        return logits, *answers[0][1:]


def _cosine(lr, progress):
    """Return the learning rate, from the first to a hundredth of it along half a cosine."""
    return lr * (1 + 99 * (1 + cos(pi * progress)) / 2) / 100
