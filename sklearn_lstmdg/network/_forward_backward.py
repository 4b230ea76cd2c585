r"""One training step's gradients, with the network's derivatives written out.

Windows are small, and torch's autograd spends a third of a step on bookkeeping. The same
arithmetic, path by path: with dropout masks :math:`m` and windows of :math:`T` points,

.. math::
    a_t = V (m_t * h^{(2)}_t) + b, \quad p = \frac{1}{T} \sum_t m'_t * a_t, \quad
    \hat x = W_d (m'' * c_T) + b_d,

so that the derivative by :math:`a_t` is that by the logit :math:`p`, times :math:`m'_t / T`. The
discriminative LSTM hands derivatives by :math:`h_t` on to the first LSTM, where those of the
generative path enter at :math:`c_T` (LSTM-DG) or :math:`h_T` (LSTM-H).
"""

import torch
from torch.nn import functional

from ._recurrence import backward_recorded, forward_recorded


def forward_backward(network, criterion, points, target, labels, weights):
    """Compute a batch's losses and store the gradients of the total loss in the parameters.

    Does what ``criterion(*network(points), ...)[0].backward()`` does, with the same dropout masks,
    for windows of one length and one generated point on the compiled path.

    Shapes: points (n_points, n_windows, n_rois); returned (3,).
    """
    with torch.no_grad():
        first, last = _read(network, points)
        answers = _DroppedDense(network.shared_dense, last.hidden, network.dropouts[0])
        pooled = _DroppedMean(answers.values, network.dropouts[1])
        state = _generate(network, first)
        generated = None if state is None else state.values[None]
        judged = pooled.values, generated, labels, target, weights
        losses = criterion(*judged)
        d_logits, d_generated = criterion.backward(*judged)
        d_hidden = answers.backward(pooled.backward(d_logits))
        if last is not first:
            d_hidden = last.backward(d_hidden)
        d_cell = None
        if state is not None:
            d_cell = _enter(network, d_hidden, state.backward(d_generated[0]))
        first.backward(d_hidden, d_cell, by_points=False)
    return losses


def _read(network, points):
    """Run the LSTM that reads the scan, and the discriminative one where that is another."""
    first = _RecordedLSTM(network.first_lstm, points)
    if network.community_lstm is None:
        return first, first
    return first, _RecordedLSTM(network.discriminative_lstm, first.hidden)


def _generate(network, first):
    if network.generative_dense is None:
        return None
    state = first.cell[-1] if network.variant == "dg" else first.hidden[-1]
    return _DroppedDense(network.generative_dense, state, network.dropouts[2])


def _enter(network, d_hidden, d_state):
    """Let the generative path's derivatives enter at the last h_t, or return them for c_T."""
    if network.variant == "dg":
        return d_state
    d_hidden[-1] += d_state
    return None


class _RecordedLSTM:
    """A run of an LSTM and the way back."""

    def __init__(self, layer, points):
        self.points = points
        self.weights = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0
        self.run = forward_recorded(points, *self.weights)
        self.hidden, self.cell, _ = self.run[1]

    def backward(self, d_hidden, d_cell=None, by_points=True):
        """Store the weights' gradients; return the derivatives by what was read."""
        run = self.points, *self.weights[:2], *self.run
        d_points, *gradients = backward_recorded(*run, d_hidden, d_cell, by_points)
        _store(self.weights, gradients)
        return d_points


class _DroppedDense:
    """A dense layer after dropout, and the way back."""

    def __init__(self, layer, values, dropout):
        self.layer, self.mask = layer, dropout.draw(values)
        self.read = values if self.mask is None else values * self.mask
        self.values = functional.linear(self.read, layer.weight, layer.bias)

    def backward(self, d_values):
        """Store the layer's gradients; return the derivatives by what was read."""
        flat = d_values.flatten(0, -2)
        gradients = flat.T @ self.read.flatten(0, -2), flat.sum(dim=0)
        _store((self.layer.weight, self.layer.bias), gradients)
        d_read = d_values @ self.layer.weight
        return d_read if self.mask is None else d_read.mul_(self.mask)


class _DroppedMean:
    """The mean over time after dropout, and the way back."""

    def __init__(self, answers, dropout):
        self.mask, self.shape = dropout.draw(answers), answers.shape
        self.values = (answers if self.mask is None else answers * self.mask).mean(dim=0)

    def backward(self, d_values):
        """Return the derivatives by what was averaged."""
        d_answers = (d_values / self.shape[0]).expand(self.shape)
        return d_answers if self.mask is None else d_answers * self.mask


def _store(parameters, gradients):
    """Store gradients where they are wanted: a callback may have frozen a layer."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient if parameter.requires_grad else None
