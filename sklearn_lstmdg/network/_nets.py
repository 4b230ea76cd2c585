"""Several nets of one kind, each from its own seed, that answer as one."""

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np

from ._randomness import torch_threads
from ._window_net import WindowNet


class Nets:
    """The networks of a classifier or regressor.

    Parameters
    ----------
    n_nets : int
        How many.
    n_rois, n_classes : int
        Sizes of input and output; no classes where the target is continuous.
    **parameters
        Parameters of ``LSTMDGClassifier`` or ``LSTMDGRegressor``.

    Attributes
    ----------
    nets : list of WindowNet
        The nets. Their logits are averaged; the first one generates.
    """

    def __init__(self, n_nets, n_rois, n_classes, **parameters):
        self.nets = [WindowNet.make(n_rois, n_classes, **parameters) for _ in range(n_nets)]

    @property
    def first(self):
        """The first net."""
        return self.nets[0]

    def update(self, n_nets, **parameters):
        """Let the nets go on with other parameters.

        Raises
        ------
        ValueError
            If their number changed, or a parameter that decides the shape of weights.
        """
        if len(self.nets) != n_nets:
            raise ValueError(
                f"n_nets was {len(self.nets)} when training began and cannot change to {n_nets} "
                "now."
            )
        for net in self.nets:
            net.update(parameters)

    def train(self, windows, seeds, *, n_epochs, n_updates=None, n_pretrain=0, n_threads=1):
        """Train the nets, each with its own seed, as many side by side as there are threads.

        ``windows`` are those that train, and those that validate or None. Where callbacks of the
        user's listen, or lines are printed, nets train one after the other. An interrupt (Ctrl-C)
        leaves those that have been trained, and is raised again.
        """

        def train(net, seed):
            is_new, init_seed = not net.initialized_, net.arguments["init_seed"]
            if init_seed is not None:
                init_seed += self.nets.index(net)
            net.start(seed + len(net.history_ or ()), init_seed)
            if is_new and n_pretrain:
                net.pretrain(windows[0], n_pretrain)
            net.train(*windows, n_epochs, n_updates)

        own = self.first.arguments
        n_beside = 1 if own["callbacks"] or own["verbose"] else min(n_threads, len(self.nets))
        try:
            with torch_threads(max(n_threads // n_beside, 1)):
                self._train_beside(train, seeds, n_beside)
        except KeyboardInterrupt:
            self.nets = [net for net in self.nets if net.initialized_ and len(net.history)]
            raise

    def _train_beside(self, train, seeds, n_beside):
        for net in self.nets:
            net.is_interrupted_ = False
        if n_beside == 1:
            for net, seed in zip(self.nets, seeds, strict=True):
                train(net, seed)
            return
        others = True  # an interrupt may come while nets are only being handed over
        with ThreadPoolExecutor(n_beside) as pool:
            try:
                runs = [pool.submit(train, *one) for one in zip(self.nets, seeds, strict=True)]
                done, others = wait(runs, return_when=FIRST_EXCEPTION)
            finally:
                if others:
                    for net in self.nets:
                        net.is_interrupted_ = True
                    pool.shutdown(wait=False, cancel_futures=True)
            for run in done:
                run.result()

    def logits(self, windows, horizon, n_threads=1):
        """Return the windows' logits (n_windows, n_outputs), averaged over the nets."""
        with torch_threads(n_threads):
            return np.mean([net.logits(windows, horizon) for net in self.nets], axis=0)

    def generate(self, windows, n_steps, n_threads=1):
        """Return the points (n_windows, n_steps, n_rois) that follow."""
        with torch_threads(n_threads):
            return np.concatenate(list(self.first.generate(windows, n_steps)))

    def hidden_states(self, windows, n_threads=1, net=0):
        """Return h_t of a net's first LSTM in each window, a list of (n_points_i, n_units)."""
        with torch_threads(n_threads):
            return [window for chunk in self.nets[net].hidden_states(windows) for window in chunk]

    @property
    def variant(self):
        """The variant that was trained."""
        return self.first.module_.variant

    @property
    def memberships(self):
        """W_d of each net, a list of (n_rois, n_communities)."""
        weights = [net.module_.generative_dense.weight for net in self.nets]
        return [weight.detach().cpu().numpy().copy() for weight in weights]

    @property
    def influences(self):
        """Sums of communities' absolute input weights to each net's discriminative LSTM."""
        weights = [net.module_.discriminative_lstm.weight_ih_l0 for net in self.nets]
        return [weight.detach().abs().sum(dim=0).cpu().numpy() for weight in weights]

    def to(self, device):
        """Move the nets to another device."""
        states = [net.__getstate__() for net in self.nets]
        self.__setstate__(
            {"nets": [s | {"arguments": s["arguments"] | {"device": device}} for s in states]}
        )

    def __getstate__(self):
        """Return the nets' states: numbers, texts and arrays."""
        return {"nets": [net.__getstate__() for net in self.nets]}

    def __setstate__(self, state):
        """Make the nets that were."""
        self.nets = [WindowNet.__new__(WindowNet) for _ in state["nets"]]
        for net, own in zip(self.nets, state["nets"], strict=True):
            net.__setstate__(own)
