import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_lstmdg.network import _recurrence
from sklearn_lstmdg.network._recurrence import compiled_available, lstm, lstm_windows

needs_compiled = pytest.mark.skipif(
    not compiled_available(), reason="the compiled path was not built, or is switched off"
)

# Points, sequences, inputs, units: the paper's, the smallest, and none a multiple of a vector.
SIZES = [(30, 32, 116, 50), (1, 1, 1, 1), (5, 3, 4, 7), (3, 33, 5, 20), (4, 65, 6, 13)]


def make(n_inputs, n_units, dtype=torch.float64, scale=1.0):
    torch.manual_seed(0)
    layer = nn.LSTM(n_inputs, n_units).to(dtype)
    with torch.no_grad():
        layer.bias_hh_l0.zero_()
        layer.weight_ih_l0.mul_(scale)
    layer.bias_hh_l0.requires_grad_(False)
    return layer


def parameters(layer):
    return layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0


def numpy_lstm(x, layer):
    """Equations 1 to 3 for sequences (T, B, R), all gates at once."""
    W, U, b = (p.detach().double().numpy() for p in parameters(layer))
    h = c = np.zeros((x.shape[1], layer.hidden_size))
    hidden, cells = [], []
    for x_t in x.double().numpy():
        i, f, z, o = np.split(x_t @ W.T + h @ U.T + b, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = i * np.tanh(z) + f * c
        h = o * np.tanh(c)
        hidden.append(h)
        cells.append(c)
    return np.array(hidden), np.array(cells)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_forward_is_the_papers(size, dtype, atol):
    T, B, R, K = size
    layer = make(R, K, dtype)
    x = torch.randn(T, B, R, dtype=dtype)
    expected = numpy_lstm(x, layer)
    for grad, all_cells in itertools.product((True, False), repeat=2):
        with torch.set_grad_enabled(grad):
            hidden, cells = lstm(x, layer, all_cells)
        np.testing.assert_allclose(hidden.detach(), expected[0], atol=atol)
        np.testing.assert_allclose(cells[-1].detach(), expected[1][-1], atol=atol)
        if all_cells:
            np.testing.assert_allclose(cells.detach(), expected[1], atol=atol)


@needs_compiled
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_gradients_equal_torchs(size, dtype, rtol):
    T, B, R, K = size
    layer = make(R, K, dtype)
    x = torch.randn(T, B, R, dtype=dtype, requires_grad=True)
    to_hidden, to_cell = torch.randn(T, B, K, dtype=dtype), torch.randn(B, K, dtype=dtype)

    def gradients(hidden, cell):
        loss = (hidden * to_hidden).sum() + (cell * to_cell).sum()
        return torch.autograd.grad(loss, [x, *parameters(layer)])

    expected_hidden, (_, expected_cell) = layer(x)
    hidden, cells = lstm(x, layer)
    ours, theirs = gradients(hidden, cells[-1]), gradients(expected_hidden, expected_cell[0])
    for mine, wanted in zip(ours, theirs, strict=True):
        assert (mine - wanted).norm() <= rtol * wanted.norm()


def test_gradients_by_all_cells_equal_torchs(monkeypatch):
    layer, x = make(4, 5), torch.randn(6, 3, 4, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 6, 3, 5, dtype=torch.float64)

    def gradients():
        hidden, cells = lstm(x, layer, all_cells=True)
        loss = (weights[0] * hidden).sum() + (weights[1] * cells).sum()
        return torch.autograd.grad(loss, [x, *parameters(layer)])

    ours = gradients()
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    for mine, wanted in zip(ours, gradients(), strict=True):
        torch.testing.assert_close(mine, wanted)


@needs_compiled
def test_gradcheck():
    layer = make(3, 5)
    x = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *_: lstm(x, layer), (x, *parameters(layer)))


@needs_compiled
def test_backward_twice_gives_the_same():
    layer, x = make(3, 5), torch.randn(4, 6, 3, dtype=torch.float64)
    loss = lstm(x, layer)[0].square().sum()
    first = torch.autograd.grad(loss, parameters(layer), retain_graph=True)
    second = torch.autograd.grad(loss, parameters(layer))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)


def test_only_wanted_gradients_flow():
    layer, x = make(3, 5), torch.randn(4, 6, 3, dtype=torch.float64)
    hidden, _ = lstm(x, layer)
    hidden.sum().backward()
    assert x.grad is None
    assert layer.weight_ih_l0.grad is not None


