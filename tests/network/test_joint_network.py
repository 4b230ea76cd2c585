import itertools

import numpy as np
import pytest
import torch

from sklearn_lstmdg.network._joint_network import (
    JointLoss,
    JointNetwork,
    discriminative_losses,
    generative_losses,
    lstm,
)

from _references import numpy_forward, numpy_lstm, sigmoid

R, K, H, T, B = 7, 5, 4, 9, 3
MASKS = torch.tensor(list(itertools.product([0.0, 1.0], repeat=K)), dtype=torch.float64)


def make(variant="dg", n_outputs=1, dropout=(0.0, 0.0, 0.0)):
    torch.manual_seed(0)
    network = JointNetwork(R, n_outputs, variant, K, H, dropout).double()
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
        for layer in (network.first_lstm, network.discriminative_lstm):
            layer.bias_hh_l0.zero_()
        network.project_()
    return network.eval()


def points(seed=1, n_points=T):
    return torch.randn(n_points, B, R, dtype=torch.float64, generator=torch.manual_seed(seed))


@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_forward_is_the_papers(variant, n_outputs):
    network, x = make(variant, n_outputs), points()
    logits, generated = network(x)
    for b in range(B):
        logit, next_point = numpy_forward(network, x[:, b].numpy())
        np.testing.assert_allclose(logits[b].detach(), logit, rtol=1e-10)
        if variant in ("dg", "h"):
            np.testing.assert_allclose(generated[0, b].detach(), next_point, rtol=1e-10)
        else:
            assert generated is None


def test_cell_and_hidden_state_differ():
    x = points()
    assert not torch.allclose(make("dg")(x)[1], make("h")(x)[1])


@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
def test_ragged_equals_one_by_one(variant):
    network, x = make(variant), points()
    lengths = torch.tensor([9, 4, 1])
    logits, generated = network(x, lengths)
    for b, n in enumerate(lengths):
        alone = network(x[:n, b : b + 1])
        torch.testing.assert_close(logits[b], alone[0][0])
        if generated is not None:
            torch.testing.assert_close(generated[:, b], alone[1][:, 0])


@pytest.mark.parametrize("variant", ["dg", "h"])
@pytest.mark.parametrize("lengths", [None, torch.tensor([9, 4, 1])])
def test_every_point_generates_the_next(variant, lengths):
    network, x = make(variant), points()
    logits, generated = network(x, lengths, 3, "all")
    torch.testing.assert_close(logits, network(x, lengths)[0])
    for b, n in enumerate([T] * B if lengths is None else lengths.tolist()):
        for t in range(n):
            _, next_point = numpy_forward(network, x[: t + 1, b].numpy())
            np.testing.assert_allclose(generated[t, b].detach(), next_point, rtol=1e-10)
        further = network(x[:n, b : b + 1], n_steps=3)[1][1:, 0]
        torch.testing.assert_close(generated[T:, b], further)


def test_a_dropout_mask_is_drawn_for_each_point():
    network, x = make(dropout=(0.0, 0.0, 0.5)), points()
    with torch.no_grad():
        network.generative_dense.weight.fill_(1)
        network.generative_dense.bias.zero_()
    network.train()
    with torch.no_grad():
        generated = network(x, None, 1, "all")[1][:, 0, 0]
        cells = lstm(x, network.first_lstm, all_cells=True)[1][:, 0]
    possible = 2 * cells @ MASKS.T
    masks = (generated[:, None] - possible).abs().argmin(dim=1)
    torch.testing.assert_close(possible[torch.arange(T), masks], generated)
    assert len(masks.unique()) > 3


@pytest.mark.parametrize("n_units", [1, 6])
def test_all_cell_states_are_the_papers(n_units):
    layer, x = torch.nn.LSTM(4, n_units).double(), points()[..., :4]
    with torch.no_grad():
        layer.bias_hh_l0.zero_()
        hidden, cells = lstm(x, layer, all_cells=True)
    for b in range(B):
        for t in range(T):
            expected_hidden, expected_cell = numpy_lstm(x[: t + 1, b].numpy(), layer)
            np.testing.assert_allclose(cells[t, b], expected_cell, atol=1e-12)
        np.testing.assert_allclose(hidden[:, b], expected_hidden, atol=1e-12)


def test_gradients_by_all_cell_states_are_right():
    layer, x = torch.nn.LSTM(3, 4).double(), points()[:4, :, :3].requires_grad_()
    layer.bias_hh_l0.detach().zero_()
    assert torch.autograd.gradcheck(lambda *_: lstm(x, layer, True), (x, *layer.parameters()))


def test_generation_reads_what_it_generated():
    network, x = make(), points()
    _, generated = network(x, n_steps=3)
    for step in (1, 2):
        longer = torch.cat([x, generated[:step]])
        torch.testing.assert_close(generated[step], network(longer)[1][0])


