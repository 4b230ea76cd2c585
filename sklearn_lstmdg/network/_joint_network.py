r"""The paper's network, section 2.1: an LSTM for communities with two paths, and its loss.

.. math::
    g_t = \sigma(W_g x_t + U_g h_{t-1} + b_g), \quad g \in \{i, f, o\} \\
    \tilde c_t = \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
    c_t = i_t * \tilde c_t + f_t * c_{t-1}, \quad h_t = o_t * \tanh(c_t)

The discriminative path reads :math:`h_t` at every point, the generative path
:math:`\hat x_{T+1} = W_d c_T + b_d`; :math:`W_i, W_f, W_o, W_c, W_d \ge 0`. Trained is
:math:`L = L_G + \lambda L_D`, squared error of the generated point and cross-entropy of the class;
of a continuous target, squared error of the logit.
"""

from itertools import product

import torch
from torch import nn
from torch.nn import functional

from ._randomness import Dropout, empty_layer


class JointNetwork(nn.Module):
    """LSTM-DG and its ablations.

    Parameters
    ----------
    n_rois : int
        :math:`R`, size of a point.
    n_outputs : int
        1 for two classes (a logit) or a continuous target, else the number of classes.
    variant : {"dg", "h", "d", "s"}
        Generate from the cell state, from the hidden state, not at all; or one LSTM alone.
    n_communities : int
        :math:`K`, nodes of the first LSTM.
    n_units : int
        Nodes of the discriminative LSTM.
    dropout : tuple of three floats
        Rates before the shared dense layer, the mean pooling, and the generative dense layer.
    generator : torch.Generator, default=None
        Draws the first weights; None is torch's own.
    """

    def __init__(self, n_rois, n_outputs, variant, n_communities, n_units, dropout, generator=None):
        super().__init__()
        self.variant = variant
        self.dropouts = nn.ModuleList(Dropout(rate) for rate in dropout)
        n_inputs = n_rois if variant == "s" else n_communities
        self.community_lstm = (
            None if variant == "s" else keras_lstm(n_rois, n_communities, generator)
        )
        self.discriminative_lstm = keras_lstm(n_inputs, n_units, generator)
        self.shared_dense = keras_dense(n_units, n_outputs, generator)
        self.generative_dense = None
        if variant in ("dg", "h"):
            self.generative_dense = keras_dense(n_communities, n_rois, generator)
        self.project_()

    @property
    def first_lstm(self):
        """The LSTM that reads the scan."""
        return self.discriminative_lstm if self.community_lstm is None else self.community_lstm

    @property
    def n_communities(self):
        """Nodes of the first LSTM, 0 where there is but one LSTM."""
        return 0 if self.community_lstm is None else self.community_lstm.hidden_size

    def ordered_parameters(self):
        """Return W, b, U of both LSTMs, V, v, W_d, b_d; None for those that are not there.

        So each weight is followed by its bias, which U has none of.
        """
        of_lstm, of_dense = ("weight_ih_l0", "bias_ih_l0", "weight_hh_l0", ""), ("weight", "bias")
        named = [
            *product((self.community_lstm, self.discriminative_lstm), of_lstm),
            *product((self.shared_dense, self.generative_dense), of_dense),
        ]
        return [getattr(layer, name, None) for layer, name in named]

    def project_(self):
        """Set negative input weights of communities and negative memberships to zero."""
        if self.community_lstm is not None:
            self.community_lstm.weight_ih_l0.detach().clamp_(min=0)
        if self.generative_dense is not None:
            self.generative_dense.weight.detach().clamp_(min=0)

    def forward(self, points, lengths=None, n_steps=1, generate_at="last"):
        """Read sequences and answer both tasks.

        What is generated follows the last point or, for "all", each point, then the last one's
        further steps. Shapes: points (n_points, n_sequences, n_rois), lengths (n_sequences,);
        returned (n_sequences, n_outputs), (n_generated, n_sequences, n_rois).
        """
        at_all = generate_at == "all"
        hidden, cells = lstm(points, self.first_lstm, all_cells=at_all or lengths is not None)
        logits = self.discriminate(hidden, lengths)
        last, cell = _last(hidden, lengths), _last(cells, lengths)
        if not at_all or self.generative_dense is None:
            return logits, self.generate(last, cell, n_steps)
        return logits, self.generate_each(hidden, cells, n_steps, lengths)

    def read(self, points, all_cells=True):
        """Return logits, and the first LSTM's hidden and cell states, of these all or the last."""
        hidden, cells = lstm(points, self.first_lstm, all_cells)
        return self.discriminate(hidden), hidden, cells

    def discriminate(self, hidden, lengths=None):
        """Return class logits (n_sequences, n_outputs) from the first LSTM's hidden states."""
        if self.community_lstm is not None:
            hidden, _ = lstm(hidden, self.discriminative_lstm)
        answers = self.dropouts[1](self.shared_dense(self.dropouts[0](hidden)))
        if lengths is None:
            return answers.mean(dim=0)
        valid = torch.arange(len(answers), device=lengths.device)[:, None] < lengths
        return (answers * valid[..., None]).sum(dim=0) / lengths[:, None]

    def generate(self, hidden, cell, n_steps=1):
        """Return the points (n_steps, n_sequences, n_rois) that follow the given states."""
        if self.generative_dense is None or n_steps == 0:
            return None
        point = self._next_point(hidden, cell)
        return torch.stack([point, *self._go_on(point, hidden, cell, n_steps - 1)])

    def generate_each(self, hidden, cells, n_steps=1, lengths=None):
        """Return the point after each one, then the last one's further steps."""
        each = self._next_point(hidden, cells)
        if n_steps == 1:
            return each
        states = (_last(values, lengths) for values in (each, hidden, cells))
        return torch.stack([*each, *self._go_on(*states, n_steps - 1)])

    def _go_on(self, point, hidden, cell, n_steps):
        """Yield the points that follow when what was generated is read."""
        hidden, cell = hidden[None], cell[None]
        for _ in range(n_steps):
            _, (hidden, cell) = self.community_lstm(point[None], (hidden, cell))
            point = self._next_point(hidden[0], cell[0])
            yield point

    def _next_point(self, hidden, cell):
        state = cell if self.variant == "dg" else hidden
        return self.generative_dense(self.dropouts[2](state))


