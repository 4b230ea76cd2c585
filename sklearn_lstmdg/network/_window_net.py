"""The paper's network over windows: trained and read batch by batch, windows by their numbers."""

import numpy as np
import torch

from ..scans import probabilities
from ._epoch_net import BestEpoch, EpochNet, subject_scores, usable_device
from ._forward_backward import forward_backward
from ._module import JointLoss, JointNetwork, discriminative_losses, generative_losses
from ._recurrence import is_compiled_for
from ._window_table import split_horizon

_CHUNK = 512
_ARCHITECTURE = ("variant", "n_communities", "n_units")
_LOOP = ("batch_size", "horizon", "input_noise", "windows_per_epoch", "monitor", "patience")
_OTHERS = ("dropout", "discriminative_weight", "lr", "weight_decay", "device")
_USERS = ("callbacks", "verbose")


class WindowNet(EpochNet):
    """Net of skorch that gathers windows by number and projects weights after every step.

    Parameters
    ----------
    module, criterion : type
        As in skorch.
    horizon : int
        Points at the end of a window that are generated, never read.
    input_noise : float
        Standard deviation of the Gaussian noise added to training input.
    monitor : str or callable, default="loss"
        A callable's score of the validation subjects is recorded beside the built-in ones.
    windows_per_epoch : int, float or None, default=None
        Number or share of the training windows that an epoch draws; None takes all.
    **kwargs : dict
        As in skorch.
    """

    def __init__(
        self,
        module,
        criterion,
        horizon=1,
        input_noise=0.0,
        monitor="loss",
        windows_per_epoch=None,
        **kwargs,
    ):
        super().__init__(module, criterion, **kwargs)
        self.horizon = horizon
        self.input_noise = input_noise
        self.monitor = monitor
        self.windows_per_epoch = windows_per_epoch

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
        for name in _LOOP[:-1]:
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
            for batch in self.batches(training):
                self.train_batch(*batch)
        self.criterion_.discriminative_weight = weight
        self.initialize_optimizer()

    def batches(self, training):
        """Yield shuffled batches of training windows."""
        size, drawn = self.batch_size, self.windows_per_epoch
        return training.batches(size, self.horizon, drawn, self.random_.cpu)

    def loss_sizes(self, points, n_read, target, labels, weights):
        """Return the windows of a batch, those that have a target, and those that have a label."""
        has_target = torch.ones_like(labels) if target is None else ~target[0, :, 0].isnan()
        counts = (
            torch.tensor(len(labels), device=labels.device),
            has_target.sum(),
            (labels >= 0).sum(),
        )
        # Where there are none the loss is 0, and its mean too.
        return torch.stack([count.double() for count in counts]).clamp_(min=1e-9)

    def record_losses(self, losses):
        """Record the means over windows that have a target, or a label, and the total of both."""
        _, gen, disc = losses.tolist()
        if self.module_.generative_dense is None:
            total = disc
        else:
            total = gen + self.criterion_.discriminative_weight * disc
        for name, value in (("loss", total), ("gen_loss", gen), ("disc_loss", disc)):
            self.history.record(f"train_{name}", value)

    def train_batch(self, points, n_read, target, labels, weights):
        """Take one step; return the total, generative and discriminative loss."""
        if self.input_noise:
            noise = torch.empty_like(points).normal_(generator=self.random_.device)
            points = points.add_(noise, alpha=self.input_noise)
        losses = self._forward_backward(points, n_read, target, labels, weights)
        self.notify("on_grad_computed", named_parameters=list(self.module_.named_parameters()))
        self.optimizer_.step()
        self.module_.project_()
        return losses

    def _forward_backward(self, points, n_read, target, labels, weights):
        """Return the losses; the parameters hold the total's gradients then."""
        if n_read is None and self.horizon <= 1 and is_compiled_for(points):
            return forward_backward(self.module_, self.criterion_, points, target, labels, weights)
        self.optimizer_.zero_grad(set_to_none=True)
        logits, generated = self.module_(points, n_read, max(self.horizon, 1))
        losses = self.criterion_(logits, generated, labels, target, weights)
        losses[0].backward()
        return losses.detach()

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
        steps = max(self.horizon, 1)
        for answers, generated, chunk in self.predict_chunks(windows, self.horizon, steps):
            logits[chunk] = answers.cpu().double()
            if generated is not None:
                target = self._targets(windows, chunk)
                losses[chunk], known[chunk] = (
                    values.cpu() for values in generative_losses(generated, target)
                )
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
        return split_horizon(windows.points, first, lengths, self.horizon)[2]

    def logits(self, windows, horizon):
        """Return the logits (n_windows, n_outputs) of all windows, in float64."""
        logits = self._empty_logits(windows)
        for answers, _, chunk in self.predict_chunks(windows, horizon, n_steps=0):
            logits[chunk] = answers.cpu().double()
        return logits.numpy()

    def predict_chunks(self, windows, horizon, n_steps=1):
        """Yield logits, generated points and window numbers, chunk by chunk, each bag on its own.

        Returned: (n_chunk, n_outputs), (n_steps, n_chunk, n_rois), (n_chunk,).
        """
        yield from self._each_chunk(windows, horizon, "forward_windows", n_steps)

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
