r"""The paper's network, section 2.1: an LSTM for communities with two paths, and its loss.

.. math::
    g_t = \sigma(W_g x_t + U_g h_{t-1} + b_g), \quad g \in \{i, f, o\} \\
    \tilde c_t = \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
    c_t = i_t * \tilde c_t + f_t * c_{t-1}, \quad h_t = o_t * \tanh(c_t)

The discriminative path reads :math:`h_t` at every point, the generative path
:math:`\hat x_{T+1} = W_d c_T + b_d`; :math:`W_i, W_f, W_o, W_c, W_d \ge 0`.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ._recurrence import lstm, lstm_windows

__all__ = ["JointLoss", "JointNetwork", "discriminative_losses", "generative_losses"]


class JointNetwork(nn.Module):
    """LSTM-DG and its ablations.

    Parameters
    ----------
    n_rois : int
        :math:`R`, size of a point.
    n_outputs : int
        1 for two classes (a logit), else the number of classes.
    variant : {"dg", "h", "d", "s"}
        Generate from the cell state, from the hidden state, not at all; or one LSTM alone.
    n_communities : int
        :math:`K`, nodes of the first LSTM.
    n_units : int
        Nodes of the discriminative LSTM.
    dropout : tuple of three floats
        Rates before the shared dense layer, the mean pooling, and the generative dense layer.
    """

    def __init__(self, n_rois, n_outputs, variant, n_communities, n_units, dropout):
        super().__init__()
        self.variant = variant
        self.dropout = dropout
        n_inputs = n_rois if variant == "s" else n_communities
        self.community_lstm = None if variant == "s" else _keras_lstm(n_rois, n_communities)
        self.discriminative_lstm = _keras_lstm(n_inputs, n_units)
        self.shared_dense = _keras_dense(n_units, n_outputs)
        self.generative_dense = None
        if variant in ("dg", "h"):
            self.generative_dense = _keras_dense(n_communities, n_rois)
        self.project_()

    @property
    def first_lstm(self):
        """The LSTM that reads the scan."""
        return self.discriminative_lstm if self.community_lstm is None else self.community_lstm

    def project_(self):
        """Set negative input weights of communities and negative memberships to zero."""
        if self.community_lstm is not None:
            self.community_lstm.weight_ih_l0.detach().clamp_(min=0)
        if self.generative_dense is not None:
            self.generative_dense.weight.detach().clamp_(min=0)

    def forward(self, points, lengths=None, n_steps=1):
        """Read sequences and answer both tasks.

        Parameters
        ----------
        points : Tensor of shape (n_points, n_sequences, n_rois)
            Time first; shorter sequences are padded at the end.
        lengths : Tensor of shape (n_sequences,), default=None
            Points of each sequence where they differ.
        n_steps : int, default=1
            Points to generate; from the second on, what was generated is read.

        Returns
        -------
        logits : Tensor of shape (n_sequences, n_outputs)
            Mean over time of the shared dense layer's answers.
        generated : Tensor of shape (n_steps, n_sequences, n_rois) or None
            Points that follow; None for the variants without a generative path.
        """
        if lengths is None:
            hidden, cell = lstm(points, self.first_lstm)
            last = hidden[-1]
        else:
            hidden, last, cell = _ragged_lstm(points, lengths, self.first_lstm)
        return self.discriminate(hidden, lengths), self.generate(last, cell, n_steps)

    def forward_windows(self, series, first, n_points, n_steps=1):
        """Do as ``forward`` for windows of one series that share its points, without gradients."""
        hidden, cell = lstm_windows(series, first, n_points, self.first_lstm)
        return self.discriminate(hidden), self.generate(hidden[-1], cell, n_steps)

    def hidden_windows(self, series, first, n_points):
        """Return the first LSTM's hidden states (n_points, n_windows, n_units) in windows."""
        return lstm_windows(series, first, n_points, self.first_lstm)[:1]

    def discriminate(self, hidden, lengths=None):
        """Return class logits (n_sequences, n_outputs) from the first LSTM's hidden states."""
        if self.community_lstm is not None:
            if lengths is None:
                hidden, _ = lstm(hidden, self.discriminative_lstm)
            else:
                hidden, _, _ = _ragged_lstm(hidden, lengths, self.discriminative_lstm)
        answers = self.shared_dense(self._drop(hidden, self.dropout[0]))
        answers = self._drop(answers, self.dropout[1])
        if lengths is None:
            return answers.mean(dim=0)
        valid = torch.arange(len(answers), device=lengths.device)[:, None] < lengths
        return (answers * valid[..., None]).sum(dim=0) / lengths[:, None]

    def generate(self, hidden, cell, n_steps=1):
        """Return the points (n_steps, n_sequences, n_rois) that follow the given states."""
        if self.generative_dense is None or n_steps == 0:
            return None
        generated = [self._next_point(hidden, cell)]
        while len(generated) < n_steps:
            state = (hidden[None], cell[None])
            _, (hidden, cell) = self.community_lstm(generated[-1][None], state)
            hidden, cell = hidden[0], cell[0]
            generated.append(self._next_point(hidden, cell))
        return torch.stack(generated)

    def _next_point(self, hidden, cell):
        state = cell if self.variant == "dg" else hidden
        return self.generative_dense(self._drop(state, self.dropout[2]))

    def _drop(self, values, rate):
        mask = self.draw_mask(values, rate)
        return values if mask is None else values * mask

    def draw_mask(self, values, rate):
        """Draw a dropout mask of mean 1, or None; torch's own dropout is several times slower."""
        if not self.training or rate == 0:
            return None
        return torch.rand_like(values).ge_(rate).div_(1 - rate)


