"""Small networks that read whole scans, one row a subject."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from ._epoch_net import BestEpoch, EpochNet
from ._joint_network import ClassLoss


def as_rows(arrays):
    """Return arrays, one a row, as float32 tensors of their own."""
    return [torch.from_numpy(np.array(array, dtype=np.float32, order="C")) for array in arrays]


@dataclass
class LabelledRows:
    """Rows with their classes and weights.

    Attributes
    ----------
    rows : list of Tensor
        What the module reads of each row.
    labels : Tensor of int64 of shape (n_rows,)
        Class numbers.
    weights : Tensor of float32 of shape (n_rows,)
        Of rows that train or validate together, with mean 1.
    """

    rows: list
    labels: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def from_rows(cls, rows, labels, weights):
        """Keep rows with their class numbers and weights (ndarrays)."""
        weights = (weights / weights.mean()).astype(np.float32)
        return cls(rows, torch.from_numpy(labels), torch.from_numpy(weights))

    def take(self, where):
        """Return the rows of these numbers."""
        rows = [self.rows[row] for row in where.tolist()]
        return LabelledRows(rows, self.labels[where], self.weights[where])

    def split(self, is_validation):
        """Return the rows that train and those that validate, or None for the latter."""
        if is_validation is None:
            return self, None
        validates = torch.from_numpy(is_validation)
        parts = [self.take(some.nonzero()[:, 0]) for some in (~validates, validates)]
        return tuple(replace(part, weights=part.weights / part.weights.mean()) for part in parts)

    def __len__(self):
        """Return the number of rows."""
        return len(self.rows)


class ScanNet(EpochNet):
    """Net whose module reads a list of rows and answers with their logits.

    Attributes
    ----------
    module_type : type
        The module, of a subclass.
    """

    module_type = None

    @classmethod
    def make(cls, module, *, lr, weight_decay, batch_size, patience):
        """Return a net that is not initialised; ``module`` holds the module's arguments."""
        net = cls(
            cls.module_type,
            ClassLoss,
            optimizer=torch.optim.Adam,
            optimizer__weight_decay=weight_decay,
            lr=lr,
            batch_size=batch_size,
            callbacks=[BestEpoch("loss", patience)],
            verbose=0,
            **{f"module__{name}": value for name, value in module.items()},
        )
        loop = {"lr": lr, "weight_decay": weight_decay, "batch_size": batch_size}
        net.arguments = {"module": module, "patience": patience, **loop}
        return net

    def batches(self, training):
        """Yield the rows, labels and weights of shuffled batches."""
        for where in torch.randperm(len(training), generator=self.random_.cpu).split(
            self.batch_size
        ):
            batch = training.take(where)
            yield batch.rows, batch.labels, batch.weights

    def train_batch(self, batch):
        """Take one step; return the loss, in a tensor of one."""
        rows, labels, weights = batch
        self.optimizer_.zero_grad()
        loss = self.criterion_(self.module_(rows), labels, weights)
        loss.backward()
        self.optimizer_.step()
        return loss.detach().double()[None]

    def validate(self, validation):
        """Return the loss over all validation rows."""
        self._set_training(False)
        with torch.inference_mode():
            targets = validation.labels, validation.weights
            return {"loss": float(self.criterion_(self.module_(validation.rows), *targets))}

    def logits(self, rows):
        """Return the rows' logits (n_rows, n_outputs) in float64, each row read on its own."""
        self._set_training(False)
        with torch.inference_mode():
            return torch.cat([self.module_([row]) for row in rows]).double().numpy()
