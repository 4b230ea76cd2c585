"""The sparse autoencoder, and the classifier that starts from it."""

import numpy as np
import pytest
import torch

from sklearn_lstmdg.baselines._autoencoder import (
    EncoderClassifier,
    pretrain_encoder,
    sparse_autoencoder_loss,
)
from sklearn_lstmdg.network import keras_dense

PENALTIES = {"sparsity": 0.05, "sparsity_weight": 3.0, "weight_decay": 1e-4}


def test_the_loss_is_the_tutorials():
    rng = np.random.default_rng(0)
    x, a, r = rng.normal(size=(6, 5)), rng.uniform(0.01, 0.5, (6, 3)), rng.normal(size=(6, 5))
    w, v = rng.normal(size=(3, 5)), rng.normal(size=(5, 3))
    rho, beta, decay = 0.05, 3.0, 0.2
    error = sum(0.5 * np.sum((r[i] - x[i]) ** 2) for i in range(6)) / 6
    kl = 0
    for active in a.mean(axis=0):
        kl += rho * np.log(rho / active) + (1 - rho) * np.log((1 - rho) / (1 - active))
    wanted = error + decay / 2 * ((w**2).sum() + (v**2).sum()) + beta * kl
    x, a, r, w, v = map(torch.from_numpy, (x, a, r, w, v))
    told = sparse_autoencoder_loss(x, a, r, (w, v), rho, beta, decay)
    assert float(told) == pytest.approx(wanted)


def forward(encoder, features):
    code = (features - encoder.mean) / encoder.scale
    codes = []
    for weight, bias in zip(encoder.weights, encoder.biases, strict=True):
        code = 1 / (1 + np.exp(-(code @ weight.T + bias)))
        codes.append(code)
    return codes


def test_pretraining_makes_sparse_codes_that_reconstruct():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 20)) + 5
    features[:, 7] = 5
    loose = pretrain_encoder(features, (6,), 200, 3e-2, **PENALTIES | {"sparsity_weight": 0.0})
    tight = pretrain_encoder(features, (6, 4), 200, 3e-2, **PENALTIES | {"sparsity_weight": 1e3})
    assert tight.sizes == (20, 6, 4) and repr(tight) == "SparseEncoder(20-6-4)"
    np.testing.assert_allclose(tight.mean, features.mean(axis=0))
    assert tight.scale[7] == 1
    for code in forward(tight, features):
        np.testing.assert_allclose(code.mean(axis=0), 0.05, atol=0.03)
    first = forward(loose, features)[0]
    z = (features - loose.mean) / loose.scale
    design = np.column_stack([first, np.ones(60)])
    left = z - design @ np.linalg.lstsq(design, z, rcond=None)[0]
    assert np.square(left).sum() < 0.1 * np.square(z).sum()


def test_a_layer_is_trained_by_adam_on_the_loss_of_both_its_halves():
    features = np.random.default_rng(0).normal(size=(30, 6))
    penalties = PENALTIES | {"weight_decay": 5.0}
    generator = torch.Generator().manual_seed(3)
    told = pretrain_encoder(features, (4,), 40, 1e-2, generator, **penalties)
    generator = torch.Generator().manual_seed(3)
    halves = keras_dense(6, 4, generator), keras_dense(4, 6, generator)
    weights = [half.weight for half in halves]
    optimizer = torch.optim.Adam([w for half in halves for w in half.parameters()], lr=1e-2)
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    z = torch.from_numpy(z.astype(np.float32))
    for _ in range(40):
        optimizer.zero_grad()
        code = torch.sigmoid(halves[0](z))
        decay = 5 / 2 * sum(w.square().sum() for w in weights)
        no_decay = PENALTIES | {"weight_decay": 0.0}
        loss = decay + sparse_autoencoder_loss(z, code, halves[1](code), weights, **no_decay)
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(told.weights[0], weights[0].detach(), atol=1e-5)


def test_the_network_starts_from_the_encoder():
    features = np.random.default_rng(0).normal(size=(9, 6))
    torch.manual_seed(0)
    encoder = pretrain_encoder(features, (4, 3), 5, 1e-2, **PENALTIES)
    net = EncoderClassifier(encoder.sizes, 2)
    net.load_encoder(encoder)
    rows = list(torch.from_numpy(features.astype(np.float32)))
    code = forward(encoder, features)[-1]
    wanted = code @ net.head.weight.detach().numpy().T + net.head.bias.detach().numpy()
    np.testing.assert_allclose(net(rows).detach(), wanted, atol=1e-5)
