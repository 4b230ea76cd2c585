"""A perceptron over single time points, averaged over time."""

import torch
from torch import nn

from ..network import Dropout, ScanNet, torch_dense


class MeanMLP(nn.Module):
    r"""Logit of a scan :math:`x_1, ..., x_T`.

    .. math::
        \frac{1}{T} \sum_t W h(x_t) + b

    where :math:`h` is a stack of dense layers, each followed by layer normalisation, ReLU and
    dropout.

    Parameters
    ----------
    n_rois : int
        Size of a point.
    n_outputs : int
        1 for two classes (a logit), else the number of classes.
    hidden_sizes : sequence of int
        Nodes of the hidden layers.
    dropout : float
        Rate after each hidden layer.
    generator : torch.Generator, default=None
        Draws the first weights.
    """

    def __init__(self, n_rois, n_outputs, hidden_sizes, dropout, generator=None):
        super().__init__()
        layers = []
        for n_in, n_out in zip([n_rois, *hidden_sizes], hidden_sizes, strict=False):
            dense = torch_dense(n_in, n_out, generator)
            layers += [dense, nn.LayerNorm(n_out), nn.ReLU(), Dropout(dropout)]
        self.hidden = nn.Sequential(*layers)
        n_last = hidden_sizes[-1] if hidden_sizes else n_rois
        self.dense = torch_dense(n_last, n_outputs, generator)

    def forward(self, scans):
        """Return logits (n_scans, n_outputs) of a list of scans (n_points_i, n_rois)."""
        hidden = self.hidden(torch.cat(scans))
        means = [part.mean(dim=0) for part in hidden.split([len(scan) for scan in scans])]
        return self.dense(torch.stack(means))


class MeanMLPNet(ScanNet):
    """The net that trains the perceptron."""

    module_type = MeanMLP
