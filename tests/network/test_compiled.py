import ctypes
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.network import _compiled, compiled_available, processor_path
from sklearn_lstmdg.network._compiled import CompiledNetwork, CompiledTraining
from sklearn_lstmdg.network._joint_network import JointLoss, JointNetwork
from sklearn_lstmdg.network._window_table import Batch, Cuts, split_horizon

pytestmark = pytest.mark.skipif(
    not compiled_available(), reason="the compiled path was not built, or is switched off"
)
PATHS = [*_compiled.processor_paths(), "double"]
DROPOUT = (0.5, 0.3, 0.2)
# Windows, points, ROIs, communities, units, outputs: classes' logits, 0 for a continuous target.
SIZES = [
    (13, 9, 7, 5, 4, 1),
    (1, 1, 1, 1, 1, 1),
    (33, 30, 117, 50, 20, 3),
    (70, 3, 16, 16, 16, 2),
    (13, 9, 7, 5, 4, 0),
]


@pytest.fixture
def on_path(monkeypatch):
    """Let one path run, and return the numbers that it takes."""

    def choose(name):
        if name == "double":
            return torch.float64
        monkeypatch.setenv("LSTMDG_PATH", name)
        return torch.float32

    return choose


def make_network(size, variant, dtype, dropout=DROPOUT):
    _, _, n_rois, n_communities, n_units, n_outputs = size
    generator = torch.Generator().manual_seed(0)
    network = JointNetwork(
        n_rois, n_outputs or 1, variant, n_communities, n_units, dropout, generator
    ).to(dtype)
    for layer in network.dropouts:
        layer.generator = generator
    return network.train()


def make_batch(size, dtype, *, ragged=False, turned=False, unlabelled=True, seed=1):
    """Return windows anywhere in a table of points, whose last point is generated."""
    n_windows, n_points, n_rois, *_, n_outputs = size
    rng = np.random.default_rng(seed)
    table = torch.from_numpy(rng.standard_normal((3 * n_points + 9, n_rois))).to(dtype)
    shortest = 1 if ragged else n_points + 1
    lengths = torch.from_numpy(rng.integers(shortest, n_points + 2, n_windows))
    cuts = Cuts(torch.from_numpy(rng.integers(0, 2 * n_points, n_windows)), lengths)
    if turned:
        cuts = cuts.augmented(("sign", "reverse"), torch.Generator().manual_seed(seed))
    labels = rng.integers(-1 if unlabelled else 0, max(n_outputs, 2), n_windows)
    weights = torch.from_numpy(rng.random(n_windows)).float()
    labels = torch.from_numpy(labels)
    if not n_outputs:
        targets = torch.from_numpy(rng.standard_normal(n_windows)).float()
        labels = targets.masked_fill(labels < 0, torch.nan)
    return Batch(table, cuts, labels, weights)


def make_training(network, generate_at="last", noise=0.7, weight_decay=0.0, eps=1e-7):
    optimizer = torch.optim.AdamW(
        [p for p in network.parameters() if p.requires_grad],
        lr=1e-2,
        eps=eps,
        fused=True,
        weight_decay=weight_decay,
    )
    criterion = JointLoss(0.1)
    return CompiledTraining(network, 1, criterion, optimizer, 5, generate_at, noise)


class Given(nn.Module):
    """A mask that was drawn elsewhere."""

    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def forward(self, values):
        return values if self.mask is None else values * self.mask


def spread(rows, n_read, order):
    """Lay out rows, which are packed step by step, as (n_points, n_windows, ...)."""
    full = torch.zeros(int(n_read.max()), len(n_read), rows.shape[1], dtype=rows.dtype)
    row = 0
    for t in range(len(full)):
        active = order[: int((n_read > t).sum())]
        full[t, active] = rows[row : row + len(active)]
        row += len(active)
    return full


