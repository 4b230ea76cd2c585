import pytest
import torch

from sklearn_lstmdg.network._forward_backward import forward_backward
from sklearn_lstmdg.network._module import JointLoss, JointNetwork
from sklearn_lstmdg.network._recurrence import compiled_available

pytestmark = pytest.mark.skipif(
    not compiled_available(), reason="the compiled path was not built, or is switched off"
)

N_POINTS, N_WINDOWS, N_ROIS = 6, 5, 7


def make(variant, n_outputs=1, dropout=(0.5, 0.3, 0.2), dtype=torch.float64):
    torch.manual_seed(0)
    network = JointNetwork(N_ROIS, n_outputs, variant, 4, 3, dropout).to(dtype).train()
    points = torch.randn(N_POINTS, N_WINDOWS, N_ROIS, dtype=dtype)
    target = torch.randn(1, N_WINDOWS, N_ROIS, dtype=dtype)
    labels = torch.tensor([0, 1, -1, n_outputs - 1, 1])
    return network, points, target, labels, torch.rand(N_WINDOWS, dtype=dtype)


def losses_and_gradients(network, compute):
    """Seed the dropout, compute, and return the losses and all gradients by name."""
    network.zero_grad(set_to_none=True)
    torch.manual_seed(1)
    losses = compute()
    return losses.detach(), {name: p.grad for name, p in network.named_parameters()}


def by_autograd(network, criterion, points, target, labels, weights):
    logits, generated = network(points)
    losses = criterion(logits, generated, labels, target, weights)
    losses[0].backward()
    return losses


def assert_same(network, criterion, *batch, rtol=1e-12):
    ours, theirs = (
        losses_and_gradients(network, lambda step=step: step(network, criterion, *batch))
        for step in (forward_backward, by_autograd)
    )
    torch.testing.assert_close(ours[0], theirs[0], rtol=rtol, atol=0)
    for name, wanted in theirs[1].items():
        if wanted is None:
            assert ours[1][name] is None, name
        else:
            assert (ours[1][name] - wanted).norm() <= rtol * wanted.norm(), name


@pytest.mark.parametrize("variant", ["dg", "h", "d", "s"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("dropout", [(0.5, 0.3, 0.2), (0, 0, 0)])
def test_equals_autograd(variant, n_outputs, dropout):
    network, *batch = make(variant, n_outputs, dropout)
    assert_same(network, JointLoss(0.1), *batch)


def test_equals_autograd_in_float32():
    network, *batch = make("dg", dtype=torch.float32)
    assert_same(network, JointLoss(0.1), *batch, rtol=1e-5)


def test_windows_without_a_target_generate_for_nothing():
    network, points, target, labels, weights = make("dg")
    target[0, 1] = torch.nan
    assert_same(network, JointLoss(0.1), points, target, labels, weights)


def test_no_label_at_all_leaves_the_generative_task():
    network, points, target, labels, weights = make("dg")
    assert_same(network, JointLoss(0.1), points, target, torch.full_like(labels, -1), weights)


def test_windows_of_one_point():
    network, points, *rest = make("dg")
    assert_same(network, JointLoss(0.1), points[:1], *rest)


def test_frozen_layers_get_no_gradient():
    network, *batch = make("dg")
    network.community_lstm.weight_ih_l0.requires_grad_(False)
    network.generative_dense.bias.requires_grad_(False)
    assert_same(network, JointLoss(0.1), *batch)