def test_projection_keeps_input_weights_and_memberships_non_negative():
    network = make()
    with torch.no_grad():
        for weights in network.parameters():
            weights.sub_(10)
    before = network.community_lstm.weight_hh_l0.clone()
    network.project_()
    assert (network.community_lstm.weight_ih_l0 == 0).all()
    assert (network.generative_dense.weight == 0).all()
    assert (network.discriminative_lstm.weight_ih_l0 < 0).all()
    torch.testing.assert_close(network.community_lstm.weight_hh_l0, before)


def test_the_single_lstm_is_free():
    network = make("s")
    assert network.community_lstm is None
    assert (network.discriminative_lstm.weight_ih_l0 < 0).any()


def test_starts_as_keras_does():
    torch.manual_seed(0)
    network = JointNetwork(116, 1, "dg", 50, 20, (0.5, 0.5, 0.5))
    shapes = {name: tuple(weights.shape) for name, weights in network.named_parameters()}
    assert shapes["community_lstm.weight_ih_l0"] == (200, 116)
    assert shapes["community_lstm.weight_hh_l0"] == (200, 50)
    assert shapes["discriminative_lstm.weight_ih_l0"] == (80, 50)
    assert shapes["discriminative_lstm.weight_hh_l0"] == (80, 20)
    assert shapes["generative_dense.weight"] == (116, 50)
    assert shapes["shared_dense.weight"] == (1, 20)
    trained = sum(weights.numel() for weights in network.parameters() if weights.requires_grad)
    assert trained == 33_400 + 5_680 + 21 + 5_916
    kernel = network.discriminative_lstm.weight_ih_l0
    limit = np.sqrt(6 / (50 + 80))
    assert 0.95 * limit < kernel.abs().max() <= limit
    first = network.community_lstm
    assert (first.weight_ih_l0 == 0).float().mean() == pytest.approx(0.5, abs=0.02)
    torch.testing.assert_close(first.weight_hh_l0.T @ first.weight_hh_l0, torch.eye(50))
    expected = torch.zeros(200)
    expected[50:100] = 1
    torch.testing.assert_close(first.bias_ih_l0.detach(), expected)
    assert not first.bias_hh_l0.any()
    assert not first.bias_hh_l0.requires_grad


def test_dropout_acts_at_each_of_its_three_places():
    x = points()
    still = make()
    for place in range(3):
        rates = [0.0] * 3
        rates[place] = 0.5
        network = make(dropout=tuple(rates)).train()
        logits, generated = network(x)
        changed = (not torch.equal(logits, still(x)[0]), not torch.equal(generated, still(x)[1]))
        assert changed == ((True, False), (True, False), (False, True))[place]


def test_losses_are_the_papers():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal(4), np.array([0, 1, 1, 0])
    generated, target = rng.standard_normal((2, 1, 4, R))
    p = sigmoid(logits)
    bce = -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    mse = np.mean((target - generated) ** 2)
    total, gen, disc = JointLoss(0.1)(
        torch.tensor(logits)[:, None],
        torch.tensor(generated),
        torch.tensor(labels),
        torch.tensor(target),
        torch.ones(4),
    )
    assert gen.item() == pytest.approx(mse)
    assert disc.item() == pytest.approx(bce)
    assert total.item() == pytest.approx(mse + 0.1 * bce)


def test_loss_without_generative_path_is_discriminative():
    logits, labels = torch.randn(4, 1), torch.tensor([0, 1, 1, 0])
    total, gen, disc = JointLoss(0.1)(logits, None, labels, None, torch.ones(4))
    assert total == disc
    assert gen == 0


def test_unlabelled_windows_and_missing_targets_do_not_count():
    logits, labels = torch.randn(3, 1), torch.tensor([1, -1, 0])
    generated, target = torch.randn(2, 3, R), torch.randn(2, 3, R)
    target[1, 0] = target[:, 2] = torch.nan
    weights = torch.ones(3)
    _, gen, disc = JointLoss(0.1)(logits, generated, labels, target, weights)
    known = discriminative_losses(logits[[0, 2]], labels[[0, 2]]).mean()
    torch.testing.assert_close(disc, known)
    first = (generated[0, 0] - target[0, 0]).square().mean()
    second = (generated[:, 1] - target[:, 1]).square().mean()
    torch.testing.assert_close(gen, (first + second) / 2)
    assert generative_losses(generated, target)[1].tolist() == [True, True, False]


def test_multiclass_loss_is_softmax_cross_entropy():
    logits, labels = np.random.default_rng(0).standard_normal((5, 3)), np.array([0, 2, 1, 1, 0])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    losses = discriminative_losses(torch.tensor(logits), torch.tensor(labels))
    np.testing.assert_allclose(losses, -np.log(p[np.arange(5), labels]))


def test_gradients_of_the_joint_loss():
    network = make()
    x, target = points(), points(2, 1)
    labels, weights = torch.tensor([0, 1, 1]), torch.ones(B, dtype=torch.float64)
    trained = [w for w in network.parameters() if w.requires_grad]

    def loss(*_):
        logits, generated = network(x)
        return JointLoss(0.1)(logits, generated, labels, target, weights)[0]

    assert torch.autograd.gradcheck(loss, trained, eps=1e-6, atol=1e-7)
