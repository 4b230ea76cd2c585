r"""Stacked sparse autoencoder, trained layer by layer, and the classifier that goes on from it.

A layer codes its input :math:`x` as :math:`a = \sigma(W x + b)` and is trained to reconstruct it
linearly, :math:`\hat x = W' a + b'`, with few units active at a time [1]_:

.. math::
    \frac{1}{2m} \sum_{i=1}^m \lVert \hat x_i - x_i \rVert^2
    + \frac{\lambda}{2} (\lVert W \rVert^2 + \lVert W' \rVert^2)
    + \beta \sum_j \mathrm{KL}(\rho \Vert \hat\rho_j), \qquad
    \hat\rho_j = \frac{1}{m} \sum_i a_{ij}.

References
----------
.. [1] A. Ng et al. "UFLDL Tutorial": Autoencoders and Sparsity; Stacked Autoencoders.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from ..network import ScanNet, keras_dense, torch_dense
from ..scans import is_constant
from ._sparse_encoder import SparseEncoder

_SMALLEST_ACTIVITY = 1e-6


def pretrain_encoder(features, layer_sizes, n_epochs, lr, generator=None, **penalties):
    """Train a stack of sparse autoencoders, each on the codes of the one before.

    Shapes: features (n_rows, n_features).
    """
    mean, scale = features.mean(axis=0), features.std(axis=0)
    mean_square = np.square(mean) + np.square(scale)
    constant = is_constant(np.square(scale), mean_square, len(features), features.dtype)
    scale = np.where(constant, 1, scale)
    code = torch.from_numpy(((features - mean) / scale).astype(np.float32))
    weights, biases = [], []
    for size in layer_sizes:
        layer = _train_layer(code, size, n_epochs, lr, generator, penalties)
        weights.append(layer.weight.detach().numpy())
        biases.append(layer.bias.detach().numpy())
        code = torch.sigmoid(layer(code)).detach()
    return SparseEncoder(mean, scale, weights, biases)


def _train_layer(inputs, size, n_epochs, lr, generator, penalties):
    """Return the coding half of one trained autoencoder."""
    n_inputs = inputs.shape[1]
    coder = keras_dense(n_inputs, size, generator)
    decoder = keras_dense(size, n_inputs, generator)
    optimizer = torch.optim.Adam([*coder.parameters(), *decoder.parameters()], lr=lr)
    for _ in range(n_epochs):
        optimizer.zero_grad()
        code = torch.sigmoid(coder(inputs))
        weights = coder.weight, decoder.weight
        loss = sparse_autoencoder_loss(inputs, code, decoder(code), weights, **penalties)
        loss.backward()
        optimizer.step()
    return coder


def sparse_autoencoder_loss(
    inputs, code, reconstruction, weights, sparsity, sparsity_weight, weight_decay
):
    r"""Half the squared error, plus the penalties on weights and on activity.

    Shapes: inputs, reconstruction (n_rows, n_inputs), code (n_rows, n_units).
    """
    error = (reconstruction - inputs).square().sum(dim=1).mean() / 2
    decay = sum(weight.square().sum() for weight in weights) / 2
    activity = code.mean(dim=0).clamp(_SMALLEST_ACTIVITY, 1 - _SMALLEST_ACTIVITY)
    divergence = sparsity * torch.log(sparsity / activity)
    divergence = divergence + (1 - sparsity) * torch.log((1 - sparsity) / (1 - activity))
    return error + weight_decay * decay + sparsity_weight * divergence.sum()


class EncoderClassifier(nn.Module):
    """A pretrained encoder with a logistic layer on its last code; all layers can be trained.

    ``sizes`` are the nodes of each layer, the features first; ``n_outputs`` is 1 for two classes.
    """

    def __init__(self, sizes, n_outputs, generator=None):
        super().__init__()
        self.register_buffer("mean", torch.zeros(sizes[0]))
        self.register_buffer("scale", torch.ones(sizes[0]))
        self.layers = nn.ModuleList(torch_dense(*pair, generator) for pair in pairwise(sizes))
        self.head = keras_dense(sizes[-1], n_outputs, generator)

    def load_encoder(self, encoder):
        """Start from the scaling and the weights of a :class:`SparseEncoder`."""
        self.mean.copy_(torch.from_numpy(encoder.mean))
        self.scale.copy_(torch.from_numpy(encoder.scale))
        with torch.no_grad():
            for layer, *learnt in zip(self.layers, encoder.weights, encoder.biases, strict=True):
                for into, values in zip((layer.weight, layer.bias), learnt, strict=True):
                    into.copy_(torch.from_numpy(values))

    def forward(self, rows):
        """Return logits (n_rows, n_outputs) of a list of feature vectors (n_features,)."""
        code = (torch.stack(rows) - self.mean) / self.scale
        for layer in self.layers:
            code = torch.sigmoid(layer(code))
        return self.head(code)


class EncoderNet(ScanNet):
    """The net that fine-tunes the classifier."""

    module_type = EncoderClassifier