def by_torch(network, training, batch, generate_at, noise):
    """Losses of the first 32 windows, with the masks and the noise that the compiled path drew."""
    n_read = (batch.cuts.lengths - 1).clamp(min=1)
    order = torch.from_numpy(np.argsort(-n_read.numpy(), kind="stable"))
    n_rows, n_windows = int(n_read.sum()), len(n_read)
    widths = network.discriminative_lstm.hidden_size, network.shared_dense.out_features
    masks = [
        spread(training.draw(kind, (n_rows, width)), n_read, order) if rate else None
        for kind, width, rate in zip((1, 2), widths, DROPOUT, strict=False)
    ]
    if network.generative_dense is not None:
        at_all = generate_at == "all"
        drawn = training.draw(3, (n_rows if at_all else n_windows, network.n_communities))
        if at_all:
            masks.append(spread(drawn, n_read, order))
        else:
            masks.append(torch.empty_like(drawn).index_copy_(0, order, drawn))
    dropouts, network.dropouts = network.dropouts, nn.ModuleList(map(Given, masks))
    points, lengths, target = split_horizon(batch.points, batch.cuts, 1, generate_at)
    if noise:
        points = points + spread(training.draw(0, (n_rows, points.shape[2])), n_read, order)
    answers = network(points, lengths, 1, generate_at)
    losses = training.criterion(*answers, batch.labels, target, batch.weights.to(points.dtype))
    network.dropouts = dropouts
    return losses


def gradients_by_torch(network, *told):
    network.zero_grad(set_to_none=True)
    losses = by_torch(network, *told)
    losses[0].backward()
    return losses.detach(), {name: p.grad for name, p in network.named_parameters()}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
