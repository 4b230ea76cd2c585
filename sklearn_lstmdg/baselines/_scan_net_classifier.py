"""What classifiers share that train a small network on whole scans, one row a subject."""

from numbers import Integral, Real
from typing import TYPE_CHECKING

from sklearn.utils._param_validation import Interval

from .. import network
from ..base import ScanClassifierMixin, draw_seed

if TYPE_CHECKING:
    from torch import nn


_POSITIVE = Interval(Integral, 1, None, closed="left")
LOOP_CONSTRAINTS = {
    "lr": [Interval(Real, 0, None, closed="neither")],
    **{name: [_POSITIVE] for name in ("max_epochs", "batch_size", "patience", "n_threads")},
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "random_state": ["random_state"],
}


class ScanNetClassifierMixin(ScanClassifierMixin):
    """Training and prediction of a classifier with one net over whole scans.

    A classifier has the parameters of ``LOOP_CONSTRAINTS``, and a method ``_read_rows(sequences)``
    that returns what the net's module reads: a list of float32 tensors, one a row.
    """

    def _train(self, net_type, module, rows, fitted, is_validation, rng, start=None):
        """Make the net and train it on what it reads of the rows that are fitted.

        ``start(module)`` may set its first weights.
        """
        n_classes, parameters = len(self.classes_), {"weight_decay": 0.0} | self._plain_params()
        loop = {name: parameters[name] for name in ("lr", "weight_decay", "batch_size", "patience")}
        net = net_type.make(module | {"n_outputs": 1 if n_classes == 2 else n_classes}, **loop)
        labelled = network.LabelledRows.from_rows(rows, fitted.y, fitted.weights)
        with network.torch_threads(self.n_threads):
            net.start(draw_seed(rng))
            if start is not None:
                start(net.module_)
            net.train(*labelled.split(is_validation), self.max_epochs)
        self._net = net
        self.history_, self.n_iter_ = net.recorded(), len(net.history)
        self.best_epoch_ = net.best_epoch
        return self

    @property
    def module_(self) -> "nn.Module":
        """The trained network."""
        return self._net.module_

    def _scores(self, X):
        """Return the rows' logits: a bag is read as its whole scan."""
        self._validate_params()
        rows = self._read_rows(self._check_rows(X))
        with network.torch_threads(self.n_threads):
            return list(self._net.logits(rows)[:, None]), False
