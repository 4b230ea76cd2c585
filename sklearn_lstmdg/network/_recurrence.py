"""The LSTM's recurrence: compiled where that was built and fits, torch's own elsewhere.

The compiled path is for the CPU. What can be one large matrix product, the projection of all
points and the weights' gradients, is left to torch; ``_lstm.c`` does what goes step by step.
"""

import os

import torch
from torch.nn import functional

try:
    from . import _lstm
except ImportError:  # no compiler when the package was installed
    _lstm = None


def compiled_available():
    """Tell whether the compiled path was built and is not switched off by LSTMDG_COMPILED=0."""
    return _lstm is not None and os.environ.get("LSTMDG_COMPILED", "1") != "0"


def is_compiled_for(points):
    """Tell whether these points go through the compiled path."""
    kinds = (torch.float32, torch.float64)
    return points.device.type == "cpu" and points.dtype in kinds and compiled_available()


def lstm(points, layer, all_cells=False):
    """Run a one-layer LSTM over sequences of one length.

    Shapes: points (n_points, n_sequences, n_inputs); returned (n_points, n_sequences, n_units),
    and the cell states of all points or of the last one, (n_points or 1, n_sequences, n_units).
    """
    if not is_compiled_for(points):
        hidden, (_, cell) = layer(points)
        return hidden, _cells(points, hidden, layer) if all_cells else cell
    weights = layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0
    if torch.is_grad_enabled() and any(w.requires_grad for w in (points, *weights)):
        return _Recurrence.apply(points, *weights)
    if all_cells:
        with torch.no_grad():
            return tuple(forward_recorded(points.contiguous(), *weights)[1][:2])
    n_points, n_sequences, _ = points.shape
    projected = points.flatten(0, 1) @ weights[0].T
    hidden, cell = _forward(projected, None, 1, layer, n_points, n_sequences)
    return hidden, cell[None]


def _cells(points, hidden, layer):
    """Return all cell states, which torch's LSTM keeps to itself, from its hidden states."""
    before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
    recurrent = functional.linear(before, layer.weight_hh_l0, layer.bias_ih_l0)
    gates = functional.linear(points, layer.weight_ih_l0) + recurrent
    enter, forget, candidate, _ = gates.chunk(4, dim=-1)
    cells = [torch.zeros_like(hidden[0])]
    for new, kept in zip(enter.sigmoid() * candidate.tanh(), forget.sigmoid(), strict=True):
        cells.append(new + kept * cells[-1])
    return torch.stack(cells[1:])


def lstm_windows(series, first, n_points, layer, sign=1, direction=1):
    """Run a one-layer LSTM over windows of one series, each point projected once.

    Windows are read forwards, or backwards (direction -1), and times the sign. Shapes: series
    (n_timepoints, n_inputs), first (n_windows,); returned (n_points, n_windows, n_units),
    (n_windows, n_units).
    """
    start = first if direction > 0 else first + n_points - 1
    if not is_compiled_for(series):
        where = start + direction * torch.arange(n_points, device=series.device)[:, None]
        hidden, cell = lstm(sign * series[where], layer)
        return hidden, cell[-1]
    if not 0 < n_points <= len(series) - int(first.max()) or int(first.min()) < 0:
        raise ValueError(
            f"Windows of {n_points} points that begin at {int(first.min())} to {int(first.max())} "
            f"do not lie in a series of {len(series)} points."
        )
    with torch.no_grad():
        projected = series @ (sign * layer.weight_ih_l0.T)
        return _forward(projected, start.contiguous(), direction, layer, n_points, len(first))


def _forward(projected, start, direction, layer, n_points, n_sequences):
    """Run the recurrence and keep only its results."""
    bias, recurrent = layer.bias_ih_l0.detach(), layer.weight_hh_l0.detach().contiguous()
    n_units = recurrent.shape[1]
    hidden = projected.new_empty(n_points, n_sequences, n_units)
    cell = projected.new_empty(n_sequences, n_units)
    call = projected, start, bias, recurrent, None, hidden, cell, None
    _call(_lstm.forward, *call, like=hidden, way=direction)
    return hidden, cell


def forward_recorded(points, weight, recurrent, bias):
    """Run the compiled LSTM and keep what its derivatives need.

    Shapes: points (n_points, n_sequences, n_inputs), weight, recurrent, bias (4K, n_inputs);
    returned (n_points * n_sequences, 4K), (3, n_points, n_sequences, K).
    """
    n_points, n_sequences, _ = points.shape
    projected = points.flatten(0, 1) @ weight.T
    states = projected.new_empty(3, n_points, n_sequences, recurrent.shape[1])
    hidden, cell, tanh_cell = states
    # Each gate overwrites the projection that it came from.
    call = projected, None, bias, recurrent, projected, hidden, cell, tanh_cell
    _call(_lstm.forward, *call, like=hidden, way=1)
    return projected, states


def backward_recorded(points, weight, recurrent, gates, states, d_hidden, d_cell, by_points=True):
    """Return a loss's gradients by the input and the weights of a recorded run.

    Shapes: d_hidden (n_points, n_sequences, K), d_cell (n_sequences, K) of the last point or
    (n_points, n_sequences, K) of all.
    """
    hidden, cell, tanh_cell = states
    d_gates = torch.empty_like(gates)
    call = gates, cell, tanh_cell, recurrent, d_hidden, d_cell, d_gates
    at_all = d_cell is not None and d_cell.dim() == 3
    _call(_lstm.backward, *call, like=hidden, way=int(at_all))
    d_points = (d_gates @ weight).view_as(points) if by_points else None
    d_weight = d_gates.T @ points.flatten(0, 1)
    d_recurrent = d_gates[points.shape[1] :].T @ hidden[:-1].flatten(0, 1)
    return d_points, d_weight, d_recurrent, d_gates.sum(dim=0)


class _Recurrence(torch.autograd.Function):
    """The compiled LSTM as a differentiable function of its input and weights."""

    @staticmethod
    def forward(ctx, points, weight, recurrent, bias):
        points, recurrent = points.contiguous(), recurrent.contiguous()
        gates, states = forward_recorded(points, weight, recurrent, bias)
        ctx.save_for_backward(points, weight, recurrent, gates, states)
        return states[0].clone(), states[1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, d_hidden, d_cell):
        d_states = d_hidden.contiguous(), d_cell.contiguous()
        return backward_recorded(*ctx.saved_tensors, *d_states, ctx.needs_input_grad[0])


def _call(function, *tensors, like, way):
    """Call compiled code with the addresses of contiguous tensors and the size of hidden states."""
    given = [tensor for tensor in tensors if tensor is not None]
    if not all(tensor.is_contiguous() for tensor in given):
        raise ValueError("The compiled recurrence needs contiguous tensors.")
    addresses = (0 if tensor is None else tensor.data_ptr() for tensor in tensors)
    function(like.dtype == torch.float64, *addresses, *like.shape, way)