@pytest.mark.parametrize("generate_at", ["last", "all"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ragged", [False, True])
def test_losses_and_gradients_are_torchs(on_path, path, variant, generate_at, size, ragged):
    dtype = on_path(path)
    size = (min(size[0], 32), *size[1:])
    network, batch = make_network(size, variant, dtype), make_batch(size, dtype, ragged=ragged)
    training = make_training(network, generate_at)
    losses = training.forward_backward(batch)
    ours = {n: None if p.grad is None else p.grad.clone() for n, p in network.named_parameters()}
    wanted, theirs = gradients_by_torch(network, training, batch, generate_at, 0.7)
    tolerance = 1e-10 if path == "double" else 1e-5
    torch.testing.assert_close(losses, wanted.double(), rtol=tolerance, atol=tolerance)
    for name, gradient in theirs.items():
        if gradient is not None:
            assert (ours[name] - gradient).norm() <= tolerance * max(gradient.norm(), 1e-3), name


@pytest.mark.parametrize("turned", [False, True])
def test_windows_are_read_backwards_and_times_minus_one(on_path, turned):
    size, dtype = SIZES[0], on_path("double")
    network, batch = make_network(size, "dg", dtype), make_batch(size, dtype, turned=turned)
    training = make_training(network, "all")
    losses = training.forward_backward(batch)
    wanted, _ = gradients_by_torch(network, training, batch, "all", 0.7)
    torch.testing.assert_close(losses, wanted)
    plain = make_training(make_network(size, "dg", dtype), "all").forward_backward(
        make_batch(size, dtype)
    )
    assert torch.equal(losses, plain) != turned


def test_finite_differences(on_path):
    size, dtype = (3, 4, 3, 2, 2, 1), on_path("double")
    network, batch = make_network(size, "dg", dtype), make_batch(size, dtype, unlabelled=False)
    training = make_training(network, "all")

    def loss():
        training.task.update = 0
        return float(training.forward_backward(batch)[0])

    loss()
    for name, parameter in network.named_parameters():
        if parameter.grad is None:
            continue
        gradient = parameter.grad.clone()
        for place in np.ndindex(*parameter.shape):
            with torch.no_grad():
                before = float(parameter[place])
                parameter[place] = before + 1e-6
                higher = loss()
                parameter[place] = before - 1e-6
                slope = (higher - loss()) / 2e-6
                parameter[place] = before
            assert slope == pytest.approx(float(gradient[place]), abs=1e-6), (name, place)


@pytest.mark.parametrize("eps", [1e-7, 1e-2])
@pytest.mark.parametrize("path", [p for p in PATHS if p != "double"])
def test_twenty_steps_have_torchs_losses(on_path, path, eps):
    size, dtype = (32, 12, 20, 8, 5, 1), on_path(path)
    network, twin = (make_network(size, "dg", dtype) for _ in range(2))
    training = make_training(network, "all", weight_decay=0.1, eps=eps)
    optimizer = torch.optim.AdamW(
        [p for p in twin.parameters() if p.requires_grad], lr=1e-2, eps=eps, weight_decay=0.1
    )
    for step in range(20):
        batch = make_batch(size, dtype, turned=True, seed=step)
        losses = training.forward_backward(batch)
        training.update()
        wanted, _ = gradients_by_torch(twin, training, batch, "all", 0.7)
        optimizer.step()
        twin.project_()
        torch.testing.assert_close(losses, wanted.double(), rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    assert (network.community_lstm.weight_ih_l0 >= 0).all()
    assert eps > 1e-7 or (network.generative_dense.weight == 0).any()


def test_a_batch_of_several_blocks_is_the_sum_of_its_blocks(on_path):
    size, dtype = SIZES[3], on_path("double")
    batch = make_batch(size, dtype, ragged=True)
    network = make_network(size, "dg", dtype, dropout=(0, 0, 0))
    losses = make_training(network, noise=0).forward_backward(batch)
    parts, counts = batch.parts(1, "last"), tuple(map(torch.tensor, batch.counts(1)))
    wanted = 0
    for points, n_read, target, labels, weights in parts:
        told = labels, target, weights.to(dtype), counts
        wanted = wanted + JointLoss(0.1)(*network(points, n_read), *told)
    torch.testing.assert_close(losses, wanted.detach())


def test_frozen_layers_get_no_gradient_and_stay(on_path):
    size, dtype = SIZES[0], on_path("double")
    network, batch = make_network(size, "dg", dtype), make_batch(size, dtype)
    frozen = network.community_lstm.weight_ih_l0, network.generative_dense.bias
    training = make_training(network)
    for parameter in frozen:
        parameter.requires_grad_(False)
    before = [parameter.clone() for parameter in network.parameters()]
    training.forward_backward(batch)
    training.update()
    for parameter, old in zip(network.parameters(), before, strict=True):
        is_trained = parameter.requires_grad and parameter.grad is not None
        assert torch.equal(parameter, old) != is_trained
    assert frozen[0].grad is frozen[1].grad is None


def test_adam_goes_on_in_torch():
    size = SIZES[0]
    networks = [make_network(size, "dg", torch.float32) for _ in range(2)]
    trainings = [make_training(network, noise=0) for network in networks]
    batches = [make_batch(size, torch.float32, seed=seed) for seed in range(4)]
    for network, training, n_compiled in zip(networks, trainings, (4, 2), strict=True):
        for step, batch in enumerate(batches):
            training.forward_backward(batch)
            if step == n_compiled:
                training.end()
            if step < n_compiled:
                training.update()
            else:
                training.optimizer.step()
                network.project_()
    for one, other in zip(*(network.parameters() for network in networks), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert {float(s["step"]) for s in trainings[1].optimizer.state.values()} == {4.0}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("variant", ["dg", "s"])
@pytest.mark.parametrize("augment", [(), ("sign",), ("sign", "reverse")])
def test_reading_is_torchs(on_path, path, variant, augment):
    size, dtype = (37, 9, 7, 5, 4, 3), on_path(path)
    network = make_network(size, variant, dtype).eval()
    batch = make_batch(size, dtype)
    logits, hidden, cells = CompiledNetwork(network, 2).read(
        batch.points, batch.cuts, augment, keeps_states=variant == "dg"
    )
    points = batch.cuts.gather(batch.points, torch.arange(8)[:, None])
    ways = [points, points.flip(0)] if "reverse" in augment else [points]
    ways += [-way for way in ways] if "sign" in augment else []
    with torch.no_grad():
        wanted = [network.read(way) for way in ways]
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if path == "double" else {"rtol": 1e-4, "atol": 1e-6}
    mean = torch.stack([told[0] for told in wanted]).double().mean(dim=0)
    torch.testing.assert_close(logits, mean, **tolerance)
    if variant == "dg":
        torch.testing.assert_close(hidden, wanted[0][1], **tolerance)
        torch.testing.assert_close(cells, wanted[0][2], **tolerance)


def test_a_row_is_read_alike_whatever_stands_beside_it():
    generator = np.random.default_rng(0)
    X = generator.standard_normal((40, 23, 13)).astype(np.float32)
    model = LSTMDGClassifier(
        n_communities=5, n_units=3, max_epochs=1, augment=("sign", "reverse"), random_state=0
    ).fit(X, np.tile([0, 1], 20))
    together, activity = model.decision_function(X), model.community_activity(X)
    for rows in ([7], [3, 39], [*range(20)], [5, 5, 1]):
        np.testing.assert_array_equal(model.decision_function(X[rows]), together[rows])
        np.testing.assert_array_equal(model.community_activity(X[rows]), activity[rows])


def test_paths_have_the_same_bits(on_path):
    """All that fuse multiplication and addition; random numbers on every path."""
    size, trained, drawn = (32, 9, 20, 7, 5, 1), {}, {}
    for path in PATHS:
        network = make_network(size, "dg", on_path(path))
        training = make_training(network)
        for seed in range(3):
            training.forward_backward(
                make_batch(size, network.shared_dense.weight.dtype, seed=seed)
            )
            training.update()
        trained[path] = torch.cat([p.flatten() for p in network.parameters()])
        drawn[path] = [training.draw(kind, (30, 20)).float() for kind in range(4)]
    for one, other in pairwise(PATHS):
        for mine, theirs in zip(drawn[one], drawn[other], strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=0)
            if "double" not in (one, other):
                assert torch.equal(mine, theirs)
    if "avx512" in trained:
        assert torch.equal(trained["avx512"], trained["avx2"])


def test_random_numbers_are_what_they_should_be():
    training = make_training(make_network(SIZES[0], "dg", torch.float32), noise=2.0)
    training.task.dropout[:] = DROPOUT
    normal = training.draw(0, (1000, 160)).double().flatten()
    n = len(normal)
    assert abs(normal.mean()) < 4 * 2 / n**0.5
    assert abs(normal.var() / 4 - 1) < 4 * (2 / n) ** 0.5
    assert abs((normal / 2).pow(4).mean() - 3) < 4 * (96 / n) ** 0.5
    assert abs(torch.corrcoef(torch.stack([normal[1:], normal[:-1]]))[0, 1]) < 4 / n**0.5
    for kind, rate in enumerate(DROPOUT, start=1):
        mask = training.draw(kind, (1000, 160))
        torch.testing.assert_close(mask.unique(), torch.tensor([0, 1 / (1 - rate)]))
        assert abs((mask == 0).double().mean() - rate) < 4 * (rate * (1 - rate) / n) ** 0.5
    streams = [training.draw(0, (10, 16))]
    for name in ("update", "seed"):
        setattr(training.task, name, getattr(training.task, name) + 1)
        streams.append(training.draw(0, (10, 16)))
    training.task.seed += 2**40
    streams.append(training.draw(0, (10, 16)))
    assert len({tuple(s.flatten().tolist()) for s in streams}) == 4


def test_windows_outside_the_series_are_refused():
    network = make_network(SIZES[0], "dg", torch.float32)
    points = torch.randn(20, 7)
    for start, length in ((15, 6), (-1, 3)):
        cuts = Cuts(torch.tensor([0, start]), torch.tensor([length, length]))
        with pytest.raises(ValueError, match="does not lie in its series"):
            CompiledNetwork(network, 1).read(points, cuts)
    backwards = Cuts(torch.tensor([3]), torch.tensor([5]), torch.tensor([-1]))
    with pytest.raises(ValueError, match="does not lie in its series"):
        CompiledNetwork(network, 1).read(points, backwards)


def test_what_is_not_a_number_stays_so():
    network = make_network(SIZES[0], "dg", torch.float32).eval()
    points = torch.randn(40, 7)
    points[3, 0] = torch.nan
    cuts = Cuts(torch.tensor([0, 10]), torch.tensor([9, 9]))
    logits, hidden, _ = CompiledNetwork(network, 1).read(points, cuts, keeps_states=True)
    assert logits[0].isnan().all()
    assert logits[1].isfinite().all()
    assert hidden[3:, 0].isnan().all()
    assert hidden[:, 1].isfinite().all()


def test_a_path_that_is_not_here_is_named(monkeypatch):
    monkeypatch.setenv("LSTMDG_PATH", "sse9")
    with pytest.raises(ValueError, match=r"LSTMDG_PATH=sse9 .* plain"):
        processor_path()
    monkeypatch.delenv("LSTMDG_PATH")
    assert processor_path() == PATHS[0]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("AVX512", ["avx512", "avx2", "plain"]),
        ("AVX2", ["avx2", "plain"]),
        ("DEFAULT", ["plain"]),
        ("SVE256", ["plain"]),
    ],
)
def test_paths_are_those_of_the_processor(monkeypatch, found, wanted):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: found)
    assert _compiled.processor_paths() == wanted


def test_an_extension_of_other_sources_is_refused(monkeypatch):
    class OtherTask(ctypes.Structure):
        _fields_ = _compiled.Task._fields_[:-1]

    file = _compiled._extension.__file__
    assert _compiled.load_build(file)
    monkeypatch.setattr(_compiled, "Task", OtherTask)
    with pytest.raises(ImportError, match="built from other sources"):
        _compiled.load_build(file)


def test_an_extension_that_tells_no_size_is_refused(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda file: object())
    with pytest.raises(ImportError, match=r"old\.so was built from other sources"):
        _compiled.load_build("old.so")


def test_the_compiled_path_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("LSTMDG_COMPILED", "0")
    assert not compiled_available()
    monkeypatch.delenv("LSTMDG_COMPILED")
    monkeypatch.setattr(_compiled, "_lstm", None)
    assert not compiled_available()


def test_without_compiled_code_a_model_learns_the_same():
    """Dropout and noise are drawn elsewhere; without them both paths agree."""
    code = (
        "import numpy as np; from sklearn_lstmdg import LSTMDGClassifier\n"
        "X = np.random.default_rng(0).standard_normal((12, 9, 4)); y = np.tile([0, 1], 6)\n"
        "m = LSTMDGClassifier(n_communities=3, n_units=2, max_epochs=4, dropout=0.0,\n"
        "    input_noise=0.0, augment=('sign', 'reverse'), generate_at='all', random_state=0)\n"
        "print(*m.fit(X, y).decision_function(X), *m.generate(X).ravel())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env={**os.environ, "LSTMDG_COMPILED": switch},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split()
        for switch in "01"
    ]
    np.testing.assert_allclose(*(np.array(t, dtype=float) for t in told), rtol=1e-3, atol=1e-5)


def test_the_source_distribution_has_every_header():
    root = Path(__file__).parents[2]
    told = (root / "pyproject.toml").read_text()
    headers = list((root / "sklearn_lstmdg" / "network").glob("*.h"))
    assert headers
    for header in headers:
        assert f'"sklearn_lstmdg/network/{header.name}"' in told