def _keras_lstm(n_inputs, n_units):
    """Make an LSTM that starts as Keras starts it, with the one bias vector of the equations."""
    layer = nn.LSTM(n_inputs, n_units)
    nn.init.xavier_uniform_(layer.weight_ih_l0)
    nn.init.orthogonal_(layer.weight_hh_l0)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.ones_(layer.bias_ih_l0.detach()[n_units : 2 * n_units])
    nn.init.zeros_(layer.bias_hh_l0)
    layer.bias_hh_l0.requires_grad_(False)
    return layer


def _keras_dense(n_inputs, n_outputs):
    layer = nn.Linear(n_inputs, n_outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _ragged_lstm(points, lengths, layer):
    """Run an LSTM over sequences of different lengths; return all h_t, and the last h and c."""
    packed = pack_padded_sequence(points, lengths.cpu(), enforce_sorted=False)
    hidden, (last, cell) = layer(packed)
    return pad_packed_sequence(hidden, total_length=len(points))[0], last[0], cell[0]


def generative_losses(generated, target):
    """Squared error of each window, averaged over ROIs and the points that it has.

    Parameters
    ----------
    generated, target : Tensor of shape (n_steps, n_windows, n_rois)
        Points as generated and as scanned; NaN in ``target`` where a window has none.

    Returns
    -------
    losses : Tensor of shape (n_windows,)
        Zero where a window has no target.
    known : Tensor of bool of shape (n_windows,)
        Which windows have a target.
    """
    given = ~target[..., 0].isnan()
    error = (generated - target.nan_to_num()).square().mean(dim=-1) * given
    return error.sum(dim=0) / given.sum(dim=0).clamp(min=1), given.any(dim=0)


def discriminative_losses(logits, labels):
    """Cross-entropy of each window.

    Parameters
    ----------
    logits : Tensor of shape (n_windows, n_outputs)
        One output: logit of class 1; more: one for each class.
    labels : Tensor of int64 of shape (n_windows,)
        Class numbers; -1 where unknown.

    Returns
    -------
    Tensor of shape (n_windows,)
        Zero where the label is unknown.
    """
    if logits.shape[1] > 1:
        return functional.cross_entropy(logits, labels, ignore_index=-1, reduction="none")
    target = labels.clamp(min=0).to(logits.dtype)
    losses = functional.binary_cross_entropy_with_logits(logits[:, 0], target, reduction="none")
    return losses * (labels >= 0)


class JointLoss(nn.Module):
    r"""The paper's loss :math:`L = L_G + \lambda L_D`; :math:`L_D` alone without a generative path.

    Parameters
    ----------
    discriminative_weight : float
        :math:`\lambda`.
    """

    def __init__(self, discriminative_weight):
        super().__init__()
        self.discriminative_weight = discriminative_weight

    def forward(self, logits, generated, labels, target, weights):
        """Return the batch's total, generative and discriminative loss as a tensor of three.

        Parameters
        ----------
        logits : Tensor of shape (n_windows, n_outputs)
        generated, target : Tensor of shape (n_steps, n_windows, n_rois), or None
        labels : Tensor of int64 of shape (n_windows,)
        weights : Tensor of shape (n_windows,)
            Weight of each window's class, of mean 1 over the training windows.
        """
        labelled = (labels >= 0).sum().clamp(min=1)
        disc = (discriminative_losses(logits, labels) * weights).sum() / labelled
        if generated is None:
            return torch.stack([disc, torch.zeros_like(disc), disc])
        gen = _mean_generative_loss(generated, target)
        return torch.stack([gen + self.discriminative_weight * disc, gen, disc])

    def derive(self, logits, generated, labels, target, weights):
        """Return the total loss's derivatives by the logits and the generated points (or None)."""
        known = labels >= 0
        d_logits = _derive_cross_entropy(logits, labels.clamp(min=0))
        d_logits *= (weights * known / known.sum().clamp(min=1))[:, None]
        if generated is None:
            return d_logits, None
        d_generated = _derive_generative_loss(generated, target)
        return d_logits * self.discriminative_weight, d_generated


def _derive_cross_entropy(logits, labels):
    if logits.shape[1] > 1:
        return logits.softmax(dim=1) - functional.one_hot(labels, logits.shape[1])
    return logits.sigmoid() - labels[:, None]


def _derive_generative_loss(generated, target):
    given = ~target[..., 0].isnan()
    known = given.any(dim=0).sum().clamp(min=1)
    share = given.to(generated.dtype) / (given.sum(dim=0).clamp(min=1) * known)
    share *= 2 / generated.shape[-1]
    return (generated - target.nan_to_num()).mul_(share[..., None])


def _mean_generative_loss(generated, target):
    if not target[..., 0].isnan().any():
        return functional.mse_loss(generated, target)
    losses, known = generative_losses(generated, target)
    return losses.sum() / known.sum().clamp(min=1)
