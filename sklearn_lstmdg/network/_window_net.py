"""The paper's network over windows: trained and read batch by batch, windows by their numbers."""

from itertools import islice, product
from math import cos, pi

import numpy as np
import torch

from ..scans import probabilities
from ._epoch_net import BestEpoch, EpochNet, subject_scores, usable_device
from ._forward_backward import forward_backward
from ._module import JointLoss, JointNetwork, discriminative_losses, generative_losses
from ._recurrence import is_compiled_for
from ._window_table import Cuts, split_horizon

_CHUNK = 512
_ARCHITECTURE = ("variant", "n_communities", "n_units")
_WINDOWS = ("horizon", "augment", "generate_at", "input_noise", "batch_size", "windows_per_epoch")
_LOOP = (*_WINDOWS, "lr_schedule", "monitor")
_OTHERS = ("dropout", "discriminative_weight", "lr", "weight_decay", "patience", "device")
_USERS = ("callbacks", "verbose")


class WindowNet(EpochNet):
    """Net of skorch that gathers windows by number and projects weights after every step.

    Parameters
    ----------
    module, criterion : type
        As in skorch.
    horizon, augment, generate_at, input_noise, windows_per_epoch, lr_schedule, monitor
        As in ``LSTMDGClassifier``.
    **kwargs : dict
        As in skorch.
    """

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
        """Return a net that is not initialised, from parameters of the classifier."""
        net = cls(
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
        names = ("n_rois", "n_classes", *_ARCHITECTURE, *_LOOP, *_OTHERS, *_USERS)
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
        for _ in range(n_epochs):
            for batch in self._all_batches(training):
                self.train_batch(*batch)
        self.criterion_.discriminative_weight = weight
        self.initialize_optimizer()

    def train(self, training, validation, n_epochs, n_updates=None):
        """Train for some epochs or, in place of them, some updates; see ``EpochNet.train``."""
        per_epoch = training.n_batches(self.batch_size, self.windows_per_epoch)
        self.n_updates_, self.update_ = n_updates or n_epochs * per_epoch, 0
        super().train(training, validation, -(-self.n_updates_ // per_epoch))

    def _all_batches(self, training):
        drawn = self.windows_per_epoch, self.random_.cpu
        how = self.augment or (), self.generate_at
        return training.batches(self.batch_size, self.horizon, *drawn, *how)

    def batches(self, training):
        """Yield shuffled batches of training windows, until no update is left."""
        for batch in islice(self._all_batches(training), self.n_updates_ - self.update_):
            if self.lr_schedule == "cosine":
                self._set_lr(_cosine(self.lr, self.update_ / self.n_updates_))
            self.update_ += 1
            yield batch

    def _set_lr(self, lr):
        for group in self.optimizer_.param_groups:
            group["lr"] = lr

    def loss_sizes(self, *parts):
        """Return the windows of a batch, those that have a target, and those that have a label."""
        n_windows = torch.as_tensor(sum(len(part.labels) for part in parts))
        labelled, known = self._counts(parts)
        counts = torch.stack([n_windows.to(labelled.device), known.to(labelled.device), labelled])
        # Where there are none the loss is 0, and its mean too.
        return counts.double().clamp_(min=1e-9)

    def record_losses(self, losses):
        """Record the means over windows that have a target, or a label, and the total of both."""
        _, gen, disc = losses.tolist()
        if self.module_.generative_dense is None:
            total = disc
        else:
            total = gen + self.criterion_.discriminative_weight * disc
        for name, value in (("loss", total), ("gen_loss", gen), ("disc_loss", disc)):
            self.history.record(f"train_{name}", value)

    def train_batch(self, *parts):
        """Take one step; return the total, generative and discriminative loss."""
        losses = self._forward_backward([self._with_noise(part) for part in parts])
        self.notify("on_grad_computed", named_parameters=list(self.module_.named_parameters()))
        self.optimizer_.step()
        self.module_.project_()
        return losses

    def _with_noise(self, part):
        if not self.input_noise:
            return part
        noise = torch.empty_like(part.points).normal_(generator=self.random_.device)
        return part._replace(points=part.points.add_(noise, alpha=self.input_noise))

    def _forward_backward(self, parts):
        """Return the losses; the parameters hold the total's gradients then."""
        points, n_read, *told = parts[0]
        is_plain = n_read is None and self.horizon <= 1 and self.generate_at == "last"
        if len(parts) == 1 and is_plain and is_compiled_for(points):
            return forward_backward(self.module_, self.criterion_, points, *told)
        self.optimizer_.zero_grad(set_to_none=True)
        counts = self._counts(parts) if len(parts) > 1 else None
        return sum(self._backward(part, counts) for part in parts)

    def _backward(self, part, counts):
        """Add a part's gradients; return its losses, or its share of the batch's."""
        points, n_read, target, labels, weights = part
        answers = self.module_(points, n_read, max(self.horizon, 1), self.generate_at)
        losses = self.criterion_(*answers, labels, target, weights, counts)
        losses[0].backward()
        return losses.detach()

    def _counts(self, parts):
        """Return how many windows of a batch have a label, and how many have a target."""
        labels = torch.cat([part.labels for part in parts])
        if parts[0].target is None:
            return (labels >= 0).sum(), torch.tensor(len(labels))
        return (labels >= 0).sum(), sum((~part.target[0, :, 0].isnan()).sum() for part in parts)

    def validate(self, validation):
        """Return losses over windows and scores over subjects."""
        logits, losses, known = self._judge(validation.windows)
        labels, weights = torch.from_numpy(validation.labels), torch.from_numpy(validation.weights)
        disc = float((discriminative_losses(logits, labels) * weights).mean())
        gen = float(losses.sum() / known.sum().clamp(min=1))
        weight = self.criterion_.discriminative_weight
        total = disc if self.module_.generative_dense is None else gen + weight * disc
        monitor = self.monitor if callable(self.monitor) else None
        scores = subject_scores(validation, probabilities(logits), monitor)
        return {"loss": total, "gen_loss": gen, "disc_loss": disc, **scores}

    def _judge(self, windows):
        """Return logits, and for the generative path each window's loss and whether it has one."""
        logits = self._empty_logits(windows)
        losses, known = torch.zeros(len(windows)), torch.zeros(len(windows), dtype=torch.bool)
        how = max(self.horizon, 1), self.generate_at
        for answers, generated, chunk in self.predict_chunks(windows, self.horizon, *how):
            logits[chunk] = answers.cpu().double()
            if generated is not None:
                target = self._targets(windows, chunk)
                losses[chunk], known[chunk] = (
                    values.cpu() for values in generative_losses(generated, target)
                )
        if self.augment:
            logits = torch.from_numpy(self.logits(windows, self.horizon))
        return logits, losses, known

    def _empty_logits(self, windows):
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
        cuts = Cuts(first, lengths)
        return split_horizon(windows.points, cuts, self.horizon, self.generate_at)[2]

    def logits(self, windows, horizon):
        """Return the logits (n_windows, n_outputs) of all windows, in float64.

        They are means over the ways to read a window that training drew.
        """
        signs = (1, -1) if "sign" in (self.augment or ()) else (1,)
        directions = (1, -1) if "reverse" in (self.augment or ()) else (1,)
        total = 0
        for way in product(signs, directions):
            logits = self._empty_logits(windows)
            for answers, _, chunk in self.predict_chunks(windows, horizon, 0, "last", *way):
                logits[chunk] = answers.cpu().double()
            total = total + logits
        return (total / (len(signs) * len(directions))).numpy()

    def predict_chunks(self, windows, horizon, n_steps=1, generate_at="last", sign=1, direction=1):
        """Yield logits, generated points and window numbers, chunk by chunk, each bag on its own.

        Returned: (n_chunk, n_outputs), (n_generated, n_chunk, n_rois), (n_chunk,).
        """
        how = n_steps, generate_at, sign, direction
        yield from self._each_chunk(windows, horizon, "forward_windows", *how)

    def hidden_states(self, windows):
        """Yield the first LSTM's h_t (n_points, n_chunk, n_units), chunk by chunk."""
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


def _cosine(lr, progress):
    """Return the learning rate, from the first to a hundredth of it along half a cosine."""
    return lr * (1 + 99 * (1 + cos(pi * progress)) / 2) / 100