@pytest.mark.parametrize("scale", [100.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_saturated_gates_stay_finite(scale, dtype):
    layer = make(3, 5, dtype, scale)
    x = torch.randn(6, 4, 3, dtype=dtype, requires_grad=True)
    hidden, cell = lstm(x, layer)
    np.testing.assert_allclose(hidden.detach(), numpy_lstm(x.detach(), layer)[0], atol=1e-5)
    (hidden.sum() + cell.sum()).backward()
    assert x.grad.isfinite().all()
    assert layer.weight_hh_l0.grad.isfinite().all()


def test_what_is_not_a_number_stays_so():
    layer, x = make(3, 5, torch.float32), torch.randn(4, 2, 3)
    x[1, 0, 0] = torch.nan
    hidden, _ = lstm(x, layer)
    assert hidden[1:, 0].isnan().all()
    assert hidden[:, 1].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_windows_equal_gathered_windows(dtype):
    layer, series = make(6, 5, dtype), torch.randn(40, 6, dtype=dtype)
    first = torch.tensor([0, 3, 7, 31])
    hidden, cell = lstm_windows(series, first, 9, layer)
    gathered = torch.stack([series[f : f + 9] for f in first], dim=1)
    expected = numpy_lstm(gathered, layer)
    np.testing.assert_allclose(hidden.detach(), expected[0], atol=2e-6)
    np.testing.assert_allclose(cell.detach(), expected[1][-1], atol=2e-6)


@pytest.mark.parametrize("compiled", ["0", "1"])
def test_windows_are_read_backwards_and_times_minus_one(monkeypatch, compiled):
    monkeypatch.setenv("LSTMDG_COMPILED", compiled)
    layer, series = make(6, 5), torch.randn(40, 6, dtype=torch.float64)
    first = torch.tensor([0, 3, 7, 31])
    with torch.no_grad():
        hidden, cell = lstm_windows(series, first, 9, layer, sign=-1, direction=-1)
    turned = torch.stack([-series[f : f + 9].flip(0) for f in first], dim=1)
    expected = numpy_lstm(turned, layer)
    np.testing.assert_allclose(hidden, expected[0], atol=1e-12)
    np.testing.assert_allclose(cell, expected[1][-1], atol=1e-12)


@needs_compiled
def test_a_window_does_not_depend_on_the_others():
    layer, series = make(16, 13, torch.float32), torch.randn(99, 16)
    first = torch.arange(70)
    hidden, cell = lstm_windows(series, first, 30, layer)
    for chosen in ([5], [66, 3, 68], list(range(10, 47))):
        alone = lstm_windows(series, first[chosen], 30, layer)
        assert torch.equal(alone[0], hidden[:, chosen])
        assert torch.equal(alone[1], cell[chosen])


def test_the_environment_switches_the_compiled_path_off(monkeypatch):
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    assert not compiled_available()
    layer, x = make(3, 5, torch.float32), torch.randn(4, 2, 3)
    assert torch.equal(lstm(x, layer)[0], layer(x)[0])


def test_works_without_the_compiled_module(monkeypatch):
    monkeypatch.setattr(_recurrence, "_lstm", None)
    assert not compiled_available()
    layer, x = make(3, 5, torch.float32), torch.randn(4, 2, 3)
    assert torch.equal(lstm(x, layer)[0], layer(x)[0])


@pytest.mark.slow
def test_both_paths_train_alike():
    """With the same dropout masks the losses of the first 20 steps agree within 1e-4."""
    script = """
import numpy as np
from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
rng = np.random.default_rng(0)
X, y = rng.standard_normal((8, 110, 20)), np.arange(8) % 2
bags = SubsequenceAugmenter(30).fit_transform(X)
losses = []
from skorch.callbacks import Callback
class Losses(Callback):
    def on_batch_end(self, net, training, loss, **kwargs):
        losses.append(float(loss))
LSTMDGClassifier(
    max_epochs=1, validation_fraction=0, callbacks=[Losses()], random_state=0
).fit(bags, y)
print(*losses[:20])
"""
    told = []
    for switch in "10":
        run = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "LSTMDG_COMPILED": switch},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(np.array(run.stdout.split(), dtype=float))
    assert len(told[0]) == 20
    np.testing.assert_allclose(*told, rtol=1e-4)
