"""Small networks over whole scans: their rows, batches and logits."""

import numpy as np
import torch
from torch import nn

from sklearn_lstmdg.network import LabelledRows, ScanNet, as_rows, torch_dense


class Means(nn.Module):
    """A linear layer on each row's mean over time."""

    def __init__(self, n_outputs, generator=None):
        super().__init__()
        self.dense = torch_dense(3, n_outputs, generator)

    def forward(self, rows):
        return self.dense(torch.stack([row.mean(dim=0) for row in rows]))


class MeansNet(ScanNet):
    module_type = Means


def rows(n_rows=10):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((5 + i % 3, 3)) + i % 2 for i in range(n_rows)]


def labelled(n_rows=10):
    labels, weights = np.arange(n_rows) % 2, np.linspace(1, 3, n_rows)
    return LabelledRows.from_rows(as_rows(rows(n_rows)), labels, weights)


def started(**loop):
    loop = {"lr": 0.1, "weight_decay": 0.0, "batch_size": 4, "patience": 5} | loop
    net = MeansNet.make({"n_outputs": 1}, **loop)
    net.start(0)
    return net


def test_rows_are_copies_in_single_precision():
    given = rows(2)
    kept = as_rows(given)
    given[0][:] = 0
    assert kept[0].dtype == torch.float32 and kept[0].abs().sum() > 0


def test_each_side_of_a_split_has_weights_of_mean_one():
    is_validation = np.arange(10) > 6
    training, validation = labelled().split(is_validation)
    assert (len(training), len(validation)) == (7, 3)
    for part in (training, validation):
        torch.testing.assert_close(part.weights.mean(), torch.tensor(1.0))
    whole, nothing = labelled().split(None)
    assert len(whole) == 10 and nothing is None


def test_batches_hold_each_row_once():
    net, training = started(), labelled()
    batches = list(net.batches(training))
    assert [len(labels) for _, labels, _ in batches] == [4, 4, 2]
    sums = sorted(float(row.sum()) for batch, _, _ in batches for row in batch)
    np.testing.assert_allclose(sums, sorted(float(row.sum()) for row in training.rows))


def test_a_net_learns_what_means_tell_and_reads_rows_one_by_one():
    net, training = started(), labelled()
    net.train(training, None, 60)
    logits = net.logits(training.rows)
    np.testing.assert_array_equal(logits[:, 0] > 0, training.labels.numpy() == 1)
    np.testing.assert_array_equal(net.logits(training.rows[3:4]), logits[3:4])


def test_weights_decay():
    nets = [started(weight_decay=decay) for decay in (0.0, 10.0)]
    for net in nets:
        net.train(labelled(), None, 40)
    plain, decayed = (float(net.module_.dense.weight.norm()) for net in nets)
    assert decayed < plain / 2
