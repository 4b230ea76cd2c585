"""A perceptron over single time points, averaged over time."""

from itertools import pairwise

import torch
from torch import nn

from ..network import Dropout, ScanNet, torch_dense


class MeanMLP(nn.Module):
    r"""Logit of a scan :math:`x_1, ..., x_T`.

    .. math::
        \frac{1}{T} \sum_t W h(x_t) + b

    where :math:`h` is a stack of dense layers, each followed by layer normalisation, ReLU and
    dropout. ``n_outputs`` is 1 for two classes.
    """

    def __init__(self, n_rois, n_outputs, hidden_sizes, dropout, generator=None):
        super().__init__()
        layers = []
        for n_in, n_out in pairwise([n_rois, *hidden_sizes]):
            dense = torch_dense(n_in, n_out, generator)
            layers += [dense, nn.LayerNorm(n_out), nn.ReLU(), Dropout(dropout)]
        self.hidden = nn.Sequential(*layers)
        self.dense = torch_dense(hidden_sizes[-1], n_outputs, generator)

    def forward(self, scans):
        """Return logits (n_scans, n_outputs) of a list of scans (n_points_i, n_rois)."""
        hidden = self.hidden(torch.cat(scans))
        means = [part.mean(dim=0) for part in hidden.split([len(scan) for scan in scans])]
        return self.dense(torch.stack(means))


class MeanMLPNet(ScanNet):
    """The net that trains the perceptron."""

    module_type = MeanMLP
