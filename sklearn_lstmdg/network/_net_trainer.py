"""How the nets of a classifier are made, trained one after the other, and kept."""

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight

from ._training import make_net, seeded, torch_threads, update_net
from ._window_table import LabelledWindows

__all__ = ["NetTrainerMixin"]


class NetTrainerMixin:
    """Training of an estimator with the parameters of ``LSTMDGClassifier``, and its ``nets_``."""

    @property
    def nets_(self):
        """All nets; the first is ``net_``."""
        return [self.net_, *getattr(self, "_other_nets", ())]

    def _train(self, sequences, codes, groups, held, unlabeled, rng, n_epochs, n_pretrain=0):
        """Let each net in turn train on the same rows."""
        seeds = [rng.randint(np.iinfo(np.int32).max) for _ in range(self.n_nets)]
        self.net_, *self._other_nets = self._prepare_nets(sequences.n_rois)
        try:
            windows = self._labelled_windows(sequences, codes, groups, held, unlabeled)
            for net, seed in zip(self.nets_, seeds, strict=True):
                self._train_net(net, seed, *windows, n_epochs, n_pretrain)
        except BaseException:
            if not hasattr(self, "history_"):
                self._forget()
            raise
        return self._store_history()

    def _train_net(self, net, seed, training, validation, n_epochs, n_pretrain):
        seed += len(net.history_ or ())
        with torch_threads(self.n_threads), seeded(seed, net.device):
            if not net.initialized_:
                net.initialize()
                if n_pretrain:
                    net.pretrain(training, n_pretrain)
            net.train(training, validation, n_epochs)

    def _forget(self):
        for name in ("net_", "_other_nets", "history_", "n_iter_", "best_epoch_"):
            vars(self).pop(name, None)

    def _prepare_nets(self, n_rois):
        """Return new nets, or those of the last fit with the parameters of now."""
        if not hasattr(self, "net_"):
            return [self._make_net(n_rois) for _ in range(self.n_nets)]
        if len(self.nets_) != self.n_nets:
            raise ValueError(
                f"n_nets was {len(self.nets_)} when training began and cannot change to "
                f"{self.n_nets} now."
            )
        return [update_net(net, self._net_parameters()) for net in self.nets_]

    def _make_net(self, n_rois):
        return make_net(self._net_parameters(), n_rois, len(self.classes_))

    def _net_parameters(self):
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        changed = {"dropout": self._dropout_rates(), "device": device}
        return self.get_params(deep=False) | changed

    def _labelled_windows(self, sequences, codes, groups, held, unlabeled):
        """Return training windows, unlabelled ones included, and validation windows or None."""
        weights = compute_class_weight(
            self.class_weight, classes=self.classes_, y=self.classes_[codes]
        )[codes]
        # A bag is a subject; sequences are, where they share a group and a class.
        is_bag = sequences.kind == "bags"
        subjects = np.arange(len(codes)) if is_bag else groups * len(self.classes_) + codes
        device = self.net_.device

        def labelled(rows, more=None):
            taken = sequences.take(np.flatnonzero(rows))
            values = codes[rows], subjects[rows], weights[rows]
            return LabelledWindows.from_rows(taken, *values, more, device)

        if held is None:
            return labelled(np.ones(len(codes), dtype=bool), unlabeled), None
        return labelled(~held, unlabeled), labelled(held)

    def _store_history(self):
        history = self.net_.history
        recorded = dict.fromkeys(name for record in history for name in record)
        names = [name for name in recorded if name.startswith(("train_", "valid_"))]
        self.history_ = {
            name: np.array([record.get(name, np.nan) for record in history])
            for name in names
            if not name.endswith(("_best", "_count"))
        }
        self.n_iter_ = len(history)
        self.best_epoch_ = dict(self.net_.callbacks_)["BestEpoch"].epoch_
        return self