def lstm(points, layer, all_cells=False):
    """Run torch's LSTM; return its hidden states and, all or the last one, its cell states.

    Shapes: points (n_points, n_sequences, n_inputs); returned (n_points, n_sequences, n_units),
    (n_points or 1, n_sequences, n_units).
    """
    hidden, (_, cell) = layer(points)
    if not all_cells:
        return hidden, cell
    # torch keeps them to itself, but they follow from the hidden states.
    before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
    recurrent = functional.linear(before, layer.weight_hh_l0, layer.bias_ih_l0)
    gates = functional.linear(points, layer.weight_ih_l0) + recurrent
    enter, forget, candidate, _ = gates.chunk(4, dim=-1)
    cells = [torch.zeros_like(hidden[0])]
    for new, kept in zip(enter.sigmoid() * candidate.tanh(), forget.sigmoid(), strict=True):
        cells.append(new + kept * cells[-1])
    return hidden, torch.stack(cells[1:])


def keras_lstm(n_inputs, n_units, generator):
    """Make an LSTM that starts as Keras starts it, with the one bias vector of the equations."""
    layer = empty_layer(nn.LSTM, n_inputs, n_units)
    nn.init.xavier_uniform_(layer.weight_ih_l0, generator=generator)
    nn.init.orthogonal_(layer.weight_hh_l0, generator=generator)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.ones_(layer.bias_ih_l0.detach()[n_units : 2 * n_units])
    nn.init.zeros_(layer.bias_hh_l0)
    layer.bias_hh_l0.requires_grad_(False)
    return layer


def keras_dense(n_inputs, n_outputs, generator):
    """Make a dense layer with Glorot's uniform weights and no bias."""
    layer = empty_layer(nn.Linear, n_inputs, n_outputs)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _last(values, lengths):
    """Return what belongs to the last point of each sequence."""
    if lengths is None:
        return values[-1]
    return values[lengths - 1, torch.arange(len(lengths), device=lengths.device)]


def generative_losses(generated, target):
    """Squared error of each window, averaged over ROIs and the points that it has.

    Shapes: generated, target (n_steps, n_windows, n_rois); returned (n_windows,), (n_windows,).
    """
    given = ~target[..., 0].isnan()
    error = (generated - target.nan_to_num()).square().mean(dim=-1) * given
    return error.sum(dim=0) / given.sum(dim=0).clamp(min=1), given.any(dim=0)


def is_labelled(labels):
    """Tell which windows have a label: not -1 among class numbers, not NaN among targets.

    Shapes: labels (n_windows,); returned (n_windows,).
    """
    return ~labels.isnan() if labels.is_floating_point() else labels >= 0


def discriminative_losses(logits, labels):
    """Cross-entropy of each window; squared error where labels are floats, a continuous target.

    Shapes: logits (n_windows, n_outputs), labels (n_windows,); returned (n_windows,).
    """
    if labels.is_floating_point():
        error = logits[:, 0] - labels.nan_to_num().to(logits.dtype)
        return error.square() * is_labelled(labels)
    if logits.shape[1] > 1:
        return functional.cross_entropy(logits, labels, ignore_index=-1, reduction="none")
    target = labels.clamp(min=0).to(logits.dtype)
    losses = functional.binary_cross_entropy_with_logits(logits[:, 0], target, reduction="none")
    return losses * is_labelled(labels)


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

    def forward(self, logits, generated, labels, target, weights, counts=None):
        """Return the batch's total, generative and discriminative loss as a tensor of three.

        Of a part of a batch the share, where ``counts`` tells how many windows of the batch are
        labelled and how many have a target. Shapes: logits (n_windows, n_outputs), generated,
        target (n_generated, n_windows, n_rois), labels (n_windows,), weights (n_windows,).
        """
        labelled, known = counts or (is_labelled(labels).sum(), None)
        disc = (discriminative_losses(logits, labels) * weights).sum() / labelled.clamp(min=1)
        if generated is None:
            return torch.stack([disc, torch.zeros_like(disc), disc])
        gen = _mean_generative_loss(generated, target, known)
        return torch.stack([gen + self.discriminative_weight * disc, gen, disc])


def _mean_generative_loss(generated, target, n_known):
    if n_known is None and not target[..., 0].isnan().any():
        return functional.mse_loss(generated, target)
    losses, known = generative_losses(generated, target)
    return losses.sum() / (known.sum() if n_known is None else n_known).clamp(min=1)


class ClassLoss(nn.Module):
    """Weighted mean cross-entropy of labelled rows."""

    def forward(self, logits, labels, weights):
        """Return the mean over rows, a scalar."""
        return (discriminative_losses(logits, labels) * weights).mean()
